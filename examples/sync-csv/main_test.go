package main

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func config(table string) sync.Config {
	return sync.Config{Settings: settings.Values{Strings: map[string]string{"table": table}}}
}

func TestSourceConforms(t *testing.T) {
	sdktest.ConformSource(t, sdktest.Load(t, plugin, "plugin.json").Source("csv"), sdktest.Connection{
		Config: config("serial,model,note\nA-7,ThinkPad,\"two\nlines, and a comma\"\nB-1,MacBook,\n\"\",none,\nC-3,\"\"\"quoted\"\"\",ü\n"),
		Broken: map[string]sync.Config{"nothing": config(""), "missing value": config("a,b\n1\n"), "open quote": config("a\n\"1\n")},
	})
}

func TestKeyThatIsThereTwiceIsRefused(t *testing.T) {
	s := sdktest.Load(t, plugin, "plugin.json").Source("csv")
	_, err := s.Read.Read(t.Context(), &sync.Read{Config: config("serial\nA-7\nA-7\n"), Stream: "table", Columns: []string{"serial"}})
	if sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, plugin) }
