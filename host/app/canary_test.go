package app_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/pergola-platform/pergola/host/canary"
)

func newCanaries(t testing.TB) *canary.Set {
	t.Helper()
	set, err := canary.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestCanaryNothingIsAtRest is the proof of the promise that no content is at rest: it fills a Jira site with canaries, drives
// the program over every surface, lets it and its plugins fail in every way, ends it in every way, and then searches
// every byte that was written.
func TestCanaryNothingIsAtRest(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("plugins run as processes on Linux only")
	}
	set := newCanaries(t)
	site := newCanarySite(t, set)
	h := newCanaryHost(t, site)
	d := &canaryDrive{canaryHost: h, ctx: t.Context()}
	everything := set.Search()
	scrape := func() { everything.Bytes(fmt.Sprintf("metrics of run %d", h.runs), d.scrape()) }
	look := func(when string) {
		t.Helper()
		x := set.Search()
		h.searchIn(x)
		for _, hit := range x.Report().Hits {
			t.Errorf("after %s: %s", when, hit)
		}
	}

	const never = 1000
	h.start(never)
	site.install(h.url)
	d.panel()
	d.labels()
	d.shortLinks()
	d.admin()
	d.contents()
	d.programs()
	source := d.source()
	source.synchronize()
	source.trouble()
	d.strangers()
	scrape()
	source.rows(30, 2000)
	source.begin() // which the end of the host cuts off, and the next one goes on with
	h.end(syscall.SIGKILL)
	look("SIGKILL")

	h.start(never) // on what the kill left, with a journal to recover
	d.failures()
	d.hostile()
	d.panel()
	scrape()
	d.interrupted(syscall.SIGQUIT)
	dumped := h.stderr.String()
	if !strings.Contains(dumped, "SIGQUIT") || !strings.Contains(dumped, "goroutine ") {
		t.Errorf("there is no dump of goroutines to search:\n%s", tail(dumped, 20))
	}
	look("SIGQUIT")

	h.start(never, "PERGOLA_LOG_FORMAT=json", "GOTRACEBACK=crash") // an operator may want dumps; content must not be in them
	d.panel()
	d.interrupted(syscall.SIGABRT)
	look("SIGABRT with core dumps wanted")

	h.start(5)
	d.panel()
	d.paused()
	h.operator()
	late := site.token(canaryIssue)
	site.ask(http.MethodDelete, "/sandbox/apps/pergola", nil, nil)
	d.send(d.ctx, http.MethodPost, qrPanel+"view/panel", late, "{}")
	scrape()
	h.end(syscall.SIGTERM)
	if strings.Contains(h.stderr.String(), "goroutine ") {
		t.Errorf("it does not end cleanly:\n%s", tail(h.stderr.String(), 20))
	}
	h.searchIn(everything)

	r := everything.Report()
	for _, hit := range r.Hits {
		t.Errorf("at the end: %s", hit)
	}
	for _, problem := range r.Problems {
		t.Errorf("not searched: %s", problem)
	}
	passed := site.passed.Report()
	requirePassed(t, passed.Found())
	if where, err := os.ReadFile("/proc/sys/kernel/core_pattern"); err == nil && strings.ContainsAny(string(where), "|/") {
		t.Logf("core dumps go to %q on this system, where nothing is searched", where)
	}
	t.Logf("searched\n%s", r)
	fmt.Printf("figure canaries_planted %d\nfigure canaries_processed %d\nfigure bytes_searched %d\nfigure leaks %d\n",
		len(set.Canaries()), passed.Leaks(), r.Bytes+r.Unpacked, r.Leaks())
}

// interrupted ends the host with a signal while it works on content: Jira keeps it waiting after it has told something.
func (d *canaryDrive) interrupted(signal syscall.Signal) {
	d.t.Helper()
	const calls = 4
	here := d.site.token(canaryIssue)
	waiting, release := make(chan bool, 100), make(chan bool)
	body := fmt.Sprintf(`{"id":%q,"key":%q,"fields":{"summary":"%s`, canaryIssue, d.site.state.Issue(canaryIssue).Key, jsonText(d.site.state.Issue(canaryIssue).Summary))
	var visitors sync.WaitGroup
	d.site.with(fault{"a wait", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(body))
		_ = http.NewResponseController(w).Flush()
		waiting <- true
		<-release
	}}, func() {
		ctx, cancel := context.WithCancel(d.ctx)
		defer cancel()
		for range calls {
			visitors.Go(func() {
				d.send(ctx, http.MethodPost, qrPanel+"view/panel", here, `{"params":{"note":"`+jsonText(d.site.set.Text("a note on the way"))+`"}}`)
			})
		}
		for range calls {
			<-waiting
		}
		d.end(signal)
		close(release)
		visitors.Wait()
	})
}

// requirePassed makes sure that the host had everything in its hands that it did not keep.
func requirePassed(t *testing.T, names []string) {
	t.Helper()
	for _, want := range []string{
		"summary of issue " + canaryIssue, "description of issue " + canaryIssue, "label of issue " + canaryIssue,
		"field customfield_10001 of issue " + canaryIssue, "name of field customfield_10001", "name of issue type 10001", "name of project 10000",
		"key of project 10000", "name of status 10001", "name of user 712020:5f3c1e0a-mia-admin", "option 10010 of field customfield_10002",
		"a project that is none", "typed into setting size", "column name of row 1", "column note of row 2", "column serial of row 3", "column kind of row 4",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("the host never had the %s in its hands; drive it to where it does", want)
		}
	}
}

// TestCanaryPlantedLeakIsFound has a host leak on purpose, in one way after the other. The search that finds nothing in the test
// above has to find each.
func TestCanaryPlantedLeakIsFound(t *testing.T) {
	set := newCanaries(t)
	site := newCanarySite(t, set)
	for _, leak := range append(slices.Sorted(maps.Keys(clean)), canaryLeaks()...) {
		t.Run(leak, func(t *testing.T) {
			h := &canaryHost{t: t, site: site, root: filepath.Join(t.TempDir(), "host")}
			for _, dir := range canaryDirs {
				if err := os.MkdirAll(h.in(dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			h.run(h.environ(canaryLeakEnv+"="+leak, "CANARY_SITE="+site.url, "CANARY_ROOT="+h.root, "GOTRACEBACK=single"),
				os.Args[0], "-test.run=^TestCanaryLeakingHost$")
			h.wait()
			if !strings.Contains(h.stderr.String(), "the leak is done") {
				t.Fatalf("the host did not get that far:\n%s", tail(h.stderr.String(), 20))
			}
			r := h.search()
			if len(r.Problems) > 0 {
				t.Error(r.Problems)
			}
			if got := slices.Contains(r.Found(), "summary of issue "+canaryIssue); got != (clean[leak] == nil) {
				t.Errorf("found %v in\n%s", r.Found(), r)
			}
		})
	}
}
