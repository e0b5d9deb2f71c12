package tenant

import (
	"context"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

// SealSecrets seals the shared secrets that an early version stored as they were. Doing it again does no harm.
func (r *Tenants) SealSecrets(ctx context.Context) error {
	for d, err := range store.Each(ctx, r.store, everyTenant) {
		if err != nil {
			return fmt.Errorf("list tenants: %w", err)
		}
		if err := r.sealSecret(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (r *Tenants) sealSecret(ctx context.Context, d store.Doc) error {
	for range attempts {
		t, err := decode(d)
		if err != nil {
			return err
		}
		if t.State == Purging {
			return nil
		}
		if _, err := r.open(ctx, t); !errors.Is(err, seal.ErrNotSealed) {
			return err
		}
		t.SharedSecret = seal.NewSecret(t.sealed)
		sealed, err := r.seal(ctx, t.Tenant)
		if err != nil {
			return err
		}
		if _, err = r.save(ctx, sealed); !errors.Is(err, store.ErrConflict) {
			return err
		}
		if d, err = r.store.Get(ctx, d.Key); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read tenant: %w", err)
		}
	}
	return fmt.Errorf("seal the secret of tenant %s: %w", d.Key.ID, store.ErrConflict)
}
