package driver_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func TestAskAnswersInEveryCase(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	host := func(reply []byte) hostcall.Host {
		return hostcall.HostFunc(func(context.Context, []byte) []byte { return reply })
	}
	good := driver.Refuse(sdk.NotFound, "no such thing")
	for _, tt := range []struct {
		name string
		host hostcall.Host
		call []byte
		want sdk.Code
	}{
		{"answer", host(good), nil, sdk.NotFound},
		{"no host", nil, nil, sdk.Unavailable},
		{"no answer", host(nil), nil, sdk.Internal},
		{"long call", host(good), make([]byte, wire.MaxMessage+1), sdk.Invalid},
		{"long answer", host(make([]byte, wire.MaxMessage+1)), nil, sdk.Exhausted},
		{"panic", hostcall.HostFunc(func(context.Context, []byte) []byte { panic("x") }), nil, sdk.Internal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var result wire.Result
			if _, err := result.UnmarshalMsg(driver.Ask(context.Background(), tt.host, tt.call, log)); err != nil {
				t.Fatal(err)
			}
			if result.Error == nil || result.Error.Code != tt.want || result.Error.Source != sdk.FromHost {
				t.Errorf("got %v, want %s", result.Error, tt.want)
			}
		})
	}
}
