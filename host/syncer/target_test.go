package syncer_test

import (
	"context"
	"slices"
	gosync "sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// A source that lists what is on the site itself would otherwise make issues of the project with its issues.
func TestSourceIsToldTheProjectOfItsIssues(t *testing.T) {
	r := newRig(t)
	r.table.put(1)
	var mu gosync.Mutex
	told := map[string][]string{}
	note := func(call, target string) {
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(told[call], target) {
			told[call] = append(told[call], target)
		}
	}
	inner := *r.sync.Source
	r.sync.Source = &sync.Source{
		Filters: true,
		Discover: sync.DiscoverFunc(func(ctx context.Context, in *sync.Discover) (*sync.Catalog, error) {
			note("discover", in.Config.Target)
			return inner.Discover.Discover(ctx, in)
		}),
		Read: sync.ReadFunc(func(ctx context.Context, in *sync.Read) (*sync.Page, error) {
			note("read", in.Config.Target)
			return inner.Read.Read(ctx, in)
		}),
	}
	r.sync.Connection.Target = "99999" // somebody else's
	if _, err := r.engine.Check(t.Context(), r.sync); err != nil {
		t.Fatal(err)
	}
	r.expect("created=1")
	if diff := cmp.Diff(map[string][]string{"discover": {"10000"}, "read": {"10000"}}, told); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}
