package syncer

import (
	"context"
	"errors"

	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// Rule is a rule of the brake.
type Rule string

// The rules: those of mapping.Brake, and the one that holds without any.
const (
	BrakeAsk   Rule = "ask"
	BrakeCount Rule = "count"
	BrakeShare Rule = "share"
	BrakeEmpty Rule = "empty" // the source has no row at all
)

// Braked is why the brake stops a run.
type Braked struct {
	Rule Rule
	// Issues is how many the run would make, change, or do something to because their row is gone: by the rule share, without new ones.
	Issues int
	// Most is how many it may, by the rules count and share.
	Most int
}

const stoppedByBrake = "brake"

// errBraked ends the pages of a run that would go beyond what the brake allows.
var errBraked = errors.New("the brake stops the run")

// tally is what a run does, or would do, as far as the brake is concerned. A part of the cursor.
type tally struct {
	Created int `json:"n,omitempty"`
	Changed int `json:"m,omitempty"`
	Gone    int `json:"g,omitempty"` // issues whose row is gone
	Found   int `json:"o,omitempty"` // rows that have an issue
}

// add adds an item; one without a plan does nothing. One that the same run has written already, in a step whose end nobody saw, counts as new.
func (t *tally) add(i *item, run string) {
	if i.issue.ID != "" {
		t.Found++
	}
	switch outcome := i.plan.outcome(); {
	case outcome == Created, outcome == Skipped && i.link.Run == run:
		t.Created++
	case outcome == Changed, outcome == Transitioned, outcome == Restored:
		t.Changed++
	}
}

// brakes says whether the brake looks at this run.
func (st *step) brakes() bool {
	b := st.sync.Config.Brake
	return (b.Share > 0 || b.Count > 0 || b.Ask) && !st.in.DryRun && !st.in.Approved
}

// verdict is what the brake says to a run that does so much.
func (st *step) verdict(t tally) *Braked {
	b, changes := st.sync.Config.Brake, t.Changed+t.Gone
	share := b.Share * float64(st.at.Linked)
	switch all := t.Created + changes; {
	case b.Ask && all > 0:
		return &Braked{Rule: BrakeAsk, Issues: all}
	case b.Count > 0 && all > b.Count:
		return &Braked{BrakeCount, all, b.Count}
	case b.Share > 0 && st.at.Linked > 0 && float64(changes) > share:
		return &Braked{BrakeShare, changes, int(share)}
	}
	return nil
}

// stops is the verdict on a run that writes.
func (st *step) stops(t tally) *Braked {
	if !st.brakes() {
		return nil
	}
	return st.verdict(t)
}

// wouldStop is the verdict at the end of a dry run.
func (st *step) wouldStop(ctx context.Context) (*Braked, error) {
	empty := st.at.Phase == sweeping && st.memory.keys.Empty()
	if st.sync.Config.Brake == (mapping.Brake{}) && !empty {
		return nil, nil
	}
	if err := st.countLinked(ctx); err != nil {
		return nil, err
	}
	if empty && st.at.Linked > 0 {
		return &Braked{Rule: BrakeEmpty, Issues: st.at.Linked}, nil
	}
	return st.verdict(st.at.tally), nil
}

func (st *step) countLinked(ctx context.Context) (err error) {
	st.at.Linked, err = st.cfg.Jira.Count(ctx, st.sync.Tenant, identity.BySync(st.sync.ID, identity.Live))
	return err
}

// planPages counts for the brake what pages would change.
func (st *step) planPages(ctx context.Context) (StepOutput, error) {
	last, err := st.pages(ctx, func(items []*item) error {
		for _, i := range items {
			if i.result.Outcome != Failed {
				if err := st.plan(i); err != nil {
					return err
				}
			}
			st.at.add(i, st.in.Run)
		}
		return nil
	})
	if err != nil || !last {
		return StepOutput{}, err
	}
	if err := st.countLinked(ctx); err != nil {
		return StepOutput{}, err
	}
	if st.sync.Config.Missing.Policy != mapping.Ignore {
		st.at.Gone = max(0, st.at.Linked-st.at.Found)
	}
	if b := st.stops(st.at.tally); b != nil {
		return StepOutput{Done: true, Stopped: stoppedByBrake, Brake: b, Counts: map[string]int64{
			string(Created): int64(st.at.Created), string(Changed): int64(st.at.Changed), string(Gone): int64(st.at.Gone),
		}}, nil
	}
	// What is written is counted anew: whatever comes into the source from now on, the run does no more than the brake allows.
	st.at.Phase, st.at.tally = writing, tally{}
	return StepOutput{}, nil
}
