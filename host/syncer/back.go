package syncer

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// backPages writes to the source, for pages of rows, what flows back from their issues. Only rows that are written, or of which the
// source takes no value, are reported.
func (st *step) backPages(ctx context.Context) (StepOutput, error) {
	var out StepOutput
	last, err := st.pages(ctx, func(items []*item) error {
		returned, err := st.backRows(ctx, items)
		out.report(returned...)
		return err
	})
	if err != nil || !last {
		return out, err
	}
	return st.after(ctx, out)
}

func (st *step) backRows(ctx context.Context, items []*item) (results []Result, err error) {
	w := st.newWrite()
	var open []*item
	for _, i := range items {
		if i.issue.ID == "" || i.result.Outcome == Failed {
			continue
		}
		i.result.Faults = nil // they were reported before
		change, err := st.change(i)
		if err != nil {
			return nil, err
		}
		switch {
		case len(i.result.Fields) > 0:
			open, w.Changes = append(open, i), append(w.Changes, change)
		case len(i.result.Faults) > 0:
			results = append(results, i.result)
		}
	}
	if err := st.send(ctx, w, open); err != nil {
		return nil, err
	}
	for _, i := range open {
		results = append(results, i.result)
	}
	return results, nil
}

func (st *step) newWrite() *sync.Write {
	m := st.memory.mapping
	w := &sync.Write{Name: st.sync.Name, Config: st.sync.Connection, Stream: st.sync.Config.Stream, Key: m.KeyColumns()}
	for _, f := range st.sync.Config.Fields {
		if f.Direction != mapping.In {
			w.Columns = append(w.Columns, f.Column)
		}
	}
	return w
}

// change is what a row is to hold; result.Fields are those of which the value differs.
func (st *step) change(i *item) (sync.Change, error) {
	c := sync.Change{Key: i.record.KeyValues}
	for _, b := range i.record.Back {
		v := b.Now
		ours, err := st.ours(i, b)
		if err != nil {
			return c, err
		}
		if ours {
			to, code := st.memory.mapping.Return(b.Field, i.issue.Value(b.Field))
			switch {
			case code != "":
				i.result.fault(b.Field, code)
			case !mapping.Equivalent(to, b.Now):
				v = to
				i.result.Fields = append(i.result.Fields, b.Field)
			}
		}
		c.Values = append(c.Values, v)
	}
	return c, nil
}

// ours says whether the issue decides about a value. Where it flows both ways, the row does unless it says what was written last.
func (st *step) ours(i *item, b mapping.Back) (bool, error) {
	if !b.Both {
		return true, nil
	}
	if b.Field == "status" {
		return false, nil // a row leads its issue to the status that it tells
	}
	v, ok := i.record.Values[b.Field]
	if !ok {
		return false, nil
	}
	hash, err := st.memory.hasher.Value(st.sync.ID, b.Field, v)
	return err == nil && i.link.Fields[b.Field] == hash, err
}

// send writes changes to the source and notes what came of each.
func (st *step) send(ctx context.Context, w *sync.Write, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	if st.sync.Source.Write == nil {
		return fail(sdk.Unimplemented, "the synchronizer does not write; set the direction of all fields to in")
	}
	written, err := st.sync.Source.Write.Write(ctx, w)
	if err != nil {
		return err
	}
	if written == nil {
		return fail(sdk.Internal, "the synchronizer returned no outcomes")
	}
	if err := written.Check(w); err != nil {
		return fmt.Errorf("the synchronizer's answer breaks a rule: %w", err)
	}
	for n, o := range written.Outcomes {
		if o.Code != "" {
			items[n].result.fault("", mapping.NotReturned)
			items[n].result.Fields = nil
			continue
		}
		items[n].result.Outcome = Returned
	}
	return nil
}
