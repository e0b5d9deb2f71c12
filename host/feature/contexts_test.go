package feature_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

var all = schemaform.Types{All: true}

func types(ids ...string) schemaform.Types { return schemaform.Types{IDs: ids} }

// signs is a service whose plugin has signs that show in issues, rules that refer to signs, and rounds that refer to rules; signs refer to
// rounds in turn. The last two can name a person.
type signs struct {
	*world
	*feature.Service
	manifest *manifest.Manifest
}

func newSigns(t *testing.T) *signs {
	w := newWorld(t)
	name := map[string]any{"type": "string", "title": "Name", "maxLength": 20}
	ids := func(kind string) map[string]any {
		return map[string]any{"type": "array", "items": map[string]any{"type": "string"}, "x-jira": kind}
	}
	config := func(typ, title, guard string, properties map[string]any) map[string]any {
		out := map[string]any{
			"type": typ, "title": title, "plural": title + "s", "purpose": "Say what stands where", "label": "name",
			"schema": map[string]any{"type": "object", "required": []any{"name"}, "properties": properties},
		}
		if guard != "" {
			out["guard"] = guard
		}
		return out
	}
	m := parse(t, map[string]any{"configs": []any{
		config("sign", "Sign", "shelf", map[string]any{
			"name": name, "shown": map[string]any{"type": "boolean", "default": true}, "boards": map[string]any{"type": "integer"},
			"round": map[string]any{"type": "string", "x-config": "acme.notes/round"},
			"where": map[string]any{"type": "array", "title": "Where it shows", "x-contexts": "shown", "items": map[string]any{
				"type": "object", "properties": map[string]any{"projects": ids("project"), "types": ids("issueType")}}},
		}),
		config("round", "Round", "", map[string]any{
			"name": name, "rule": map[string]any{"type": "string", "x-config": "acme.notes/rule"}, "as": map[string]any{"type": "string", "x-jira": "user"},
		}),
		config("rule", "Rule", "", map[string]any{
			"name": name, "sign": map[string]any{"type": "string", "x-config": "acme.notes/sign"}, "as": map[string]any{"type": "string", "x-jira": "user"},
		}),
	}})
	return &signs{w, w.service([]string{"*"}, m), m}
}

// put writes a document as it is.
func (s *signs) put(typ, values string, people ...string) string {
	s.t.Helper()
	id := fmt.Sprintf("%024d", s.count())
	_, err := s.configs.Put(s.t.Context(), s.tenant.ID, tenant.ConfigType{Plugin: notes, Type: typ}, tenant.Config{ID: id, Values: json.RawMessage(values), People: people})
	check(s.t, err)
	return id
}

func (s *signs) count() int {
	n := 1
	for _, typ := range []string{"sign", "rule", "round"} {
		list, err := s.configs.List(s.t.Context(), s.tenant.ID, tenant.ConfigType{Plugin: notes, Type: typ})
		check(s.t, err)
		n += len(list)
	}
	return n
}

func (s *signs) where(id string) (list string, by string, rev int64) {
	s.t.Helper()
	d, err := s.configs.Get(s.t.Context(), s.tenant.ID, tenant.ConfigType{Plugin: notes, Type: "sign"}, id)
	check(s.t, err)
	var v struct {
		Where json.RawMessage `json:"where"`
	}
	check(s.t, json.Unmarshal(d.Values, &v))
	return string(v.Where), d.By, d.Rev
}

func (s *signs) project(account, project string) (feature.Project, error) {
	return s.ProjectAdmin(s.t.Context(), auth.Principal{Tenant: s.tenant.ID, Account: account}, project)
}

func (s *signs) mine(account, project string) feature.Project {
	s.t.Helper()
	p, err := s.project(account, project)
	check(s.t, err)
	return p
}

func at(id string) feature.Contexts {
	return feature.Contexts{Plugin: notes, Type: "sign", ID: id, Path: "where"}
}

