package jobs_test

import (
	"context"
	"testing"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/sdk"
)

// Whoever looks at an installation whose host does not run learns how its runs stand.
func TestRunsAreCountedByWhatIsStored(t *testing.T) {
	s := newSite(t)
	j := s.open(nil, jobs.Kind{Name: "tell", Step: func(context.Context, jobs.Step) (jobs.Next, error) {
		return jobs.Next{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "never"}
	}})
	stand := func() jobs.Standing {
		got, err := jobs.Stand(t.Context(), s.store, acme)
		s.must(err)
		return got
	}
	if got := stand(); got != (jobs.Standing{}) {
		t.Errorf("without a run: %+v", got)
	}
	id := s.start(j, jobs.Request{Kind: "tell", Input: []byte("x")})
	if got := stand(); got.Waiting != 1 || got.Failed != 0 || got.Oldest.IsZero() {
		t.Errorf("with one that waits: %+v", got)
	}
	s.must(j.Work())
	s.untilState(j, id, jobs.Failed)
	if got := stand(); got.Waiting != 0 || got.Failed != 1 || !got.Oldest.IsZero() {
		t.Errorf("with a dead letter: %+v", got)
	}
}
