// Package feature is what a tenant has of a plugin: whether it is switched on, with which settings and grants, in which
// issues it shows, and what it answers there. Every route that reaches a plugin goes through a [Service], so the rules
// stand in one place: switched off means refused, and a plugin only ever runs under a binding of its tenant.
package feature

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// Choices keeps what admins chose; tenant.Modules is one.
type Choices interface {
	Get(ctx context.Context, t capability.TenantID, p capability.PluginID) (tenant.Module, error)
	Put(ctx context.Context, t capability.TenantID, m tenant.Module) (tenant.Module, error)
	// Op is what Put writes, and the choice as it is then.
	Op(t capability.TenantID, m tenant.Module) (store.Op, tenant.Module, error)
	// Baseline returns what counts as granted where no admin has chosen: asks the first time, and that for ever.
	Baseline(ctx context.Context, t capability.TenantID, p capability.PluginID, asks []string) ([]string, error)
}

// Catalog knows the manifests of the installed plugins and what tenants chose for them. Of a plugin it may know several
// versions at once: the one that serves, one on trial, and those that end their last calls. It changes while the host serves,
// and is safe for concurrent use: whoever asks sees it as it was before a change or after, never in between. Make it with
// NewCatalog.
type Catalog struct {
	choices  Choices
	defaults []string // plugin ids that are on by default, or "*"

	changing sync.Mutex // one change at a time
	now      atomic.Pointer[contents]
}

// contents is a catalog at one moment. Nobody changes it.
type contents struct {
	plugins map[capability.PluginID]versions
	ids     []capability.PluginID // in order
}

// versions are those of one plugin. Nobody changes them.
type versions struct {
	newest string // the version that was admitted last; "" once the plugin was removed
	all    map[string]entry
}

type entry struct {
	manifest      *manifest.Manifest
	form          *schemaform.Form // nil without settings
	configs       []configType
	synchronizers []Synchronizer
	routes        *api.Routes
}

// NewCatalog returns a catalog of the manifests. The ids in enabled are on until a tenant's admin says otherwise; "*"
// stands for all.
//
// A plugin that cannot be taken in is left out, so that it keeps nobody else from working; the error says which and why,
// and the catalog holds the others. Of two plugins that claim the same short links the first stays: links are printed, and
// must not lead elsewhere because another plugin was installed.
func NewCatalog(choices Choices, enabled []string, manifests ...*manifest.Manifest) (*Catalog, error) {
	c := &Catalog{choices: choices, defaults: enabled}
	c.now.Store(&contents{})
	var refused []error
	for _, m := range manifests {
		if c.Manifest(m.ID) != nil {
			refused = append(refused, fmt.Errorf("plugin %s is installed twice", m.ID))
			continue
		}
		if err := c.Admit(m); err != nil {
			refused = append(refused, err)
		}
	}
	return c, errors.Join(refused...)
}

// Admit takes a plugin in, or a further version of one that is there, beside the versions that are known. It comes
// before the engine takes the code, so that no call runs under a manifest that the catalog does not know. An error leaves
// the catalog as it is.
func (c *Catalog) Admit(m *manifest.Manifest) error {
	e := entry{manifest: m}
	if m.Settings != nil {
		form, err := schemaform.Compile(m.Settings)
		if err != nil {
			return fmt.Errorf("settings of plugin %s: %w", m.ID, err)
		}
		e.form = form
	}
	var err error
	if e.configs, err = configTypes(m); err != nil {
		return err
	}
	if e.synchronizers, err = synchronizers(m); err != nil {
		return err
	}
	if e.routes, err = api.Compile(m); err != nil {
		return fmt.Errorf("routes of plugin %s: %w", m.ID, err)
	}
	return c.change(func(plugins map[capability.PluginID]versions) error {
		if linked, ok := m.Linked(); ok {
			for id, other := range plugins {
				if id != m.ID && other.claims(linked.Link) {
					return fmt.Errorf("plugins %s and %s both claim the short links under /%s/; remove one of the two", id, m.ID, linked.Link)
				}
			}
		}
		all := maps.Clone(plugins[m.ID].all)
		if all == nil {
			all = map[string]entry{}
		}
		all[m.Version] = e
		plugins[m.ID] = versions{newest: m.Version, all: all}
		return nil
	})
}

// Remove takes a plugin out. Its versions stay known to the calls that run, until [Catalog.Keep] forgets them.
func (c *Catalog) Remove(id capability.PluginID) {
	_ = c.change(func(plugins map[capability.PluginID]versions) error {
		if v, ok := plugins[id]; ok {
			plugins[id] = versions{all: v.all}
		}
		return nil
	})
}

