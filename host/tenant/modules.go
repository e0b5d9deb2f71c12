package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

const moduleCollection = "module"

// Modules is the repository of what each tenant's admins chose for each plugin. It is safe for concurrent use. Make it
// with NewModules.
type Modules struct {
	store store.Driver
	now   func() time.Time
}

// NewModules returns the choices in d. The clock is time.Now outside of tests.
func NewModules(d store.Driver, now func() time.Time) *Modules { return &Modules{store: d, now: now} }

// Get returns what a tenant chose for a plugin. Where nothing was chosen yet it is a Module of Rev 0, for which the
// defaults of plugin and operator hold.
func (r *Modules) Get(ctx context.Context, t capability.TenantID, p capability.PluginID) (Module, error) {
	d, err := r.store.Get(ctx, moduleKey(t, p))
	if errors.Is(err, store.ErrNotFound) {
		return Module{Plugin: p}, nil
	}
	if err != nil {
		return Module{}, fmt.Errorf("read module: %w", err)
	}
	return decodeModule(d)
}

// List returns all that a tenant chose, by plugin id.
func (r *Modules) List(ctx context.Context, t capability.TenantID) ([]Module, error) {
	var all []Module
	for d, err := range store.Each(ctx, r.store, store.Query{Tenant: t, Collection: moduleCollection}) {
		if err != nil {
			return nil, fmt.Errorf("list modules: %w", err)
		}
		m, err := decodeModule(d)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// Put writes a choice over the one that was read, and returns it with its new revision and time. store.ErrConflict where
// it was changed since: m.Rev has to be the revision that Get returned, 0 for the first choice.
func (r *Modules) Put(ctx context.Context, t capability.TenantID, m Module) (Module, error) {
	op, m, err := r.Op(t, m)
	if err != nil {
		return Module{}, err
	}
	if _, err := r.store.Write(ctx, op); err != nil {
		return Module{}, fmt.Errorf("write module: %w", err)
	}
	return m, nil
}

// Op is what Put writes, for whoever writes several things at once, and the choice as it is then.
func (r *Modules) Op(t capability.TenantID, m Module) (store.Op, Module, error) {
	if m.Rev < 0 {
		return store.Op{}, Module{}, fmt.Errorf("write module %s: %w: there is no revision %d", m.Plugin, store.ErrInvalid, m.Rev)
	}
	m.Changed = r.now().UTC().Round(0)
	body, err := json.Marshal(m)
	if err != nil {
		return store.Op{}, Module{}, fmt.Errorf("encode module %s: %w: %w", m.Plugin, store.ErrInvalid, err)
	}
	op := store.Op{Doc: store.Doc{Key: moduleKey(t, m.Plugin), Body: body}, IfRev: m.Rev}
	m.Rev++ // a revision counts writes
	return op, m, nil
}

func moduleKey(t capability.TenantID, p capability.PluginID) store.Key {
	return store.Key{Tenant: t, Collection: moduleCollection, ID: string(p)}
}

func decodeModule(d store.Doc) (Module, error) {
	m := Module{Rev: d.Rev}
	if err := json.Unmarshal(d.Body, &m); err != nil {
		return Module{}, fmt.Errorf("decode module %s: %w", d.Key.ID, err)
	}
	return m, nil
}
