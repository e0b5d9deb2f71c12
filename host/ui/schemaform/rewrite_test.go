package schemaform_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

const naming = `{"type":"object","properties":{
	"name":{"type":"string"},
	"relation":{"type":"string","x-config":"pergola.links/relation"},
	"style":{"type":"string","enum":["list","table"]},
	"end":{"type":"object","properties":{"projects":{"type":"array","items":{"type":"string"},"x-jira":"project"},"most":{"type":"integer"}}},
	"places":{"type":"array","items":{"type":"object","properties":{"project":{"type":"string","x-jira":"project"},"type":{"type":"string","x-jira":"issueType"}}}}
}}`

func compile(t *testing.T, schema string) *schemaform.Form {
	t.Helper()
	f, err := schemaform.Compile(json.RawMessage(schema))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatSettingsNameIsRewritten(t *testing.T) {
	form := compile(t, naming)
	// What begins with x has no match; texts are written in capitals.
	visit := func(n schemaform.Named) (string, bool) {
		if n.From == "" {
			return strings.ToUpper(n.Value), true
		}
		return "9" + n.Value, !strings.HasPrefix(n.Value, "x")
	}
	for _, tt := range []struct {
		name, in, want string
		lost           []schemaform.Lost
	}{
		{"all of it", `{"name":"a","relation":"r","style":"list","end":{"projects":["1","2"],"most":3},"places":[{"project":"1","type":"2"}]}`,
			`{"end":{"most":3,"projects":["91","92"]},"name":"A","places":[{"project":"91","type":"92"}],"relation":"9r","style":"list"}`, nil},
		{"what is left of a list goes on", `{"end":{"projects":["x","2"]}}`, `{"end":{"projects":["92"]}}`, nil},
		{"of a list nothing may be left", `{"end":{"projects":["x"]}}`, `{"end":{"projects":[]}}`, []schemaform.Lost{{Path: "end.projects", From: "project"}}},
		{"an empty list loses nothing", `{"end":{"projects":[]}}`, `{"end":{"projects":[]}}`, nil},
		{"a row is whole or gone", `{"places":[{"project":"x","type":"2"},{"type":"3"}]}`, `{"places":[{"type":"93"}]}`, nil},
		{"of rows none may be left", `{"places":[{"project":"1","type":"x"}]}`, `{"places":[]}`, []schemaform.Lost{{Path: "places", From: "issueType"}}},
		{"one value is gone", `{"relation":"x"}`, `{}`, []schemaform.Lost{{Path: "relation", From: "pergola.links/relation"}}},
		{"what the form does not have", `{"other":"1"}`, `{}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, lost, err := form.Rewrite(json.RawMessage(tt.in), visit)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if diff := cmp.Diff(tt.lost, lost); diff != "" {
				t.Error("lost:", diff)
			}
		})
	}
}

func TestTwoThingsThatBecomeOneAreNamedOnce(t *testing.T) {
	got, _, err := compile(t, naming).Rewrite(json.RawMessage(`{"end":{"projects":["1","2"]}}`), func(schemaform.Named) (string, bool) { return "7", true })
	if err != nil || string(got) != `{"end":{"projects":["7"]}}` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestWhatCannotBeReadIsNotRewritten(t *testing.T) {
	form := compile(t, naming)
	same := func(n schemaform.Named) (string, bool) { return n.Value, true }
	if _, _, err := form.Rewrite(json.RawMessage(`{`), same); err == nil {
		t.Error("broken JSON was rewritten")
	}
	if got, lost, err := form.Rewrite(nil, same); got != nil || lost != nil || err != nil {
		t.Errorf("nothing becomes %s, %v, %v", got, lost, err)
	}
}

func TestATitleSaysWhereASettingStands(t *testing.T) {
	form := compile(t, naming)
	got := []string{form.Title("name"), form.Title("end.projects"), form.Title("places.1.type"), form.Title("nothing")}
	if diff := cmp.Diff([]string{"Name", "End: Projects", "Places 2: Type", "nothing"}, got); diff != "" {
		t.Error(diff)
	}
}
