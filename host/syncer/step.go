package syncer

import (
	"context"
	"strconv"
	gosync "sync"
	"time"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
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

// page reads the next rows and ties them to their issues.
func (st *step) page(ctx context.Context) (items []*item, next []byte, err error) {
	m := st.memory.mapping
	st.memory.lookup.dry = st.in.DryRun || st.at.Phase == planning
	r := &sync.Read{Columns: m.Columns(), Key: m.KeyColumns(), Cursor: st.at.Source, Limit: int64(st.cfg.Rows)}
	if st.at.Since != "" {
		column, _ := st.memory.stream.Column(st.sync.Config.Column)
		since, err := valueOf(column.Type, st.at.Since)
		if err != nil {
			return nil, nil, err
		}
		r.Where = []sync.Condition{{Column: st.sync.Config.Column, Is: sync.GreaterOrEqual, Value: since}}
	}
	page, err := st.read(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	untold := map[int64]map[int]bool{}
	for _, f := range page.Faults {
		if untold[f.Row] == nil {
			untold[f.Row] = map[int]bool{}
		}
		untold[f.Row][int(f.Column)] = true
	}
	seen := map[identity.Digest]bool{}
	for n, row := range page.Rows {
		i := &item{}
		if i.record, err = m.Record(ctx, row, untold[int64(n)], st.memory.lookup); err != nil {
			return nil, nil, err
		}
		i.result.Faults = i.record.Faults
		if i.record.Key != "" {
			i.result.Row = st.memory.hasher.Row(st.sync.ID, i.record.Key)
			if seen[i.result.Row] || st.memory.keys != nil && st.memory.keys.doubled(i.result.Row) {
				i.result.Faults = nil
				i.result.fault("", mapping.KeyTwice)
			}
			seen[i.result.Row] = true
		}
		if i.record.Broken() {
			i.result.Outcome = Failed
		}
		items = append(items, i)
	}
	if err := st.find(ctx, items); err != nil {
		return nil, nil, err
	}
	return items, page.Next, nil
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

// sinceKey is where, in Jira, the mode timestamp keeps how far it read.
func (st *step) sinceKey() string { return "sync-" + st.sync.ID }

type sinceProperty struct {
	Since string `json:"since"`
}

func (st *step) since(ctx context.Context) (string, error) {
	var p sinceProperty
	err := st.cfg.Jira.AppProperty(ctx, st.sync.Tenant, st.sinceKey(), &p)
	if sdk.CodeOf(err) == sdk.NotFound {
		return "", nil
	}
	return p.Since, err
}

// keepSince keeps the greatest value that was read, but not past a row that failed: that one comes again.
func (st *step) keepSince(ctx context.Context) error {
	to := st.at.High
	if st.at.Low != "" {
		to = st.at.Low
	}
	if to == "" {
		return nil
	}
	return st.cfg.Jira.SetAppProperty(ctx, st.sync.Tenant, st.sinceKey(), sinceProperty{to})
}

// mark notes how far the mode timestamp has read.
func (st *step) mark(i *item) {
	if st.sync.Config.Mode != mapping.Timestamp || i.record.Cursor.IsNull() {
		return
	}
	v := i.record.Cursor
	less := func(text string, than bool) bool {
		o, err := valueOf(v.Type(), text)
		return text == "" || err != nil || before(o, v) == than && !v.Equal(o)
	}
	if less(st.at.High, true) {
		st.at.High = v.Text()
	}
	if i.result.Outcome == Failed && less(st.at.Low, false) {
		st.at.Low = v.Text()
	}
}

func before(a, b sync.Value) bool {
	if a.Type() == sync.IntegerType {
		return a.Int() < b.Int()
	}
	return a.Time().Before(b.Time())
}

func valueOf(t sync.Type, text string) (sync.Value, error) {
	wrong := fail(sdk.Invalid, "how far the synchronization had read does not fit the column's type any more; run it in the mode full once")
	switch t {
	case sync.IntegerType:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return sync.Int(n), nil
		}
	case sync.DateType:
		if d, err := time.Parse(time.DateOnly, text); err == nil {
			return sync.Date(d.Year(), d.Month(), d.Day()), nil
		}
	case sync.TimeType:
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return sync.Time(at), nil
		}
	}
	return sync.Value{}, wrong
}
