package app_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

var figures = flag.Bool("figures", false, "measure, and print lines `figure NAME VALUE`")

const (
	linkPlugin = "pergola.links"
	linkPanel  = "/api/plugin/" + linkPlugin + "/links/"
	linkFolder = "plugins/advanced-links"

	viewPlugin = "pergola.issueview"
	viewFolder = "plugins/issue-view"

	measuredPanels = 40
	linksEach      = 200
	rowsEach       = 20 // that a panel shows first, and the most that it adds at once
)

// related is a host with the plugin of advanced links, and a site in this process that has installed it.
type related struct {
	*running
	site   string
	admin  *http.Client // of mia, who administers the site
	issues []string     // ids, in the order in which the host's store has them

	mu    sync.Mutex
	asked []string // what the host asked of the site
}

// newRelated starts both. The site has n issues, and no rate limits, which so many links at once would meet.
func newRelated(t *testing.T, n int) *related {
	t.Helper()
	return newRelatedWith(t, n, map[string]string{viewPlugin: viewFolder}, func(*world.Tx, []string) error { return nil })
}

// newRelatedWith is newRelated with other plugins beside that of advanced links, by their folders, and with more than issues on the site.
func newRelatedWith(t *testing.T, n int, folders map[string]string, more func(tx *world.Tx, issues []string) error) *related {
	t.Helper()
	r := &related{running: &running{t: t, log: &output{}, cfg: config.Default()}}
	seeded, err := world.Open(world.Config{Seed: func(tx *world.Tx) error {
		if err := world.Seed(tx); err != nil {
			return err
		}
		like := tx.FindIssue("OPS-1")
		for i := range n {
			added, err := tx.AddIssue(&world.Issue{Project: like.Project, Type: like.Type, Reporter: world.Mia, Summary: fmt.Sprintf("Laptop %d of the office in Hamburg", i+1)})
			if err != nil {
				return err
			}
			r.issues = append(r.issues, string(added.ID))
		}
		return more(tx, r.issues)
	}})
	if err != nil {
		t.Fatal(err)
	}
	var handler atomic.Pointer[http.Handler] // the site wants to know its address, and the server a handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.UserAgent() == "pergola" {
			r.mu.Lock()
			r.asked = append(r.asked, q.Method+" "+q.URL.Path)
			r.mu.Unlock()
		}
		(*handler.Load()).ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	limits := limit.Documented()
	limits.Off = true
	site, err := sandbox.Open(sandbox.Config{From: seeded.Snapshot(), BaseURL: server.URL, Limits: &limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	h := site.Handler()
	handler.Store(&h)
	r.site = server.URL
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r.admin = &http.Client{Jar: jar, Timeout: 20 * time.Second}
	login, err := r.admin.Get(r.site + "/login?as=mia")
	if err != nil {
		t.Fatal(err)
	}
	_ = login.Body.Close()

	plugins := t.TempDir()
	folders = maps.Clone(folders)
	folders[linkPlugin] = linkFolder
	for plugin, folder := range folders {
		text, err := os.ReadFile(filepath.Join("..", "..", folder, "plugin.json"))
		if err != nil {
			t.Fatal(err)
		}
		put(t, plugins, plugin, string(text), drivertest.Build(t, folder))
	}
	r.cfg.Data, r.cfg.Listen, r.cfg.Plugins.Dir = t.TempDir(), address(t), plugins
	r.cfg.Web.Rates.Tenant, r.cfg.Jira.Points = 0, 0 // it asks as fast as it can, and more than an hour’s points allow
	r.cfg.Connect.KeyHosts, r.cfg.Connect.LoopbackSites = []string{r.site + "/install-keys"}, true
	r.start()
	t.Cleanup(func() {
		r.stop()
		if t.Failed() {
			t.Logf("the host's log:\n%s", tail(r.log.String(), 60))
		}
	})
	r.ask(http.MethodPost, "/sandbox/apps", map[string]string{"descriptor": r.h.URL() + "/atlassian-connect.json"}, nil)
	return r
}

// ask makes a call of the site's own pages and scripts as mia.
func (r *related) ask(method, path string, in, out any) {
	r.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		r.t.Fatal(err)
	}
	q, err := http.NewRequest(method, r.site+path, bytes.NewReader(raw))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	answer, err := r.admin.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// call makes a call of a page beside an issue.
func (r *related) call(issue, target string, body any) string {
	r.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	var a struct{ Token string }
	r.ask(http.MethodPost, "/sandbox/context-token", frameOf{App: "pergola", Issue: issue}, &a)
	status, text := r.send(http.MethodPost, target, "JWT "+a.Token, string(raw))
	if status != http.StatusOK {
		r.t.Fatalf("%s answers %d: %.600s", target, status, text)
	}
	return text
}

// relate has an admin make a relation, and returns the name of its first end in the panel of an issue.
func (r *related) relate(issue string) string {
	r.t.Helper()
	r.call("", "/api/admin/plugins/"+linkPlugin+"/configs/relation/save", map[string]any{"form": map[string][]string{
		"name": {"Laptop of an employee"}, "outward": {"uses"}, "inward": {"is used by"}, "color": {"blue"}, "storage": {"app"},
		"first.show": {"true"}, "second.show": {"false"},
	}})
	var params struct{ Add string }
	if err := json.Unmarshal([]byte(attribute(r.call(issue, linkPanel+"view/panel", struct{}{}), "data-params")), &params); err != nil || params.Add == "" {
		r.t.Fatalf("the panel offers no link: %v", err)
	}
	return params.Add
}

// link joins an issue to others, as many at once as a user may pick.
func (r *related) link(side, issue string, others []string) {
	r.t.Helper()
	for some := range slices.Chunk(others, rowsEach) {
		page := r.call(issue, linkPanel+"action/add", map[string]any{"state": []byte(side), "form": map[string][]string{"issues": some}})
		if !strings.Contains(page, strconv.Itoa(len(some))+" issues are linked") {
			r.t.Fatalf("%d issues were not linked:\n%s", len(some), page)
		}
	}
}

// panel draws an issue's panel as its frame does, and returns how long that took and what it took of the site. The address, with a
// token of the site's, is made before.
func (r *related) panel(issue string) (took time.Duration, page string, asked []string) {
	r.t.Helper()
	var f struct{ URL string }
	r.ask(http.MethodPost, "/sandbox/frame", frameOf{App: "pergola", Module: manifest.ConnectModuleKey(linkPlugin, "links"), Issue: issue}, &f)
	r.mu.Lock()
	r.asked = nil
	r.mu.Unlock()
	begin := time.Now()
	status, page := r.send(http.MethodGet, strings.TrimPrefix(f.URL, r.h.URL()), "", "")
	took = time.Since(begin)
	if status != http.StatusOK {
		r.t.Fatalf("the panel answers %d: %.600s", status, page)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return took, page, r.asked
}

func (r *related) fuel(plugin string) float64 {
	r.t.Helper()
	units, err := strconv.ParseFloat(r.metric(`pergola_plugin_fuel_total{plugin="`+plugin+`"}`), 64)
	if err != nil {
		r.t.Fatal("the host counts no fuel: ", err)
	}
	return units
}

// TestRelationFigures measures panels of issues that are linked to 200 others each, through everything: token, plugin in its
// module, store, and the site over HTTP. The host has just started, and every panel is of another issue and shows rows that no other
// one shows, so nothing of them is remembered.
func TestRelationFigures(t *testing.T) {
	if !*figures {
		t.Skip("it measures; run make bench-relations")
	}
	r := newRelated(t, measuredPanels+rowsEach*measuredPanels+linksEach)
	hubs, others := r.issues[:measuredPanels], r.issues[measuredPanels:]
	side := r.relate(hubs[0])
	begin := time.Now()
	for i, hub := range hubs {
		r.link(side, hub, others[i*rowsEach:][:linksEach])
	}
	t.Logf("%d links were added in %v", len(hubs)*linksEach, time.Since(begin).Round(time.Millisecond))

	r.measure(hubs, "", linkPlugin)

	// The same with a table of an admin's, sorted and summed, so that all issues are read and not those of a page.
	side, _ = strings.CutSuffix(side, "-first")
	r.call("", "/api/admin/plugins/"+viewPlugin+"/configs/view/save", map[string]any{"form": map[string][]string{
		"name": {"Laptops"}, "relation": {side}, "end": {"first"}, "style": {"table"}, "pageSize": {strconv.Itoa(rowsEach)}, "columns": {"summary", "status", "reporter", "created"},
		"allowAdd": {"true"}, "allowRemove": {"true"}, "position": {"0"},
	}})
	r.measure(hubs, "_view", linkPlugin, viewPlugin)
}

// measure draws the panels of issues and prints what they took: of time, and of fuel in the modules of plugins.
func (r *related) measure(hubs []string, suffix string, plugins ...string) {
	t := r.t
	t.Helper()
	r.stop() // and with it what the host remembers of who may see what
	r.start()
	r.panel(r.issues[len(r.issues)-1]) // the first call of a module makes its snapshot
	fuel := func() (units float64) {
		for _, p := range plugins {
			units += r.fuel(p)
		}
		return units
	}
	var took []time.Duration
	before := fuel()
	for i, hub := range hubs {
		d, page, asked := r.panel(hub)
		took = append(took, d)
		if rows := strings.Count(page, "data-issue="); rows != rowsEach || !strings.Contains(page, strconv.Itoa(linksEach)) || strings.Contains(page, "<table") != (suffix != "") {
			t.Fatalf("the panel shows %d rows, want %d of %d:\n%s", rows, rowsEach, linksEach, page)
		}
		if i == 0 {
			t.Logf("a panel asks the site %d times: %v", len(asked), asked)
			fmt.Printf("figure panel_jira_requests%s %d\n", suffix, len(asked))
		}
	}
	fmt.Printf("figure guest_fuel_per_panel%s %.0f\n", suffix, (fuel()-before)/measuredPanels)
	slices.Sort(took)
	t.Logf("a panel takes %v to %v, the median is %v", took[0], took[len(took)-1], took[len(took)/2])
	fmt.Printf("figure panel_ms_p95_200%s %.1f\n", suffix, float64(took[len(took)*95/100])/float64(time.Millisecond))
}
