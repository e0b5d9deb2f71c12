package settings_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
)

func ExampleLoad() {
	h := sdktest.New(&sdk.Plugin{})
	h.Settings = settings.Values{
		Strings:  map[string]string{"paper": "A4"},
		Numbers:  map[string]float64{"size": 40, "label.margin": 2.5},
		Switches: map[string]bool{"border": true},
		Lists:    map[string][]string{"projects": {"10000"}},
	}
	ctx := h.With(context.Background()) // in a plugin, use the context that the handler gets
	chosen, err := settings.Load(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(chosen.String("paper"), chosen.Int("size"), chosen.Float("label.margin"), chosen.Bool("border"), chosen.List("projects"))
	// Output: A4 40 2.5 true [10000]
}

func ExampleValues_Groups() {
	h := sdktest.New(&sdk.Plugin{ID: "acme.panels", Version: "1.0.0"})
	err := h.UseManifest([]byte(`{"id": "acme.panels", "version": "1.0.0", "configs": [{"type": "panel", "schema": {"properties": {
		"columns": {"type": "array", "items": {"type": "object", "properties": {"field": {"type": "string"}, "wide": {"type": "boolean", "default": true}}}}}}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := h.Configure("panel", `{"columns": [{"field": "status", "wide": false}, {"field": "summary"}]}`); err != nil {
		fmt.Println(err)
		return
	}
	panels, err := config.List(h.With(context.Background()), "panel")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range panels[0].Groups("columns") {
		fmt.Println(c.String("field"), c.Bool("wide"))
	}
	// Output:
	// status false
	// summary true
}
