package syncer_test

import (
	"context"
	"testing"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestEmptySourceIsStoppedBeforeAllIssuesLoseTheirRow(t *testing.T) {
	for name, brake := range map[string]mapping.Brake{"without a brake": {}, "with one that lets it pass": {Share: 1, Count: 100}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.sync.Config.Missing, r.sync.Config.Brake = mapping.Missing{Policy: mapping.Label, Label: "gone"}, brake
			if out := r.run(); out.stopped != "" {
				t.Errorf("without issues it is stopped by %q", out.stopped)
			}
			for n := range 3 {
				r.table.put(int64(n))
			}
			r.expect("created=3")
			r.table.rows = nil
			r.expect("missing=3", dry)
			r.writes()
			if out := r.expect("missing=3"); out.stopped != "brake" {
				t.Errorf("stopped %q", out.stopped)
			}
			if w := r.writes(); len(w) > 0 {
				t.Errorf("a run that was stopped writes %q", w)
			}
			if out := r.expect("missing=3", approved); out.stopped != "" || r.one("Device 1").Link.State != "missing" {
				t.Errorf("stopped %q", out.stopped)
			}
		})
	}
}

// during calls f before the source reads a page of whole rows for the first time, which is when the keys of all rows are known.
func (r *rig) during(f func()) {
	read := r.sync.Source.Read
	source := *r.sync.Source
	source.Read = sync.ReadFunc(func(ctx context.Context, q *sync.Read) (*sync.Page, error) {
		if len(q.Columns) > 1 && f != nil {
			f()
			f = nil
		}
		return read.Read(ctx, q)
	})
	r.sync.Source = &source
}

func TestRowsThatComeDuringARunAreNotGone(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Missing = mapping.Missing{Policy: mapping.Label, Label: "gone"}
	r.table.put(1)
	r.table.put(2)
	r.run()
	r.table.remove(2)
	r.during(func() {
		r.table.put(2) // it is back, as it was
		r.table.put(3)
	})
	r.expect("created=1 skipped=2")
	for _, i := range r.issues() {
		if i.Link.State != "live" || len(i.Labels) > 0 {
			t.Errorf("%+v", i)
		}
	}
}
