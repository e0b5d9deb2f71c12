package syncer_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

func TestBrakeStopsARunBeforeItWrites(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Missing = mapping.Missing{Policy: mapping.Label, Label: "gone"}
	for n := range 10 {
		r.table.put(int64(n))
	}
	r.sync.Config.Brake.Share = 0.2
	r.expect("created=10") // new issues change none
	r.table.put(0, "price", "1")
	r.table.put(1, "price", "1")
	r.expect("changed=2 skipped=8")
	r.table.put(0, "price", "2")
	r.table.put(1, "price", "2")
	r.table.remove(2)
	r.writes()
	if out := r.expect("changed=2 created=0 missing=1"); out.stopped != "brake" {
		t.Errorf("stopped %q", out.stopped)
	}
	if w := r.writes(); len(w) > 0 {
		t.Errorf("a run that was stopped writes %q", w)
	}
	if out := r.expect("changed=2 missing=1 skipped=7", approved); out.stopped != "" {
		t.Errorf("stopped %q", out.stopped)
	}
	r.sync.Config.Brake = mapping.Brake{Count: 1}
	r.table.put(20)
	r.table.put(21)
	if out := r.run(); out.stopped != "brake" {
		t.Errorf("stopped %q", out.stopped)
	}
}

// A plan tells what the engine itself would do about the brake.
func TestADryRunHasTheVerdictOfTheBrake(t *testing.T) {
	for _, tt := range []struct {
		name  string
		brake mapping.Brake
		rows  func(*table)
		want  *syncer.Braked
	}{
		{"ask", mapping.Brake{Ask: true}, func(tb *table) { tb.put(1, "price", "2") }, &syncer.Braked{Rule: syncer.BrakeAsk, Issues: 1}},
		{"nothing to ask for", mapping.Brake{Ask: true}, func(*table) {}, nil},
		{"count", mapping.Brake{Count: 2}, func(tb *table) { tb.put(1, "price", "2"); tb.put(20); tb.remove(2) }, &syncer.Braked{Rule: syncer.BrakeCount, Issues: 3, Most: 2}},
		{"count that allows it", mapping.Brake{Count: 3}, func(tb *table) { tb.put(1, "price", "2"); tb.put(20); tb.remove(2) }, nil},
		{"share", mapping.Brake{Share: 0.1}, func(tb *table) { tb.put(1, "price", "2"); tb.put(20); tb.remove(2) }, &syncer.Braked{Rule: syncer.BrakeShare, Issues: 2, Most: 1}},
		{"no brake", mapping.Brake{}, func(tb *table) { tb.put(1, "price", "2") }, nil},
		{"an empty source", mapping.Brake{}, func(tb *table) { tb.rows = nil }, &syncer.Braked{Rule: syncer.BrakeEmpty, Issues: 10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.sync.Config.Missing = mapping.Missing{Policy: mapping.Label, Label: "gone"}
			for n := range 10 {
				r.table.put(int64(n))
			}
			r.run()
			r.sync.Config.Brake = tt.brake
			tt.rows(r.table)
			planned, ran := r.run(dry), r.run()
			if diff := cmp.Diff(tt.want, planned.brake); diff != "" || planned.stopped != "" {
				t.Errorf("the dry run, which ended as %q: %s", planned.stopped, diff)
			}
			if diff := cmp.Diff(tt.want, ran.brake); diff != "" || (ran.stopped == "brake") != (tt.want != nil) {
				t.Errorf("the run, which ended as %q: %s", ran.stopped, diff)
			}
		})
	}
}

// braked is a run with a brake, on a site with 250 issues of which 5 rows have changed, that has just been planned. The brake lets it pass.
type braked struct {
	*rig
	in syncer.StepInput
}

func newBraked(t *testing.T, brake mapping.Brake) *braked {
	t.Helper()
	b := &braked{newRig(t), syncer.StepInput{Run: "braked"}}
	b.sync.Config.Missing = mapping.Missing{Policy: mapping.Label, Label: "gone"}
	for n := range 250 {
		b.table.put(int64(n))
	}
	b.expect("created=250")
	b.sync.Config.Brake = brake
	for n := range 5 {
		b.table.put(int64(n), "price", "1")
	}
	for b.phase() != "rows" {
		if out := b.step(); out.Done {
			t.Fatalf("it ended: %+v", out)
		}
	}
	b.writes()
	return b
}

// phase is the part of the run that comes next.
func (b *braked) phase() string {
	b.Helper()
	var c struct{ P string }
	if len(b.in.Cursor) > 0 {
		if err := json.Unmarshal(b.in.Cursor, &c); err != nil {
			b.Fatal(err)
		}
	}
	return c.P
}

func (b *braked) step() syncer.StepOutput {
	b.Helper()
	out, err := b.engine.Step(b.Context(), b.sync, b.in)
	if err != nil {
		b.Fatal(err)
	}
	b.in.Cursor, b.in.Number = out.Cursor, b.in.Number+1
	return out
}

// end goes on to the end of the run, and wants so many issues to be changed until the brake stops it.
func (b *braked) end(changed int, rule syncer.Rule) {
	b.Helper()
	var out syncer.StepOutput
	for !out.Done {
		out = b.step()
	}
	if out.Stopped != "brake" || out.Brake == nil || out.Brake.Rule != rule {
		b.Errorf("it ended as %q, %+v", out.Stopped, out.Brake)
	}
	wrote := 0
	for _, i := range b.issues() {
		if i.Link.Run == b.in.Run {
			wrote++
		}
	}
	if wrote != changed {
		b.Errorf("%d issues were changed, want %d", wrote, changed)
	}
}

func (b *braked) change(from, to int64) {
	for n := from; n < to; n++ {
		b.table.put(n, "price", "7")
	}
}

func TestTheBrakeHoldsWhenTheSourceChangesAfterThePlan(t *testing.T) {
	for _, tt := range []struct {
		name    string
		brake   mapping.Brake
		change  func(*braked)
		changed int // issues
		rule    syncer.Rule
	}{
		{"by more than it allows", mapping.Brake{Count: 10}, func(b *braked) { b.change(50, 250) }, 0, syncer.BrakeCount},
		{"by more than the share", mapping.Brake{Share: 0.05}, func(b *braked) { b.change(50, 250) }, 0, syncer.BrakeShare},
		{"on a page that comes later", mapping.Brake{Count: 120}, func(b *braked) { b.change(50, 250) }, 55, syncer.BrakeCount},
		{"by rows that go", mapping.Brake{Count: 40}, func(b *braked) { b.table.rows = b.table.rows[:200] }, 5, syncer.BrakeCount},
	} {
		for _, lost := range []bool{false, true} {
			name := tt.name
			if lost {
				name += ", and the host with it"
			}
			t.Run(name, func(t *testing.T) {
				b := newBraked(t, tt.brake)
				if lost {
					b.restart() // whoever goes on knows nothing but the cursor
				} else if tt.name == "by rows that go" {
					t.Skip("who lives knows the keys of all rows from before the plan")
				}
				tt.change(b)
				b.end(tt.changed, tt.rule)
			})
		}
	}
}

// A host that is killed has written rows of a step that nobody saw the end of. They count.
func TestTheBrakeCountsWhatAKilledStepHasWritten(t *testing.T) {
	b := newBraked(t, mapping.Brake{Count: 120})
	b.change(50, 250)
	if _, err := b.engine.Step(t.Context(), b.sync, b.in); err != nil { // its outcome is lost
		t.Fatal(err)
	}
	b.restart()
	b.in.Attempt = 1
	b.end(55, syncer.BrakeCount)
}
