package tenant_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/tenant"
)

func TestBaselineIsWhatWasAskedForFirst(t *testing.T) {
	d := openStore(t)
	r := tenant.NewModules(d, clock())
	for i, tt := range []struct{ asks, want []string }{
		{[]string{"jira:read"}, []string{"jira:read"}},
		{[]string{"jira:read", "store"}, []string{"jira:read"}},
		{nil, []string{"jira:read"}},
	} {
		got, err := r.Baseline(t.Context(), "one", "x.y", tt.asks)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("time %d: %v (-want +got):\n%s", i+1, err, diff)
		}
	}
	for _, other := range []struct{ tenant, plugin string }{{"two", "x.y"}, {"one", "x.z"}} {
		got, err := r.Baseline(t.Context(), tenantID(other.tenant), pluginID(other.plugin), nil)
		if err != nil || len(got) != 0 {
			t.Errorf("%v: %v, %v; want nothing, and for ever", other, got, err)
		}
		if got, _ := r.Baseline(t.Context(), tenantID(other.tenant), pluginID(other.plugin), []string{"store"}); len(got) != 0 {
			t.Errorf("%v: nothing was granted, then %v", other, got)
		}
	}
	if m, err := r.Get(t.Context(), "one", "x.y"); err != nil || m.Rev != 0 {
		t.Errorf("the baseline counts as a choice: %+v, %v", m, err)
	}
}

func TestOneBaselineWins(t *testing.T) {
	r := tenant.NewModules(openStore(t), clock())
	got := make([][]string, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = r.Baseline(t.Context(), "one", "x.y", []string{string(rune('a' + i))}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, g := range got {
		if diff := cmp.Diff(got[0], g); diff != "" {
			t.Errorf("two callers were told otherwise: %s", diff)
		}
	}
}
