package app

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/reseal"
)

// How often the background looks at what is due: records and sites whose time is over, accounts to report, keys to wrap anew.
const (
	sweepPause  = time.Hour
	reportPause = 10 * time.Minute
)

// keepTidy starts the work on what is kept that goes on beside the requests.
func (h *Host) keepTidy() {
	s := h.storage
	reporter := personal.NewReporter(s.Accounts, s.Tenants, h.jira, h.log, time.Now)
	h.background.Go(func() { s.Sweeper(h.cfg.Privacy.Grace, h.cfg.Jobs.Keep).Run(h.work, sweepPause) })
	h.background.Go(func() { reporter.Run(h.work, reportPause) })
	h.background.Go(func() { s.rekey(h.work) })
	if h.forgeSites != nil && h.cfg.Forge.Silence > 0 {
		h.background.Go(func() { h.forgeSites.WatchSilence(h.work, h.cfg.Forge.Silence) })
	}
}

// Sealer returns what brings secrets under the current keys of their sites.
func (s *Storage) Sealer() *reseal.Sealer {
	return &reseal.Sealer{Store: s.Store, Types: s.Types, Keys: s.Keys}
}

// rekey does what the exchange of keys leaves to be done: with the wrapping keys after each time they were read, and every
// hour with the keys of sites.
func (s *Storage) rekey(ctx context.Context) {
	s.rewrap(ctx)
	tick := time.NewTicker(sweepPause)
	defer tick.Stop()
	for {
		resealed, retired, err := s.Sealer().All(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.ErrorContext(ctx, "exchange the keys of sites", "error", err)
		case resealed+retired > 0:
			s.log.InfoContext(ctx, "keys of sites were exchanged", "secrets", resealed, "destroyed", retired)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.rekeying:
			s.rewrap(ctx)
		}
	}
}

// rewrap brings data keys that an older wrapping key encrypts under the primary one.
func (s *Storage) rewrap(ctx context.Context) {
	p, err := s.Keys.Rewrap(ctx, s.Store, seal.RewrapConfig{})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.log.ErrorContext(ctx, "wrap data keys anew", "error", err)
	case p.Done > 0 || len(p.Left) > 0:
		s.log.InfoContext(ctx, "data keys were wrapped anew", "keys", p.Done, "by", s.Ring().Primary(), "still needed", slices.Sorted(maps.Keys(p.Left)))
	}
}

// ReloadKeys reads the wrapping keys again, without an end to serving.
func (h *Host) ReloadKeys(ctx context.Context) error { return h.storage.ReloadKeys(ctx, h.cfg) }
