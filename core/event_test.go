package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/view"
)

// An event is told under the limits of its own class, in the background, and as nobody: whatever the event says of itself.
func TestAnEventIsToldUnderItsOwnLimits(t *testing.T) {
	var saw sdk.Context
	var background bool
	broker, err := capability.NewBroker([]capability.Row{{Op: "inside", Handle: func(_ context.Context, b *capability.Binding, _ []byte) ([]byte, error) {
		background = b.Background
		return nil, nil
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	plugin := &sdk.Plugin{
		ID: "acme.ears", Version: "1.0.0",
		Views: map[string]sdk.View{"panel": sdk.ViewFunc(func(context.Context, *sdk.Request) (*view.Page, error) { return &view.Page{Title: "Ears"}, nil })},
		Events: map[string]sdk.EventHandler{"ears": event.Handler(func(ctx context.Context, e *event.Event) error {
			saw = e.Context
			for range 3 {
				if err := hostcall.Do(ctx, "inside", nil, nil); err != nil {
					return err
				}
			}
			return nil
		})},
	}
	e, err := core.New(core.Config{Drivers: map[string]driver.Driver{"inproc": inproc.New(nil, plugin)}, Broker: broker})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	m := manifestOf("acme.ears", "1.0.0", "panel")
	m.Modules[0].View = "panel"
	m.Limits = manifest.Limits{Request: manifest.ClassLimits{HostCalls: 100}, Event: manifest.ClassLimits{HostCalls: 2}}
	m.Events = []manifest.Event{{Event: event.IssueDeleted, Handler: "nobody"}}
	if err := e.Add(t.Context(), m, []byte("acme.ears")); err == nil || !strings.Contains(err.Error(), `names the handler "nobody"`) {
		t.Errorf("a manifest is taken whose handler the code does not have: %v", err)
	}
	m.Events[0].Handler = "ears"
	if err := e.Add(t.Context(), m, []byte("acme.ears")); err != nil {
		t.Fatal(err)
	}
	hold, err := e.Hold("acme.ears", "site")
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Release()
	err = hold.Tell(t.Context(), capability.Binding{Context: sdk.Context{SiteURL: "https://acme.atlassian.net"}},
		event.Event{Name: "ears", Kind: event.IssueDeleted, ID: "1", Context: sdk.Context{Account: "557058:mia"}})
	var failure *sdk.Error
	if !errors.As(err, &failure) || failure.Limit != "event.hostCalls" {
		t.Errorf("the third host call: %v", err)
	}
	if !background || saw != (sdk.Context{SiteURL: "https://acme.atlassian.net"}) {
		t.Errorf("background %t, context %+v", background, saw)
	}
}
