package personal_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

// reporting is a host with one site that has documents of ann, and a reporter.
func reporting(t *testing.T) (*host, *atlassian, *personal.Reporter, tenant.Tenant) {
	t.Helper()
	h, a := newHost(t), newAtlassian()
	ours := h.install("ours")
	h.write(record(ours.ID, seats, "1", start.Add(-day), "owner", "ann"))
	return h, a, h.reporter(a), ours
}

// due reports what is due, and returns which sites were reported.
func (h *host) due(r *personal.Reporter, a *atlassian) []capability.TenantID {
	h.Helper()
	h.must(r.Due(h.Context()))
	return sites(a.took())
}

func sites(reports []report) (ids []capability.TenantID) {
	for _, r := range reports {
		ids = append(ids, r.Site)
	}
	return ids
}

var own = cmpopts.IgnoreUnexported(personal.Report{})

func TestReporterKeepsToTheCycle(t *testing.T) {
	h, a, r, ours := reporting(t)
	if got := h.latest(r, ours); !cmp.Equal(got, personal.Report{}, own) {
		t.Errorf("before the first: %+v", got)
	}
	for _, cycle := range []time.Duration{7 * day, 3 * day, time.Hour} {
		a.cycle = cycle
		h.must(r.Due(t.Context()))
		want := []report{{Site: ours.ID, Secret: "secret of ours", Accounts: map[string]time.Time{"ann": start.Add(-day)}}}
		if diff := cmp.Diff(want, a.took()); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		now := h.clock.Now()
		if diff := cmp.Diff(personal.Report{Reported: now, Next: now.Add(cycle), Accounts: 1}, h.latest(r, ours), own); diff != "" {
			t.Errorf("latest (-want +got):\n%s", diff)
		}
		h.clock.advance(cycle - 1)
		if got := h.due(r, a); got != nil {
			t.Errorf("reported before %s were over", cycle)
		}
		h.clock.advance(1)
	}
}

func TestReporterErasesClosedAccounts(t *testing.T) {
	h, a, r, ours := reporting(t)
	h.fill(ours.ID)
	a.closed["ann"], a.closed["nobody"] = true, true
	h.must(r.Due(t.Context()))
	if got := h.accounts(ours.ID); !slices.Equal(got, []string{"bob", "cy"}) {
		t.Errorf("accounts %v are left", got)
	}
	if got := h.latest(r, ours); got.Erased != 1 || got.Accounts != 3 {
		t.Errorf("latest %+v, want 3 accounts, 1 erased", got)
	}
	a.closed["cy"] = true
	h.clock.advance(7 * day)
	a.took()
	h.must(r.Due(t.Context()))
	if got := a.took(); len(got) != 1 || len(got[0].Accounts) != 2 {
		t.Errorf("the next report is %v, want bob and cy", got)
	}
	if got := h.latest(r, ours); got.Erased != 2 {
		t.Errorf("latest %+v, want 2 erased", got)
	}
}

