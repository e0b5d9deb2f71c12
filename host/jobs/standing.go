package jobs

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Standing is how the runs of a tenant stand.
type Standing struct {
	Failed  int       // dead letters
	Waiting int       // for their turn
	Oldest  time.Time // since when the first of them does; zero where none waits
}

// Stand says how the runs of a tenant stand, by what is stored: it needs no queue, and no host that runs.
func Stand(ctx context.Context, s store.Driver, t capability.TenantID) (Standing, error) {
	var out Standing
	for _, state := range []State{Failed, Queued} {
		for d, err := range store.Each(ctx, s, store.Query{Tenant: t, Collection: runCollection, Index: byState, Value: string(state)}) {
			if err != nil {
				return out, atEdge("count runs", err)
			}
			if state == Failed {
				out.Failed++
				continue
			}
			r, err := decodeRun(d)
			if err != nil {
				return out, err
			}
			out.Waiting++
			since := r.run().Changed
			if out.Oldest.IsZero() || since.Before(out.Oldest) {
				out.Oldest = since
			}
		}
	}
	return out, nil
}
