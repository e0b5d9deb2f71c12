package jobs

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
)

// Discard gives a dead letter up for good: its run is canceled, and goes after the time for which its kind keeps such. Retry still wakes it up
// until then. Discarding one twice is no error.
func (j *Jobs) Discard(ctx context.Context, t capability.TenantID, id RunID) error {
	r, err := j.change(ctx, t, id, "discard", func(r *record) error {
		switch r.State {
		case Canceled:
		case Failed:
			r.turn(Canceled, j.cfg.Now().UTC().Round(0))
		default:
			return fail(sdk.Invalid, "the run is %s; only one that failed can be discarded", r.State)
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.tell(ctx, r)
	return nil
}