func TestOnlyAdminsOfAProjectSayWhatShowsInIt(t *testing.T) {
	s := newSigns(t)
	for _, tt := range []struct {
		account, project string
		code             sdk.Code
		site             bool
	}{
		{ops, "10000", "", false}, {hr, "20000", "", false}, {admin, "10000", "", true},
		{hr, "10000", sdk.PermissionDenied, false}, {user, "10000", sdk.PermissionDenied, false}, {"", "10000", sdk.PermissionDenied, false},
		{ops, "", sdk.PermissionDenied, false}, {ops, "30000", sdk.PermissionDenied, false}, {admin, "30000", sdk.NotFound, false},
	} {
		p, err := s.project(tt.account, tt.project)
		if sdk.CodeOf(err) != tt.code || p.SiteAdmin != tt.site || err == nil && (p.ID != tt.project || p.Account != tt.account || len(p.Types) != 2) {
			t.Errorf("%q in %q: %+v, %v", tt.account, tt.project, p, err)
		}
	}
}

func TestAProjectIsAddedAndTakenOutAgain(t *testing.T) {
	s := newSigns(t)
	id := s.put("sign", `{"name":"East","where":[{"projects":["20000"],"types":["1"]}]}`)
	p := s.mine(ops, "10000")
	for _, tt := range []struct {
		was, is schemaform.Types
		changed bool
		want    string
	}{
		{types(), types("2"), true, `[{"projects":["20000"],"types":["1"]},{"projects":["10000"],"types":["2"]}]`},
		{types("2"), types("2"), false, `[{"projects":["20000"],"types":["1"]},{"projects":["10000"],"types":["2"]}]`},
		{types("2"), types("1"), true, `[{"projects":["20000","10000"],"types":["1"]}]`},
		{types("1"), all, true, `[{"projects":["20000"],"types":["1"]},{"projects":["10000"],"types":[]}]`},
		{all, types(), true, `[{"projects":["20000"],"types":["1"]}]`},
	} {
		changed, err := s.Place(t.Context(), p, at(id), tt.was, tt.is)
		got, by, _ := s.where(id)
		if err != nil || changed != tt.changed || got != tt.want || by != ops {
			t.Errorf("%+v to %+v: %v, %v: %s by %s", tt.was, tt.is, changed, err, got, by)
		}
	}
	list, err := s.PlacedIn(t.Context(), p)
	check(t, err)
	want := []feature.Placed{{
		Contexts: at(id), Feature: "Notes", Label: "East", Title: "Where it shows", Share: schemaform.Share{Others: true}, Of: s.manifest.Configs[0],
	}}
	if d := cmp.Diff(want, list); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWhatAProjectAdminCannotSayLeavesTheDocument(t *testing.T) {
	s := newSigns(t)
	here := `"where":[{"projects":["10000"],"types":["1"]}]`
	both := `"where":[{"projects":["10000","20000"],"types":["1"]}]`
	everywhere, last := s.put("sign", `{"name":"A"}`), s.put("sign", `{"name":"B",`+here+`}`)
	guarded, gone := s.put("sign", `{"name":"C","boards":13,`+both+`}`), s.put("sign", `{"name":"D",`+both+`}`)
	named, plain := s.put("sign", `{"name":"E",`+both+`}`), s.put("sign", `{"name":"F",`+both+`}`)
	s.put("rule", `{"name":"R","sign":"`+named+`","as":"557058:mia"}`, "557058:mia")
	s.put("rule", `{"name":"S","sign":"`+plain+`"}`)
	d, err := s.configs.Get(t.Context(), s.tenant.ID, tenant.ConfigType{Plugin: notes, Type: "sign"}, gone)
	check(t, err)
	d.Deleted = now
	_, err = s.configs.Put(t.Context(), s.tenant.ID, tenant.ConfigType{Plugin: notes, Type: "sign"}, d)
	check(t, err)
	p := s.mine(ops, "10000")
	for _, tt := range []struct {
		name    string
		at      feature.Contexts
		was, is schemaform.Types
		code    sdk.Code
		words   string
	}{
		{"bounds what shows everywhere", at(everywhere), types(), types("1"), sdk.Invalid, "shows in all projects"},
		{"takes the last project out", at(last), types("1"), types(), sdk.Invalid, "in this project alone"},
		{"has a guard object", at(guarded), types("1"), all, sdk.Invalid, "Not 13, please. A Jira admin can mend it."},
		{"changes what is deleted", at(gone), types("1"), all, sdk.NotFound, "not there any more"},
		{"adds a type of another project", at(plain), types("1"), types("1", "9"), sdk.Invalid, "does not have one of these"},
		{"widens what works by a person's rights", at(named), types("1"), types("1", "2"), sdk.PermissionDenied, "rights of a person"},
		{"changes what another admin changed", at(plain), types("2"), types("1", "2"), sdk.Exists, "Somebody else changed"},
		{"names no list", feature.Contexts{Plugin: notes, Type: "sign", ID: plain, Path: "shown"}, types(), all, sdk.NotFound, ""},
		{"names no type", feature.Contexts{Plugin: notes, Type: "wall", ID: plain, Path: "where"}, types(), all, sdk.NotFound, ""},
		{"names no plugin", feature.Contexts{Plugin: capability.PluginID("acme.gone"), Type: "sign", ID: plain, Path: "where"}, types(), all, sdk.NotFound, ""},
	} {
		var was string
		var rev int64
		if tt.at.Type == "sign" {
			was, _, rev = s.where(tt.at.ID)
		}
		changed, err := s.Place(t.Context(), p, tt.at, tt.was, tt.is)
		if changed || sdk.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v, %v", tt.name, changed, err)
		}
		if tt.at.Type != "sign" {
			continue
		}
		if is, _, now := s.where(tt.at.ID); is != was || now != rev {
			t.Errorf("%s: was %s, is %s", tt.name, was, is)
		}
	}
	if _, err := s.Place(t.Context(), p, at(named), types("1"), types()); err != nil {
		t.Errorf("taking the project out of what works by a person's rights: %v", err)
	}
	if _, err := s.Place(t.Context(), s.mine(admin, "10000"), at(named), types(), types("1")); err != nil {
		t.Errorf("a Jira admin takes it back in: %v", err)
	}
	if one, err := s.PlacedAt(t.Context(), p, at(named)); err != nil || !one.Reserved {
		t.Errorf("%+v, %v", one, err)
	}
	if one, err := s.PlacedAt(t.Context(), p, at(plain)); err != nil || one.Reserved {
		t.Errorf("%+v, %v", one, err)
	}
}

