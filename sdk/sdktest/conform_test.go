package sdktest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

func TestGoodPluginConforms(t *testing.T) { sdktest.Conform(t, workshop) }

// bad are plugins that must not pass, with a part of what Conform says about each.
var bad = map[string]struct {
	plugin *sdk.Plugin
	want   string
}{
	"id":         {&sdk.Plugin{ID: "Bad", Version: "0.1.0", Files: workshop.Files}, `the id is "Bad"`},
	"version":    {&sdk.Plugin{ID: "a.b", Version: "v1", Files: workshop.Files}, `the version is "v1"`},
	"empty":      {&sdk.Plugin{ID: "a.b", Version: "0.1.0"}, "it offers nothing"},
	"name":       {views("Two words", workshop.Views["panel"]), `view "Two words"`},
	"nil":        {views("v", nil), `the view "v" is nil`},
	"page":       {views("v", page(func(*sdk.Request) *view.Page { return &view.Page{} })), "has no title"},
	"panic":      {views("v", page(func(r *sdk.Request) *view.Page { return &view.Page{Title: r.Form["name"][0]} })), "view v: panic: runtime error: index out of range"},
	"event name": {listener("Two words", func(context.Context, *event.Event) error { return nil }), `handler of events "Two words"`},
	"event nil":  {&sdk.Plugin{ID: "a.b", Version: "0.1.0", Events: map[string]sdk.EventHandler{"e": nil}}, `the handler of events "e" is nil`},
	"event panic": {listener("e", func(_ context.Context, e *event.Event) error {
		_ = e.Changed[0]
		return nil
	}), "panic: runtime error: index out of range"},
	"host error ignored": {views("v", sdk.ViewFunc(func(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
		issue, _ := jira.Get(ctx, "10001")
		return &view.Page{Title: issue.Key}, nil
	})), "nil pointer"},
	"error without words": {views("v", sdk.ViewFunc(func(context.Context, *sdk.Request) (*view.Page, error) {
		return nil, &sdk.Error{Code: sdk.Internal}
	})), "an error without code, source or message"},
}

func listener(name string, h event.Handler) *sdk.Plugin {
	return &sdk.Plugin{ID: "a.b", Version: "0.1.0", Events: map[string]sdk.EventHandler{name: h}}
}

func views(name string, v sdk.View) *sdk.Plugin {
	return &sdk.Plugin{ID: "a.b", Version: "0.1.0", Views: map[string]sdk.View{name: v}}
}

func page(f func(*sdk.Request) *view.Page) sdk.View {
	return sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) { return f(r), nil })
}

// A test that fails on purpose has to run in a process of its own.
func TestBadPluginsDoNotConform(t *testing.T) {
	const variable = "SDKTEST_BAD_PLUGIN"
	if name := os.Getenv(variable); name != "" {
		sdktest.Conform(t, bad[name].plugin)
		return
	}
	for name, b := range bad {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBadPluginsDoNotConform$")
		cmd.Env = append(os.Environ(), variable+"="+name)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), b.want) {
			t.Errorf("%s: %v, and it does not say %q:\n%s", name, err, b.want, out)
		}
	}
}
