package app

import (
	"context"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
)

// lookAgain is how often the host looks whether a trial has ended. No signal says so: the call that decides it does not wait
// for sites to be told.
const lookAgain = 30 * time.Second

// Announce tells every site, in the background, which modules to show: the installed plugins may have changed since the
// last start. It does so again when they change. Close ends it. It is called once at most.
func (h *Host) Announce() {
	h.background.Go(func() {
		told := h.announce(h.work)
		tick := time.NewTicker(lookAgain)
		defer tick.Stop()
		for {
			select {
			case <-h.work.Done():
				return
			case <-h.again:
				told = h.announce(h.work)
			case <-tick.C:
				if !slices.Equal(told, h.features.Manifests()) {
					told = h.announce(h.work)
				}
			}
		}
	})
}

// announceAgain has every site told anew, and those plugins hidden that were taken out.
func (h *Host) announceAgain(removed []capability.PluginID) {
	h.shelf.hide(removed)
	for _, to := range []chan struct{}{h.again, h.changed} {
		select {
		case to <- struct{}{}:
		default: // that is to be done already
		}
	}
}

// Changed receives a value after plugins were taken in or out while the host serves: the descriptor is another one then.
func (h *Host) Changed() <-chan struct{} { return h.changed }

// announce tells every site, and returns of which plugins.
func (h *Host) announce(ctx context.Context) []*manifest.Manifest {
	told, removed := h.features.Manifests(), h.shelf.hidden()
	err := h.eachTenant(ctx, func(t tenant.Tenant) error {
		if t.State != tenant.Active {
			return nil
		}
		t, err := h.tenants.ByID(ctx, t.ID) // with its secret, to sign what it is told
		if err != nil {
			h.log.WarnContext(ctx, "a site could not be told which modules to show", "tenant", t.ID, "error", err)
			return nil
		}
		if err := h.features.Announce(ctx, t); err != nil {
			h.log.WarnContext(ctx, "a site could not be told which modules to show", "tenant", t.ID, "error", err)
		}
		for _, id := range removed {
			if err := h.features.Withdraw(ctx, t, id); err != nil {
				h.log.WarnContext(ctx, "a site could not be told which modules to hide", "tenant", t.ID, "plugin", id, "error", err)
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		h.log.WarnContext(ctx, "list tenants", "error", err)
	}
	return told
}

// eachTenant calls f for every tenant in whatever state, until it returns an error or ctx ends.
func (h *Host) eachTenant(ctx context.Context, f func(tenant.Tenant) error) error {
	for t, err := range h.tenants.Each(ctx) {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(t); err != nil {
			return err
		}
	}
	return nil
}
