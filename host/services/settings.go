package services

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// settingsService hands a plugin what the tenant's admin chose for it.
type settingsService struct{ source SettingsSource }

func (s *settingsService) load(ctx context.Context, b *capability.Binding, _ *nothing) (*settings.Values, error) {
	if s.source == nil {
		return nil, hostError(sdk.Unimplemented, "this host keeps no settings")
	}
	values, err := s.source.Load(ctx, b)
	if err != nil {
		return nil, err
	}
	if values == nil {
		values = &settings.Values{}
	}
	return values, nil
}
