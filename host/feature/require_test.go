package feature_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/view"
)

const (
	stock  = capability.PluginID("acme.stock")
	shelf  = capability.PluginID("acme.shelf")
	counts = "acme.stock/v1"
	places = "acme.shelf/v1"
)

// shop is a world with two plugins: shelf, which asks stock how many are left, and stock, which asks shelf when it is told to.
type shop struct {
	*world
	*feature.Service
	asked []service.Request
}

func openShop(t *testing.T, change func(shelf map[string]any)) *shop {
	t.Helper()
	s := &shop{world: newWorld(t)}
	text := func(body string) func([]byte) ([]byte, error) {
		return func([]byte) ([]byte, error) { return []byte(body), nil }
	}
	ask := func(ctx context.Context, name, op string) (out string, err error) {
		err = service.Ask(ctx, name, op, text(op), func(raw []byte) ([]byte, error) { out = string(raw); return nil, nil })
		return out, err
	}
	circle := func(other string) service.Handler {
		return service.HandlerFunc(func(ctx context.Context, _ *service.Request) ([]byte, error) {
			out, err := ask(ctx, other, "circle")
			return []byte(out), err
		})
	}
	draw := sdk.ViewFunc(func(ctx context.Context, r *sdk.Request) (*view.Page, error) {
		title, err := ask(ctx, counts, r.Params["op"])
		return &view.Page{Title: title}, err
	})
	plugins := []*sdk.Plugin{
		{ID: string(shelf), Version: "1.0.0", Views: map[string]sdk.View{"show": draw}, Services: map[string]sdk.Service{"places": service.Mux{"circle": circle(counts)}}},
		{ID: string(stock), Version: "1.0.0", Services: map[string]sdk.Service{"counts": service.Mux{
			"left": service.HandlerFunc(func(_ context.Context, r *service.Request) ([]byte, error) {
				s.asked = append(s.asked, *r)
				return []byte("7 left"), nil
			}),
			"refuse": service.HandlerFunc(func(context.Context, *service.Request) ([]byte, error) {
				return nil, sdk.Errorf(sdk.NotFound, "nobody sells that")
			}),
			"panic":  service.HandlerFunc(func(context.Context, *service.Request) ([]byte, error) { panic("as asked") }),
			"circle": circle(places),
			"lacks": service.HandlerFunc(func(ctx context.Context, _ *service.Request) ([]byte, error) {
				_, err := ask(ctx, "acme.nothing/v1", "left")
				if !service.Missing(err) {
					return nil, fmt.Errorf("a service that is not there is not missing: %w", err)
				}
				return nil, err
			}),
		}}},
	}
	broker, err := capability.NewBroker(services.New(services.Deps{
		Plugins: services.PluginsFunc(func(ctx context.Context, caller *capability.Binding, q *service.Question) (*service.Answer, error) {
			return s.Ask(ctx, caller, q)
		}),
	}), nil)
	check(t, err)
	e, err := core.New(core.Config{Broker: broker, Drivers: map[string]driver.Driver{"wasm": inproc.New(slog.New(slog.DiscardHandler), plugins...)}})
	check(t, err)
	t.Cleanup(func() { check(t, e.Close(context.Background())) })

	of := map[string]any{
		"id": shelf, "name": "Shelf", "permissions": nil, "settings": nil,
		"modules":  []any{map[string]any{"type": "generalPage", "key": "open", "name": "Open", "view": "show"}},
		"provides": []any{map[string]any{"capability": "service/v1", "name": "places", "service": places, "title": "Places"}},
		"requires": []any{map[string]any{"service": counts, "reason": "Show how many are left"}},
	}
	if change != nil {
		change(of)
	}
	all := []*manifest.Manifest{parse(t, of), parse(t, map[string]any{
		"id": stock, "name": "Stock", "permissions": nil, "settings": nil, "modules": nil,
		"provides": []any{map[string]any{"capability": "service/v1", "name": "counts", "service": counts, "title": "Counts"}},
		"requires": []any{map[string]any{"service": places, "reason": "Say where things are", "optional": true}},
	})}
	catalog, err := feature.NewCatalog(s.choices, nil, all...)
	check(t, err)
	for _, m := range all {
		check(t, e.Add(t.Context(), m, []byte(m.ID)))
	}
	s.Service = feature.New(feature.Config{
		Catalog: catalog, Engine: e, Tenants: s.tenants, Jira: s.jira, BaseURL: "https://pergola.example",
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	})
	return s
}

