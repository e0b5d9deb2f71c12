package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	transferPlugin = "pergola.linktransfer"
	movingIssues   = 1000 // at each end
	removedIssues  = 100  // whose links of Jira's own are removed too: Jira allows 50 removals a second
	movedLinks     = 10   // of each
)

// TestTransferFigures measures how fast links of Jira's own are moved to a relation, and taken back, through everything: queue, two plugins in their
// modules, store, and the site over HTTP. The plugin's own limits of memory hold all the while.
func TestTransferFigures(t *testing.T) {
	if !*figures {
		t.Skip("it measures; run make bench-relations")
	}
	const kept, removed = world.LinkTypeID("10000"), world.LinkTypeID("10001")
	r := newRelatedWith(t, 2*movingIssues, map[string]string{transferPlugin: "plugins/link-transfer"}, func(tx *world.Tx, issues []string) error {
		for n := range movingIssues * movedLinks {
			from, to := n/movedLinks, movingIssues+(n/movedLinks*7+n%movedLinks*13)%movingIssues
			if _, err := tx.AddLink(kept, world.IssueID(issues[from]), world.IssueID(issues[to])); err != nil {
				return err
			}
			if from >= removedIssues {
				continue
			}
			if _, err := tx.AddLink(removed, world.IssueID(issues[from]), world.IssueID(issues[to])); err != nil {
				return err
			}
		}
		return nil
	})
	relation, _, _ := strings.Cut(r.relate(r.issues[0]), "-first")
	links := movingIssues * movedLinks
	params := r.migrate(kept, relation, "")
	page := func(target string, params map[string]string) string {
		return r.adminPage(transferPlugin, "transfer", http.MethodPost, target, map[string]any{"params": params})
	}
	over := func(figure, job, count string) runShape {
		run := r.runOverAt(transferPlugin, "transfer", job)
		if run.State != "done" || run.Counts[count] < int64(links) {
			t.Fatalf("%d links are to be moved; the run: %+v", links, run)
		}
		took := run.Ended.Sub(run.Started)
		t.Logf("%s: %+v in %v", job, run.Counts, took)
		fmt.Printf("figure %s %.0f\n", figure, float64(links)/took.Seconds())
		return run
	}
	page("action/check", params)
	over("links_checked_per_s", "check", "made")
	page("action/migrate", params)
	run := over("links_moved_per_s", "migrate", "made")
	page("action/undo", map[string]string{"run": run.ID})
	over("links_taken_back_per_s", "undo", "unmade")

	// And with what it costs Jira to remove its own, and to have them made again.
	links = removedIssues * movedLinks
	page("action/migrate", r.migrate(removed, relation, "true"))
	run = over("links_moved_and_removed_per_s", "migrate", "removed")
	page("action/undo", map[string]string{"run": run.ID})
	over("links_restored_per_s", "undo", "restored")
	within := r.metric(`pergola_plugin_memory_bytes_bucket{plugin="` + transferPlugin + `",le="3.3554432e+07"}`)
	if all := r.metric(`pergola_plugin_memory_bytes_count{plugin="` + transferPlugin + `"}`); within == "" || within != all {
		t.Errorf("%s of %s calls ended with at most 32 MiB", within, all)
	}
}

// migrate has an admin write a migration of all links of a type, and returns what the page sends to begin its runs.
func (r *related) migrate(typ world.LinkTypeID, relation, remove string) map[string]string {
	r.t.Helper()
	form := map[string][]string{"name": {"All " + remove}, "linkType": {string(typ)}, "relation": {relation}, "direction": {"same"}, "jql": {"created >= -9999d"}}
	if remove != "" {
		form["remove"] = []string{remove}
	}
	r.call("", "/api/admin/plugins/"+transferPlugin+"/configs/migration/save", map[string]any{"form": form})
	page := r.adminPage(transferPlugin, "transfer", http.MethodPost, "view/transfer", struct{}{})
	all := regexp.MustCompile(`data-params="\{[^"]*migration[^"]*\}"`).FindAllString(page, -1)
	if len(all) == 0 {
		r.t.Fatal("the page offers no migration")
	}
	var params map[string]string // of the latest
	if err := json.Unmarshal([]byte(attribute(all[len(all)-1], "data-params")), &params); err != nil {
		r.t.Fatal(err)
	}
	return params
}
