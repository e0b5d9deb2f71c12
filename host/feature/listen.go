package feature

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

// Listener is a plugin that listens to a kind of event.
type Listener struct {
	Plugin capability.PluginID
	Wants  Interest
}

// Listeners are the plugins of a tenant that are switched on and listen to a kind of event, by id.
func (s *Service) Listeners(ctx context.Context, t capability.TenantID, kind string) ([]Listener, error) {
	var out []Listener
	for _, st := range s.Engine.Plugins() {
		e, choice, err := s.choice(ctx, t, st.Manifest.ID)
		if sdk.CodeOf(err) == sdk.NotFound {
			continue // it was taken out just now
		}
		if err != nil {
			return nil, err
		}
		listener, listens := e.manifest.Listener(kind)
		if !listens || e.on(choice) != nil {
			continue
		}
		wants, err := s.interest(ctx, t, e, choice, listener.Only)
		if err != nil {
			return nil, err
		}
		out = append(out, Listener{e.manifest.ID, wants})
	}
	slices.SortFunc(out, func(a, b Listener) int { return strings.Compare(string(a.Plugin), string(b.Plugin)) })
	return out, nil
}

// Tell tells a plugin of something that happened. It is unavailable where the plugin was switched off or taken out just now, and does nothing
// where its version does not listen to that.
func (s *Service) Tell(ctx context.Context, t tenant.Tenant, id capability.PluginID, v event.Event) error {
	hold, e, choice, err := s.held(ctx, t, id)
	if err != nil {
		return err
	}
	defer hold.Release()
	if e.on(choice) != nil {
		return deaf(id)
	}
	listener, listens := e.manifest.Listener(v.Kind)
	if !listens {
		return nil
	}
	v.Name = listener.Handler
	return hold.Tell(ctx, s.binding(t, e, choice), v)
}

// deaf is the error of a plugin that cannot be told of anything now, but may be later.
func deaf(id capability.PluginID) error {
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: fmt.Sprintf("the plugin %.128q is switched off or not there at this moment", id)}
}
