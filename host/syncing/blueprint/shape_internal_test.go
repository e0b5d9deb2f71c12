package blueprint

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/sdk"
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

func FuzzFileIsUnderstoodOrRefused(f *testing.F) {
	for _, seed := range []string{
		"", "version: 1", "a: &a [*a]", "connections:\n  - {name: a, settings: {b: 2027-01-31, c: [1, {d: .nan}], ? [e] : f}}", "- 1", "\t", "version: 1\n---\n",
		"synchronizations:\n  - name: a\n    mapping: {type: {values: {a: b}}, fields: [{field: {}}]}\n    schedule: {once: 1}",
		"connections:\n  - name: &n x\n    plugin: *n\n    settings: &s {a: 1}\n    secrets: {p: {env: E}}\n  - {name: y, settings: *s}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := parse(raw)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || len(e.Problems) == 0 || sdk.CodeOf(err) != sdk.Invalid {
				t.Fatalf("refused without a problem: %v", err)
			}
			return
		}
		for _, c := range got.Connections {
			settings, err := object(&c.Settings)
			if err != nil {
				continue
			}
			again, err := node(settings)
			if err != nil {
				t.Fatalf("settings %s cannot be written: %v", settings, err)
			}
			raw, err := write(again)
			if err != nil {
				t.Fatalf("settings %s cannot be written: %v", settings, err)
			}
			var n yaml.Node
			if err := yaml.Unmarshal(raw, &n); err != nil {
				t.Fatalf("%q cannot be read: %v", raw, err)
			}
			if again.IsZero() {
				continue
			}
			if back, err := object(n.Content[0]); err != nil || string(canonical(back)) != string(canonical(settings)) {
				t.Fatalf("settings %s come back as %s: %v", settings, back, err)
			}
		}
	})
}