func TestAPersonIsReachedOverSeveralReferences(t *testing.T) {
	s := newSigns(t)
	sign := func(rest string) string {
		return s.put("sign", `{"name":"A",`+rest+`"where":[{"projects":["10000"]}]}`)
	}
	rule := func(of, rest string) string { return s.put("rule", `{"name":"R",`+rest+`"sign":"`+of+`"}`) }
	round := func(of string, people ...string) string {
		return s.put("round", `{"name":"O","rule":"`+of+`"}`, people...)
	}
	above := sign("")
	round(rule(above, ""), "557058:mia")
	below := sign(`"round":"` + round(rule(sign(`"round":"`+round("", "557058:mia")+`",`), "")) + `",`)
	beside := sign(`"round":"` + round("") + `",`) // a rule of a sign that shows another round
	round(rule(sign(""), ""), "557058:mia")
	later := fmt.Sprintf("%024d", 900)
	circle := sign(`"round":"` + later + `",`)
	_, err := s.configs.Put(t.Context(), s.tenant.ID, tenant.ConfigType{Plugin: notes, Type: "round"}, tenant.Config{ID: later, Values: json.RawMessage(`{"name":"O","rule":"` + rule(circle, "") + `"}`)})
	check(t, err)
	p := s.mine(ops, "10000")
	for id, want := range map[string]bool{above: true, below: true, beside: false, circle: false} {
		if one, err := s.PlacedAt(t.Context(), p, at(id)); err != nil || one.Reserved != want {
			t.Errorf("%s: reserved %v, %v; want %v", one.Label, one.Reserved, err, want)
		}
		err := func() error {
			_, err := s.Place(t.Context(), p, at(id), all, types("1"))
			check(t, err)
			_, err = s.Place(t.Context(), p, at(id), types("1"), all)
			return err
		}()
		if refused := sdk.CodeOf(err) == sdk.PermissionDenied; refused != want || !want && err != nil {
			t.Errorf("a project admin adds a place: %v; want refused: %v", err, want)
		}
	}
}

