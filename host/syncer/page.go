package syncer

import (
	"context"

	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// stepRows is from how many rows on a step begins no further page: their results are held until it ends.
const stepRows = 5000

// pages does f for the rows of pages, tied to their issues, and returns whether the source has no further one. It begins none when
// Config.Length is over. While Jira is asked about a page, the source reads the next one.
func (st *step) pages(ctx context.Context, f func(items []*item) error) (last bool, err error) {
	m := st.memory.mapping
	st.memory.lookup.dry = st.in.DryRun || st.at.Phase == planning
	r := sync.Read{Columns: m.Columns(), Key: m.KeyColumns(), Cursor: st.at.Source, Limit: int64(st.cfg.Rows)}
	if st.at.Since != "" {
		column, _ := st.memory.stream.Column(st.sync.Config.Column)
		since, err := valueOf(column.Type, st.at.Since)
		if err != nil {
			return false, err
		}
		r.Where = []sync.Condition{{Column: st.sync.Config.Column, Is: sync.GreaterOrEqual, Value: since}}
	}
	err = st.ahead(ctx, r, st.cfg.Length, stepRows, func(page *sync.Page) error {
		items, err := st.items(ctx, page)
		if err != nil {
			return err
		}
		if err := f(items); err != nil {
			return err
		}
		st.at.Source, last = page.Next, len(page.Next) == 0
		return nil
	})
	return last, err
}

// items makes items of a page's rows, and ties them to their issues.
func (st *step) items(ctx context.Context, page *sync.Page) (items []*item, err error) {
	m := st.memory.mapping
	untold := untold(page)
	seen := make(map[identity.Digest]bool, len(page.Rows))
	items = make([]*item, 0, len(page.Rows))
	for n, row := range page.Rows {
		i := &item{}
		if i.record, err = m.Record(ctx, row, untold[int64(n)], st.memory.lookup); err != nil {
			return nil, err
		}
		i.result.Faults = i.record.Faults
		if i.record.Key != "" {
			i.result.Row = st.memory.hasher.Row(st.sync.ID, i.record.Key)
			if seen[i.result.Row] || st.memory.keys != nil && st.memory.keys.Doubled(i.result.Row) {
				i.result.Faults = nil
				i.result.fault("", mapping.KeyTwice)
			}
			seen[i.result.Row] = true
			if st.memory.keys != nil && st.sync.Config.Missing.Policy != mapping.Ignore {
				st.memory.keys.Meet(i.result.Row)
			}
		}
		if i.record.Broken() {
			i.result.Outcome = Failed
		}
		items = append(items, i)
	}
	return items, st.find(ctx, items)
}

// untold are the columns, by row, of which the source could not tell the value.
func untold(page *sync.Page) map[int64]map[int]bool {
	out := map[int64]map[int]bool{}
	for _, f := range page.Faults {
		if out[f.Row] == nil {
			out[f.Row] = map[int]bool{}
		}
		out[f.Row][int(f.Column)] = true
	}
	return out
}
