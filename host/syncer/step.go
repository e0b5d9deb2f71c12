package syncer

import (
	"context"
	gosync "sync"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
)

// step is one step under way.
type step struct {
	*Engine
	memory *memory
	sync   Sync
	in     StepInput
	at     cursor

	doneMu gosync.Mutex // of memory.done
	pathMu gosync.Mutex // of memory.paths
}

// item is a row on its way to its issue.
type item struct {
	record *mapping.Record
	issue  jira.Raw // ID is "" where there is none
	link   identity.Link
	plan   plan
	result Result
}

func (st *step) run(ctx context.Context) (StepOutput, error) {
	config := st.sync.Config
	// The mode timestamp reads a part of the rows, so it cannot know about the others.
	if config.Mode != mapping.Timestamp {
		whole, err := st.readKeys(ctx)
		if err != nil || !whole {
			return StepOutput{}, err
		}
	}
	if st.at.Phase == starting {
		if err := st.begin(ctx); err != nil {
			return StepOutput{}, err
		}
	}
	var out StepOutput
	var err error
	switch st.at.Phase {
	case planning:
		out, err = st.planPage(ctx)
	case writing:
		out, err = st.writePage(ctx)
	case linking:
		out, err = st.linkPage(ctx)
	case returning:
		out, err = st.backPage(ctx)
	case sweeping:
		out, err = st.sweepPage(ctx)
	default:
		err = fail(sdk.Invalid, "the cursor of the run is damaged; start a new one")
	}
	if st.memory.keys != nil {
		out.Total = st.memory.keys.rows
	}
	return out, err
}

// begin finds out where the run starts from.
func (st *step) begin(ctx context.Context) error {
	var err error
	if st.at.Floor, err = st.floor(ctx); err != nil {
		return err
	}
	if st.sync.Config.Mode == mapping.Timestamp {
		if st.at.Since, err = st.since(ctx); err != nil {
			return err
		}
	}
	st.at.Phase = writing
	if b := st.sync.Config.Brake; (b.Share > 0 || b.Count > 0) && !st.in.DryRun && !st.in.Approved {
		st.at.Phase = planning
	}
	return nil
}

// planPage counts for the brake what a page would change.
func (st *step) planPage(ctx context.Context) (StepOutput, error) {
	items, next, err := st.page(ctx)
	if err != nil {
		return StepOutput{}, err
	}
	for _, i := range items {
		if i.issue.ID != "" {
			st.at.Found++
		}
		if i.result.Outcome == Failed {
			continue
		}
		if err := st.plan(i); err != nil {
			return StepOutput{}, err
		}
		switch i.plan.outcome() {
		case Created:
			st.at.Created++
		case Changed, Transitioned:
			st.at.Changed++
		}
	}
	if st.at.Source = next; len(next) > 0 {
		return StepOutput{}, nil
	}
	linked, err := st.cfg.Jira.Count(ctx, st.sync.Tenant, identity.BySync(st.sync.ID, identity.Live))
	if err != nil {
		return StepOutput{}, err
	}
	missing := 0
	if st.sync.Config.Missing.Policy != mapping.Ignore {
		missing = max(0, linked-st.at.Found)
	}
	b, changes := st.sync.Config.Brake, st.at.Changed+missing
	if b.Share > 0 && linked > 0 && float64(changes) > b.Share*float64(linked) || b.Count > 0 && st.at.Created+changes > b.Count {
		out := StepOutput{Done: true, Stopped: "brake", Counts: map[string]int64{
			string(Created): int64(st.at.Created), string(Changed): int64(st.at.Changed), string(Gone): int64(missing),
		}}
		return out, nil
	}
	st.at.Phase = writing
	return StepOutput{}, nil
}

// writePage writes the rows of a page, or says what that would do.
func (st *step) writePage(ctx context.Context) (StepOutput, error) {
	items, next, err := st.page(ctx)
	if err != nil {
		return StepOutput{}, err
	}
	var open []*item
	for _, i := range items {
		if before, ok := st.memory.done[i.result.Row]; ok && i.result.Row != "" {
			i.result = before // an earlier try of this step got so far
			continue
		}
		if i.result.Outcome == Failed {
			continue
		}
		if err := st.plan(i); err != nil {
			return StepOutput{}, err
		}
		open = append(open, i)
	}
	if st.in.DryRun {
		for _, i := range open {
			st.settle(i, i.plan.outcome())
		}
	} else if err := st.apply(ctx, open); err != nil {
		return StepOutput{}, err
	}
	var out StepOutput
	for _, i := range items {
		out.report(i.result)
		st.mark(i)
	}
	out.Add = int64(len(items))
	clear(st.memory.done)
	if st.at.Source = next; len(next) > 0 {
		return out, nil
	}
	return st.after(ctx, out)
}

// settle sets an item's outcome; faults of single fields make it a failed one.
func (st *step) settle(i *item, o Outcome) {
	i.result.Outcome = o
	i.result.Fields = i.plan.fields()
	if len(i.result.Faults) > 0 {
		i.result.Outcome = Failed
	}
}

// after says what follows when all rows are written.
func (st *step) after(ctx context.Context, out StepOutput) (StepOutput, error) {
	config := st.sync.Config
	switch {
	case st.at.Phase == writing && st.memory.mapping.HasLinks() && !st.in.DryRun:
		st.at.Phase = linking
	case st.at.Phase != returning && len(st.memory.mapping.Outgoing()) > 0 && !st.in.DryRun:
		st.at.Phase = returning
	case config.Mode != mapping.Timestamp && config.Missing.Policy != mapping.Ignore:
		st.at.Phase = sweeping
	default:
		out.Done = true
	}
	if out.Done && config.Mode == mapping.Timestamp && !st.in.DryRun {
		if err := st.keepSince(ctx); err != nil {
			return StepOutput{}, err
		}
	}
	return out, nil
}
