package feature

import (
	"context"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

// Functions are the functions in JQL of the version of a plugin that serves a tenant: none where the plugin is switched off or not there.
func (s *Service) Functions(ctx context.Context, t capability.TenantID, id capability.PluginID) ([]manifest.Function, error) {
	e, choice, err := s.choice(ctx, t, id)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil, nil
	}
	if err != nil || e.on(choice) != nil {
		return nil, err
	}
	return e.manifest.Functions, nil
}

// Answer asks a plugin for the answer to a function in JQL, by the function's key; the handler is that of plugin.json. It is refused where the
// plugin is switched off.
func (s *Service) Answer(ctx context.Context, t tenant.Tenant, id capability.PluginID, key string, q jqlfunc.Question) (*jqlfunc.Answer, error) {
	hold, e, choice, err := s.held(ctx, t, id)
	if err != nil {
		return nil, err
	}
	defer hold.Release()
	if err := e.on(choice); err != nil {
		return nil, err
	}
	f, ok := e.manifest.Function(key)
	if !ok {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("%s has no such function in JQL.", e.manifest.Name)}
	}
	switch n := len(q.Arguments); {
	case n < f.Required() || n > len(f.Arguments):
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: fmt.Sprintf("%s takes %d to %d arguments.", f.Name, f.Required(), len(f.Arguments))}
	case !slices.Contains(f.Operators, q.Operator):
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: fmt.Sprintf("%s is used with other operators.", f.Name)}
	}
	q.Name, q.Function = f.Handler, f.Name
	return hold.Answer(ctx, s.binding(t, e, choice), q)
}

// held returns the version of a plugin that serves a tenant, which the caller must release, and what the tenant chose for it. It is unavailable
// where the plugin is not there at this moment.
func (s *Service) held(ctx context.Context, t tenant.Tenant, id capability.PluginID) (_ *core.Hold, _ entry, _ tenant.Module, err error) {
	hold, err := s.Engine.Hold(id, t.ID)
	switch {
	case sdk.CodeOf(err) == sdk.NotFound:
		return nil, entry{}, tenant.Module{}, deaf(id)
	case err != nil:
		return nil, entry{}, tenant.Module{}, err
	}
	defer func() {
		if err != nil {
			hold.Release()
		}
	}()
	e, known := s.Catalog.entry(id, hold.Manifest().Version)
	if !known { // the engine knows it and we do not
		return nil, entry{}, tenant.Module{}, deaf(id)
	}
	choice, err := s.Catalog.choice(ctx, t.ID, e)
	return hold, e, choice, err
}