// Two hosts share the store, and each has turns of its own.
func TestAdminsOfTwoProjectsKeepBothChanges(t *testing.T) {
	s := newSigns(t)
	other := s.service([]string{"*"}, s.manifest)
	id := s.put("sign", `{"name":"East","where":[{"projects":["30000"]}]}`)
	flip := func(v *feature.Service, p feature.Project, n int) {
		was := types()
		for i := range n {
			is := types("1")
			if i%2 == 1 {
				is = types("2")
			}
			if _, err := v.Place(context.WithoutCancel(t.Context()), p, at(id), was, is); err != nil {
				t.Errorf("%s: %v", p.ID, err)
			}
			was = is
		}
	}
	var both sync.WaitGroup
	both.Go(func() { flip(s.Service, s.mine(ops, "10000"), 21) })
	both.Go(func() { flip(other, s.mine(hr, "20000"), 20) })
	both.Wait()
	for project, want := range map[string]schemaform.Types{"10000": types("1"), "20000": types("2")} {
		list, err := s.PlacedIn(t.Context(), s.mine(admin, project))
		check(t, err)
		if d := cmp.Diff(want, list[0].Share.Own); d != "" {
			t.Errorf("%s (-want +got):\n%s", project, d)
		}
	}
	if _, _, rev := s.where(id); rev != 42 {
		t.Errorf("%d writes, want 41 and the first", rev)
	}
	where, _, _ := s.where(id)
	if !strings.Contains(where, `"30000"`) {
		t.Errorf("a project that nobody changed is gone: %s", where)
	}
}

// Each takes its own out while the other is still there; one of them has to stay.
func TestTwoProjectsDoNotBothLeave(t *testing.T) {
	s := newSigns(t)
	other := s.service([]string{"*"}, s.manifest)
	for range 20 {
		id := s.put("sign", `{"name":"East","where":[{"projects":["10000","20000"]}]}`)
		var both sync.WaitGroup
		errs := make([]error, 2)
		both.Go(func() { _, errs[0] = s.Place(t.Context(), s.mine(ops, "10000"), at(id), all, types()) })
		both.Go(func() { _, errs[1] = other.Place(t.Context(), s.mine(hr, "20000"), at(id), all, types()) })
		both.Wait()
		if where, _, _ := s.where(id); where == "[]" || (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("%s: %v", where, errs)
		}
	}
}

func TestWhatIsSwitchedOffIsNotListed(t *testing.T) {
	s := newSigns(t)
	id := s.put("sign", `{"name":"East","shown":false,"where":[{"projects":["10000"]},{"projects":["20000"]}]}`)
	p := s.mine(ops, "10000")
	if list, err := s.PlacedIn(t.Context(), p); err != nil || len(list) != 1 || !list[0].Share.Hidden {
		t.Errorf("%+v, %v", list, err)
	}
	check(t, s.SetEnabled(t.Context(), s.tenant, admin, notes, false))
	if list, err := s.PlacedIn(t.Context(), p); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := s.Place(t.Context(), p, at(id), all, types("1")); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("changed: %v", err)
	}
}
