// Picker is a panel with two pickers, of which the second follows the first: desks of the building that is chosen.
package main

import (
	"context"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/view"
)

var plugin = &sdk.Plugin{
	ID: "example.picker", Version: "0.1.0",
	Views:      map[string]sdk.View{"panel": sdk.ViewFunc(panel)},
	Actions:    map[string]sdk.Action{"seat": sdk.ActionFunc(seat)},
	Suggesters: map[string]sdk.Suggester{"buildings": sdk.SuggesterFunc(buildings), "desks": sdk.SuggesterFunc(desks)},
}
var places = map[string][]string{"Hamburg": {"H1 window", "H2 door", "H3 corner"}, "Hanover": {"N1 window", "N2 door"}, "Berlin": nil}

func init() { serve.Plugin(plugin) }

func panel(context.Context, *sdk.Request) (*view.Page, error) {
	return &view.Page{Title: "Seats", Blocks: []view.Block{{Form: &view.Form{Action: "seat", Submit: "Reserve", Fields: []view.Field{
		{Name: "building", Label: "Building", Kind: view.PickerField, Suggest: "buildings", Required: true},
		{Name: "desks", Label: "Desks", Kind: view.PickerField, Suggest: "desks", Required: true, Multiple: true, MaxChosen: 2, MinChars: 1, Follows: []string{"building"}},
	}}}}}, nil
}

func buildings(_ context.Context, r *sdk.Request) (*view.Choices, error) {
	return match(r.Params["q"], view.CompanyIcon, "Berlin", "Hamburg", "Hanover"), nil
}

func desks(_ context.Context, r *sdk.Request) (*view.Choices, error) {
	out := match(r.Params["q"], view.DeviceIcon, places[strings.Join(r.Form["building"], "")]...)
	out.Empty = "Choose a building that has such a desk."
	return out, nil
}

func match(q string, icon view.Icon, names ...string) *view.Choices {
	out := &view.Choices{}
	for _, name := range names {
		if strings.Contains(strings.ToLower(name), strings.ToLower(q)) {
			out.Choices = append(out.Choices, view.Choice{Value: name, Label: name, Icon: icon})
		}
	}
	return out
}

// seat checks what was picked: it comes from the browser.
func seat(_ context.Context, r *sdk.Request) (*view.Page, error) {
	building, desks := strings.Join(r.Form["building"], ""), r.Form["desks"]
	if len(desks) == 0 || slices.ContainsFunc(desks, func(desk string) bool { return !slices.Contains(places[building], desk) }) {
		return nil, sdk.Errorf(sdk.Invalid, "choose a building and desks in it")
	}
	return &view.Page{Title: "Reserved", Blocks: []view.Block{view.H(building), view.P(strings.Join(desks, ", "))}}, nil
}

func main() {}
