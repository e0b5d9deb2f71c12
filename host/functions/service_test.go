package functions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/functions"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

const (
	acme  capability.TenantID = "acme"
	links capability.PluginID = "test.links"
	// secret is a part of arguments, which lie nowhere.
	secret = "Laptop of Mia Meier"
)

// rig is a plugin with the functions linked and others, a site that keeps answers, and a host.
type rig struct {
	testing.TB
	*functions.Service
	jobs  *jobs.Jobs
	dir   string
	store store.Store
	keys  *seal.Keeper
	log   *bytes.Buffer

	mu      sync.Mutex
	kept    map[string][]jira.Computation // by the key of the function
	updated [][]jira.ComputationUpdate
	listed  []string
	asked   []string
	fails   func(listed string) error
	answers func(q jqlfunc.Question) (string, error)
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t, dir: t.TempDir(), log: &bytes.Buffer{}, kept: map[string][]jira.Computation{}}
	r.answers = func(q jqlfunc.Question) (string, error) { return "key = " + strings.Join(q.Arguments, "+"), nil }
	raw, err := sqlitestore.Open(t.Context(), filepath.Join(r.dir, "store"), sqlitestore.Config{})
	r.must(err)
	t.Cleanup(func() { _ = raw.Close() })
	types, err := privacy.NewTypes(nil, slices.Concat(jobs.Types(), seal.Types())...)
	r.must(err)
	r.store = privacy.NewGate(raw, types)
	r.keys = sealtest.Keeper(t, r.store)
	r.open()
	t.Cleanup(func() { _ = r.jobs.Close(context.Background()) })
	return r
}

// open makes a host that answers, and works on no run yet.
func (r *rig) open() {
	r.Helper()
	log := slog.New(slog.NewTextHandler(r.log, nil))
	var err error
	r.jobs, err = jobs.Open(r.Context(), jobs.Config{
		Store: r.store, Keys: r.keys, Log: log, Dir: filepath.Join(r.dir, "queue"), Lease: time.Second, Grace: 5 * time.Second,
		Admit: func(context.Context, capability.TenantID, capability.PluginID) error { return nil },
	})
	r.must(err)
	past := func() time.Time { return time.Now().Add(-time.Minute) } // so that no run has to wait for others
	r.Service, err = functions.New(functions.Config{AppKey: "pergola", Tenants: r, Features: r, Site: r, Jobs: r.jobs, Log: log, Now: past})
	r.must(err)
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// ByID implements functions.Tenants.
func (r *rig) ByID(_ context.Context, id capability.TenantID) (tenant.Tenant, error) {
	return tenant.Tenant{ID: id, State: tenant.Active}, nil
}

// Functions implements functions.Features.
func (r *rig) Functions(_ context.Context, _ capability.TenantID, id capability.PluginID) ([]manifest.Function, error) {
	if id != links {
		return nil, nil
	}
	return []manifest.Function{{Key: "linked"}, {Key: "others"}}, nil
}

// Answer implements functions.Features.
func (r *rig) Answer(_ context.Context, _ tenant.Tenant, _ capability.PluginID, key string, q jqlfunc.Question) (*jqlfunc.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, key+" "+q.Operator+" "+strings.Join(q.Arguments, "+"))
	jql, err := r.answers(q)
	return &jqlfunc.Answer{JQL: jql}, err
}

// IssueIDs implements functions.Site.
func (r *rig) IssueIDs(_ context.Context, _ tenant.Tenant, keys []string) (map[string]string, error) {
	return map[string]string{keys[0]: "10001"}, nil
}

// Computations implements functions.Site.
func (r *rig) Computations(_ context.Context, _ tenant.Tenant, key string, start, limit int) (jira.ComputationPage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := fmt.Sprintf("%s %d", strings.TrimPrefix(key, "pergola__test-links--function--"), start)
	r.listed = append(r.listed, what)
	if r.fails != nil {
		if err := r.fails(what); err != nil {
			return jira.ComputationPage{}, err
		}
	}
	all := r.kept[key]
	start = min(start, len(all))
	end := min(start+limit, len(all))
	return jira.ComputationPage{Values: slices.Clone(all[start:end]), Last: end == len(all)}, nil
}

