package feature

import (
	"context"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/service"
)

// provider is a plugin that provides a service to a tenant.
type provider struct {
	hold   *core.Hold
	entry  entry
	choice tenant.Module
}

// provider finds the plugin that provides a service and is switched on; of several the one whose id comes first. not_found where
// there is none. The caller must release what it holds. Except is left out.
func (s *Service) provider(ctx context.Context, t capability.TenantID, name string, except capability.PluginID) (provider, error) {
	for _, m := range s.Manifests() {
		if m.ID == except {
			continue
		}
		hold, err := s.Engine.Hold(m.ID, t)
		if err != nil {
			continue // it was refused, or taken out just now
		}
		e, known := s.Catalog.entry(m.ID, hold.Manifest().Version)
		if _, provides := hold.Manifest().Service(name); !known || !provides {
			hold.Release()
			continue
		}
		choice, err := s.Catalog.choice(ctx, t, e)
		if err != nil {
			hold.Release()
			return provider{}, err
		}
		if choice.Enabled {
			return provider{hold, e, choice}, nil
		}
		hold.Release()
	}
	return provider{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "no plugin provides " + name}
}

// Ask has the plugin that provides a service answer another one, which runs under caller and may use it. It is unavailable where no
// plugin that is switched on provides it.
func (s *Service) Ask(ctx context.Context, caller *capability.Binding, q *service.Question) (*service.Answer, error) {
	p, err := s.provider(ctx, caller.Tenant, q.Service, caller.Plugin)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil, service.Absent(sdk.Unavailable, s.nobody(q.Service))
	}
	if err != nil {
		return nil, err
	}
	defer p.hold.Release()
	t, err := s.Tenants.ByID(ctx, caller.Tenant)
	if err != nil {
		return nil, fmt.Errorf("load tenant: %w", err)
	}
	a, err := p.hold.Serve(ctx, caller, s.binding(t, p.entry, p.choice), q)
	if service.Missing(err) { // what the provider itself does without is there for the caller
		return nil, &sdk.Error{Code: sdk.CodeOf(err), Source: sdk.FromDownstream, Message: err.Error()}
	}
	return a, err
}

// nobody says that a service is not there, and what an admin can do.
func (s *Service) nobody(name string) string {
	var names []string
	for _, m := range s.Manifests() {
		if _, ok := m.Service(name); ok {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("No plugin here provides %s. The operator of this server can install one.", name)
	}
	return fmt.Sprintf("%s is switched off on this site. A Jira admin can switch it on under Apps, Pergola.", strings.Join(names, " or "))
}

// requirements refuses to switch a plugin on without the services that it cannot do without.
func (s *Service) requirements(ctx context.Context, t capability.TenantID, m *manifest.Manifest) error {
	for _, r := range m.Requires {
		if r.Optional {
			continue
		}
		p, err := s.provider(ctx, t, r.Service, m.ID)
		if sdk.CodeOf(err) == sdk.NotFound {
			return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: fmt.Sprintf("%s needs another feature. %s", m.Name, s.nobody(r.Service))}
		}
		if err != nil {
			return err
		}
		p.hold.Release()
	}
	return nil
}

// dependents refuses to switch a plugin off whose services others that are switched on cannot do without.
func (s *Service) dependents(ctx context.Context, t capability.TenantID, m *manifest.Manifest) error {
	var names []string
	for _, other := range s.Manifests() {
		needs, err := s.needs(ctx, t, other, m)
		if err != nil {
			return err
		}
		if needs {
			names = append(names, other.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: fmt.Sprintf(
		"%s cannot do without %s. Switch that off first.", strings.Join(names, " and "), m.Name)}
}

// needs says whether a plugin is switched on and has a requirement that nobody but m meets.
func (s *Service) needs(ctx context.Context, t capability.TenantID, other, m *manifest.Manifest) (bool, error) {
	if other.ID == m.ID {
		return false, nil
	}
	for _, r := range other.Requires {
		if _, provides := m.Service(r.Service); r.Optional || !provides {
			continue
		}
		_, choice, err := s.choice(ctx, t, other.ID)
		if sdk.CodeOf(err) == sdk.NotFound || err == nil && !choice.Enabled {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		p, err := s.provider(ctx, t, r.Service, m.ID)
		if sdk.CodeOf(err) == sdk.NotFound {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		p.hold.Release()
	}
	return false, nil
}
