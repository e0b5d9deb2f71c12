package connect_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
)

func TestWritingIsAskedForOnlyWhereAPluginNeedsIt(t *testing.T) {
	for permission, want := range map[string][]string{
		manifest.JiraRead:     {"READ"},
		manifest.JiraWrite:    {"DELETE", "READ", "WRITE"},
		manifest.JiraSearchAs: {"READ"},
		manifest.Store:        {"READ"},
	} {
		some := plugins()
		for _, p := range some { // two plugins, each scope once
			p.Permissions = []manifest.Permission{{Name: permission, Reason: "as the test has it"}}
		}
		raw, err := connect.Descriptor(config(), some)
		if err != nil {
			t.Fatal(err)
		}
		var d struct{ Scopes []string }
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		slices.Sort(d.Scopes)
		if diff := cmp.Diff(want, d.Scopes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", permission, diff)
		}
	}
}
