package feature

import (
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// asks is all that the plugin's manifest asks an admin to grant.
func (e entry) asks() []string { return e.manifest.Grants() }

func unknownPlugin(id capability.PluginID) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("There is no plugin %.128q here.", id)}
}

// on refuses a plugin that a tenant has switched off.
func (e entry) on(choice tenant.Module) error {
	if choice.Enabled {
		return nil
	}
	return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: fmt.Sprintf(
		"%s is switched off on this site. A Jira admin can switch it on under Apps, Pergola.", e.manifest.Name)}
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
