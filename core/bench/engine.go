package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/bench/rounds"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// isolated is a guest as the engine runs it: with a fuel counter, on memory that nobody has used before, from a pool.
type isolated struct {
	driver *wasm.Driver
	driver.Module
}

func openIsolated(ctx context.Context, code []byte, l driver.Limits) (*isolated, error) {
	d, err := wasm.New(wasm.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	m, err := d.Load(ctx, code, l)
	if err != nil {
		return nil, errors.Join(err, d.Close(ctx))
	}
	if f := m.Facts(); f.Memory != driver.PristineMemory || f.Metering != driver.FuelMetering {
		return nil, errors.Join(errors.New("the guest runs without isolation: "+f.Note), d.Close(ctx))
	}
	return &isolated{d, m}, nil
}

func (i *isolated) close() { _ = i.driver.Close(context.Background()) } // nothing runs any more

// calls is a case that calls the guest for one tenant.
func (i *isolated) calls(name string, message []byte) rounds.Case {
	ctx := context.Background()
	c := driver.Call{Message: message, Tenant: "tenant"}
	return rounds.Case{Name: name, Run: func(n int) error {
		for range n {
			if _, err := i.Call(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}}
}

// pageID is the plugin of guest/page.
const pageID capability.PluginID = "bench.page"

// openEngine returns an engine that serves guest/page, and what closes it. A host call of the plugin is answered by answer, and o is told of
// each call; both may be nil.
func openEngine(ctx context.Context, code []byte, p core.Policy, answer func(context.Context), o core.Observer) (*core.Engine, func(), error) {
	d, err := wasm.New(wasm.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	end := func() { _ = d.Close(context.Background()) } // nothing runs any more
	broker, err := capability.NewBroker([]capability.Row{{Op: "wait", Handle: func(ctx context.Context, _ *capability.Binding, _ []byte) ([]byte, error) {
		if answer != nil {
			answer(ctx)
		}
		return nil, nil
	}}}, nil)
	if err != nil {
		end()
		return nil, nil, err
	}
	e, err := core.New(core.Config{Drivers: map[string]driver.Driver{"wasm": d}, Broker: broker, Policy: p, Observer: o})
	if err != nil {
		end()
		return nil, nil, err
	}
	m := &manifest.Manifest{
		ManifestVersion: 1, ID: pageID, Name: "Page", Version: "1.0.0",
		Compat: manifest.Compat{ABI: wire.ABI}, Runtime: manifest.Runtime{Kind: "wasm"},
	}
	if err := e.Add(ctx, m, code); err != nil {
		end()
		return nil, nil, err
	}
	return e, func() {
		_ = e.Close(context.Background()) // without a deadline it waits, and has no error
		end()
	}, nil
}

// view asks the plugin of an engine for a view.
func view(ctx context.Context, e *core.Engine, tenant string, r *sdk.Request) error {
	_, err := e.View(ctx, capability.Binding{Tenant: capability.TenantID(tenant), Plugin: pageID, Context: r.Context}, r)
	return err
}

// pageRequest asks guest/page for a page of ordinary size: some 700 bytes that become 2 KB.
func pageRequest() *sdk.Request {
	return &sdk.Request{
		Name: "page",
		Context: sdk.Context{
			Account: "5b10ac8d82e05b22cc7d4ef5", Module: "panel", IssueID: "10007", ProjectID: "10001",
			SiteURL: "https://acme.atlassian.net", Locale: "en-GB", TimeZone: "Europe/Berlin",
		},
		Params: map[string]string{
			"asset-0": "Building 4, second floor", "asset-1": "Lent to the workshop until May", "asset-2": "Store room B, shelf 12",
			"asset-3": "Building 1, reception", "asset-4": "With the supplier for repair", "asset-5": "Building 4, server room",
			"asset-6": "Car park, bay 31", "asset-7": "Building 2, meeting room Elbe",
		},
	}
}

// message returns the bytes with which a view is asked for.
func message(r *sdk.Request) ([]byte, error) {
	body, err := r.MarshalMsg(nil)
	if err != nil {
		return nil, err
	}
	call := wire.Call{Op: wire.OpView, Body: body}
	return call.MarshalMsg(nil)
}

// ms is a duration in milliseconds.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