// UpdateComputations implements functions.Site.
func (r *rig) UpdateComputations(_ context.Context, _ tenant.Tenant, list []jira.ComputationUpdate) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.updated = append(r.updated, list)
	for _, u := range list {
		for _, of := range r.kept {
			for i := range of {
				if of[i].ID == u.ID {
					of[i].Value, of[i].Error = u.Value, u.Error
				}
			}
		}
	}
	return nil
}

// keeps has the site keep n answers to a function, of which each second one is right.
func (r *rig) keeps(function string, n int) {
	key := "pergola__test-links--function--" + function
	for i := range n {
		c := jira.Computation{ID: fmt.Sprintf("%s-%d", function, i), Operator: "in", Arguments: []string{secret, fmt.Sprint(i)}, Value: "old"}
		if i%2 == 0 {
			c.Value = fmt.Sprintf("(key = %s+%d)", secret, i)
		}
		r.kept[key] = append(r.kept[key], c)
	}
}

// stale says that functions of the plugin are, and waits until all runs are over. It returns the last run.
func (r *rig) stale(keys ...string) jobs.Run {
	r.Helper()
	r.must(r.Stale(r.Context(), &capability.Binding{Tenant: acme, Plugin: links}, &jqlfunc.Functions{Keys: keys}))
	return r.over()
}

func (r *rig) over() jobs.Run {
	r.Helper()
	late := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		all, err := r.jobs.Runs(r.Context(), acme, jobs.Query{Kind: functions.Kind})
		r.must(err)
		if len(all) > 0 && !slices.ContainsFunc(all, func(j jobs.Run) bool { return !j.State.Over() }) {
			return all[0]
		}
		select {
		case <-tick.C:
		case <-late:
			r.Fatalf("the runs are not over: %+v", all)
		}
	}
}

// right checks that the site keeps what the plugin says.
func (r *rig) right(function string, n int) {
	r.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.kept["pergola__test-links--function--"+function]
	if len(all) != n {
		r.Errorf("of %s %d answers are kept, not %d", function, len(all), n)
	}
	for _, c := range all {
		if want := "(key = " + strings.Join(c.Arguments, "+") + ")"; c.Value != want || c.Error != "" {
			r.Errorf("%s is %q and %q, not %q", c.ID, c.Value, c.Error, want)
		}
	}
}

func TestAnswersAreAskedForAnewPageByPage(t *testing.T) {
	r := newRig(t)
	r.keeps("linked", 60)
	r.keeps("others", 3)
	r.must(r.jobs.Work())
	run := r.stale()
	r.right("linked", 60)
	r.right("others", 3)
	if run.State != jobs.Done || run.Done != 63 || run.Counts["answers"] != 63 || run.Counts["changed"] != 31 {
		t.Errorf("the run: %+v", run)
	}
	for _, u := range r.updated {
		if len(u) > 25 || slices.ContainsFunc(u, func(c jira.ComputationUpdate) bool { return c.Error != "" }) {
			t.Errorf("Jira was told of %d answers at once: %v", len(u), u)
		}
	}
	if diff := cmp.Diff([]string{"linked 0", "linked 24", "linked 48", "others 0"}, r.listed); diff != "" {
		t.Errorf("what was listed (-want +got):\n%s", diff)
	}

	// Another one finds nothing to tell, and asks only for what was named.
	r.updated, r.listed = nil, nil
	if r.stale("others"); len(r.updated) > 0 || !slices.Equal(r.listed, []string{"others 0"}) {
		t.Errorf("told %v, listed %v", r.updated, r.listed)
	}
}

