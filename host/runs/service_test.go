package runs_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
)

// three counts to three.
func three(_ context.Context, s job.Step) (*job.Result, error) {
	at := job.Int(s.Cursor, "after") + 1
	return &job.Result{Cursor: map[string]string{"after": strconv.FormatInt(at, 10)}, Done: 1, Finished: at == 3, Counts: map[string]int64{"written": 2}}, nil
}

func TestARunGoesStepByStep(t *testing.T) {
	r := newRig(t)
	r.steps(three)
	r.work()
	id := r.begin("10001")
	p := r.await(id, jobs.Done)
	if p.Done != 3 || p.Total != 3 || p.Counts["written"] != 6 || p.By != mia || p.Job != "index" {
		t.Errorf("the run: %+v", p)
	}
	input := map[string]string{"relation": "10001"}
	want := []job.Step{
		{Job: "index", Run: id, ID: id + "-0", Input: input, Context: sdk.Context{Account: mia}},
		{Job: "index", Run: id, ID: id + "-1", Number: 1, Input: input, Cursor: map[string]string{"after": "1"}, Context: sdk.Context{Account: mia}},
		{Job: "index", Run: id, ID: id + "-2", Number: 2, Input: input, Cursor: map[string]string{"after": "2"}, Context: sdk.Context{Account: mia}},
	}
	if diff := cmp.Diff(want, r.done()); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	all, err := r.List(t.Context(), admin(), &job.Query{Job: "index"})
	if err != nil || len(all.Runs) != 1 || all.Runs[0].ID != id || all.Runs[0].State != job.Done {
		t.Errorf("the list: %+v, %v", all, err)
	}
	if none, err := r.List(t.Context(), admin(), &job.Query{Job: "tidy"}); err != nil || len(none.Runs) != 0 {
		t.Errorf("the list of another job: %+v, %v", none, err)
	}
}

func TestWhoMayBeginARun(t *testing.T) {
	r := newRig(t)
	user := &capability.Binding{Tenant: acme, Plugin: links, Context: sdk.Context{Account: mia, Module: "panel", IssueID: "10001"}}
	nobody := &capability.Binding{Tenant: acme, Plugin: links, Context: sdk.Context{Module: "panel"}}
	event := &capability.Binding{Tenant: acme, Plugin: links, Background: true}
	for _, c := range []struct {
		name string
		by   *capability.Binding
		job  string
		want sdk.Code
	}{
		{"an admin on an adminPage", admin(), "index", ""},
		{"an event", event, "index", ""},
		{"a user in a panel", user, "index", sdk.PermissionDenied},
		{"a user, of what users may begin", user, "tidy", ""},
		{"nobody, of what users may begin", nobody, "tidy", sdk.PermissionDenied},
		{"an admin, of what is not declared", admin(), "dream", sdk.NotFound},
	} {
		_, err := r.Start(t.Context(), c.by, &job.New{Job: c.job})
		if code := sdk.CodeOf(err); code != c.want {
			t.Errorf("%s: code %q (%v), want %q", c.name, code, err, c.want)
		}
	}
	_, listing := r.List(t.Context(), user, &job.Query{})
	_, steering := r.Steer(t.Context(), user, &job.Order{Run: "x", Do: job.DoCancel})
	if sdk.CodeOf(listing) != sdk.PermissionDenied || sdk.CodeOf(steering) != sdk.PermissionDenied {
		t.Errorf("a user lists runs: %v, and steers one: %v", listing, steering)
	}
}

