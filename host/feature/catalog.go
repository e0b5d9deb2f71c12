// Package feature is what a tenant has of a plugin: whether it is switched on, with which settings and grants, in which
// issues it shows, and what it answers there. Every route that reaches a plugin goes through a [Service], so the rules
// stand in one place: switched off means refused, and a plugin only ever runs under a binding of its tenant.
package feature

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// Choices keeps what admins chose; tenant.Modules is one.
type Choices interface {
	Get(ctx context.Context, t capability.TenantID, p capability.PluginID) (tenant.Module, error)
	Put(ctx context.Context, t capability.TenantID, m tenant.Module) (tenant.Module, error)
}

// Catalog knows the installed plugins' manifests and what tenants chose for them. It is immutable, so safe for
// concurrent use. Make it with NewCatalog.
type Catalog struct {
	choices  Choices
	defaults []string // plugin ids that are on by default, or "*"
	entries  map[capability.PluginID]entry
	ids      []capability.PluginID
}

type entry struct {
	manifest *manifest.Manifest
	form     *schemaform.Form // nil without settings
}

// NewCatalog returns a catalog of the manifests. The ids in enabled are on until a tenant's admin says otherwise; "*"
// stands for all.
//
// A plugin that cannot be taken in is left out, so that it keeps nobody else from working; the error says which and why,
// and the catalog holds the others. Of two plugins that claim the same short links the first stays: links are printed, and
// must not lead elsewhere because another plugin was installed.
func NewCatalog(choices Choices, enabled []string, manifests ...*manifest.Manifest) (*Catalog, error) {
	c := &Catalog{choices: choices, defaults: enabled, entries: map[capability.PluginID]entry{}}
	var refused []error
	for _, m := range manifests {
		if err := c.add(m); err != nil {
			refused = append(refused, err)
		}
	}
	slices.Sort(c.ids)
	return c, errors.Join(refused...)
}

func (c *Catalog) add(m *manifest.Manifest) error {
	if _, ok := c.entries[m.ID]; ok {
		return fmt.Errorf("plugin %s is installed twice", m.ID)
	}
	if linked, ok := m.Linked(); ok {
		for id, other := range c.entries {
			if theirs, ok := other.manifest.Linked(); ok && theirs.Link == linked.Link {
				return fmt.Errorf("plugins %s and %s both claim the short links under /%s/; remove one of the two", id, m.ID, linked.Link)
			}
		}
	}
	e := entry{manifest: m}
	if m.Settings != nil {
		form, err := schemaform.Compile(m.Settings)
		if err != nil {
			return fmt.Errorf("settings of plugin %s: %w", m.ID, err)
		}
		e.form = form
	}
	c.entries[m.ID] = e
	c.ids = append(c.ids, m.ID)
	return nil
}

// Manifest returns the manifest of an installed plugin, nil where there is none.
func (c *Catalog) Manifest(id capability.PluginID) *manifest.Manifest { return c.entries[id].manifest }

// Version returns the manifest of an installed plugin if it is of that version, nil otherwise.
func (c *Catalog) Version(id capability.PluginID, version string) *manifest.Manifest {
	if m := c.entries[id].manifest; m != nil && m.Version == version {
		return m
	}
	return nil
}

// Manifests returns all manifests, by plugin id.
func (c *Catalog) Manifests() []*manifest.Manifest {
	out := make([]*manifest.Manifest, len(c.ids))
	for i, id := range c.ids {
		out[i] = c.entries[id].manifest
	}
	return out
}

// Settings returns the effective settings under which b runs: what the admin chose, with defaults filled in.
func (c *Catalog) Settings(ctx context.Context, b *capability.Binding) (*settings.Values, error) {
	e, choice, err := c.choice(ctx, b.Tenant, b.Plugin)
	if err != nil {
		return nil, err
	}
	return e.values(choice), nil
}

// choice returns an installed plugin and what the tenant chose for it, with the defaults where it chose nothing: the
// operator decided then, and what an installed plugin asks for counts as granted with the app.
func (c *Catalog) choice(ctx context.Context, t capability.TenantID, id capability.PluginID) (entry, tenant.Module, error) {
	e, ok := c.entries[id]
	if !ok {
		return entry{}, tenant.Module{}, unknownPlugin(id)
	}
	choice, err := c.choices.Get(ctx, t, id)
	if err != nil {
		return entry{}, tenant.Module{}, fmt.Errorf("load what the tenant chose for %s: %w", id, err)
	}
	if choice.Rev == 0 {
		choice = tenant.Module{Plugin: id, Enabled: slices.Contains(c.defaults, "*") || slices.Contains(c.defaults, string(id))}
		choice.Granted = e.asks()
	}
	return e, choice, nil
}

// asks are the permissions for which the plugin's manifest asks.
func (e entry) asks() []string {
	var out []string
	for _, p := range e.manifest.Permissions {
		out = append(out, p.Name)
	}
	return out
}

func unknownPlugin(id capability.PluginID) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("There is no plugin %.128q here.", id)}
}

// values are the effective settings: what was chosen, with defaults filled in.
func (e entry) values(choice tenant.Module) *settings.Values {
	if e.form == nil {
		return &settings.Values{}
	}
	return e.form.Flatten(e.form.Defaults(choice.Settings))
}

// contexts are the places to which a tenant's settings restrict a module; empty means everywhere.
type contexts struct{ Projects, IssueTypes []string }

func (e entry) contexts(m manifest.Module, v *settings.Values) contexts {
	var c contexts
	if m.Contexts.Projects != "" {
		c.Projects = v.List(m.Contexts.Projects)
	}
	if m.Contexts.IssueTypes != "" {
		c.IssueTypes = v.List(m.Contexts.IssueTypes)
	}
	return c
}

// module finds a module of a plugin by its key.
func (e entry) module(key string) (manifest.Module, error) {
	m, ok := e.manifest.Module(key)
	if !ok {
		return m, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("The plugin %s has no module %.128q.", e.manifest.ID, key)}
	}
	return m, nil
}
