package ui_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/ui"
)

const syncURL = "https://acme.atlassian.net/plugins/servlet/ac/pergola/syncs"

func syncShell() ui.Shell {
	return ui.Shell{Title: "Synchronizations", API: "/api/admin/sync", SiteURL: "https://acme.atlassian.net"}
}

// connectionForm has every widget, and secrets that are set and are not.
func connectionForm(t testing.TB) ui.ConnectionForm {
	f := everyWidget(t)
	return ui.ConnectionForm{
		Name: "Inventory", Kind: "Database", Form: f, Rev: 7, Choices: choices(), Values: f.Defaults(json.RawMessage(`{"title":"Property of ACME"}`)),
		Secrets: []ui.Secret{
			{Name: "password", Title: "Password", Set: true},
			{Name: "key", Title: "Key of the tunnel", Description: "In OpenSSH’s format.", Lines: true},
			{Name: "token", Title: "Token", Description: "Of a user who may only read.", Set: true},
		},
	}
}

func TestSecretsAreNeverDrawn(t *testing.T) {
	var b bytes.Buffer
	if err := newRenderer(t).ConnectionForm(&b, connectionForm(t)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"password", "token"} {
		input := regexp.MustCompile(`<input[^>]*name="` + name + `"[^>]*>`).FindString(b.String())
		if !strings.Contains(input, `type="password"`) || strings.Contains(input, "value=") {
			t.Errorf("the input of a secret is %q", input)
		}
	}
	if n := strings.Count(b.String(), "Is set"); n != 2 {
		t.Errorf("%d secrets are said to be set, want 2", n)
	}
}

// A script names the versions of those that it imports, so that a browser never puts scripts of two releases together.
func TestScriptsImportTheVersionThatTheyWereMadeFor(t *testing.T) {
	r := newRenderer(t)
	imports := regexp.MustCompile(`from '\./([a-z-]+\.js)(?:\?v=([^']+))?'`)
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		body, _, _, ok := r.Static(name)
		if !ok {
			t.Errorf("%s is imported and not there", name)
			return
		}
		for _, m := range imports.FindAllStringSubmatch(string(body), -1) {
			visit(m[1])
			if _, _, etag, _ := r.Static(m[1]); `"`+m[2]+`"` != etag {
				t.Errorf("%s imports %s in the version %q, and it has %s", name, m[1], m[2], etag)
			}
		}
	}
	visit("sync.js")
	if len(seen) < 10 {
		t.Errorf("only %d scripts were found: %v", len(seen), seen)
	}
}

func TestEveryScriptBelongsToAPage(t *testing.T) {
	r := newRenderer(t)
	var b bytes.Buffer
	if err := r.Sync(&b, syncShell(), ui.Sync{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/static/sync.js?v=", "/static/sync.css?v="} {
		if !strings.Contains(b.String(), name) {
			t.Errorf("the page does not load %s", name)
		}
	}
	b.Reset()
	if err := r.Admin(&b, ui.Shell{}, ui.Admin{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "sync.js") {
		t.Error("another page loads the script of this one")
	}
}
