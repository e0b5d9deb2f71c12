package web_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/tenant"
)

// signsConfig is a member of the manifest: signs that show in issues.
const signsConfig = `"configs":[{"type":"sign","title":"Sign","plural":"Signs","purpose":"Say what stands where","label":"name","schema":{"type":"object","required":["name"],"properties":{
	"name":{"type":"string","title":"Name","maxLength":40},"shown":{"type":"boolean","default":true},
	"where":{"type":"array","title":"Where it shows","x-contexts":"shown","items":{"type":"object","properties":{
		"projects":{"type":"array","items":{"type":"string"},"x-jira":"project"},"types":{"type":"array","items":{"type":"string"},"x-jira":"issueType"}}}}}}}],`

// sign writes a document as it is; where is its list of contexts.
func (h *host) sign(name, where string) string {
	h.t.Helper()
	id, err := services.NewConfigID()
	check(h.t, err)
	_, err = h.configs.Put(h.t.Context(), h.tenant.ID, tenant.ConfigType{Plugin: plugin, Type: "sign"}, tenant.Config{ID: id, Values: json.RawMessage(`{"name":"` + name + `","where":` + where + `}`)})
	check(h.t, err)
	return id
}

func (h *host) values(id string) string {
	h.t.Helper()
	d, err := h.configs.Get(h.t.Context(), h.tenant.ID, tenant.ConfigType{Plugin: plugin, Type: "sign"}, id)
	check(h.t, err)
	return string(d.Values)
}

// save is the body of the form, which showed that types of the project. "all" stands for all types.
func save(id string, was []string, types ...string) string {
	form := object{}
	for _, t := range types {
		name := "type-" + t
		if t == "all" {
			name = t
		}
		form[name] = []string{"true"}
	}
	state, _ := json.Marshal(object{"at": object{"Plugin": plugin, "Type": "sign", "ID": id, "Path": "where"}, "ids": was})
	body, _ := json.Marshal(object{"form": form, "state": base64.StdEncoding.EncodeToString(state)})
	return string(body)
}

// Whoever asks, from either surface: Jira decides, and who may not changes nothing.
func TestOnlyAdminsOfTheProjectOpenAndChangeItsPage(t *testing.T) {
	h, _ := startForgeWith(t, signsConfig)
	id := h.sign("East", `[{"projects":["30000"]}]`)
	inSettings := func(account, project string) string {
		return h.invocationAt(account, "jira:projectSettingsPage", "project", object{"project": object{"id": project}})
	}
	params := `{"params":{"plugin":"` + plugin + `","type":"sign","id":"` + id + `","path":"where"}}`
	for _, who := range []struct {
		name, account, project string
		want                   int
	}{
		{"an admin of the project", opsAdmin, "10000", 200},
		{"a Jira admin", admin, "10000", 200},
		{"an admin of another project", hrAdmin, "10000", 403},
		{"an admin of the project, elsewhere", opsAdmin, "20000", 403},
		{"a user", user, "10000", 403},
		{"nobody", "", "10000", 403},
		{"an admin of a project, where there is none", opsAdmin, "40000", 403},
		{"a Jira admin, where there is no project", admin, "40000", 404},
		{"an admin, of no project", opsAdmin, "x", 403},
	} {
		target := "/connect/project?project=" + who.project
		calls := map[string]func() answer{
			"Connect, page": func() answer { return h.page(target, who.account) },
			"Forge, page": func() answer {
				where := who.project
				if where == "x" {
					where = ""
				}
				return h.do("POST", "/forge/page", inSettings(who.account, where), `{}`)
			},
		}
		for name, body := range map[string]string{"view/list": `{}`, "view/edit": params, "action/save": save(id, nil, "2")} {
			if name == "action/save" && who.want == 200 {
				continue // below
			}
			calls["Connect, "+name] = func() answer { return h.call("/api/project/"+who.project+"/"+name, who.account, "", body) }
			// The token says that the frame stands in a project of the account's own.
			calls["Forge, "+name] = func() answer {
				return h.do("POST", "/forge/api/project/"+who.project+"/"+name, inSettings(who.account, "10000"), body)
			}
		}
		before := h.state()
		for name, ask := range calls {
			got := ask()
			if got.status != who.want {
				t.Errorf("%s by %s: status %d, want %d: %.200s", who.name, name, got.status, who.want, got.body)
			}
			if shows := strings.Contains(got.body, "East"); shows != (who.want == 200) {
				t.Errorf("%s by %s: shows what is configured: %v", who.name, name, shows)
			}
		}
		if diff := cmp.Diff(before, h.state()); diff != "" {
			t.Errorf("%s changed something (-before +after):\n%s", who.name, diff)
		}
	}

	was := []string(nil)
	for _, change := range []struct {
		name, account string
		ask           func(body string) answer
		types         []string
	}{
		{"Connect", opsAdmin, func(body string) answer { return h.call("/api/project/10000/action/save", opsAdmin, "", body) }, []string{"1"}},
		{"Forge", opsAdmin, func(body string) answer {
			return h.do("POST", "/forge/api/project/10000/action/save", inSettings(opsAdmin, "10000"), body)
		}, []string{"1", "2"}},
		{"Connect, by a Jira admin", admin, func(body string) answer { return h.call("/api/project/10000/action/save", admin, "", body) }, []string{"2"}},
	} {
		got := change.ask(save(id, was, change.types...))
		types, _ := json.Marshal(change.types)
		if want := `{"projects":["10000"],"types":` + string(types) + `}`; got.status != 200 || !strings.Contains(h.values(id), want) || !strings.Contains(h.values(id), `{"projects":["30000"]}`) {
			t.Errorf("%s: status %d: %s\n%.300s", change.name, got.status, h.values(id), got.body)
		}
		was = change.types
	}
	want := []string{
		`connect: config.placed acme.notes by "` + opsAdmin + `"`, `forge: config.placed acme.notes by "` + opsAdmin + `"`, `connect: config.placed acme.notes by "` + admin + `"`,
	}
	if diff := cmp.Diff(want, h.changes()); diff != "" {
		t.Errorf("noted (-want +got):\n%s", diff)
	}
	if page := h.page("/connect/changes", admin).body; !strings.Contains(page, "Changed where it shows in a project: sign") || !strings.Contains(page, "in the project ") || !strings.Contains(page, "10000") {
		t.Errorf("the page Changes:\n%s", page)
	}
	if file := h.call("/api/changes/file/csv", admin, "", `{}`).body; !strings.Contains(file, "object,project,credential\n") || !strings.Contains(file, ","+id+",10000,\n") {
		t.Errorf("the file of changes:\n%s", file)
	}
}