// Nothing gets into a run but what plugin.json declares: there is no place for content.
func TestARunKeepsNoContent(t *testing.T) {
	r := newRig(t)
	for name, n := range map[string]job.New{
		"a name that is not declared": {Job: "index", Input: map[string]string{"summary": "1"}},
		"text":                        {Job: "index", Input: map[string]string{"relation": "Laptop of Mia"}},
		"a word that is not declared": {Job: "index", Input: map[string]string{"how": "secretly"}},
		"a total below nothing":       {Job: "index", Total: -1},
		"a day of gathering":          {Job: "index", Gather: 24 * 3600 * 1000},
	} {
		if _, err := r.Start(t.Context(), admin(), &n); sdk.CodeOf(err) != sdk.Invalid || strings.Contains(err.Error(), "Mia") {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.work()
	for name, result := range map[string]job.Result{
		"a cursor that is not declared":  {Cursor: map[string]string{"title": "1"}},
		"text in a cursor":               {Cursor: map[string]string{"after": "Laptop of Mia"}},
		"a count that is not declared":   {Counts: map[string]int64{"mia": 1}},
		"a step back":                    {Done: -1},
		"a count below nothing":          {Counts: map[string]int64{"written": -1}},
		"a pause of more than a day":     {After: 48 * 3600 * 1000},
		"a cursor without any end to it": {Cursor: map[string]string{"after": strings.Repeat("1", 2000)}},
	} {
		r.steps(func(context.Context, job.Step) (*job.Result, error) { return &result, nil })
		if p := r.await(r.begin("10001"), jobs.Failed); p.Code != sdk.Invalid || p.Attempt > 1 {
			t.Errorf("%s: code %s after %d tries", name, p.Code, p.Attempt)
		}
	}
	for d, err := range store.Each(t.Context(), r.store, store.Query{Tenant: acme, Collection: "jobs.run"}) {
		if err != nil || strings.Contains(string(d.Body), "Laptop") {
			t.Errorf("kept: %s, %v", d.Body, err)
		}
	}
}

func TestAnAdminSeesWhichDocumentARunIsAboutByItsLabelOfNow(t *testing.T) {
	r := newRig(t)
	for _, input := range []map[string]string{{"rule": ruleID, "revision": "3"}, {"rule": goneID}, {"revision": "3"}} {
		if _, err := r.Start(t.Context(), admin(), &job.New{Job: "sweep", Input: input}); err != nil {
			t.Fatal(err)
		}
	}
	r.begin("10001") // of a kind that has no label
	all, err := r.Runs(t.Context(), acme, links, "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	about := map[string]int{}
	for _, shown := range r.Show(t.Context(), tenant.Tenant{ID: acme}, all...) {
		about[strings.Join(shown.About, ",")]++
	}
	if diff := cmp.Diff(map[string]int{"Suppliers": 1, "something that was deleted": 1, "": 2}, about); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for d, err := range store.Each(t.Context(), r.store, store.Query{Tenant: acme, Collection: "jobs.run"}) {
		if err != nil || strings.Contains(string(d.Body), "Suppliers") || strings.Contains(string(d.Body), ruleID) {
			t.Errorf("kept: %s, %v", d.Body, err)
		}
	}
}

func TestAStepIsTriedAgainUntilItWorks(t *testing.T) {
	r := newRig(t)
	failed := make(chan string, 1)
	r.steps(func(ctx context.Context, s job.Step) (*job.Result, error) {
		if s.Number == 1 && s.Attempt == 0 {
			failed <- s.ID
			return nil, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira is away"}
		}
		return three(ctx, s)
	})
	r.work()
	id := r.begin("10001")
	p := r.await(id, jobs.Done)
	if first := <-failed; first != id+"-1" || r.done()[1].ID != first || r.done()[1].Attempt != 1 || p.Done != 3 {
		t.Errorf("step %s failed, then %+v; %d done", first, r.done()[1], p.Done)
	}
}

// Jira lets the app in again when its installation is over; what a user may not, no further try changes.
func TestARefusalOfJirasIsTriedAgainAndOneOfTheHostsIsNot(t *testing.T) {
	r := newRig(t)
	r.steps(func(ctx context.Context, s job.Step) (*job.Result, error) {
		source := sdk.FromHost
		if s.Input["relation"] == "10001" {
			source = sdk.FromDownstream
		}
		if s.Number == 1 && s.Attempt == 0 {
			return nil, &sdk.Error{Code: sdk.PermissionDenied, Source: source, Message: "you may not"}
		}
		return three(ctx, s)
	})
	r.work()
	jiras, hosts := r.begin("10001"), r.begin("10002")
	r.await(jiras, jobs.Done)
	if p := r.await(hosts, jobs.Failed); p.Code != sdk.PermissionDenied {
		t.Errorf("code %s", p.Code)
	}
}

func TestAFailedRunGoesOnWhereItEnded(t *testing.T) {
	r := newRig(t)
	var back atomic.Bool
	r.steps(func(ctx context.Context, s job.Step) (*job.Result, error) {
		if s.Number == 1 && !back.Load() {
			return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "the relation is gone"}
		}
		return three(ctx, s)
	})
	r.work()
	id := r.begin("10001")
	if p := r.await(id, jobs.Failed); p.Code != sdk.NotFound || p.Done != 1 {
		t.Errorf("the dead letter: %+v", p)
	}
	back.Store(true)
	run, err := r.Steer(t.Context(), admin(), &job.Order{Run: id, Do: job.DoRetry})
	if err != nil || !run.State.Live() && run.State != job.Done {
		t.Fatalf("retry: %+v, %v", run, err)
	}
	if p := r.await(id, jobs.Done); p.Done != 3 || len(r.done()) != 3 {
		t.Errorf("%d of 3 done in %d steps", p.Done, len(r.done()))
	}
}

func TestAnotherPluginsRunIsNotThere(t *testing.T) {
	r := newRig(t)
	id := r.begin("10001")
	other := admin()
	other.Plugin = others
	if _, err := r.Steer(t.Context(), other, &job.Order{Run: id, Do: job.DoCancel}); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("steer: %v", err)
	}
	if all, err := r.List(t.Context(), other, &job.Query{}); err != nil || len(all.Runs) != 0 {
		t.Errorf("list: %+v, %v", all, err)
	}
	if _, err := r.Steer(t.Context(), admin(), &job.Order{Run: id, Do: "explode"}); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("an order that nobody knows: %v", err)
	}
}

