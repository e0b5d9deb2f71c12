package settings_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
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