func TestPageOfAProjectSaysWhatShowsThereAndNothingOfOthers(t *testing.T) {
	h := startWith(t, signsConfig, core.Breaking{})
	if got := h.page("/connect/project?project=10000", opsAdmin); got.status != 200 || !strings.Contains(got.body, "Nothing is configured yet") {
		t.Errorf("empty: %d: %s", got.status, got.body)
	}
	h.sign("Everywhere sign", `[]`)
	h.sign("Some sign", `[{"projects":["20000","10000"],"types":["2","7"]}]`)
	h.sign("Other sign", `[{"projects":["20000"]}]`)
	got := h.page("/connect/project?project=10000", opsAdmin).body
	for _, want := range []string{"Notes: signs", "Everywhere sign", "All projects", "Some sign", "Phone", "Other sign", "None", "Operations", "cannot be taken out of one"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q:\n%s", want, got)
		}
	}
	for _, never := range []string{"People", "20000"} {
		if strings.Contains(got, never) {
			t.Errorf("the page says %q", never)
		}
	}
	if n := strings.Count(got, `>Change<`); n != 2 {
		t.Errorf("%d buttons to change something, want 2", n)
	}
}

func TestWrongFormsOfAProjectComeBackAndChangeNothing(t *testing.T) {
	h := startWith(t, signsConfig, core.Breaking{})
	everywhere, last, both := h.sign("A", `[]`), h.sign("B", `[{"projects":["10000"],"types":["1"]}]`), h.sign("C", `[{"projects":["10000","20000"],"types":["1"]}]`)
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"the last project", save(last, []string{"1"}), 200, "in this project alone"},
		{"nothing of what is everywhere", save(everywhere, nil), 200, "Saved"}, // it has no place of its own, and still has none
		{"bounding what is everywhere", save(everywhere, nil, "all"), 200, "in all projects"},
		{"a type that the form does not offer", save(last, []string{"1"}, "Payroll"), 200, "in this project alone"},
		{"what it did not show", save(both, []string{"2"}, "1"), 409, "Somebody else changed"},
		{"a state that is none", `{"form":{"all":["true"]},"state":"e30="}`, 404, ""},
		{"a state that cannot be read", `{"form":{"all":["true"]},"state":"eA=="}`, 400, "unreadable"},
	} {
		before := h.state()
		got := h.call("/api/project/10000/action/save", opsAdmin, "", tt.body)
		if got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: status %d, want %d and %q: %s", tt.name, got.status, tt.status, tt.want, got.body)
		}
		if diff := cmp.Diff(before, h.state()); diff != "" {
			t.Errorf("%s changed something:\n%s", tt.name, diff)
		}
	}
	h.site.Close()
	if got := h.call("/api/project/10000/action/save", opsAdmin, "", save(both, []string{"1"}, "all")); got.status < 500 || strings.Contains(h.values(both), `"types":[]`) {
		t.Errorf("without Jira: status %d: %s", got.status, h.values(both))
	}
	all, err := h.trail.List(t.Context(), h.tenant.ID, audit.Query{Limit: 10})
	if err != nil || len(all) != 0 {
		t.Errorf("noted: %+v, %v", all, err)
	}
}