func TestNothingOfWhatUsersWroteIsKeptOrLogged(t *testing.T) {
	r := newRig(t)
	r.keeps("linked", 30)
	r.answers = func(jqlfunc.Question) (string, error) { return "", sdk.Errorf(sdk.Invalid, "There is no %s.", secret) }
	r.must(r.jobs.Work())
	r.stale()
	_, err := r.Service.Answer(t.Context(), acme, links, "linked", functions.Asked{Operator: "in", Arguments: []string{secret}})
	if err == nil {
		t.Error("no error")
	}
	r.must(r.jobs.Close(t.Context()))
	if strings.Contains(r.log.String(), secret) {
		t.Errorf("it is in the log:\n%s", r.log)
	}
	r.must(filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("it is in %s", path)
		}
		return err
	}))
}

func TestARunGoesOnFromThePageThatFailed(t *testing.T) {
	r := newRig(t)
	r.keeps("linked", 60)
	failed := 0
	r.fails = func(listed string) error {
		if listed == "linked 24" && failed == 0 {
			failed++
			return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira does not answer"}
		}
		return nil
	}
	r.must(r.jobs.Work())
	if run := r.stale(); run.State != jobs.Done || run.Counts["answers"] != 60 {
		t.Errorf("the run: %+v", run)
	}
	r.right("linked", 60)
	if len(r.asked) != 60 || failed != 1 {
		t.Errorf("%d questions to the plugin, %d failures", len(r.asked), failed)
	}
}

func TestARunGoesOnInTheNextHost(t *testing.T) {
	r := newRig(t)
	r.keeps("linked", 60)
	reached := make(chan struct{})
	r.fails = func(listed string) error {
		if listed == "linked 24" && reached != nil {
			close(reached)
			reached = nil
			return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira does not answer"}
		}
		return nil
	}
	wait := reached
	r.must(r.Changed(t.Context(), acme, links))
	r.must(r.jobs.Work())
	select {
	case <-wait:
	case <-time.After(30 * time.Second):
		t.Fatal("the run does not come to its second page")
	}
	r.must(r.jobs.Close(t.Context()))
	r.open()
	r.must(r.jobs.Work())
	if run := r.over(); run.State != jobs.Done || run.Counts["answers"] != 60 {
		t.Errorf("the run: %+v", run)
	}
	r.right("linked", 60)
	if diff := cmp.Diff([]string{"linked 0", "linked 24", "linked 24", "linked 48", "others 0"}, r.listed); diff != "" {
		t.Errorf("what was listed (-want +got):\n%s", diff)
	}
}

// Jira forgets answers that nobody uses while a run goes through them: no other one is passed over.
func TestARunGoesBackWhereTheListGotShorter(t *testing.T) {
	r := newRig(t)
	r.keeps("linked", 60)
	dropped := false
	r.fails = func(listed string) error {
		if listed == "linked 24" && !dropped {
			dropped = true
			key := "pergola__test-links--function--linked"
			r.kept[key] = append(r.kept[key][:3], r.kept[key][10:]...)
		}
		return nil
	}
	r.must(r.jobs.Work())
	if run := r.stale("linked"); run.State != jobs.Done {
		t.Errorf("the run: %+v", run)
	}
	r.right("linked", 53)
}

