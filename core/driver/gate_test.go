package driver_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func wantCode(t *testing.T, err error, code sdk.Code, source sdk.Source) {
	t.Helper()
	e, isError := err.(*sdk.Error)
	if !isError || e.Code != code || e.Source != source {
		t.Errorf("got %v, want %s of the %s", err, code, source)
	}
}

func TestZeroLimitsMeanTheDefaults(t *testing.T) {
	l := driver.Limits{}.WithDefaults()
	if l.MemoryBytes != 64<<20 || l.Instances < 2 || l.Timeout != 10*time.Second || l.Wait != 2*time.Second {
		t.Errorf("got %+v", l)
	}
	if again := l.WithDefaults(); again != l {
		t.Errorf("limits that are set were changed to %+v", again)
	}
}

func TestCallHasTheDeadlineOfTheGate(t *testing.T) {
	g := driver.NewGate(driver.Limits{Timeout: time.Millisecond})
	ctx, leave, err := g.Enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	<-ctx.Done()
	wantCode(t, driver.Stopped(ctx), sdk.Deadline, sdk.FromPlugin)
}

func TestLeavingEndsTheContextAndFreesThePlace(t *testing.T) {
	g := driver.NewGate(driver.Limits{Instances: 1, Wait: time.Millisecond})
	for range 3 {
		ctx, leave, err := g.Enter(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := driver.Stopped(ctx); err != nil {
			t.Errorf("inside: %v", err)
		}
		leave()
		if ctx.Err() == nil {
			t.Error("the call's context outlives the call")
		}
	}
}

func TestWaitingEndsWithTheContextOrWithClose(t *testing.T) {
	g := driver.NewGate(driver.Limits{Instances: 1, Wait: time.Hour})
	_, leave, err := g.Enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, _, err = g.Enter(ctx)
	wantCode(t, err, sdk.Canceled, sdk.FromHost)

	waiting := make(chan error, 1)
	go func() {
		_, _, err := g.Enter(context.Background())
		waiting <- err
	}()
	closed := make(chan error, 1)
	go func() { closed <- g.Close(context.Background()) }()
	wantCode(t, <-waiting, sdk.Unavailable, sdk.FromHost)
	leave()
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestCloseGivesUpOnACallThatDoesNotEnd(t *testing.T) {
	g := driver.NewGate(driver.Limits{})
	call, leave, err := g.Enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wantCode(t, driver.Stopped(call), sdk.Unavailable, sdk.FromHost)
	leave()
	if err := g.Close(context.Background()); err != nil {
		t.Errorf("the second close: %v", err)
	}
}

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