func TestRunsOfOneRelationWaitForOneAnother(t *testing.T) {
	r := newRig(t)
	began, goOn := make(chan string, 4), make(chan struct{})
	r.steps(func(_ context.Context, s job.Step) (*job.Result, error) {
		began <- s.Input["relation"]
		<-goOn
		return &job.Result{Finished: true}, nil
	})
	r.work()
	first, second, other := r.begin("10001"), r.begin("10001"), r.begin("10002")
	got := map[string]int{<-began: 1}
	got[<-began]++
	if got["10001"] != 1 || got["10002"] != 1 {
		t.Errorf("under way at the same time: %v", got)
	}
	close(goOn)
	for _, id := range []string{first, second, other} {
		r.await(id, jobs.Done)
	}
}

// What a hundred actions set off is one run, and it begins after the last of them.
func TestRunsAreGathered(t *testing.T) {
	r := newRig(t)
	r.now = time.Now().Add(time.Hour).Truncate(time.Minute) // so that none begins while the test looks on
	n := job.New{Job: "index", Input: map[string]string{"relation": "10001"}, Gather: 60_000}
	ids := map[string]bool{}
	for range 100 {
		run, err := r.Start(t.Context(), admin(), &n)
		r.must(err)
		if run.State != job.Waiting {
			t.Fatalf("the run is %s", run.State)
		}
		ids[run.ID] = true
	}
	n.Input = map[string]string{"relation": "10002"}
	other, err := r.Start(t.Context(), admin(), &n)
	r.must(err)
	if len(ids) != 1 || ids[other.ID] {
		t.Errorf("%d runs of one input; another input begins its own: %v", len(ids), !ids[other.ID])
	}
	p, err := r.Run(t.Context(), acme, links, jobs.RunID(other.ID))
	if want := r.now.Add(time.Minute); err != nil || !p.Due.Equal(want) {
		t.Errorf("due %s, want %s (%v)", p.Due, want, err)
	}
}

func TestAPluginThatIsSwitchedOffHasItsRunsCanceled(t *testing.T) {
	r := newRig(t)
	began := make(chan bool, 1)
	r.steps(func(ctx context.Context, _ job.Step) (*job.Result, error) {
		began <- true
		<-ctx.Done()
		return nil, ctx.Err()
	})
	r.work()
	under, waits := r.begin("10001"), r.begin("10001")
	<-began
	r.mu.Lock()
	r.off = append(r.off, links)
	r.mu.Unlock()
	r.must(r.SwitchedOff(t.Context(), acme, links))
	for _, id := range []string{under, waits} {
		r.await(id, jobs.Canceled)
	}
	r.mu.Lock()
	r.off = nil
	r.mu.Unlock()
	r.must(r.jobs.Readmit(t.Context(), acme))
	if p := r.await(waits, jobs.Canceled); p.Step != 0 {
		t.Errorf("switched on again, the run is %+v", p)
	}
}

// A host that ends between two steps is no end of the run: the next one goes on from what was committed.
func TestANewHostGoesOnFromTheLastStep(t *testing.T) {
	r := newRig(t)
	twice := make(chan bool)
	r.steps(func(ctx context.Context, s job.Step) (*job.Result, error) {
		if s.Number == 2 && s.Attempt == 0 {
			select {
			case twice <- true:
			default:
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return three(ctx, s)
	})
	r.work()
	id := r.begin("10001")
	<-twice
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no step is waited for
	_ = r.jobs.Close(ctx)
	r.open()
	r.steps(three)
	r.work()
	if p := r.await(id, jobs.Done); p.Done != 3 {
		t.Errorf("%d done", p.Done)
	}
	var ids []string
	for _, s := range r.done() {
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff([]string{id + "-0", id + "-1", id + "-2"}, ids); diff != "" {
		t.Errorf("steps that were done (-want +got):\n%s", diff)
	}
}
