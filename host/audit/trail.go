package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
)

const (
	collection = "audit"
	byPlugin   = "plugin"
)

// Keep is how long an entry is kept.
const Keep = 365 * 24 * time.Hour

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: collection, Name: "Change by an admin", ID: privacy.Digest, Changed: "at", Keep: Keep,
		Purpose: "Show admins who changed what, when and from where",
		Fields: []privacy.Field{
			{Path: "at", Kind: privacy.Time},
			{Path: "account", Kind: privacy.Account},
			{Path: "surface", Kind: privacy.Code},
			{Path: "action", Kind: privacy.Code},
			{Path: "plugin", Kind: privacy.Plugin, Index: byPlugin},
			{Path: "version", Kind: privacy.Version},
			{Path: "type", Kind: privacy.Collection},
			{Path: "object", Kind: privacy.Identifier},
			{Path: "project", Kind: manifest.KindProject},
			{Path: "credential", Kind: privacy.Operator},
		},
	}}
}

// Trail keeps entries. It is safe for concurrent use. Make it with New.
type Trail struct {
	store store.Driver
	rand  io.Reader
	log   *slog.Logger
	now   func() time.Time
}

// New returns the trail that lies in s, which should be behind a privacy.Gate. random makes ids that two hosts do not both make.
func New(s store.Driver, random io.Reader, log *slog.Logger, now func() time.Time) *Trail {
	return &Trail{store: s, rand: random, log: log, now: now}
}

// Record keeps an entry: its time, id, surface and credential are set here. What goes wrong is logged.
func (t *Trail) Record(ctx context.Context, site capability.TenantID, e Entry) {
	ctx = context.WithoutCancel(ctx) // what it tells of is done
	if err := t.record(ctx, site, e); err != nil {
		t.log.ErrorContext(ctx, "a change is not in the audit trail", "tenant", site, "action", e.Action, "plugin", e.Plugin, "error", err)
	}
}

func (t *Trail) record(ctx context.Context, site capability.TenantID, e Entry) error {
	e.At, e.Surface = t.now().UTC().Truncate(time.Millisecond), From(ctx)
	e.Credential, _ = ctx.Value(credentialKey{}).(string)
	var tail [8]byte
	if _, err := io.ReadFull(t.rand, tail[:]); err != nil {
		return err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	d := store.Doc{Key: store.Key{Tenant: site, Collection: collection, ID: idAt(e.At) + hex.EncodeToString(tail[:])}, Body: body}
	if e.Plugin != "" {
		d.Index = map[string]string{byPlugin: string(e.Plugin)}
	}
	_, err = t.store.Write(ctx, store.Op{Doc: d})
	return err
}

// idAt begins the id of an entry, so that the ids of later ones come first.
func idAt(at time.Time) string { return fmt.Sprintf("%016x", math.MaxInt64-at.UnixMilli()) }

// Query says which entries are wanted.
type Query struct {
	Plugin capability.PluginID // "" for all
	After  string              // id of the last entry of the page before
	Limit  int                 // 1 to 1000
}

// List returns entries, the latest first; fewer than the limit means that there are no more.
func (t *Trail) List(ctx context.Context, site capability.TenantID, q Query) ([]Entry, error) {
	in := store.Query{Tenant: site, Collection: collection, After: q.After, Limit: q.Limit}
	if q.Plugin != "" {
		in.Index, in.Value = byPlugin, string(q.Plugin)
	}
	docs, err := t.store.List(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("list the audit trail: %w", err)
	}
	out := make([]Entry, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal(d.Body, &out[i]); err != nil {
			return nil, fmt.Errorf("decode entry %s of the audit trail: %w", d.Key.ID, err)
		}
		out[i].ID = d.Key.ID
	}
	return out, nil
}

// expired is how many entries are deleted together.
const expired = 500

// Expire deletes the entries of a site whose time is over, and returns how many.
func Expire(ctx context.Context, s store.Driver, site capability.TenantID, now time.Time) (n int, err error) {
	for {
		ids, err := s.IDs(ctx, store.Query{Tenant: site, Collection: collection, After: idAt(now.Add(-Keep)), Limit: expired})
		if err != nil || len(ids) == 0 {
			return n, err
		}
		ops := make([]store.Op, len(ids))
		for i, id := range ids {
			ops[i] = store.Op{Doc: store.Doc{Key: store.Key{Tenant: site, Collection: collection, ID: id}}, IfRev: store.Any, Delete: true}
		}
		if _, err := s.Write(ctx, ops...); err != nil {
			return n, fmt.Errorf("expire the audit trail: %w", err)
		}
		n += len(ids)
	}
}