func TestReporterReportsUpdatedAccountsWithANewTime(t *testing.T) {
	h, a, r, ours := reporting(t)
	h.write(record(ours.ID, seats, "2", start.Add(-2*day), "owner", "bob"))
	a.changed["ann"] = start.Add(-time.Hour)
	var updated [][]string
	var times []time.Time
	for range 3 {
		h.must(r.Due(t.Context()))
		got := a.took()
		updated, times = append(updated, got[0].Updated), append(times, got[0].Accounts["ann"])
		h.clock.advance(7 * day)
	}
	if diff := cmp.Diff([][]string{{"ann"}, nil, nil}, updated); diff != "" {
		t.Errorf("updated in each report (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]time.Time{start.Add(-day), start, start}, times); diff != "" {
		t.Errorf("times of ann (-want +got):\n%s", diff)
	}
	// What was written since then counts with its own time.
	h.write(record(ours.ID, seats, "1", start.Add(20*day), "owner", "ann"))
	h.must(r.Due(t.Context()))
	if got := a.took()[0].Accounts; !got["ann"].Equal(start.Add(20*day)) || !got["bob"].Equal(start) {
		t.Errorf("times %v", got)
	}
}

var errDown = errors.New("down")

func TestReporterBacksOffAfterFailures(t *testing.T) {
	h, a, r, ours := reporting(t)
	a.down = errDown
	waits := []int{10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440, 1440, 1440, 1440}
	for i, minutes := range waits {
		if err := r.Due(t.Context()); !errors.Is(err, errDown) || !strings.Contains(err.Error(), string(ours.ID)) {
			t.Fatalf("Due: %v, want what went wrong, and where", err)
		}
		if len(a.took()) != 1 {
			t.Fatalf("no try after %d failures", i)
		}
		if got := h.latest(r, ours); got.Failures != i+1 || !got.Reported.IsZero() {
			t.Errorf("latest %+v, want %d failures", got, i+1)
		}
		h.clock.advance(time.Duration(minutes)*time.Minute - 1)
		if got := h.due(r, a); got != nil {
			t.Fatalf("tried again before %d minutes were over", minutes)
		}
		h.clock.advance(1)
	}
	a.down = nil
	if got := h.due(r, a); len(got) != 1 {
		t.Fatal("no try after the last failure")
	}
	now := h.clock.Now()
	if diff := cmp.Diff(personal.Report{Reported: now, Next: now.Add(7 * day), Accounts: 1}, h.latest(r, ours), own); diff != "" {
		t.Errorf("latest after a success (-want +got):\n%s", diff)
	}
}

func TestReporterKeepsWhatWasAnsweredBesideAnError(t *testing.T) {
	h, a, r, ours := reporting(t)
	h.fill(ours.ID)
	a.closed["ann"], a.changed["bob"], a.down = true, start.Add(2*day), errDown
	if err := r.Due(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("Due: %v", err)
	}
	if got := h.accounts(ours.ID); !slices.Equal(got, []string{"bob", "cy"}) {
		t.Errorf("accounts %v are left", got)
	}
	want := personal.Report{Next: start.Add(10 * time.Minute), Refreshed: start, Accounts: 3, Erased: 1, Failures: 1}
	if diff := cmp.Diff(want, h.latest(r, ours), own); diff != "" {
		t.Errorf("latest (-want +got):\n%s", diff)
	}
}

func TestReporterReportsAgainWhatItCouldNotErase(t *testing.T) {
	h, a, _, ours := reporting(t)
	a.closed["ann"] = true
	s := &failing{Store: h.raw, collection: seats}
	r := personal.NewReporter(h.over(s), h.tenants, a, discard, h.clock.Now)
	if err := r.Due(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Due: %v, want store.ErrUnavailable", err)
	}
	if got := h.latest(r, ours); got.Failures != 1 || got.Erased != 0 {
		t.Errorf("latest %+v, want a failure", got)
	}
	s.collection = ""
	h.clock.advance(10 * time.Minute)
	h.must(r.Due(t.Context()))
	if got := h.latest(r, ours); got.Failures != 0 || got.Erased != 1 || len(h.accounts(ours.ID)) > 0 {
		t.Errorf("latest %+v, accounts %v", got, h.accounts(ours.ID))
	}
}

// failing is a store that neither lists nor writes a collection.
type failing struct {
	store.Store
	collection string
	lists      bool
}

func (f *failing) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	if ops[0].Doc.Key.Collection == f.collection {
		return nil, store.ErrUnavailable
	}
	return f.Store.Write(ctx, ops...)
}

func (f *failing) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	if q.Collection == f.collection && f.lists {
		return nil, store.ErrUnavailable
	}
	return f.Store.List(ctx, q)
}

func TestReporterBacksOffWhereAccountsCannotBeRead(t *testing.T) {
	h, a, _, ours := reporting(t)
	r := personal.NewReporter(h.over(&failing{Store: h.raw, collection: seats, lists: true}), h.tenants, a, discard, h.clock.Now)
	for _, wait := range []time.Duration{10 * time.Minute, 20 * time.Minute} {
		if err := r.Due(t.Context()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Due: %v, want store.ErrUnavailable", err)
		}
		if got := h.latest(r, ours).Next.Sub(h.clock.Now()); got != wait {
			t.Errorf("the next try is in %s, want %s", got, wait)
		}
		h.clock.advance(wait)
	}
	if len(a.took()) > 0 {
		t.Error("part of the accounts was reported")
	}
}

// Here the real client tells how long Jira asks to wait.
func TestReporterWaitsForAsLongAsJiraAsks(t *testing.T) {
	for _, tt := range []struct {
		header string
		want   time.Duration
	}{
		{"7200", 2 * time.Hour}, {"60", 10 * time.Minute}, {"", 10 * time.Minute},
		{start.Add(3 * time.Hour).Format(http.TimeFormat), 3 * time.Hour}, {start.Add(400 * day).Format(http.TimeFormat), day},
	} {
		h := newHost(t)
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", tt.header)
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		client, err := jira.New(jira.Config{
			AppKey: "app", HTTP: site.Client(), Clock: h.clock.Now, Sleep: func(context.Context, time.Duration) error { return nil },
		})
		h.must(err)
		ours := h.installAt("ours", site.URL, "secret")
		h.write(record(ours.ID, seats, "1", start, "owner", "ann"))
		r := h.reporter(client)
		if err := r.Due(t.Context()); err == nil {
			t.Error("Due says nothing of it")
		}
		if got := h.latest(r, ours).Next.Sub(start); got != tt.want {
			t.Errorf("Retry-After %q: the next try is in %s, want %s", tt.header, got, tt.want)
		}
		site.Close()
	}
}

func TestRunReportsUntilItsContextEnds(t *testing.T) {
	h, a, r, _ := reporting(t)
	ctx, cancel := context.WithCancel(t.Context())
	sent := 0
	a.cycle = time.Hour
	a.during = func() {
		h.clock.advance(day)
		if sent++; sent == 3 {
			cancel()
		}
	}
	r.Run(ctx, time.Nanosecond)
	if sent != 3 {
		t.Errorf("%d reports, want 3", sent)
	}
	a.took()
	if err := r.Due(ctx); !errors.Is(err, context.Canceled) || len(a.took()) > 0 {
		t.Errorf("Due without time: %v", err)
	}
}
