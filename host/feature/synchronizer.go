package feature

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Synchronizer is a kind of source that a plugin provides.
type Synchronizer struct {
	Plugin     capability.PluginID
	PluginName string
	Name       string // unique in its plugin
	Title      string
	Form       *schemaform.Form // of a connection; nil where there is nothing to write
	Secrets    []manifest.Secret
}

// synchronizers are those of a manifest, with their forms.
func synchronizers(m *manifest.Manifest) ([]Synchronizer, error) {
	var out []Synchronizer
	for _, p := range m.Provides {
		if p.Capability != manifest.SyncV1 {
			continue
		}
		s := Synchronizer{Plugin: m.ID, PluginName: m.Name, Name: p.Name, Title: p.Title, Secrets: p.Secrets}
		if p.Connection != nil {
			form, err := schemaform.Compile(p.Connection)
			if err != nil {
				return nil, fmt.Errorf("connection of synchronizer %s of plugin %s: %w", p.Name, m.ID, err)
			}
			s.Form = form
		}
		out = append(out, s)
	}
	return out, nil
}

// Synchronizers returns the kinds of sources that a tenant can connect to: those of the plugins that serve and are switched on.
func (s *Service) Synchronizers(ctx context.Context, t capability.TenantID) ([]Synchronizer, error) {
	var out []Synchronizer
	for _, m := range s.Manifests() {
		hold, err := s.Engine.Hold(m.ID, t)
		if err != nil {
			continue // it was refused, or taken out just now
		}
		hold.Release()
		e, choice, err := s.choice(ctx, t, m.ID)
		if sdk.CodeOf(err) == sdk.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if choice.Enabled {
			out = append(out, e.synchronizers...)
		}
	}
	return out, nil
}

// Source returns a synchronizer of a plugin for what an admin looks at, with what is known about it; see core.Engine.Source for the limits
// of its calls. It is refused where the plugin is switched off, gone, or provides no such synchronizer.
func (s *Service) Source(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (*sync.Source, Synchronizer, error) {
	b, e, err := s.background(ctx, t, id)
	if err != nil {
		return nil, Synchronizer{}, err
	}
	known, err := e.synchronizer(name)
	if err != nil {
		return nil, Synchronizer{}, err
	}
	return s.Engine.Source(b, name), known, nil
}

// StepSource is Source for one step of a job, which has other limits. The whole step runs on the version of the plugin that serves when
// it begins. The caller must release it, where there is no error, when the step has ended.
func (s *Service) StepSource(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (_ *sync.Source, _ Synchronizer, release func(), err error) {
	hold, err := s.Engine.Hold(id, t.ID)
	switch {
	case sdk.CodeOf(err) == sdk.NotFound:
		return nil, Synchronizer{}, nil, unknownPlugin(id)
	case err != nil:
		return nil, Synchronizer{}, nil, err
	}
	defer func() {
		if err != nil {
			hold.Release()
		}
	}()
	e, known := s.Catalog.entry(id, hold.Manifest().Version)
	if !known { // the engine knows it and we do not
		return nil, Synchronizer{}, nil, unknownPlugin(id)
	}
	choice, err := s.Catalog.choice(ctx, t.ID, e)
	if err != nil {
		return nil, Synchronizer{}, nil, err
	}
	if err := e.on(choice); err != nil {
		return nil, Synchronizer{}, nil, err
	}
	kind, err := e.synchronizer(name)
	if err != nil {
		return nil, Synchronizer{}, nil, err
	}
	return hold.StepSource(s.binding(t, e, choice), name), kind, hold.Release, nil
}

func (e entry) synchronizer(name string) (Synchronizer, error) {
	for _, known := range e.synchronizers {
		if known.Name == name {
			return known, nil
		}
	}
	return Synchronizer{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf(
		"%s %s connects to no %.64q any more. Install a version that does, or delete what uses it.", e.manifest.Name, e.manifest.Version, name)}
}

// Runs refuses work of a plugin in the background where it is switched off or not there.
func (s *Service) Runs(ctx context.Context, t tenant.Tenant, id capability.PluginID) error {
	_, _, err := s.background(ctx, t, id)
	return err
}

// background is the binding of a plugin for work without a visitor.
func (s *Service) background(ctx context.Context, t tenant.Tenant, id capability.PluginID) (capability.Binding, entry, error) {
	e, choice, err := s.choice(ctx, t.ID, id)
	if err != nil {
		return capability.Binding{}, entry{}, err
	}
	if err := e.on(choice); err != nil {
		return capability.Binding{}, entry{}, err
	}
	return s.binding(t, e, choice), e, nil
}
