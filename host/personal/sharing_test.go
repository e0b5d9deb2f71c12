package personal_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestSiteWithoutAccountsSendsNothing(t *testing.T) {
	h, a, r, _ := reporting(t)
	empty := h.install("empty")
	h.write(record(empty.ID, seats, "1", start, "moves", "1"))
	h.must(r.Due(t.Context()))
	if got := a.took(); len(got) != 1 || got[0].Site == empty.ID {
		t.Errorf("reports %v", got)
	}
	if diff := cmp.Diff(personal.Report{Next: start.Add(day)}, h.latest(r, empty), own); diff != "" {
		t.Errorf("latest (-want +got):\n%s", diff)
	}
	h.write(record(empty.ID, seats, "2", start, "owner", "bob"))
	h.clock.advance(day)
	if got := h.due(r, a); !slices.Equal(got, []capability.TenantID{empty.ID}) {
		t.Errorf("a day later %v are reported, want the site that has an account now", got)
	}
}

func TestReporterReportsActiveSitesOnly(t *testing.T) {
	h, a, r, ours := reporting(t)
	for _, state := range []tenant.State{tenant.Disabled, tenant.Uninstalled} {
		other := h.install(string(state))
		h.write(record(other.ID, seats, "1", start, "owner", "ann"))
		_, err := h.tenants.SetState(t.Context(), other.ID, state)
		h.must(err)
	}
	purging := h.install("purging")
	_, err := h.tenants.Uninstall(t.Context(), purging.ID)
	h.must(err)
	_, err = h.tenants.StartPurge(t.Context(), purging.ID, h.clock.Now())
	h.must(err)
	if got := h.due(r, a); !slices.Equal(got, []capability.TenantID{ours.ID}) {
		t.Errorf("reported %v, want %s alone", got, ours.ID)
	}
	if left, err := h.raw.Get(t.Context(), store.Key{Tenant: purging.ID, Collection: "account_report", ID: "latest"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a site that is being purged gets %s, %v", left.Body, err)
	}
}

// One report may take long, and sites go on meanwhile.
func TestReporterLooksAgainBeforeItReports(t *testing.T) {
	for _, purged := range []bool{false, true} {
		h, a, r, first := reporting(t)
		second := h.install("second")
		h.write(record(second.ID, seats, "1", start, "owner", "ann"))
		if first.ID > second.ID {
			first, second = second, first
		}
		a.during = func() {
			_, err := h.tenants.Uninstall(t.Context(), second.ID)
			h.must(err)
			if purged {
				_, err := h.tenants.StartPurge(t.Context(), second.ID, h.clock.Now())
				h.must(err)
				h.must(h.tenants.Forget(t.Context(), second.ID))
			}
		}
		if got := h.due(r, a); !slices.Equal(got, []capability.TenantID{first.ID}) {
			t.Errorf("reported %v, want %s alone", got, first.ID)
		}
		if got := h.latest(r, second); !cmp.Equal(got, personal.Report{}, own) {
			t.Errorf("a site that left, purged %v, gets %+v", purged, got)
		}
	}
}

func TestFailureOfOneSiteKeepsNoOther(t *testing.T) {
	h, a, _, ours := reporting(t)
	other := h.install("other")
	h.write(record(other.ID, seats, "1", start, "owner", "ann"))
	for _, broken := range []tenant.Tenant{ours, other} { // one of them comes first
		r := h.reporter(breaking{a, broken.ID})
		if err := r.Due(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("Due: %v", err)
		}
		if got := a.took(); len(got) != 1 || got[0].Site == broken.ID {
			t.Errorf("reports %v, want that of the other site", got)
		}
		h.clock.advance(8 * day)
	}
}

// breaking does not answer one site.
type breaking struct {
	*atlassian
	id capability.TenantID
}

func (b breaking) ReportAccounts(ctx context.Context, t tenant.Tenant, accounts []jira.ReportedAccount) (jira.AccountReport, error) {
	if t.ID == b.id {
		return jira.AccountReport{}, errDown
	}
	return b.atlassian.ReportAccounts(ctx, t, accounts)
}

func TestReportersShareTheWork(t *testing.T) {
	h, a, _, ours := reporting(t)
	want := []capability.TenantID{ours.ID}
	for _, name := range []string{"b", "c", "d", "e"} {
		s := h.install(name)
		h.write(record(s.ID, seats, "1", start, "owner", "ann"))
		want = append(want, s.ID)
	}
	var hosts sync.WaitGroup
	for range 4 {
		hosts.Go(func() {
			if err := h.reporter(a).Due(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	hosts.Wait()
	got := sites(a.took())
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reported sites (-want +got):\n%s", diff)
	}
}

func TestReportOnItsWayIsLeftToWhoSentIt(t *testing.T) {
	h, a, r, _ := reporting(t)
	a.during = func() {
		a.during = nil
		h.clock.advance(10*time.Minute - 1)
		h.must(h.reporter(a).Due(t.Context()))
	}
	if got := h.due(r, a); len(got) != 1 {
		t.Errorf("%d reports, want 1", len(got))
	}
}

func TestReportOfADeadHostIsTakenOver(t *testing.T) {
	h, a, r, ours := reporting(t)
	ctx, kill := context.WithCancel(t.Context())
	a.during = kill
	if err := r.Due(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Due of the host that ends: %v", err)
	}
	a.took()
	a.during = nil
	r = h.reporter(a)
	h.clock.advance(10*time.Minute - 1)
	if got := h.due(r, a); got != nil {
		t.Error("taken over before its time")
	}
	h.clock.advance(1)
	if got := h.due(r, a); len(got) != 1 {
		t.Errorf("%d reports, want that of the dead host", len(got))
	}
	if got := h.latest(r, ours); got.Failures != 0 || got.Reported.IsZero() {
		t.Errorf("latest %+v", got)
	}
}
