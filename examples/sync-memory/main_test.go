package main

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestPlanetsComePageByPage(t *testing.T) {
	s := sdktest.Load(t, plugin, "plugin.json").Source("planets")
	r := &sync.Read{Stream: "planets", Columns: []string{"moons", "name"}, Limit: 3}
	first, err := s.Read.Read(t.Context(), r)
	if err != nil || len(first.Rows) != 3 || first.Rows[2][1].Text() != "Earth" || first.Rows[2][0].Int() != 1 {
		t.Fatalf("the first page is %v, %v", first, err)
	}
	r.Cursor = first.Next
	last, err := s.Read.Read(t.Context(), r)
	if err != nil || len(last.Rows) != 1 || last.Rows[0][1].Text() != "Mars" || len(last.Next) > 0 {
		t.Errorf("the last page is %v, %v", last, err)
	}
}

func TestSourceConforms(t *testing.T) {
	sdktest.ConformSource(t, sdktest.Load(t, plugin, "plugin.json").Source("planets"), sdktest.Connection{})
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, plugin) }
