package services

import (
	"context"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/service"
)

// Plugins asks the plugin that provides a service to a tenant; feature.Service does.
type Plugins interface {
	Ask(ctx context.Context, caller *capability.Binding, q *service.Question) (*service.Answer, error)
}

// PluginsFunc makes Plugins of a function.
type PluginsFunc func(ctx context.Context, caller *capability.Binding, q *service.Question) (*service.Answer, error)

// Ask calls f.
func (f PluginsFunc) Ask(ctx context.Context, caller *capability.Binding, q *service.Question) (*service.Answer, error) {
	return f(ctx, caller, q)
}

// serviceService hands questions of plugins to those that answer.
type serviceService struct{ plugins Plugins }

// maxOperation bounds the name of an operation of a service, in bytes.
const maxOperation = 64

func (s *serviceService) call(ctx context.Context, b *capability.Binding, q *service.Question) (*service.Answer, error) {
	switch {
	case s.plugins == nil:
		return nil, hostError(sdk.Unimplemented, "plugins of this host cannot call one another")
	case !b.Grants[manifest.UseOf(q.Service)]:
		return nil, service.Absent(sdk.PermissionDenied, fmt.Sprintf(
			"the plugin may not use %.100q: plugin.json has to list it in requires, and an admin of the site has to grant it on the Pergola page", q.Service))
	case q.Op == "" || len(q.Op) > maxOperation:
		return nil, withField("op", hostError(sdk.Invalid, "the name of an operation has 1 to %d bytes", maxOperation))
	}
	a, err := s.plugins.Ask(ctx, b, q)
	// What another plugin says is not the host's word, nor the caller's.
	if e := (*sdk.Error)(nil); errors.As(err, &e) && e.Source == sdk.FromPlugin {
		return nil, withSource(e, sdk.FromDownstream)
	}
	return a, err
}
