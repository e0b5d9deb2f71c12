package main

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

func TestItTellsWhatIsLeft(t *testing.T) {
	h := sdktest.Load(t, plugin, "plugin.json")
	ask := func(thing string) (got string, err error) {
		err = h.Serve(service.Request{Name: "stock", Op: "left", Caller: "example.shelf"},
			func([]byte) ([]byte, error) { return []byte(thing), nil },
			func(raw []byte) ([]byte, error) { got = string(raw); return nil, nil })
		return got, err
	}
	if got, err := ask("ThinkPad X1"); got != "7" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := ask("Typewriter"); sdk.CodeOf(err) != sdk.NotFound {
		t.Error(err)
	}
	sdktest.Conform(t, plugin)
}
