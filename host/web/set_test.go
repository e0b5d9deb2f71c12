package web_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const setAPI = "/api/admin/configuration"

// setForm is the body of a call with fields.
func setForm(t *testing.T, fields map[string][]string) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"form": fields})
	check(t, err)
	return string(raw)
}

// sealOf is the seal of the plan that a page shows.
func sealOf(t *testing.T, page string) string {
	t.Helper()
	m := regexp.MustCompile(`name="seal" value="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("there is no seal in %s", page)
	}
	return m[1]
}

const notesFile = `{"format":"pergola-configuration","version":1,"from":"elsewhere.example","plugins":[{"id":"acme.notes","settings":{"size":17}},{"id":"acme.gone","settings":{}}]}`

func TestAnAdminImportsAndUndoes(t *testing.T) {
	h := start(t)
	page := h.page("/connect/configuration", admin)
	for _, want := range []string{"Begin with a template", "IT assets (CMDB)", "Import a file", "there is nothing to download", "There was none in the last 30 days"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page (%d) does not say %q", page.status, want)
		}
	}
	looked := h.call(setAPI+"/plan", admin, "", setForm(t, map[string][]string{"file": {notesFile}}))
	if looked.status != http.StatusOK || !strings.Contains(looked.body, "From elsewhere.example") || !strings.Contains(looked.body, "acme.gone is not installed") || !strings.Contains(looked.body, "Changed") {
		t.Fatalf("%d %s", looked.status, looked.body)
	}
	fields := map[string][]string{"file": {notesFile}, "checked": {"true"}, "plugin": {"acme.notes"}, "item": {"acme.notes"}, "take": {"acme.notes"}}
	if got := h.call(setAPI+"/apply", admin, "", setForm(t, fields)); got.status != http.StatusBadRequest {
		t.Errorf("it was applied unseen: %d %s", got.status, got.body)
	}
	fields["seal"] = []string{"another"}
	if got := h.call(setAPI+"/apply", admin, "", setForm(t, fields)); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "has changed meanwhile") {
		t.Errorf("it was applied otherwise than seen: %d %s", got.status, got.body)
	}
	fields["seal"] = []string{sealOf(t, looked.body)}
	applied := h.call(setAPI+"/apply", admin, "", setForm(t, fields))
	if applied.status != http.StatusOK || !strings.Contains(applied.body, `id="import"`) || !strings.Contains(applied.body, `id="imports"`) || !strings.Contains(applied.body, `id="export-save"`) {
		t.Fatalf("%d %s", applied.status, applied.body)
	}
	if m, err := h.modules.Get(t.Context(), h.tenant.ID, plugin); err != nil || string(m.Settings) != `{"size":17}` {
		t.Errorf("the settings are %s, %v", m.Settings, err)
	}
	saved := h.call(setAPI+"/export", admin, "", setForm(t, map[string][]string{"plugin": {"acme.notes"}}))
	if saved.status != http.StatusOK || !strings.Contains(saved.header.Get("Content-Disposition"), `attachment; filename="configuration-`) || !strings.Contains(saved.body, `"size": 17`) {
		t.Errorf("the file is %d %s", saved.status, saved.body)
	}

	id := regexp.MustCompile(`data-get="configuration/imports/([A-Za-z0-9]+)"`).FindStringSubmatch(applied.body)
	if id == nil {
		t.Fatalf("nothing can be undone in %s", applied.body)
	}
	if got := h.do("GET", setAPI+"/imports/"+id[1], h.contextToken(admin, ""), ""); got.status != http.StatusOK || !strings.Contains(got.body, "What undoing it would do") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.call(setAPI+"/imports/"+id[1]+"/undo", admin, "", "{}"); got.status != http.StatusOK || !strings.Contains(got.body, "What was undone") || !strings.Contains(got.body, "there is nothing to download") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if m, err := h.modules.Get(t.Context(), h.tenant.ID, plugin); err != nil || m.Settings != nil {
		t.Errorf("undone, the settings are %s, %v", m.Settings, err)
	}
}

func TestAnImportThatIsDoneAsksForNothingMore(t *testing.T) {
	h := start(t)
	file := strings.Replace(notesFile, `"size":17`, `"size":17,"strange":true`, 1)
	fields := map[string][]string{"file": {file}, "checked": {"true"}, "plugin": {"acme.notes"}, "item": {"acme.notes"}, "take": {"acme.notes"}, "lenient": {"true"}}
	const why, do, later = "There is no such setting", "Take it out of the file", "What was left out can follow"
	looked := h.call(setAPI+"/plan", admin, "", setForm(t, fields))
	if !strings.Contains(looked.body, why) || !strings.Contains(looked.body, do) || strings.Contains(looked.body, later) {
		t.Errorf("before it: %d %s", looked.status, looked.body)
	}
	fields["seal"] = []string{sealOf(t, looked.body)}
	applied := h.call(setAPI+"/apply", admin, "", setForm(t, fields))
	if !strings.Contains(applied.body, why) || strings.Contains(applied.body, do) || !strings.Contains(applied.body, later) {
		t.Errorf("after it: %d %s", applied.status, applied.body)
	}
}

func TestAWrongFileComesBackWithWhy(t *testing.T) {
	h := start(t)
	for file, want := range map[string]string{"": "The file is empty.", "a: b": "begins with {", `{"format":"x"}`: "no configuration of Pergola"} {
		got := h.call(setAPI+"/plan", admin, "", setForm(t, map[string][]string{"file": {file}}))
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, want) {
			t.Errorf("%q: %d %s", file, got.status, got.body)
		}
	}
	if got := h.call(setAPI+"/plan", admin, "", "nonsense"); got.status != http.StatusBadRequest {
		t.Errorf("a body that is none: %d", got.status)
	}
	if got := h.call(setAPI+"/plan", admin, "", setForm(t, map[string][]string{"file": {strings.Repeat("x", maxBody)}})); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("one that is too large: %d", got.status)
	}
	if got := h.call(setAPI+"/plan", admin, "", setForm(t, map[string][]string{"file": {notesFile}, "checked": {"true"}})); got.status != http.StatusBadRequest {
		t.Errorf("without a feature: %d", got.status)
	}
}

func TestConfigurationIsForAdminsAlone(t *testing.T) {
	h := start(t)
	if got := h.page("/connect/configuration", user); got.status != http.StatusForbidden {
		t.Errorf("the page: %d", got.status)
	}
	for _, path := range []string{"/export", "/plan", "/apply", "/templates/cmdb", "/imports/x/undo"} {
		if got := h.call(setAPI+path, user, "", setForm(t, map[string][]string{"file": {notesFile}, "plugin": {"acme.notes"}})); got.status != http.StatusForbidden {
			t.Errorf("%s: %d", path, got.status)
		}
		if got := h.do("POST", setAPI+path, "", "{}"); got.status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", path, got.status)
		}
	}
	for _, path := range []string{"/import", "/imports", "/imports/x"} {
		if got := h.do("GET", setAPI+path, h.contextToken(user, ""), ""); got.status != http.StatusForbidden {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
