package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Shown is what a dry run shows of a row, for the eyes of the admin who asked and to be kept nowhere.
type Shown struct {
	Result
	Key     string // canonical, a JSON list of texts; "" where the row has none
	Changes []Change
}

// Change is what would become of a field.
type Change struct {
	Field  string          `json:"field"`            // id; "status" for a transition, whose values are ids
	Before json.RawMessage `json:"before,omitempty"` // as Jira tells it; nil for nothing, or where it was not asked for
	After  any             `json:"after"`            // as Jira is told
	// Edited says that somebody edited the field in Jira since it was written; Kept that it is left as it is.
	Edited bool `json:"edited,omitempty"`
	Kept   bool `json:"kept,omitempty"`
}

// show tells whoever asked what would become of a row.
func (st *step) show(i *item) {
	if st.in.Show == nil {
		return
	}
	s := Shown{Result: i.result}
	if i.record != nil {
		s.Key = i.record.Key
	}
	if s.Key == "" {
		s.Key = i.link.Key
	}
	s.Changes = i.plan.changes(i.issue.Fields)
	st.in.Show(s)
}

// changes are what would become of fields, and those that somebody edited and that are left alone.
func (p plan) changes(now map[string]json.RawMessage) []Change {
	var out []Change
	for _, id := range slices.Sorted(maps.Keys(p.set)) {
		_, edited := p.edited[id]
		out = append(out, Change{Field: id, Before: now[id], After: p.set[id], Edited: edited})
	}
	if p.status != "" {
		out = append(out, Change{Field: "status", Before: now["status"], After: p.status})
	}
	for _, id := range slices.Sorted(maps.Keys(p.edited)) {
		if _, set := p.set[id]; !set {
			out = append(out, Change{Field: id, Before: now[id], After: p.edited[id], Edited: true, Kept: true})
		}
	}
	return out
}

// Preview is the first rows of a source, and what the mapping makes of them.
type Preview struct {
	Stream sync.Stream
	// Rows are texts in the order of the stream's columns, the long ones cut.
	Rows [][]string
	// Records are what the rows say about their issues; empty where the mapping has problems.
	Records  []*mapping.Record
	Problems mapping.Problems
}

// MaxPreview bounds the rows of a preview.
const MaxPreview = 50

// Preview reads the first rows of a synchronization's source. A mapping that does not fit is told in Problems, so that an admin sees
// the rows while writing it.
func (e *Engine) Preview(ctx context.Context, s Sync, rows int) (Preview, error) {
	if rows < 1 || rows > MaxPreview {
		return Preview{}, fail(sdk.Invalid, "a preview has 1 to %d rows", MaxPreview)
	}
	s.Connection.Target = s.Config.Project
	stream, err := discover(ctx, s)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Stream: stream}
	m, err := e.prepare(ctx, s)
	if err != nil && !errors.As(err, &p.Problems) {
		return Preview{}, err
	}
	if len(s.Config.Key) == 0 && len(stream.Key) == 0 {
		return p, nil // nothing reads rows that nothing tells apart; it is among the problems
	}
	r := &sync.Read{Name: s.Name, Config: s.Connection, Stream: s.Config.Stream, Key: s.Config.Key, Limit: int64(rows)}
	for _, c := range stream.Columns {
		r.Columns = append(r.Columns, c.Name)
	}
	page, err := s.Source.Read.Read(ctx, r)
	if err != nil {
		return Preview{}, err
	}
	for n, row := range page.Rows {
		p.Rows = append(p.Rows, texts(row))
		if m == nil {
			continue
		}
		record, err := m.record(ctx, r.Columns, row, untold(page)[int64(n)])
		if err != nil {
			return Preview{}, err
		}
		p.Records = append(p.Records, record)
	}
	return p, nil
}

// record makes of a row with other columns than those of the mapping what is to be written.
func (m *memory) record(ctx context.Context, columns []string, row []sync.Value, faults map[int]bool) (*mapping.Record, error) {
	m.lookup.dry = true
	wanted := make([]sync.Value, len(m.mapping.Columns()))
	missing := map[int]bool{}
	for i, name := range m.mapping.Columns() {
		at := slices.Index(columns, name)
		wanted[i], missing[i] = row[at], faults[at]
	}
	return m.mapping.Record(ctx, wanted, missing, m.lookup)
}

// maxText bounds a text of a preview, in runes.
const maxText = 200

func texts(row []sync.Value) []string {
	out := make([]string, len(row))
	for i, v := range row {
		text := []rune(v.Text())
		if len(text) > maxText {
			text = append(text[:maxText], '…')
		}
		out[i] = string(text)
	}
	return out
}
