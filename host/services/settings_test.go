package services_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/settings"
)

func noSettings(context.Context, *capability.Binding) (*settings.Values, error) { return nil, nil }

func TestSettingsAreThoseOfTheBinding(t *testing.T) {
	want := &settings.Values{
		Strings: map[string]string{"size": "small"}, Numbers: map[string]float64{"page.margin": 1.5},
		Switches: map[string]bool{"logo": true}, Lists: map[string][]string{"projects": {"10000", "10001"}},
	}
	b := binding("t")
	rows := services.New(services.Deps{Settings: services.SettingsFunc(func(_ context.Context, got *capability.Binding) (*settings.Values, error) {
		if got != b {
			t.Errorf("asked under %+v", got)
		}
		return want, nil
	})})
	got, err := settings.Load(as(t, rows, b))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Load: %v (-want +got):\n%s", err, diff)
	}
}

func TestNoSettingsAreEmpty(t *testing.T) {
	got, err := settings.Load(as(t, services.New(services.Deps{Settings: services.SettingsFunc(noSettings)}), binding("t")))
	if diff := cmp.Diff(&settings.Values{}, got); err != nil || diff != "" {
		t.Errorf("Load: %v (-want +got):\n%s", err, diff)
	}
}

func TestSettingsErrorsAreTheHosts(t *testing.T) {
	for _, c := range []struct {
		err  error
		want sdk.Error
	}{
		{errors.New("broken"), sdk.Error{Code: sdk.Internal, Source: sdk.FromHost}},
		{&sdk.Error{Code: sdk.NotFound, Message: "no such plugin"}, sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost}},
	} {
		rows := services.New(services.Deps{Settings: services.SettingsFunc(func(context.Context, *capability.Binding) (*settings.Values, error) {
			return nil, c.err
		})})
		_, err := settings.Load(as(t, rows, binding("t")))
		wantError(t, c.err.Error(), err, c.want)
	}
}
