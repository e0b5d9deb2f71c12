package configset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
)

// Regret is how long an import can be undone.
const Regret = feature.Regret

// Collections of each tenant.
const (
	importCollection = "configset.import"
	changeCollection = "configset.change"
)

// byImport is the index of changes by the import that made them.
const byImport = "import"

// fromFile is the origin of an import that was none of a template.
const fromFile = "file"

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	kept := "for 30 days, in which the import can be undone"
	return []privacy.Type{
		{
			Collection: importCollection, Name: "Import of configuration", ID: privacy.Token, Changed: "at", Kept: kept,
			Purpose: "Show which configuration was imported, when and by which admin, and undo it",
			Fields: []privacy.Field{
				{Path: "by", Kind: privacy.Account}, {Path: "at", Kind: privacy.Time}, {Path: "origin", Kind: privacy.Code},
				{Path: "created", Kind: privacy.Count}, {Path: "changed", Kind: privacy.Count}, {Path: "undone", Kind: privacy.Time},
				{Path: "undoneBy", Kind: privacy.Account},
			},
		},
		{
			Collection: changeCollection, Name: "What an import changed", ID: privacy.Token, Changed: "at", Kept: kept,
			Purpose: "Put back what admins wrote before an import, when it is undone",
			Fields: []privacy.Field{
				{Path: "import", Kind: privacy.Token, Index: byImport}, {Path: "plugin", Kind: privacy.Plugin}, {Path: "type", Kind: privacy.Collection},
				{Path: "document", Kind: manifest.KindConfig}, {Path: "rev", Kind: privacy.Count}, {Path: "place", Kind: privacy.Count},
				{Path: "before", Kind: privacy.Configuration}, {Path: "people[]", Kind: privacy.Account, Of: "before"}, {Path: "at", Kind: privacy.Time},
			},
		},
	}
}

// Record is an import that was carried out.
type Record struct {
	ID       string    `json:"-"`
	By       string    `json:"by,omitempty"` // account; "" of the operator
	At       time.Time `json:"at"`
	Origin   string    `json:"origin"` // "file", or the name of a template
	Created  int       `json:"created"`
	Changed  int       `json:"changed"`
	Undone   time.Time `json:"undone,omitzero"`
	UndoneBy string    `json:"undoneBy,omitempty"`
	Until    time.Time `json:"-"` // when it cannot be undone any more
	rev      int64
}

// change is one document that an import wrote, as it is stored.
type change struct {
	ID       string              `json:"-"`
	Import   string              `json:"import"`
	Plugin   capability.PluginID `json:"plugin"`
	Type     string              `json:"type,omitempty"` // "" for settings
	Document string              `json:"document,omitempty"`
	Rev      int64               `json:"rev"` // that it had after the import
	Place    int                 `json:"place"`
	Before   json.RawMessage     `json:"before,omitempty"`
	People   []string            `json:"people,omitempty"`
	At       time.Time           `json:"at"`
}

func importKey(t capability.TenantID, id string) store.Key {
	return store.Key{Tenant: t, Collection: importCollection, ID: id}
}

func changeKey(t capability.TenantID, id string) store.Key {
	return store.Key{Tenant: t, Collection: changeCollection, ID: id}
}

// op is the write of a record over the revision that was read.
func (r Record) op(t capability.TenantID) (store.Op, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return store.Op{}, fmt.Errorf("encode an import: %w", err)
	}
	return store.Op{Doc: store.Doc{Key: importKey(t, r.ID), Body: body}, IfRev: r.rev}, nil
}

// op is the write of a change, which is never changed.
func (c change) op(t capability.TenantID) (store.Op, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return store.Op{}, fmt.Errorf("encode what an import changed: %w", err)
	}
	return store.Op{Doc: store.Doc{Key: changeKey(t, c.ID), Body: body, Index: map[string]string{byImport: c.Import}}}, nil
}

// Imports lists what can still be undone, and what was undone in that time, the latest first.
func (s *Service) Imports(ctx context.Context, t capability.TenantID) ([]Record, error) {
	var out []Record
	for d, err := range store.Each(ctx, s.store, store.Query{Tenant: t, Collection: importCollection}) {
		if err != nil {
			return nil, fmt.Errorf("list imports: %w", err)
		}
		r, err := decodeRecord(d)
		if err != nil {
			return nil, err
		}
		if s.now().Before(r.Until) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Record) int { return b.At.Compare(a.At) })
	return out, nil
}

func decodeRecord(d store.Doc) (Record, error) {
	r := Record{ID: d.Key.ID, rev: d.Rev}
	if err := json.Unmarshal(d.Body, &r); err != nil {
		return Record{}, fmt.Errorf("decode an import: %w", err)
	}
	r.Until = r.At.Add(Regret)
	return r, nil
}

// changes are those of an import that are not undone, in the order in which they were made.
func (s *Service) changes(ctx context.Context, t capability.TenantID, id string) ([]change, error) {
	var out []change
	for d, err := range store.Each(ctx, s.store, store.Query{Tenant: t, Collection: changeCollection, Index: byImport, Value: id}) {
		if err != nil {
			return nil, fmt.Errorf("list what an import changed: %w", err)
		}
		c := change{ID: d.Key.ID}
		if err := json.Unmarshal(d.Body, &c); err != nil {
			return nil, fmt.Errorf("decode what an import changed: %w", err)
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b change) int { return a.Place - b.Place })
	return out, nil
}

// Expire deletes what is kept of a tenant's imports that were made before a time, and returns how many those were.
func Expire(ctx context.Context, d store.Driver, t capability.TenantID, before time.Time) (int, error) {
	removed := 0
	for doc, err := range store.Each(ctx, d, store.Query{Tenant: t, Collection: importCollection}) {
		if err != nil {
			return removed, fmt.Errorf("list imports: %w", err)
		}
		r, err := decodeRecord(doc)
		if err != nil {
			return removed, err
		}
		if !r.At.Before(before) {
			continue
		}
		// The import last: as long as it is there, the rest is found again.
		ops := []store.Op{}
		for c, err := range store.Each(ctx, d, store.Query{Tenant: t, Collection: changeCollection, Index: byImport, Value: r.ID}) {
			if err != nil {
				return removed, fmt.Errorf("list what an import changed: %w", err)
			}
			ops = append(ops, store.Op{Doc: store.Doc{Key: c.Key}, Delete: true, IfRev: store.Any})
		}
		ops = append(ops, store.Op{Doc: store.Doc{Key: doc.Key}, Delete: true, IfRev: store.Any})
		if _, err := d.Write(ctx, ops...); err != nil && !errors.Is(err, store.ErrNotFound) {
			return removed, fmt.Errorf("delete an import: %w", err)
		}
		removed++
	}
	return removed, nil
}
