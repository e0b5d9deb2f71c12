package core_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

func TestNewerVersionTakesOverWhileOldCallsEnd(t *testing.T) {
	inside, free := make(chan struct{}), make(chan struct{})
	v := &versions{byCode: map[string]*sdk.Plugin{
		"v1": pluginOf("x.y", "1.0.0", func(context.Context, *sdk.Request) (*view.Page, error) {
			close(inside)
			<-free
			return &view.Page{Title: "one"}, nil
		}),
		"v2": pluginOf("x.y", "1.10.0", says("two")),
	}}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	old := make(chan string, 1)
	go func() {
		page, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
		if err != nil {
			old <- err.Error()
			return
		}
		old <- page.Title
	}()
	<-inside
	add(t, e, manifestOf("x.y", "1.10.0", "panel"), "v2")
	if got := title(t, e, acme); got != "two" {
		t.Errorf("a new call gets %q", got)
	}
	if n := v.modules(); n != 2 {
		t.Errorf("%d modules are open while a call runs on the old one", n)
	}
	close(free)
	if got := <-old; got != "one" {
		t.Errorf("the old call ended with %q", got)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if n := v.modules(); n != 0 {
		t.Errorf("%d modules are open after Close", n)
	}
}

func TestFailedUpgradeLeavesTheOldVersionServing(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{
		"v1": pluginOf("x.y", "1.0.0", says("one")), "v1b": pluginOf("x.y", "1.0.0", says("one, otherwise")),
		"v2": pluginOf("x.y", "1.0.1", says("two")), "v0": pluginOf("x.y", "0.9.0", says("zero")),
	}}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	for _, tt := range []struct{ version, code, want string }{
		{"2.0.0", "rubbish", "not a plugin"},
		{"2.0.0", "v2", `the code says "1.0.1"`},
		{"1.0.0", "v1b", "raise version in plugin.json"},
		{"0.9.0", "v0", "older than 1.0.0"},
	} {
		err := e.Add(context.Background(), manifestOf("x.y", tt.version, "panel"), []byte(tt.code))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.code, err, tt.want)
		}
		if got := title(t, e, acme); got != "one" {
			t.Errorf("%s: then %q serves", tt.code, got)
		}
		s := e.Plugins()[0]
		if s.Health != core.Healthy || !s.Serves || s.Manifest.Version != "1.0.0" || err == nil || s.Reason != err.Error() {
			t.Errorf("%s: the status is %+v", tt.code, s)
		}
	}
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1") // the same again
	if s := e.Plugins()[0]; s.Reason != "" || s.Calls != 4 {
		t.Errorf("adding the same changed something: %+v", s)
	}
	add(t, e, manifestOf("x.y", "1.0.1", "panel"), "v2")
	if got := title(t, e, acme); got != "two" {
		t.Errorf("then %q serves", got)
	}
}

func TestDevelopmentReplacesAnyVersion(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{"a": pluginOf("x.y", "1.0.0", says("a")), "b": pluginOf("x.y", "1.0.0", says("b"))}}
	e := newEngine(t, core.Config{Drivers: drivers(v), Development: true})
	for _, code := range []string{"a", "b", "a"} {
		add(t, e, manifestOf("x.y", "1.0.0", "panel"), code)
		if got := title(t, e, acme); got != code {
			t.Errorf("after adding %s, %q serves", code, got)
		}
	}
}

func TestCallsAndUpgradesAtTheSameTime(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{}}
	for i := range 20 {
		version := fmt.Sprintf("1.%d.0", i)
		v.byCode[version] = pluginOf("x.y", version, says(version))
	}
	e := newEngine(t, core.Config{Drivers: drivers(v), Policy: core.Policy{Wait: time.Minute}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "1.0.0")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"}); err != nil {
					t.Errorf("a call failed during an upgrade: %v", err)
					return
				}
			}
		})
	}
	for i := 1; i < 20; i++ {
		version := fmt.Sprintf("1.%d.0", i)
		add(t, e, manifestOf("x.y", version, "panel"), version)
	}
	close(stop)
	wg.Wait()
	if got := title(t, e, acme); got != "1.19.0" {
		t.Errorf("at last %s serves", got)
	}
}
