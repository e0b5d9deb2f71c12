package syncer

import (
	"context"
	"errors"
	gosync "sync"
	"time"

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
	began  time.Time
	// unfinished says that the time was over in the middle of a page.
	unfinished bool

	doneMu gosync.Mutex // of memory.done
	pathMu gosync.Mutex // of memory.paths
}

// stepTime is after which time a step begins no further call that writes, however slow Jira is. Jobs cut steps off after a minute.
const stepTime = 10 * time.Second

// errLater ends a step in the middle of a page, because its time is over. The next one begins with that page, and finds in memory.done what
// was done of it; another host's finds it in Jira.
var errLater = errors.New("the time of this step is over")

func (st *step) over() bool { return st.cfg.Now().Sub(st.began) > stepTime }

// forgetDone forgets rows of which the step tells what became, which are all but those of a page that the next step goes on with.
func (st *step) forgetDone(told []Result) {
	if !st.unfinished {
		clear(st.memory.done)
	}
	for _, r := range told {
		delete(st.memory.done, r.Row)
	}
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
		if err := st.start(ctx); err != nil {
			return StepOutput{}, err
		}
	}
	var out StepOutput
	var err error
	switch st.at.Phase {
	case planning:
		out, err = st.planPages(ctx)
	case writing:
		out, err = st.writePages(ctx)
	case linking:
		out, err = st.linkPages(ctx)
	case returning:
		out, err = st.backPages(ctx)
	case sweeping:
		out, err = st.sweepPage(ctx)
	default:
		err = fail(sdk.Invalid, "the cursor of the run is damaged; start a new one")
	}
	if st.memory.keys != nil {
		out.Total = st.memory.keys.rows
	}
	if err == nil && out.Done && st.in.DryRun {
		out.Brake, err = st.wouldStop(ctx)
	}
	return out, err
}

// start finds out where the run starts from.
func (st *step) start(ctx context.Context) error {
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
	if st.brakes() {
		st.at.Phase = planning
	}
	return nil
}

// writePages writes the rows of pages, or says what that would do.
func (st *step) writePages(ctx context.Context) (StepOutput, error) {
	var out StepOutput
	last, err := st.pages(ctx, func(items []*item) error {
		open, err := st.planRows(items)
		if err != nil {
			return err
		}
		sum := st.at.tally
		for _, i := range items {
			sum.add(i, st.in.Run)
		}
		if out.Brake = st.stops(sum); out.Brake != nil {
			return errBraked
		}
		if err := st.writeRows(ctx, open); err != nil {
			return err
		}
		st.at.tally = sum
		out.expect(len(items))
		for _, i := range items {
			out.report(i.result)
			st.mark(i)
			st.show(i)
		}
		out.Add += int64(len(items))
		return nil
	})
	if errors.Is(err, errBraked) {
		out.Done, out.Stopped = true, stoppedByBrake
		return out, nil
	}
	if err != nil || !last {
		return out, err
	}
	return st.after(ctx, out)
}

// planRows plans the rows of a page, but for those that cannot be written or were before, and returns them.
func (st *step) planRows(items []*item) (open []*item, err error) {
	for _, i := range items {
		if before, ok := st.before(i); ok {
			i.result = before
			continue
		}
		if i.result.Outcome == Failed {
			continue
		}
		if err := st.plan(i); err != nil {
			return nil, err
		}
		open = append(open, i)
	}
	return open, nil
}

func (st *step) writeRows(ctx context.Context, open []*item) error {
	if !st.in.DryRun {
		return st.apply(ctx, open)
	}
	for _, i := range open {
		st.settle(i, i.plan.outcome())
	}
	return nil
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
