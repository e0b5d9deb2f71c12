package syncer

import (
	"context"

	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

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

// read reads a page and checks it, because the engine trusts no source.
func (st *step) read(ctx context.Context, r *sync.Read) (*sync.Page, error) {
	s := st.sync
	r.Name, r.Config, r.Stream = s.Name, s.Connection, s.Config.Stream
	if s.Source.Read == nil {
		return nil, fail(sdk.Unimplemented, "the synchronizer does not read")
	}
	page, err := s.Source.Read.Read(ctx, r)
	if err != nil {
		return nil, err
	}
	if page == nil {
		return nil, fail(sdk.Internal, "the synchronizer returned no page")
	}
	if err := page.Check(r); err != nil {
		return nil, fail(sdk.Internal, "the synchronizer's answer breaks a rule: %v", err)
	}
	return page, nil
}
