package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
)

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, newPlugin()) }

func TestSettingsAreExplainedAndOrdered(t *testing.T) {
	raw, err := os.ReadFile("plugin.json")
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Settings struct {
			Properties map[string]struct {
				Title, Description string
				Default            any
				Enum               []string
				Labels             map[string]string `json:"x-labels"`
				Order              *int              `json:"x-order"`
			}
		}
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Settings.Properties) != 7 {
		t.Errorf("%d settings", len(m.Settings.Properties))
	}
	for name, p := range m.Settings.Properties {
		if p.Title == "" || p.Description == "" || p.Default == nil || p.Order == nil {
			t.Errorf("%s: title %q, description %q, default %v", name, p.Title, p.Description, p.Default)
		}
		for _, choice := range p.Enum {
			if p.Labels[choice] == "" {
				t.Errorf("%s: the choice %s has no label", name, choice)
			}
		}
	}
}

// The same file comes out whether the host fills in the defaults of plugin.json or leaves everything out.
func TestDefaultsOfCodeAndManifestAgree(t *testing.T) {
	bare, filled := newSite(t, 1), newSite(t, 1)
	bare.Settings = settings.Values{}
	for _, s := range []*site{bare, filled} {
		s.act("create", s.beside(0))
	}
	if a, b := bare.file("svg", bare.beside(0)), filled.file("svg", filled.beside(0)); string(a.Body) != string(b.Body) {
		t.Error("they differ")
	}
}

func TestMainIsShort(t *testing.T) {
	raw, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(raw), "\n"); n > 25 {
		t.Errorf("main.go has %d lines", n)
	}
}

// Packages that would swell every tenant's guest or offer what it cannot do. encoding/json is not among them: fpdf brings it.
func TestGuestLinksNoNetworkAndNoTemplates(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(string(out)) {
		if slices.Contains([]string{"net", "net/http", "crypto/tls", "html/template", "text/template", "os/exec", "database/sql"}, pkg) {
			t.Errorf("it links %s", pkg)
		}
	}
}
