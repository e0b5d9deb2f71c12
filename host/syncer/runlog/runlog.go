// Package runlog keeps what runs of synchronizations did: when, begun by whom, how many rows had which outcome, and which rows were
// written or failed. It holds digests of keys, ids of issues and fields, and codes; no name and no value.
//
// The header counts the steps that are in it, so a step that is done twice is in the log once. Rows of which nothing was written are
// counted only.
package runlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

// Collections of each tenant.
const (
	headers = "sync.run"
	pages   = "sync.rows"
)

// Indexes.
const (
	bySync = "sync"
	byRun  = "run"
)

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	const kept = "until some time after the run, which the operator sets (30 days by default)"
	return []privacy.Type{
		{
			Collection: headers, Name: "Run of a synchronization", ID: privacy.Digest, Changed: "changed", Kept: kept,
			Purpose: "Show an admin when a synchronization ran, begun by whom, and how many issues it made and changed",
			Fields: []privacy.Field{
				{Path: "sync", Kind: privacy.Digest, Index: bySync},
				{Path: "by", Kind: privacy.Account},
				{Path: "steps", Kind: privacy.Count},
				{Path: "stopped", Kind: privacy.Code},
				{Path: "started", Kind: privacy.Time},
				{Path: "ended", Kind: privacy.Time},
				{Path: "changed", Kind: privacy.Time},
				{Path: "counts[].outcome", Kind: privacy.Code},
				{Path: "counts[].n", Kind: privacy.Count},
			},
		},
		{
			Collection: pages, Name: "Rows of a synchronization", ID: privacy.Digest, Changed: "at", Kept: kept,
			Purpose: "Find out why a row was not written: which field of which issue, and a code that says what is wrong",
			Fields: []privacy.Field{
				{Path: "run", Kind: privacy.Digest, Index: byRun},
				{Path: "at", Kind: privacy.Time},
				{Path: "rows[].row", Kind: privacy.Digest},
				{Path: "rows[].issue", Kind: sdkstore.KindIssue},
				{Path: "rows[].outcome", Kind: privacy.Code},
				{Path: "rows[].fields[]", Kind: sdkstore.KindField},
				{Path: "rows[].faults[].field", Kind: sdkstore.KindField},
				{Path: "rows[].faults[].code", Kind: privacy.Code},
			},
		},
	}
}

// Header is what is kept of a run.
type Header struct {
	Run     string           `json:"-"`
	Sync    string           `json:"sync"`
	By      string           `json:"by,omitempty"`    // account; "" for a schedule
	Steps   int              `json:"steps,omitempty"` // that are in the counts
	Stopped string           `json:"stopped,omitempty"`
	Started time.Time        `json:"started"`
	Ended   time.Time        `json:"ended,omitzero"`
	Changed time.Time        `json:"changed"`
	Counts  map[string]int64 `json:"-"`
}

// Rate is how many rows the run did in a second; 0 where nothing is known.
func (h Header) Rate() float64 {
	var rows int64
	for _, n := range h.Counts {
		rows += n
	}
	if took := h.Changed.Sub(h.Started); took > 0 {
		return float64(rows) / took.Seconds()
	}
	return 0
}

type count struct {
	Outcome string `json:"outcome"`
	N       int64  `json:"n"`
}

type header struct {
	Header
	List []count `json:"counts,omitempty"`
}

// row is a result as it is kept.
type row struct {
	Row     string   `json:"row,omitempty"`
	Issue   string   `json:"issue,omitempty"`
	Outcome string   `json:"outcome"`
	Fields  []string `json:"fields,omitempty"`
	Faults  []fault  `json:"faults,omitempty"`
}

type fault struct {
	Field string `json:"field,omitempty"`
	Code  string `json:"code"`
}

type page struct {
	Run  string    `json:"run"`
	At   time.Time `json:"at"`
	Rows []row     `json:"rows"`
}

// Log keeps and shows runs. Make it with New.
type Log struct {
	store store.Driver
	now   func() time.Time
}

// New returns the log that lies in s, which should be behind a privacy.Gate.
func New(s store.Driver, now func() time.Time) *Log { return &Log{s, now} }

// Begin keeps the header of a run. A run that has begun already stays as it is.
func (l *Log) Begin(ctx context.Context, t capability.TenantID, h Header) error {
	h.Started, h.Changed = l.time(), l.time()
	err := l.put(ctx, t, h, 0)
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

func (l *Log) time() time.Time { return l.now().UTC().Round(0) }

// put writes a header over the revision that was read, and more with it.
func (l *Log) put(ctx context.Context, t capability.TenantID, h Header, rev int64, more ...store.Op) error {
	d := header{Header: h}
	for _, name := range syncer.Outcomes() {
		if n := h.Counts[name]; n > 0 {
			d.List = append(d.List, count{name, n})
		}
	}
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode the header of run %s: %w", h.Run, err)
	}
	more = append(more, store.Op{
		Doc: store.Doc{Key: store.Key{Tenant: t, Collection: headers, ID: h.Run}, Body: body, Index: map[string]string{bySync: h.Sync}}, IfRev: rev,
	})
	if _, err = l.store.Write(ctx, more...); err != nil {
		return fmt.Errorf("keep the header of run %s: %w", h.Run, err)
	}
	return nil
}

