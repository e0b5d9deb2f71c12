package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/registry"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/door"
	"github.com/pergola-platform/pergola/host/privacy"
)

// OpenBeside opens what cfg names for a command of the operator, whether a host serves from it at the moment or not. What
// plugins may keep is what the manifests in the plugin directory say.
func OpenBeside(ctx context.Context, cfg config.Config, log *slog.Logger) (*Storage, error) {
	manifests, err := installedManifests(cfg)
	if err != nil {
		return nil, err
	}
	return openStorage(ctx, cfg, manifests, log, true)
}

// openDoor serves the operator's commands. A host that cannot serves its sites all the same: so it is where several hosts of one
// installation have a data directory in common, of which the first answers for all.
func (h *Host) openDoor() {
	d, err := door.Open(h.cfg.Data)
	if err != nil {
		h.log.Warn("pergola admin sync does not reach this host", "error", err)
		return
	}
	h.background.Go(func() {
		if err := h.server.ServeDoor(d); err != nil {
			h.log.Error("pergola admin sync does not reach this host any more", "error", err)
		}
	})
}

// installed are the manifests in a plugin directory, one for each plugin.
type installed []*manifest.Manifest

func (i installed) Manifests() []*manifest.Manifest { return i }

func (i installed) Versions(id capability.PluginID) []*manifest.Manifest {
	for _, m := range i {
		if m.ID == id {
			return []*manifest.Manifest{m}
		}
	}
	return nil
}

// NoPlugins are the manifests of a host without plugins.
var NoPlugins privacy.Manifests = installed(nil)

func installedManifests(cfg config.Config) (installed, error) {
	dir, err := PluginDir(cfg)
	if err != nil {
		return nil, err
	}
	trust, err := cfg.Plugins.Trust.Keys()
	if err != nil {
		return nil, fmt.Errorf("plugins.trust: %w", err)
	}
	bundles, err := registry.Open(dir, trust)
	if err != nil {
		return nil, err
	}
	var all installed
	for _, e := range bundles.Entries() {
		if e.Manifest != nil && len(all.Versions(e.Manifest.ID)) == 0 {
			all = append(all, e.Manifest)
		}
	}
	return all, nil
}

// openOperators serves those who have an operator credential, where operator.listen is set: with the certificate of server.tls, or on this machine
// alone, as the configuration was judged.
func (h *Host) openOperators(ctx context.Context) error {
	at := h.cfg.Operator.Listen
	if at == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	if err != nil {
		return fmt.Errorf("operator.listen: %w; name another address, or none", err)
	}
	h.log.InfoContext(ctx, "commands with operator credentials are taken", "address", l.Addr().String(), "tls", h.certs != nil)
	if h.certs != nil {
		l = tls.NewListener(l, h.certs.TLS())
	}
	h.background.Go(func() {
		if err := h.server.ServeOperators(l); err != nil {
			h.log.Error("commands with operator credentials are not taken any more", "error", err)
		}
	})
	return nil
}