// Keep forgets every version but those: the ones of which the engine still runs code, or of which admins shall read why it
// does not. A plugin without a version is forgotten as a whole.
func (c *Catalog) Keep(manifests []*manifest.Manifest) {
	_ = c.change(func(plugins map[capability.PluginID]versions) error {
		for id, v := range plugins {
			left := versions{all: map[string]entry{}}
			for _, m := range manifests { // the order is that of the caller: the last one is the newest
				if e, known := v.all[m.Version]; m.ID == id && known {
					left.all[m.Version] = e
					left.newest = m.Version
				}
			}
			if _, known := left.all[v.newest]; known || v.newest == "" {
				left.newest = v.newest
			}
			plugins[id] = left
			if len(left.all) == 0 {
				delete(plugins, id)
			}
		}
		return nil
	})
}

// change puts an edited copy of the contents in the place of what is there, unless edit returns an error.
func (c *Catalog) change(edit func(plugins map[capability.PluginID]versions) error) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	plugins := maps.Clone(c.now.Load().plugins)
	if plugins == nil {
		plugins = map[capability.PluginID]versions{}
	}
	if err := edit(plugins); err != nil {
		return err
	}
	c.now.Store(&contents{plugins: plugins, ids: slices.Sorted(maps.Keys(plugins))})
	return nil
}

// claims says whether a plugin has short links under that path.
func (c *Catalog) claims(path string) bool {
	for _, v := range c.now.Load().plugins {
		if v.claims(path) {
			return true
		}
	}
	return false
}

// claims says whether a version has short links under that path.
func (v versions) claims(path string) bool {
	if v.newest == "" {
		return false
	}
	for _, e := range v.all {
		if linked, ok := e.manifest.Linked(); ok && linked.Link == path {
			return true
		}
	}
	return false
}

// entry returns a version; "" is the one that was admitted last.
func (c *Catalog) entry(id capability.PluginID, version string) (entry, bool) {
	v := c.now.Load().plugins[id]
	if version == "" {
		version = v.newest
	}
	e, ok := v.all[version]
	return e, ok
}

// Manifest returns the manifest of an installed plugin, of the version that was admitted last; nil where there is none.
func (c *Catalog) Manifest(id capability.PluginID) *manifest.Manifest { return c.Version(id, "") }

// Version returns the manifest of a version of an installed plugin, nil where the catalog does not know it.
func (c *Catalog) Version(id capability.PluginID, version string) *manifest.Manifest {
	e, _ := c.entry(id, version)
	return e.manifest
}

// Manifests returns the manifest of each plugin, of the version that was admitted last, by plugin id.
func (c *Catalog) Manifests() []*manifest.Manifest {
	now := c.now.Load()
	out := make([]*manifest.Manifest, 0, len(now.ids))
	for _, id := range now.ids {
		if v := now.plugins[id]; v.newest != "" {
			out = append(out, v.all[v.newest].manifest)
		}
	}
	return out
}

// Settings returns the effective settings under which b runs: what the admin chose, with the defaults of b's version
// filled in.
func (c *Catalog) Settings(ctx context.Context, b *capability.Binding) (*settings.Values, error) {
	e, ok := c.entry(b.Plugin, b.Version)
	if !ok {
		return nil, unknownPlugin(b.Plugin)
	}
	choice, err := c.choices.Get(ctx, b.Tenant, b.Plugin)
	if err != nil {
		return nil, fmt.Errorf("load what the tenant chose for %s: %w", b.Plugin, err)
	}
	return e.values(draftedSettings(ctx, b.Tenant, choice)), nil
}

// choice returns what a tenant chose for a version of a plugin, with the defaults where it chose nothing: the operator
// decided then whether it is on. What the plugin asked for when it was first met there counts as granted with the app;
// what a later version asks for beyond that waits for an admin.
func (c *Catalog) choice(ctx context.Context, t capability.TenantID, e entry) (tenant.Module, error) {
	id := e.manifest.ID
	choice, err := c.choices.Get(ctx, t, id)
	if err != nil {
		return tenant.Module{}, fmt.Errorf("load what the tenant chose for %s: %w", id, err)
	}
	if choice.Rev == 0 {
		choice = tenant.Module{Plugin: id, Enabled: slices.Contains(c.defaults, "*") || slices.Contains(c.defaults, string(id))}
		if choice.Granted, err = c.choices.Baseline(ctx, t, id, e.asks()); err != nil {
			return tenant.Module{}, fmt.Errorf("load what was granted to %s with the app: %w", id, err)
		}
	}
	return draftedSettings(ctx, t, choice), nil
}

// Versions returns the manifests of every version of a plugin that the catalog knows, the one that was admitted last at the
// end.
func (c *Catalog) Versions(id capability.PluginID) []*manifest.Manifest {
	v := c.now.Load().plugins[id]
	var out []*manifest.Manifest
	for _, version := range slices.Sorted(maps.Keys(v.all)) {
		if version != v.newest {
			out = append(out, v.all[version].manifest)
		}
	}
	if newest, ok := v.all[v.newest]; ok {
		out = append(out, newest.manifest)
	}
	return out
}
