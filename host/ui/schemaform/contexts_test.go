package schemaform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

const contextsSchema = `{"type":"object","properties":{"name":{"type":"string"},"end":{"type":"object","title":"First end","properties":{
	"show":{"type":"boolean","default":true},
	"where":{"type":"array","title":"Where it is","maxItems":4,"x-contexts":"show","items":{"type":"object","properties":{
		"types":{"type":"array","items":{"type":"string"},"x-jira":"issueType"},"in":{"type":"array","items":{"type":"string"},"x-jira":"project"}}}}}}}}`

// places returns the form, its one list of contexts, and values in which the list is as written.
func places(t testing.TB, list string) (*schemaform.Form, schemaform.Contexts, json.RawMessage) {
	t.Helper()
	f, err := schemaform.Compile(json.RawMessage(contextsSchema))
	if err != nil {
		t.Fatal(err)
	}
	all := f.Contexts()
	if len(all) != 1 || all[0].Path != "end.where" || all[0].Title != "First end: Where it is" {
		t.Fatalf("contexts %+v", all)
	}
	return f, all[0], json.RawMessage(`{"name":"n","end":{"where":` + list + `}}`)
}

func TestContextsSayWhatIsSoInOneProject(t *testing.T) {
	all, some := schemaform.Types{All: true}, func(ids ...string) schemaform.Types { return schemaform.Types{IDs: ids} }
	for _, tt := range []struct {
		name, list string
		want       schemaform.Share
	}{
		{"no list", `[]`, schemaform.Share{Common: all}},
		{"a row that names nothing", `[{}]`, schemaform.Share{Common: all, Others: true}},
		{"types of all projects", `[{"types":["1","2"]},{"in":["7"],"types":["3"]}]`, schemaform.Share{Common: some("1", "2"), Own: some("3"), Others: true}},
		{"this project alone", `[{"in":["7"],"types":["2"]},{"in":["7"],"types":["1"]}]`, schemaform.Share{Own: some("1", "2")}},
		{"all types", `[{"in":["8","7"]},{"in":["7"],"types":["1"]}]`, schemaform.Share{Own: all, Others: true}},
		{"another project", `[{"in":["8"]}]`, schemaform.Share{Others: true}},
	} {
		f, c, stored := places(t, tt.list)
		if d := cmp.Diff(tt.want, f.Share(stored, c, "7")); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
	f, c, _ := places(t, `[]`)
	if !f.Share(json.RawMessage(`{"end":{"show":false}}`), c, "7").Hidden {
		t.Error("the switch is off, and it does not say so")
	}
}

// Whatever is given to a project, all others have what they had, and nothing is ever everywhere that was not.
func TestGivingChangesOneProjectAlone(t *testing.T) {
	lists := []string{
		`[{"in":["7"],"types":["1"]}]`, `[{"in":["7","8"],"types":["1"]}]`, `[{"in":["7","8"]},{"in":["9","7"],"types":["1","2"]}]`, `[{"types":["2"]}]`,
		`[{"in":["8"],"types":["2","1"]}]`, `[{"in":["8"]},{"in":["9"],"types":["1"]},{"types":["3"]}]`,
	}
	given := []schemaform.Types{{}, {All: true}, {IDs: []string{"1"}}, {IDs: []string{"2", "1"}}}
	done, last := 0, 0
	for _, list := range lists {
		for _, types := range given {
			f, c, stored := places(t, list)
			after, err := f.Give(stored, c, "7", types)
			if errors.Is(err, schemaform.ErrLast) {
				last++
				if !types.None() || f.Share(stored, c, "7").Others {
					t.Errorf("%s with %+v: refused as the last one", list, types)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s with %+v: %v", list, types, err)
				continue
			}
			done++
			if errs := f.Validate(after); len(errs) > 0 {
				t.Errorf("%s with %+v: %v", list, types, errs)
			}
			for _, other := range []string{"8", "9", "10"} {
				was, is := f.Share(stored, c, other), f.Share(after, c, other)
				if d := cmp.Diff(was.Common.With(was.Own), is.Common.With(is.Own)); d != "" {
					t.Errorf("%s with %+v: project %s (-was +is):\n%s", list, types, other, d)
				}
			}
			if d := cmp.Diff(types.With(schemaform.Types{}).IDs, f.Share(after, c, "7").Own.IDs); d != "" || f.Share(after, c, "7").Own.All != types.All {
				t.Errorf("%s with %+v: %s", list, types, after)
			}
			if !strings.Contains(string(after), `"name":"n"`) {
				t.Errorf("%s with %+v lost the name: %s", list, types, after)
			}
		}
	}
	if done == 0 || last != 1 {
		t.Errorf("%d given, %d refused as the last one", done, last)
	}
}

func TestGivingJoinsProjectsWithEqualTypes(t *testing.T) {
	f, c, stored := places(t, `[{"in":["8"],"types":["2","1"]},{"types":["1","2"]},{"in":["9"],"types":["3"]},{"in":["9"],"types":["5"]}]`)
	after, err := f.Give(stored, c, "7", schemaform.Types{IDs: []string{"1", "2"}})
	if want := `{"end":{"where":[{"in":["8","7"],"types":["2","1"]},{"types":["1","2"]},{"in":["9"],"types":["3"]},{"in":["9"],"types":["5"]}]},"name":"n"}`; err != nil || string(after) != want {
		t.Errorf("%s, %v", after, err)
	}
	if _, err := f.Give(stored, c, "7", schemaform.Types{IDs: []string{"4"}}); !errors.Is(err, schemaform.ErrFull) {
		t.Errorf("a fifth row of four: %v", err)
	}
}

func TestWhatShowsEverywhereIsNotBounded(t *testing.T) {
	for _, list := range []string{`[]`, `[{"in":[],"types":[]},{"in":["7"]}]`} {
		f, c, stored := places(t, list)
		for _, types := range []schemaform.Types{{}, {All: true}, {IDs: []string{"1"}}} {
			if _, err := f.Give(stored, c, "7", types); !errors.Is(err, schemaform.ErrEverywhere) {
				t.Errorf("%s with %+v: %v", list, types, err)
			}
		}
	}
}

func TestContextsNeedListsOfProjectsAndTypes(t *testing.T) {
	pair := `"p":{"type":"array","items":{"type":"string"},"x-jira":"project"},"t":{"type":"array","items":{"type":"string"},"x-jira":"issueType"}`
	list := `{"type":"array","x-contexts":%s,"items":{"type":"object","properties":{%s}%s}}`
	for _, tt := range []struct{ name, hint, row, more, want string }{
		{"one that is right", `"on"`, pair, ``, ""},
		{"no switch of that name", `"off"`, pair, ``, "no switch"},
		{"no name", `true`, pair, ``, "name of a switch"},
		{"more settings", `"on"`, pair + `,"x":{"type":"string"}`, ``, "nothing else"},
		{"one project", `"on"`, strings.Replace(pair, `"array","items":{"type":"string"}`, `"string"`, 1), ``, "nothing else"},
		{"a project that must be there", `"on"`, pair, `,"required":["p"]`, "nothing else"},
	} {
		_, err := schemaform.Compile(json.RawMessage(`{"type":"object","properties":{"on":{"type":"boolean"},"where":` + fmt.Sprintf(list, tt.hint, tt.row, tt.more) + `}}`))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
