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

const baselineCollection = "baseline"

// baseline is what counts as granted with the installation of the app, for one plugin of a tenant whose admin has not
// chosen anything for it.
type baseline struct {
	Plugin  capability.PluginID `json:"plugin"`
	Granted []string            `json:"granted"` // permission names
	Since   time.Time           `json:"since"`
}

// Baseline returns the permissions that count as granted with the installation of the app. The first time these are asks,
// which is kept: what a later version of the plugin asks for beyond it waits for an admin.
func (r *Modules) Baseline(ctx context.Context, t capability.TenantID, p capability.PluginID, asks []string) ([]string, error) {
	key := store.Key{Tenant: t, Collection: baselineCollection, ID: string(p)}
	for range attempts {
		d, err := r.store.Get(ctx, key)
		if err == nil {
			var b baseline
			if err := json.Unmarshal(d.Body, &b); err != nil {
				return nil, fmt.Errorf("decode baseline %s: %w", p, err)
			}
			return b.Granted, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("read baseline: %w", err)
		}
		body, err := json.Marshal(baseline{Plugin: p, Granted: asks, Since: r.now().UTC().Round(0)})
		if err != nil {
			return nil, fmt.Errorf("encode baseline %s: %w", p, err)
		}
		_, err = r.store.Write(ctx, store.Op{Doc: store.Doc{Key: key, Body: body}})
		if err == nil {
			return asks, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return nil, fmt.Errorf("write baseline: %w", err)
		}
		// Another request was faster: what it kept holds.
	}
	return nil, fmt.Errorf("write baseline %s: %w", p, store.ErrConflict)
}
