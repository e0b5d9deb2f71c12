package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Config is what a Sweeper needs. All of it is required, but for Expire.
type Config struct {
	Store   store.Store
	Tenants *tenant.Tenants
	Keys    *seal.Keeper
	// Grace is how long a site's data is kept after it uninstalled the app.
	Grace time.Duration
	// Expire deletes the records of a site whose time is over, and returns how many; nil expires nothing.
	Expire func(ctx context.Context, t capability.TenantID, now time.Time) (int, error)
	Log    *slog.Logger
	// Now is time.Now outside of tests.
	Now func() time.Time
}

// Sweeper ends what is kept. It is safe for concurrent use, and several hosts may sweep one store. Make it with New.
type Sweeper struct{ Config }

// New returns a Sweeper.
func New(c Config) *Sweeper { return &Sweeper{c} }

// Run sweeps at once and then after each pause, until ctx ends.
func (s *Sweeper) Run(ctx context.Context, pause time.Duration) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "sweep", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep looks at every site once, and has the store forget what was deleted since the last time, by whomever. What goes wrong
// with one site keeps no other.
func (s *Sweeper) Sweep(ctx context.Context) error {
	return errors.Join(s.sites(ctx), store.Scrub(ctx, s.Store))
}

func (s *Sweeper) sites(ctx context.Context) error {
	var errs []error
	for t, err := range s.Tenants.Each(ctx) {
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if ctx.Err() != nil {
			return errors.Join(append(errs, ctx.Err())...)
		}
		if err := s.site(ctx, t); err != nil {
			errs = append(errs, fmt.Errorf("site %s: %w", t.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Sweeper) site(ctx context.Context, t tenant.Tenant) error {
	now := s.Now()
	if s.over(t, now) {
		return s.end(ctx, t.ID, now)
	}
	if s.Expire == nil {
		return nil
	}
	n, err := s.Expire(ctx, t.ID, now)
	if n > 0 {
		s.Log.InfoContext(ctx, "records expired", "tenant", t.ID, "records", n)
	}
	return err
}

// over says whether nothing of a site is to be kept any longer.
func (s *Sweeper) over(t tenant.Tenant, now time.Time) bool {
	return t.State == tenant.Purging || t.State == tenant.Uninstalled && !now.Before(t.Uninstalled.Add(s.Grace))
}

// end purges a site whose time was over when it was listed. Since then whole purges may have gone by, in which the site may
// have come back and even left again; StartPurge looks.
func (s *Sweeper) end(ctx context.Context, id capability.TenantID, now time.Time) error {
	t, err := s.Tenants.StartPurge(ctx, id, now.Add(-s.Grace))
	switch {
	case errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrNotFound):
		return nil // it came back, or another host purged it
	case err != nil:
		return err
	}
	_, err = s.purge(ctx, t)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
		return nil // another host does it
	}
	return err
}
