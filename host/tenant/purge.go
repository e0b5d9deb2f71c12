package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// StartPurge moves a tenant that was uninstalled by a time, and has not come back since, to Purging, from which only Forget
// leads. One that is there already is no error. store.ErrInvalid where the app is installed, or was uninstalled later.
func (r *Tenants) StartPurge(ctx context.Context, id capability.TenantID, by time.Time) (Tenant, error) {
	for range attempts {
		t, err := r.byID(ctx, id)
		if err != nil {
			return Tenant{}, err
		}
		switch t.State {
		case Purging:
			return t.Tenant, nil
		case Uninstalled:
			if t.Uninstalled.After(by) {
				return Tenant{}, fmt.Errorf("purge tenant %s: %w: its site uninstalled the app later than that", id, store.ErrInvalid)
			}
		default:
			return Tenant{}, fmt.Errorf("purge tenant %s: %w: its site has the app installed; uninstall it there first", id, store.ErrInvalid)
		}
		t.State, t.Changed = Purging, r.time()
		if saved, err := r.save(ctx, t); !errors.Is(err, store.ErrConflict) {
			return saved, err
		}
		// The site came back at the same moment: look again.
	}
	return Tenant{}, fmt.Errorf("purge tenant %s: %w", id, store.ErrConflict)
}

// Documents are the platform's documents about the tenant.
func (t Tenant) Documents() []store.Key {
	return []store.Key{
		tenantKey(t.ID),
		{Tenant: store.Platform, Collection: clientKeyCollection, ID: t.ClientKey},
		{Tenant: store.Platform, Collection: aliasCollection, ID: t.Alias},
	}
}

// Forget deletes a tenant in Purging with its client key and alias, and carries out more in the same batch, of which each
// write stands under store.Platform. What stands under the tenant has to be gone.
func (r *Tenants) Forget(ctx context.Context, id capability.TenantID, more ...store.Op) error {
	t, err := r.byID(ctx, id)
	if err != nil {
		return err
	}
	if t.State != Purging {
		return fmt.Errorf("forget tenant %s: %w: it is %s", id, store.ErrInvalid, t.State)
	}
	var ops []store.Op
	for _, key := range t.Documents() {
		ops = append(ops, store.Op{Doc: store.Doc{Key: key}, Delete: true, IfRev: store.Any})
	}
	ops[0].IfRev = t.Rev
	ops = append(ops, more...)
	_, err = r.store.Write(ctx, ops...)
	r.written(id)
	if err != nil {
		return fmt.Errorf("forget tenant %s: %w", id, err)
	}
	return nil
}
