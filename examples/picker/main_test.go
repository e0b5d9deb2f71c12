package main

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
)

func TestDesksFollowTheBuilding(t *testing.T) {
	h := sdktest.Load(t, plugin, "plugin.json")
	page, err := h.View(sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, field, text string
		building          []string
		want              string
	}{
		{"buildings by a part of their name", "building", "ha", nil, "- Hamburg\n- Hanover\n"},
		{"desks without a building", "desks", "", nil, "empty: Choose a building that has such a desk.\n"},
		{"desks of a building", "desks", "", []string{"Hanover"}, "- N1 window\n- N2 door\n"},
		{"desks by a part of their name", "desks", "c", []string{"Hamburg"}, "- H3 corner\n"},
		{"desks of a building that is none", "desks", "", []string{"<b>"}, "empty: Choose a building that has such a desk.\n"},
	} {
		got, err := h.Type(page, "seat", tt.field, tt.text, map[string][]string{"building": tt.building})
		if err != nil {
			t.Fatal(err)
		}
		if got := sdktest.TextChoices(got); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	done, err := h.SubmitAll(page, "seat", map[string][]string{"building": {"Hamburg"}, "desks": {"H1 window", "H3 corner"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sdktest.Text(done), "Reserved\n## Hamburg\nH1 window, H3 corner\n"; got != want {
		t.Errorf("page = %q, want %q", got, want)
	}
}

func TestWhatWasPickedIsChecked(t *testing.T) {
	h := sdktest.Load(t, plugin, "plugin.json")
	for name, form := range map[string]map[string][]string{
		"nothing": nil, "no desk": {"building": {"Berlin"}}, "a desk of another building": {"building": {"Hanover"}, "desks": {"H1 window"}},
	} {
		if _, err := h.Action(sdk.Request{Name: "seat", Form: form}); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, plugin) }
