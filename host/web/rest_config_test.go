package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
)

const shelves = `"configs":[{"type":"shelf","title":"Shelf","plural":"Shelves","purpose":"Say where things stand","label":"name","max":3,"guard":"shelf",
	"schema":{"type":"object","required":["name"],"properties":{
		"name":{"type":"string","title":"Name","maxLength":20},
		"boards":{"type":"integer","title":"Boards","minimum":1,"default":4},
		"places":{"type":"array","title":"Places","items":{"type":"object","title":"Place","properties":{"floor":{"type":"integer","title":"Floor"}}}}}}}],`

const shelfDoor = "/api/v1/configs/acme.notes/shelf"

// write is a program's request that names a version.
func (h *host) write(method, target, bearer, ifMatch, body string) answer {
	h.t.Helper()
	q, err := http.NewRequestWithContext(h.t.Context(), method, h.url+target, strings.NewReader(body))
	check(h.t, err)
	q.Header.Set("Authorization", "Bearer "+bearer)
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	if ifMatch != "" {
		q.Header.Set("If-Match", ifMatch)
	}
	return h.send(q)
}

// conforms checks an answer by what own.json declares.
func conforms(t *testing.T, method, target string, a answer) {
	t.Helper()
	path, _, _ := strings.Cut(strings.TrimPrefix(target, api.Root), "?")
	r, _, err := api.Own().Find(method, strings.Split(path, "/"))
	check(t, err)
	if err := r.Conforms(a.status, []byte(a.body)); err != nil {
		t.Errorf("%s %s answers what is not declared: %v: %s", method, target, err, a.body)
	}
	if r.Versioned != (a.header.Get("ETag") != "") && !strings.Contains(target, "dryRun") {
		t.Errorf("%s %s: ETag %q", method, target, a.header.Get("ETag"))
	}
}

type shelfDocument struct {
	ID      string
	Version int64
	Values  struct {
		Name   string
		Boards int
		Places []struct{ Floor int }
	}
}

func shelfOf(t *testing.T, a answer) (d shelfDocument) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return d
}

func TestProgramsWriteConfigurationDocuments(t *testing.T) {
	h := startWith(t, shelves, core.Breaking{})
	writes, reads := h.program(scopes(manifest.ConfigWrite)...), h.program(scopes(manifest.ConfigRead)...)
	done := func(method, target, bearer, ifMatch, body string, want int) answer {
		t.Helper()
		a := h.write(method, target, bearer, ifMatch, body)
		if a.status != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, target, a.status, want, a.body)
		}
		conforms(t, method, target, a)
		return a
	}
	tried := done("POST", shelfDoor+"?dryRun=true", writes, "", `{"values":{"name":"Cellar"}}`, 200)
	if tried.body != `{"values":{"boards":4,"name":"Cellar","places":[]}}` {
		t.Errorf("tried: %s", tried.body)
	}
	if list := done("GET", shelfDoor, reads, "", "", 200); list.body != `{"documents":[]}` {
		t.Errorf("what was tried is kept: %s", list.body)
	}
	first := done("POST", shelfDoor, writes, "", `{"values":{"name":"Cellar","places":[{"floor":-1},{"floor":2}]}}`, 201)
	made := shelfOf(t, first)
	if made.Values.Boards != 4 || len(made.Values.Places) != 2 || made.Values.Places[1].Floor != 2 {
		t.Errorf("%+v", made)
	}
	at := shelfDoor + "/" + made.ID
	read := done("GET", at, reads, "", "", 200)
	if read.body != first.body || read.header.Get("ETag") != fmt.Sprintf(`"%d"`, made.Version) {
		t.Errorf("it reads otherwise: %s %s", read.header.Get("ETag"), read.body)
	}
	old := read.header.Get("ETag")
	if tried := shelfOf(t, done("PUT", at+"?dryRun=true", writes, old, `{"values":{"name":"Attic"}}`, 200)); tried.Values.Name != "Attic" || tried.Version != made.Version {
		t.Errorf("tried: %+v", tried)
	}
	changed := done("PUT", at, writes, old, `{"values":{"name":"Attic","boards":9}}`, 200)
	if d := shelfOf(t, changed); d.Values.Name != "Attic" || d.Values.Boards != 9 || len(d.Values.Places) != 0 || d.Version <= made.Version {
		t.Errorf("changed: %+v", d)
	}

	// Two programs that read the same do not undo each other's work.
	for _, tt := range []struct {
		method, ifMatch, body string
		status                int
	}{
		{"PUT", old, `{"values":{"name":"Hall"}}`, 412},
		{"PUT", old, `{"values":{"name":"Hall"}}`, 412},
		{"PUT", "", `{"values":{"name":"Hall"}}`, 428},
		{"PUT", "*", `{"values":{"name":"Hall"}}`, 400},
		{"PUT", `"x"`, `{"values":{"name":"Hall"}}`, 400},
		{"DELETE", old, "", 412},
		{"DELETE", "", "", 428},
	} {
		a := h.write(tt.method, at, writes, tt.ifMatch, tt.body)
		problemOf(t, tt.method, a)
		if a.status != tt.status {
			t.Errorf("%s with If-Match %q: %d, want %d: %s", tt.method, tt.ifMatch, a.status, tt.status, a.body)
		}
	}
	done("DELETE", at, writes, changed.header.Get("ETag"), "", 204)
	if a := h.write("GET", at, reads, "", ""); a.status != 404 {
		t.Errorf("a document that is deleted: %d", a.status)
	}
	want := []string{
		`api: config.created acme.notes by "` + admin + `"`,
		`api: config.changed acme.notes by "` + admin + `"`,
		`api: config.deleted acme.notes by "` + admin + `"`,
	}
	if diff := cmp.Diff(want, h.changes()); diff != "" {
		t.Errorf("what is noted (-want +got):\n%s", diff)
	}
}

