package syncer_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// keyReadings returns how often the source is asked for the keys of all rows.
func (r *rig) keyReadings() *int {
	n := 0
	read := r.sync.Source.Read
	source := *r.sync.Source
	source.Read = sync.ReadFunc(func(ctx context.Context, q *sync.Read) (*sync.Page, error) {
		if len(q.Columns) == 1 && len(q.Cursor) == 0 {
			n++
		}
		return read.Read(ctx, q)
	})
	r.sync.Source = &source
	return &n
}

func TestKeysAreReadAgainOnlyWhereOneMayComeTwice(t *testing.T) {
	for name, doubled := range map[string]bool{"once each": false, "one of them twice": true} {
		for _, policy := range []mapping.Missing{{}, {Policy: mapping.Label, Label: "gone"}} {
			t.Run(name+", "+string(policy.Policy), func(t *testing.T) {
				r := newRig(t)
				r.sync.Config.Missing = policy
				for n := range 20 {
					r.table.put(int64(n))
				}
				rows, readings, want := int64(20), 1, "created=20"
				if doubled {
					r.table.rows = append(r.table.rows, r.table.rows[0])
					rows, readings, want = 21, 2, "created=19 failed=2"
				}
				got := r.keyReadings()
				r.expect(want)
				if *got != readings {
					t.Errorf("the keys were read %d times, want %d", *got, readings)
				}
				if total := r.total(); total != rows {
					t.Errorf("the run has %d rows in all, want %d", total, rows)
				}
			})
		}
	}
}

// total is how many rows a new run says that there are.
func (r *rig) total() int64 {
	r.Helper()
	r.runs++
	in := syncer.StepInput{Run: "run" + strconv.Itoa(r.runs), DryRun: true}
	for {
		out, err := r.engine.Step(r.Context(), r.sync, in)
		if err != nil {
			r.Fatal(err)
		}
		if out.Done {
			return out.Total
		}
		in.Cursor, in.Number = out.Cursor, in.Number+1
	}
}
