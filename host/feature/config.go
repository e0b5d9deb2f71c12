package feature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
)

// Documents keeps what admins wrote; tenant.Configs does.
type Documents interface {
	Get(ctx context.Context, t capability.TenantID, of tenant.ConfigType, id string) (tenant.Config, error)
	List(ctx context.Context, t capability.TenantID, of tenant.ConfigType) ([]tenant.Config, error)
	Put(ctx context.Context, t capability.TenantID, of tenant.ConfigType, c tenant.Config) (tenant.Config, error)
	// Op is what Put writes, and the document as it is then.
	Op(t capability.TenantID, of tenant.ConfigType, c tenant.Config) (store.Op, tenant.Config, error)
}

// configType is a type of configuration document with its form.
type configType struct {
	manifest.Config
	form *schemaform.Form
}

// configTypes compiles the forms of a manifest.
func configTypes(m *manifest.Manifest) ([]configType, error) {
	var all []configType
	for _, c := range m.Configs {
		form, err := schemaform.Compile(c.Schema)
		if err != nil {
			return nil, fmt.Errorf("config %s of plugin %s: %w", c.Type, m.ID, err)
		}
		all = append(all, configType{c, form})
	}
	return all, nil
}

// configOf finds a type of configuration document.
func (e entry) configOf(typ string) (configType, bool) {
	i := slices.IndexFunc(e.configs, func(c configType) bool { return c.Type == typ })
	if i < 0 {
		return configType{}, false
	}
	return e.configs[i], true
}

func (e entry) config(typ string) (configType, error) {
	if c, ok := e.configOf(typ); ok {
		return c, nil
	}
	return configType{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("%s has no %.64q to configure.", e.manifest.Name, typ)}
}

// document is a stored document as a plugin reads it, with the defaults of its version filled in.
func (c configType) document(stored tenant.Config) config.Document {
	return config.Document{Type: c.Type, ID: stored.ID, Rev: stored.Rev, Values: *c.form.Flatten(c.form.Defaults(stored.Values))}
}

// people are the accounts that stored values name, in settings of the kind user.
func (c configType) people(stored json.RawMessage) []string {
	return c.form.Accounts(c.form.Values(stored))
}

// Configs hands plugins the documents that admins wrote for them.
type Configs struct {
	Catalog   *Catalog
	Documents Documents
}

// Get returns a document of the plugin that runs under b. not_found also where an admin has deleted it.
func (c Configs) Get(ctx context.Context, b *capability.Binding, typ, id string) (*config.Document, error) {
	t, err := c.declared(b, typ)
	if err != nil {
		return nil, err
	}
	stored, err := drafted(ctx, b.Tenant, c.Documents).Get(ctx, b.Tenant, tenant.ConfigType{Plugin: b.Plugin, Type: typ}, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !stored.Deleted.IsZero() {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("there is no such document of type %q, or an admin has deleted it", typ)}
	}
	if err != nil {
		return nil, err
	}
	out := t.document(stored)
	return &out, nil
}

// List returns all documents of a type of the plugin that runs under b, but for those that an admin has deleted.
func (c Configs) List(ctx context.Context, b *capability.Binding, typ string) ([]config.Document, error) {
	t, err := c.declared(b, typ)
	if err != nil {
		return nil, err
	}
	all, err := drafted(ctx, b.Tenant, c.Documents).List(ctx, b.Tenant, tenant.ConfigType{Plugin: b.Plugin, Type: typ})
	if err != nil {
		return nil, err
	}
	out := []config.Document{}
	for _, stored := range all {
		if stored.Deleted.IsZero() {
			out = append(out, t.document(stored))
		}
	}
	return out, nil
}

// Names says whether a document of the plugin that runs under b has the account in a setting of the kind user. What an admin has deleted
// names nobody any more.
func (c Configs) Names(ctx context.Context, b *capability.Binding, account string) (bool, error) {
	e, ok := c.Catalog.entry(b.Plugin, b.Version)
	if !ok {
		return false, unknownPlugin(b.Plugin)
	}
	for _, t := range e.configs {
		if !slices.Contains(t.form.Sources(), schemaform.Users) {
			continue
		}
		all, err := drafted(ctx, b.Tenant, c.Documents).List(ctx, b.Tenant, tenant.ConfigType{Plugin: b.Plugin, Type: t.Type})
		if err != nil {
			return false, err
		}
		for _, stored := range all {
			if stored.Deleted.IsZero() && slices.Contains(t.people(stored.Values), account) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (c Configs) declared(b *capability.Binding, typ string) (configType, error) {
	e, ok := c.Catalog.entry(b.Plugin, b.Version)
	if !ok {
		return configType{}, unknownPlugin(b.Plugin)
	}
	if t, ok := e.configOf(typ); ok {
		return t, nil
	}
	return configType{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "type", Message: fmt.Sprintf("plugin.json declares no config %.64q", typ)}
}
