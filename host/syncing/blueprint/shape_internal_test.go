package blueprint

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
)

// keys are the names that a type has in JSON or YAML.
func keys(t reflect.Type, tag string) []string {
	var out []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get(tag), ",")
		out = append(out, name)
	}
	return out
}

func TestFileHasTheShapeOfWhatItConfigures(t *testing.T) {
	for _, tt := range []struct{ configured, written any }{
		{mapping.Config{}, rules{}}, {mapping.TypeRule{}, typeRule{}}, {mapping.Missing{}, missing{}}, {mapping.Brake{}, brake{}}, {mapping.Field{}, field{}},
	} {
		if diff := cmp.Diff(keys(reflect.TypeOf(tt.configured), "json"), keys(reflect.TypeOf(tt.written), "yaml")); diff != "" {
			t.Errorf("%T (-JSON +YAML):\n%s", tt.configured, diff)
		}
	}
	want := keys(reflect.TypeFor[syncing.Schedule](), "json")
	kept := []string{"next", "last", "skipped"} // by the host, not by an admin
	if diff := cmp.Diff(want, append(keys(reflect.TypeFor[schedule](), "yaml"), kept...), cmp.Transformer("set", func(in []string) map[string]bool {
		out := map[string]bool{}
		for _, one := range in {
			out[one] = true
		}
		return out
	})); diff != "" {
		t.Errorf("schedule (-JSON +YAML):\n%s", diff)
	}
}