// Step keeps what a step did: the rows that were written or failed, and the run's counts, both or nothing. Doing it again for the
// same step changes nothing.
func (l *Log) Step(ctx context.Context, t capability.TenantID, run string, number int, out syncer.StepOutput) error {
	h, rev, err := l.header(ctx, t, run)
	if err != nil || number < h.Steps {
		return err
	}
	ops, err := l.page(t, run, number, out)
	if err != nil {
		return err
	}
	for name, n := range out.Counts {
		h.Counts[name] += n
	}
	h.Steps, h.Changed = number+1, l.time()
	if out.Done {
		h.Ended, h.Stopped = h.Changed, out.Stopped
	}
	return l.put(ctx, t, h, rev, ops...)
}

// page is the write of a step's rows; nothing where none is kept.
func (l *Log) page(t capability.TenantID, run string, number int, out syncer.StepOutput) ([]store.Op, error) {
	p := page{Run: run, At: l.time()}
	for _, r := range out.Rows {
		if r.Outcome != syncer.Skipped {
			p.Rows = append(p.Rows, kept(r))
		}
	}
	if len(p.Rows) == 0 {
		return nil, nil
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode step %d of run %s: %w", number, run, err)
	}
	key := store.Key{Tenant: t, Collection: pages, ID: fmt.Sprintf("%s-%09d", run, number)} // in the order of the steps
	return []store.Op{{Doc: store.Doc{Key: key, Body: body, Index: map[string]string{byRun: run}}, IfRev: store.Any}}, nil
}

// kept leaves out of a result what is no id of a field of ours to keep: Jira may name anything.
func kept(r syncer.Result) row {
	out := row{Row: string(r.Row), Issue: r.Issue, Outcome: string(r.Outcome)}
	for _, f := range r.Fields {
		if isField(f) {
			out.Fields = append(out.Fields, f)
		}
	}
	for _, f := range r.Faults {
		next := fault{Code: string(f.Code)}
		if isField(f.Field) {
			next.Field = f.Field
		}
		out.Faults = append(out.Faults, next)
	}
	return out
}

func isField(id string) bool { return sdkstore.Validate(sdkstore.KindField, id) == nil }

func (l *Log) header(ctx context.Context, t capability.TenantID, run string) (Header, int64, error) {
	d, err := l.store.Get(ctx, store.Key{Tenant: t, Collection: headers, ID: run})
	if err != nil {
		return Header{}, 0, fmt.Errorf("read the header of run %s: %w", run, err)
	}
	h, err := decode(d)
	return h, d.Rev, err
}

func decode(d store.Doc) (Header, error) {
	var h header
	if err := json.Unmarshal(d.Body, &h); err != nil {
		return Header{}, fmt.Errorf("decode the header of run %s: %w", d.Key.ID, err)
	}
	h.Run, h.Counts = d.Key.ID, map[string]int64{}
	for _, c := range h.List {
		h.Counts[c.Outcome] = c.N
	}
	return h.Header, nil
}

// Header returns what is kept of a run. Errors: store.ErrNotFound.
func (l *Log) Header(ctx context.Context, t capability.TenantID, run string) (Header, error) {
	h, _, err := l.header(ctx, t, run)
	return h, err
}

// Runs lists the runs of a synchronization, up to limit of them after the one with that id.
func (l *Log) Runs(ctx context.Context, t capability.TenantID, sync, after string, limit int) ([]Header, error) {
	docs, err := l.store.List(ctx, store.Query{Tenant: t, Collection: headers, Index: bySync, Value: sync, After: after, Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	out := make([]Header, len(docs))
	for i, d := range docs {
		if out[i], err = decode(d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Rows returns the rows of a page of a run's steps, and the id after which the next page begins, "" for the last.
func (l *Log) Rows(ctx context.Context, t capability.TenantID, run, after string) ([]syncer.Result, string, error) {
	const limit = 20
	docs, err := l.store.List(ctx, store.Query{Tenant: t, Collection: pages, Index: byRun, Value: run, After: after, Limit: limit})
	if err != nil {
		return nil, "", fmt.Errorf("list the rows of run %s: %w", run, err)
	}
	var out []syncer.Result
	for _, d := range docs {
		var p page
		if err := json.Unmarshal(d.Body, &p); err != nil {
			return nil, "", fmt.Errorf("decode %s: %w", d.Key, err)
		}
		for _, r := range p.Rows {
			out = append(out, r.result())
		}
	}
	if len(docs) < limit {
		return out, "", nil
	}
	return out, docs[len(docs)-1].Key.ID, nil
}

func (r row) result() syncer.Result {
	out := syncer.Result{Row: identity.Digest(r.Row), Issue: r.Issue, Outcome: syncer.Outcome(r.Outcome), Fields: r.Fields}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, mapping.Fault{Field: f.Field, Code: mapping.Code(f.Code)})
	}
	return out
}