func TestProgramsCannotWriteWhatTheFormRefuses(t *testing.T) {
	h := startWith(t, shelves, core.Breaking{})
	writes := h.program(scopes(manifest.ConfigWrite)...)
	kept := h.write("POST", shelfDoor, writes, "", `{"values":{"name":"Kept"}}`)
	at := shelfDoor + "/" + shelfOf(t, kept).ID
	other, err := h.tenants.Install(t.Context(), tenant.Installation{ClientKey: "site-two", SharedSecret: seal.NewSecret(secret), BaseURL: h.site.URL})
	check(t, err)
	elsewhere := h.tokenOf(other, admin, time.Hour, scopes(manifest.ConfigWrite)...)

	for _, tt := range []struct {
		name, method, target, bearer, body string
		status                             int
		field, says                        string
	}{
		{"no values", "POST", shelfDoor, writes, `{}`, 400, "values", "missing"},
		{"something beside them", "POST", shelfDoor, writes, `{"values":{"name":"A"},"id":"x"}`, 400, "id", "not known"},
		{"a list of values", "POST", shelfDoor, writes, `{"values":[]}`, 400, "values", ""},
		{"no name", "POST", shelfDoor, writes, `{"values":{"boards":2}}`, 400, "values/name", ""},
		{"a text in the place of a number", "POST", shelfDoor, writes, `{"values":{"name":"A","boards":"2"}}`, 400, "values/boards", ""},
		{"too few", "POST", shelfDoor, writes, `{"values":{"name":"A","boards":0}}`, 400, "values/boards", ""},
		{"a setting that there is not", "POST", shelfDoor, writes, `{"values":{"name":"A","colour":"red"}}`, 400, "values/colour", "no such setting"},
		{"one in a row", "POST", shelfDoor, writes, `{"values":{"name":"A","places":[{"flor":1}]}}`, 400, "values/places/0/flor", "no such setting"},
		{"the plugin says no", "POST", shelfDoor, writes, `{"values":{"name":"A","boards":13}}`, 400, "values/boards", "Not 13, please."},
		{"the plugin says no, and it is only tried", "POST", shelfDoor + "?dryRun=true", writes, `{"values":{"name":"A","boards":13}}`, 400, "values/boards", "Not 13, please."},
		{"a name that is taken", "POST", shelfDoor, writes, `{"values":{"name":"kept"}}`, 400, "values/name", "Another one"},
		{"the plugin keeps it", "DELETE", at, writes, "", 400, "", "This one is needed."},
		{"a type that there is not", "POST", "/api/v1/configs/acme.notes/drawer", writes, `{"values":{"name":"A"}}`, 404, "", ""},
		{"a plugin that there is not", "POST", "/api/v1/configs/acme.nobody/shelf", writes, `{"values":{"name":"A"}}`, 404, "", ""},
		{"a document that there is not", "PUT", shelfDoor + "/0123456789abcdef", writes, `{"values":{"name":"A"}}`, 404, "", ""},
		{"an id that is none", "PUT", shelfDoor + "/a%2Fb", writes, `{"values":{"name":"A"}}`, 400, "id", ""},
		{"another site's document", "PUT", at, elsewhere, `{"values":{"name":"A"}}`, 404, "", ""},
		{"another site's document, to delete", "DELETE", at, elsewhere, "", 404, "", ""},
		{"a token for reading", "POST", shelfDoor, h.program(scopes(manifest.ConfigRead)...), `{"values":{"name":"A"}}`, 403, "", "not for config:write"},
		{"a token for reading, to change", "PUT", at, h.program(scopes(manifest.ConfigRead)...), `{"values":{"name":"A"}}`, 403, "", "not for config:write"},
		{"a token for reading, to delete", "DELETE", at, h.program(scopes(manifest.ConfigRead)...), "", 403, "", "not for config:write"},
		{"a token of who is no admin", "POST", shelfDoor, h.tokenOf(h.tenant, user, time.Hour, scopes(manifest.ConfigWrite)...), `{"values":{"name":"A"}}`, 403, "", "Only Jira admins"},
	} {
		a := h.write(tt.method, tt.target, tt.bearer, `"1"`, tt.body)
		p := problemOf(t, tt.name, a)
		if field, _ := p["field"].(string); a.status != tt.status || tt.field != "" && field != tt.field || !strings.Contains(strings.ToLower(a.body), strings.ToLower(tt.says)) {
			t.Errorf("%s: %d, field %q: %s", tt.name, a.status, p["field"], a.body)
		}
	}
	for i := range 2 {
		if a := h.write("POST", shelfDoor, writes, "", fmt.Sprintf(`{"values":{"name":"More %d"}}`, i)); a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := h.write("POST", shelfDoor, writes, "", `{"values":{"name":"Too many"}}`); a.status != 400 || !strings.Contains(a.body, "can be no more") {
		t.Errorf("one too many: %d %s", a.status, a.body)
	}
	if n := len(h.changes()); n != 3 {
		t.Errorf("%d changes are noted", n)
	}

}