func TestErrorsBecomeAnswersAndPassingOnesDoNot(t *testing.T) {
	r := newRig(t)
	r.keeps("linked", 3)
	busy := true
	r.answers = func(q jqlfunc.Question) (string, error) {
		switch {
		case q.Arguments[1] == "0":
			return "", &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "There is no such relation."}
		case q.Arguments[1] == "1" && busy:
			busy = false
			return "", &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Message: "busy"}
		}
		return "key = X-1", nil
	}
	r.must(r.jobs.Work())
	r.stale("linked")
	var got []string
	for _, c := range r.kept["pergola__test-links--function--linked"] {
		got = append(got, c.Value+c.Error)
	}
	if diff := cmp.Diff([]string{"There is no such relation.", "(key = X-1)", "(key = X-1)"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestASiteThatDoesNotKnowTheFunctionYetHasNothingToRefresh(t *testing.T) {
	r := newRig(t)
	r.keeps("others", 1)
	r.fails = func(listed string) error {
		if listed == "linked 0" {
			return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "no such function"}
		}
		return nil
	}
	r.must(r.jobs.Work())
	if run := r.stale(); run.State != jobs.Done {
		t.Errorf("the run: %+v", run)
	}
	r.right("others", 1)
}

func TestSeveralReasonsWithinSecondsAreOneRun(t *testing.T) {
	r := newRig(t)
	for range 5 {
		r.must(r.Changed(t.Context(), acme, links))
	}
	all, err := r.jobs.Runs(t.Context(), acme, jobs.Query{Kind: functions.Kind})
	r.must(err)
	if len(all) < 1 || len(all) > 2 { // two, where the seconds changed in between
		t.Errorf("%d runs", len(all))
	}
	r.must(r.Changed(t.Context(), acme, "test.quiet"))
	if more, err := r.jobs.Runs(t.Context(), acme, jobs.Query{Kind: functions.Kind}); err != nil || len(more) != len(all) {
		t.Errorf("a plugin without functions began a run: %d, %v", len(more), err)
	}
	err = r.Stale(t.Context(), &capability.Binding{Tenant: acme, Plugin: links}, &jqlfunc.Functions{Keys: []string{"linked", "nobody"}})
	if sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("an unknown function: %v", err)
	}
}

func TestAnAnswerStaysOneConditionWhateverStandsAround(t *testing.T) {
	r := newRig(t)
	answer := func(jql string, arguments ...string) (string, error) {
		r.answers = func(jqlfunc.Question) (string, error) { return jql, nil }
		return r.Service.Answer(t.Context(), acme, links, "linked", functions.Asked{Operator: "NOT IN", Arguments: arguments})
	}
	if got, err := answer("a = b OR c = d", "x"); got != "(a = b OR c = d)" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if want := "linked not in x"; r.asked[0] != want {
		t.Errorf("asked %q, want %q", r.asked[0], want)
	}
	for what, err := range map[string]error{
		"nothing":            func() error { _, err := answer(""); return err }(),
		"too much":           func() error { _, err := answer(strings.Repeat("x", 20_001)); return err }(),
		"too many arguments": func() error { _, err := answer("a = b", strings.Repeat("x", 9000)); return err }(),
	} {
		if err == nil {
			t.Errorf("%s is no error", what)
		}
	}
}

func TestWordsAreForWhoeverSearches(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("open /var/lib: denied"), "This could not be answered just now. Try again in a minute; if it stays so, tell a Jira admin."},
		{&sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "index out of range"}, "This could not be answered just now. Try again in a minute; if it stays so, tell a Jira admin."},
		{fmt.Errorf("wrapped: %w", &sdk.Error{Code: sdk.Invalid, Message: " There is\n no relation. "}), "There is no relation."},
		{&sdk.Error{Code: sdk.Invalid, Message: strings.Repeat("ä", 300)}, strings.Repeat("ä", 198) + "…"},
	} {
		if got := functions.Words(tt.err); got != tt.want || len(got) > 400 {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestOnlyAFunctionFindsIssuesByTheirKeys(t *testing.T) {
	r := newRig(t)
	ask := func(b capability.Binding, keys ...string) (*jqlfunc.Found, error) {
		b.Tenant, b.Plugin = acme, links
		return r.Issues(t.Context(), &b, &jqlfunc.Keys{Keys: keys})
	}
	if got, err := ask(capability.Binding{Function: true}, "OPS-1"); err != nil || got.IDs["OPS-1"] != "10001" {
		t.Errorf("%v, %v", got, err)
	}
	for what, b := range map[string]capability.Binding{"a page": {}, "an admin": {Admin: true}, "a job": {Background: true}} {
		if _, err := ask(b, "OPS-1"); sdk.CodeOf(err) != sdk.PermissionDenied {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := ask(capability.Binding{Function: true}, make([]string, jqlfunc.MaxKeys+1)...); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("too many: %v", err)
	}
}
