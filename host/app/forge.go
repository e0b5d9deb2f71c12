package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/registry"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/host/ui"
)

// ErrForgeApp says that what is configured makes no app that Forge would take.
var ErrForgeApp = errors.New("no Forge app can be made of this configuration")

// ExportForge writes the folder of the Forge app for the plugins in the plugin directory of a configuration. What cannot be read there is
// left out and told in left.
func ExportForge(cfg config.Config, dir string) (out forge.Written, left []string, err error) {
	plugins, left, err := offered(cfg)
	if err != nil {
		return forge.Written{}, left, err
	}
	table, err := surface.Of(surfaceOf(cfg), plugins)
	if err != nil {
		return forge.Written{}, left, fmt.Errorf("%w: %w", ErrForgeApp, err)
	}
	c := forgeOf(cfg)
	if err := c.Check(table); err != nil {
		return forge.Written{}, left, fmt.Errorf("%w: %w", ErrForgeApp, err)
	}
	out, err = forge.Export(dir, c, table, ui.Files())
	return out, left, err
}

// offered reads the manifests of the plugin directory without running anything.
func offered(cfg config.Config) (out []*manifest.Manifest, left []string, err error) {
	dir, err := PluginDir(cfg)
	if err != nil {
		return nil, nil, err
	}
	trust, err := cfg.Plugins.Trust.Keys()
	if err != nil {
		return nil, nil, fmt.Errorf("plugins.trust: %w", err)
	}
	found, err := registry.Open(dir, trust)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range found.Entries() {
		if e.Reason != "" || e.Manifest == nil {
			left = append(left, e.Dir+": "+e.Reason)
			continue
		}
		out = append(out, e.Manifest)
	}
	return out, left, nil
}

func surfaceOf(cfg config.Config) surface.Config {
	return surface.Config{AppName: cfg.Connect.AppName, ActAsUser: cfg.Connect.ActAsUser, AddOptions: cfg.Connect.AddOptions}
}

func forgeOf(cfg config.Config) forge.Config {
	c := forge.Config{AppID: cfg.Forge.AppID, AppName: cfg.Connect.AppName, BaseURL: cfg.BaseURL, Loopback: cfg.Connect.LoopbackSites}
	if cfg.Forge.TakeOver {
		c.ConnectKey = cfg.Connect.AppKey
	}
	return c
}

// openForge makes what takes the calls of the Forge app; nil where none is configured. left ends what was good for the last installation of a
// site.
func (h *Host) openForge(left func(context.Context, capability.TenantID) error) (*auth.ForgeConfig, error) {
	c := h.cfg.Forge
	if c.AppID == "" {
		return nil, nil //nolint:nilnil // there is no Forge app, and nothing wrong with that
	}
	var err error
	if h.forgeSites, err = forge.NewSites(forge.SitesConfig{Tenants: h.tenants, Tokens: h.forgeTokens, Jira: h.jira, Log: h.log, TakeOver: c.TakeOver, Left: left}); err != nil {
		return nil, err
	}
	return &auth.ForgeConfig{
		AppID: c.AppID, Keys: auth.NewJWKS(c.JWKSURL, nil, time.Now), Installations: h.forgeSites,
		APIHosts: c.APIHosts, Environments: c.Environments, Loopback: h.cfg.Connect.LoopbackSites,
	}, nil
}
