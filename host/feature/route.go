package feature

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Route has a plugin answer a program, with the rights of the account whose token it showed. It is refused where the plugin has no such route, the token
// is not for it, the plugin is switched off, or what was sent is not as the route declares; errors of the last kind are an *api.Error.
func (s *Service) Route(ctx context.Context, p auth.Principal, c api.Call) (api.Answered, error) {
	hold, err := s.Engine.Hold(c.Plugin, p.Tenant)
	switch {
	case sdk.CodeOf(err) == sdk.NotFound:
		return api.Answered{}, unknownPlugin(c.Plugin)
	case err != nil:
		return api.Answered{}, err
	}
	defer hold.Release()
	e, known := s.Catalog.entry(c.Plugin, hold.Manifest().Version)
	if !known { // the engine knows it and we do not
		return api.Answered{}, unknownPlugin(c.Plugin)
	}
	route, given, err := e.routes.Find(c.Method, c.Parts)
	if err != nil {
		return api.Answered{}, err
	}
	if !slices.Contains(p.Scopes, route.Scope) {
		return api.Answered{}, api.Lacks(route.Scope)
	}
	choice, err := s.Catalog.choice(ctx, p.Tenant, e)
	if err != nil {
		return api.Answered{}, err
	}
	if err := e.on(choice); err != nil {
		return api.Answered{}, err
	}
	r, err := route.Request(given, c.Sent)
	if err != nil {
		return api.Answered{}, err
	}
	t, err := s.Tenants.ByID(ctx, p.Tenant)
	if err != nil {
		return api.Answered{}, fmt.Errorf("load tenant: %w", err)
	}
	b := s.binding(t, e, choice)
	b.Context.Account = p.Account
	a, err := hold.Route(ctx, b, r)
	if err != nil {
		return api.Answered{}, err
	}
	return route.Answer(a)
}

// Routes are those of the plugins that serve, by id, behind those of the host itself.
func (s *Service) Routes() []*api.Routes {
	out := []*api.Routes{api.Own()}
	for _, m := range s.Manifests() {
		if e, ok := s.Catalog.entry(m.ID, m.Version); ok && len(m.Routes) > 0 {
			out = append(out, e.routes)
		}
	}
	return out
}

// Documented returns the configuration documents of a type for a program, as an admin wrote them, with the defaults of the version that serves. Those that were
// deleted are left out.
func (s *Service) Documented(ctx context.Context, t capability.TenantID, id capability.PluginID, typ string) ([]tenant.Config, error) {
	_, c, err := s.configType(ctx, t, id, typ)
	if err != nil {
		return nil, err
	}
	all, err := s.Documents.List(ctx, t, tenant.ConfigType{Plugin: id, Type: typ})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(d tenant.Config) bool { return !d.Deleted.IsZero() })
	for i := range all {
		all[i] = c.shown(all[i])
	}
	return all, nil
}

// DocumentedOne returns one of them. One that was deleted is not there.
func (s *Service) DocumentedOne(ctx context.Context, t capability.TenantID, id capability.PluginID, typ, document string) (tenant.Config, error) {
	_, c, err := s.configType(ctx, t, id, typ)
	if err != nil {
		return tenant.Config{}, err
	}
	d, err := s.there(ctx, t, id, c, document)
	return c.shown(d), err
}

// shown fills the defaults in.
func (c configType) shown(d tenant.Config) tenant.Config {
	if d.Values = c.form.Defaults(d.Values); d.Values == nil {
		d.Values = json.RawMessage("{}")
	}
	return d
}
