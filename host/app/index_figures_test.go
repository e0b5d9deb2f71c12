package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
)

const (
	indexedHubs  = 40
	indexedLinks = 20 // of each
)

// runShape is a run as the page for admins gets it.
type runShape struct {
	ID, State      string
	Started, Ended time.Time
	Done, Total    int64
	Counts         map[string]int64
}

// manage makes a call of the page for admins.
func (r *related) manage(method, target string, body any) string {
	r.t.Helper()
	return r.adminPage(linkPlugin, "manage", method, target, body)
}

// adminPage makes a call of a page for admins.
func (r *related) adminPage(plugin, module, method, target string, body any) string {
	r.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	var a struct{ Token string }
	r.ask(http.MethodPost, "/sandbox/context-token", frameOf{App: "pergola", Module: manifest.ConnectModuleKey(capability.PluginID(plugin), module)}, &a)
	status, text := r.send(method, "/api/plugin/"+plugin+"/"+module+"/"+target, "JWT "+a.Token, string(raw))
	if status != http.StatusOK {
		r.t.Fatalf("%s answers %d: %.600s", target, status, text)
	}
	return text
}

// runOver waits until the latest run of a job is over, and returns it.
func (r *related) runOver(name string) runShape {
	r.t.Helper()
	return r.runOverAt(linkPlugin, "manage", name)
}

func (r *related) runOverAt(plugin, module, name string) runShape {
	r.t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(500 * time.Millisecond) { // a look takes time from what is measured
		var got struct{ Runs []runShape }
		if err := json.Unmarshal([]byte(r.adminPage(plugin, module, http.MethodGet, "runs?job="+name, nil)), &got); err != nil {
			r.t.Fatal(err)
		}
		if len(got.Runs) > 0 && !got.Runs[0].Ended.IsZero() {
			return got.Runs[0]
		}
		if time.Now().After(end) {
			r.t.Fatalf("the run of %s is not over: %+v", name, got.Runs)
		}
	}
}

// TestIndexFigures measures how fast an index run writes the issues of a relation's links, through everything: queue, plugin in its module,
// store, and the site over HTTP.
func TestIndexFigures(t *testing.T) {
	if !*figures {
		t.Skip("it measures; run make bench-relations")
	}
	r := newRelated(t, indexedHubs+indexedHubs*indexedLinks)
	r.call("", "/api/admin/plugins/"+linkPlugin+"/configs/relation/save", map[string]any{"form": map[string][]string{
		"name": {"Laptop of an employee"}, "outward": {"uses"}, "inward": {"is used by"}, "color": {"blue"}, "storage": {"app"},
		"searchable": {"true"}, "first.show": {"true"}, "second.show": {"false"},
	}})
	var params struct{ Add string }
	if err := json.Unmarshal([]byte(attribute(r.call(r.issues[0], linkPanel+"view/panel", struct{}{}), "data-params")), &params); err != nil {
		t.Fatal(err)
	}
	for i, hub := range r.issues[:indexedHubs] {
		r.link(params.Add, hub, r.issues[indexedHubs+i*indexedLinks:][:indexedLinks])
	}
	r.runOver("refresh") // so that it does not work at the same time
	r.manage(http.MethodPost, "action/index", map[string]any{"params": map[string]string{"how": "write"}})
	run := r.runOver("index")
	if want := int64(indexedHubs + indexedHubs*indexedLinks); run.State != "done" || run.Counts["written"] != want {
		t.Fatalf("%d issues are to be written; the run: %+v", want, run)
	}
	took := run.Ended.Sub(run.Started)
	t.Logf("%d issues were written in %v", run.Counts["written"], took)
	fmt.Printf("figure index_issues_per_s %.0f\n", float64(run.Counts["written"])/took.Seconds())
}
