package tenant

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

const quarantineCollection = "quarantine"

// Quarantines is the repository of the plugins that are not called for a tenant. It is safe for concurrent use. Make it
// with NewQuarantines.
type Quarantines struct{ store store.Driver }

// NewQuarantines returns the quarantines in d.
func NewQuarantines(d store.Driver) *Quarantines { return &Quarantines{d} }

var _ core.Quarantines = (*Quarantines)(nil)

// List returns those of every tenant that has not left. A document belongs to one tenant, so it asks for each; that is done
// once, when the host starts.
func (r *Quarantines) List(ctx context.Context) ([]core.Quarantine, error) {
	var all []core.Quarantine
	for d, err := range store.Each(ctx, r.store, everyTenant) {
		if err != nil {
			return nil, fmt.Errorf("list tenants: %w", err)
		}
		t, err := decode(d)
		if err != nil {
			return nil, err
		}
		if t.State == Uninstalled || t.State == Purging {
			continue
		}
		if all, err = r.of(ctx, t.ID, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// of appends those of one tenant to all.
func (r *Quarantines) of(ctx context.Context, t capability.TenantID, all []core.Quarantine) ([]core.Quarantine, error) {
	for d, err := range store.Each(ctx, r.store, store.Query{Tenant: t, Collection: quarantineCollection}) {
		if err != nil {
			return nil, fmt.Errorf("list quarantines: %w", err)
		}
		quarantine := core.Quarantine{Tenant: t}
		if err := json.Unmarshal(d.Body, &quarantine); err != nil {
			return nil, fmt.Errorf("decode quarantine %s of tenant %s: %w", d.Key.ID, t, err)
		}
		all = append(all, quarantine)
	}
	return all, nil
}

// Put keeps a quarantine, in the place of an earlier one of the same version.
func (r *Quarantines) Put(ctx context.Context, q core.Quarantine) error {
	key := quarantineKey(q.Tenant, q.Plugin, q.Version)
	body, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("encode quarantine %s: %w", key.ID, err)
	}
	if _, err := r.store.Write(ctx, store.Op{Doc: store.Doc{Key: key, Body: body}, IfRev: store.Any}); err != nil {
		return fmt.Errorf("write quarantine: %w", err)
	}
	return nil
}

// Delete forgets a quarantine. One that is not there is no error.
func (r *Quarantines) Delete(ctx context.Context, t capability.TenantID, p capability.PluginID, version string) error {
	if _, err := r.store.Write(ctx, store.Op{Doc: store.Doc{Key: quarantineKey(t, p, version)}, Delete: true, IfRev: store.Any}); err != nil {
		return fmt.Errorf("delete quarantine: %w", err)
	}
	return nil
}

func quarantineKey(t capability.TenantID, p capability.PluginID, version string) store.Key {
	return store.Key{Tenant: t, Collection: quarantineCollection, ID: string(p) + "@" + version}
}
