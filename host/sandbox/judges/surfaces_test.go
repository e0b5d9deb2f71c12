package judges_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/host/surface/surfacetest"
	"github.com/pergola-platform/pergola/host/ui"
)

// surfaces are Atlassian's own validators of descriptors and of Forge apps.
type surfaces struct {
	t   *testing.T
	dir string
}

// judge runs a validator and returns the lines that it prints, one for each thing that is wrong.
func (s surfaces) judge(script, what string) []string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "node", script, what)
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v: %s", script, err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// connect judges a descriptor.
func (s surfaces) connect(descriptor []byte) []string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "atlassian-connect.json")
	if err := os.WriteFile(file, descriptor, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.judge("connect.cjs", file)
}

// TestBothSurfacesPassAtlassiansValidators writes the descriptor and the Forge app for several sets of plugins, all of this repository's among
// them. What the validators say of wrong ones shows that they look.
func TestBothSurfacesPassAtlassiansValidators(t *testing.T) {
	s := surfaces{t, workshop(t, "surfaces")}
	for name, plugins := range map[string][]*manifest.Manifest{"fixtures": surfacetest.All(), "none": nil, "repository": published(t)} {
		t.Run(name, func(t *testing.T) {
			s := surfaces{t, s.dir}
			descriptor, err := connect.Descriptor(connect.Config{AppKey: "pergola", Name: "Pergola", BaseURL: "https://app.example", ActAsUser: true, AddOptions: true}, plugins)
			if err != nil {
				t.Fatal(err)
			}
			if wrong := s.connect(descriptor); wrong[0] != "" {
				t.Errorf("the descriptor:\n%s", strings.Join(wrong, "\n"))
			}
			if wrong := s.judge("forge.cjs", s.export(plugins)); wrong[0] != "" {
				t.Errorf("the Forge app:\n%s", strings.Join(wrong, "\n"))
			}
		})
	}
	t.Run("wrong ones", func(t *testing.T) {
		s := surfaces{t, s.dir}
		if wrong := s.connect([]byte(`{"key": "pergola", "baseUrl": "https://app.example", "authentication": {"type": "jwt"}, "modules": {"adminPages": [{"key": "admin"}], "panels": []}}`)); len(wrong) < 2 {
			t.Errorf("a page without an address, and an unknown kind of module, are taken: %q", wrong)
		}
		app := s.export(surfacetest.All())
		file := filepath.Join(app, "manifest.yml")
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for was, is := range map[string]string{"endpoint: event": "endpoint: nothing", "interval: hour": "interval: minute", "path: static/ui": "path: static/no", "- read:jira-work\n": ""} {
			if err := os.WriteFile(file, []byte(strings.Replace(string(raw), was, is, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if wrong := s.judge("forge.cjs", app); !strings.HasPrefix(wrong[0], "error: ") {
				t.Errorf("%q in the place of %q is taken: %q", is, was, wrong)
			}
		}
	})
}

// export writes the Forge app for plugins and returns its folder.
func (s surfaces) export(plugins []*manifest.Manifest) string {
	s.t.Helper()
	table, err := surface.Of(surface.Config{AppName: "Pergola", AddOptions: true}, plugins)
	if err != nil {
		s.t.Fatal(err)
	}
	dir := s.t.TempDir()
	c := forge.Config{AppID: "ari:cloud:ecosystem::app/" + judgedApp, AppName: "Pergola", BaseURL: "https://app.example", ConnectKey: "pergola"}
	if _, err := forge.Export(dir, c, table, ui.Files()); err != nil {
		s.t.Fatal(err)
	}
	return dir
}

// published are the plugins of this repository.
func published(t *testing.T) (out []*manifest.Manifest) {
	t.Helper()
	files, err := filepath.Glob("../../../plugins/*/plugin.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("plugins: %v %v", files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Parse(file, raw)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}