func (s *shop) turn(id capability.PluginID, on bool) error {
	return s.SetEnabled(s.t.Context(), s.tenant, admin, id, on)
}

func (s *shop) ask(op string) (string, error) {
	drawn, err := s.View(s.t.Context(), auth.Principal{Tenant: s.tenant.ID, Account: user}, feature.Place{Plugin: shelf, Module: "open"}, map[string]string{"op": op})
	if err != nil {
		return "", err
	}
	return drawn.Page.Title, nil
}

func (s *shop) refuses(op string, code sdk.Code, source sdk.Source, words string) {
	s.t.Helper()
	got, err := s.ask(op)
	var e *sdk.Error
	if !errors.As(err, &e) || e.Code != code || e.Source != source || !strings.Contains(e.Message, words) {
		s.t.Errorf("%s: %q, %v; want %s of the %s with %q", op, got, err, code, source, words)
	}
}

func TestOnePluginAsksAnother(t *testing.T) {
	s := openShop(t, nil)
	check(t, s.turn(stock, true))
	check(t, s.turn(shelf, true))
	got, err := s.ask("left")
	check(t, err)
	want := []service.Request{{
		Name: "counts", Op: "left", Caller: string(shelf), Body: []byte("left"), Context: sdk.Context{Account: user, SiteURL: "https://acme.atlassian.net"},
	}}
	if diff := cmp.Diff(want, s.asked); diff != "" || got != "7 left" {
		t.Errorf("%q (-want +got):\n%s", got, diff)
	}
	s.refuses("refuse", sdk.NotFound, sdk.FromDownstream, "nobody sells that")
	s.refuses("panic", sdk.Internal, sdk.FromDownstream, "")
	s.refuses("steal", sdk.Unimplemented, sdk.FromDownstream, `no operation "steal"`)
	s.refuses("", sdk.Invalid, sdk.FromHost, "operation")
}

func TestWhatAPluginCannotDoWithoutIsSwitchedOnFirst(t *testing.T) {
	s := openShop(t, nil)
	refused := func(err error, words string) {
		t.Helper()
		if sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want words like %q", err, words)
		}
	}
	refused(s.turn(shelf, true), "Stock is switched off on this site")
	check(t, s.turn(stock, true)) // what it requires is optional
	check(t, s.turn(shelf, true))
	refused(s.turn(stock, false), "Shelf cannot do without Stock")
	check(t, s.turn(shelf, false))
	check(t, s.turn(stock, false))
}

func TestAServiceThatIsOffIsUnavailable(t *testing.T) {
	s := openShop(t, func(m map[string]any) {
		m["requires"] = []any{map[string]any{"service": counts, "reason": "Show how many are left", "optional": true}}
	})
	check(t, s.turn(shelf, true))
	s.refuses("left", sdk.Unavailable, sdk.FromHost, "Stock is switched off on this site. A Jira admin can switch it on")
	check(t, s.turn(stock, true))
	if got, err := s.ask("left"); got != "7 left" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAServiceThatIsNotRequiredIsNotGiven(t *testing.T) {
	s := openShop(t, func(m map[string]any) { m["requires"] = nil })
	check(t, s.turn(stock, true))
	check(t, s.turn(shelf, true))
	s.refuses("left", sdk.PermissionDenied, sdk.FromHost, "list it in requires")
	if len(s.asked) > 0 {
		t.Errorf("%+v", s.asked)
	}
}

// A plugin that goes on without a rule that is not there must not go on without one that failed.
func TestWhatAServiceLacksIsNotMissingForWhoAsksIt(t *testing.T) {
	s := openShop(t, func(m map[string]any) {
		m["requires"] = []any{map[string]any{"service": counts, "reason": "Show how many are left", "optional": true}}
	})
	check(t, s.turn(shelf, true))
	if _, err := s.ask("left"); !service.Missing(err) {
		t.Errorf("%v, want a service that is missing", err)
	}
	check(t, s.turn(stock, true))
	for _, op := range []string{"lacks", "refuse", "panic", "steal", ""} {
		if _, err := s.ask(op); err == nil || service.Missing(err) {
			t.Errorf("%s: %v, want the failure of a service that is there", op, err)
		}
	}
	s.refuses("lacks", sdk.PermissionDenied, sdk.FromDownstream, "acme.nothing/v1")
}

func TestServicesThatAskInACircleEnd(t *testing.T) {
	s := openShop(t, nil)
	check(t, s.turn(stock, true))
	check(t, s.turn(shelf, true))
	s.refuses("circle", sdk.Exhausted, sdk.FromHost, "in a circle")
}
