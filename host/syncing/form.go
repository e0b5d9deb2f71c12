package syncing

import (
	"context"
	"encoding/json"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Kind returns a kind of source: its form and its secrets.
func (s *Service) Kind(ctx context.Context, t tenant.Tenant, plugin capability.PluginID, synchronizer string) (feature.Synchronizer, error) {
	_, known, err := s.cfg.Features.Source(ctx, t, plugin, synchronizer)
	return known, err
}

// Decode makes settings of the submitted fields of a connection's form. The error is a *FormError where fields need other values.
func (s *Service) Decode(ctx context.Context, t tenant.Tenant, plugin capability.PluginID, synchronizer string, form map[string][]string) (json.RawMessage, error) {
	known, err := s.Kind(ctx, t, plugin, synchronizer)
	if err != nil || known.Form == nil {
		return nil, err
	}
	raw, problems := known.Form.Decode(form)
	if len(problems) > 0 {
		return nil, &FormError{problems, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: problems[0].Path, Message: problems.Error()}}
	}
	return raw, nil
}
