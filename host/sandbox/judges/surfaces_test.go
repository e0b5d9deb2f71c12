package judges_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
func (s surfaces) judge(script string, what ...string) []string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "node", append([]string{script}, what...)...)
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

// forge judges the Forge apps in folders, and returns what is wrong with each.
func (s surfaces) forge(folders ...string) map[string][]string {
	s.t.Helper()
	out, folder := map[string][]string{}, ""
	for _, line := range s.judge("forge.cjs", folders...) {
		if next, ok := strings.CutPrefix(line, "folder: "); ok {
			folder = next
			out[folder] = nil
			continue
		}
		out[folder] = append(out[folder], line)
	}
	if len(out) != len(folders) {
		s.t.Fatalf("%d apps were judged, want %d", len(out), len(folders))
	}
	return out
}

// TestBothSurfacesPassAtlassiansValidators writes the descriptor and the Forge app for several sets of plugins, all of this repository's among
// them. What the validators say of wrong ones shows that they look.
func TestBothSurfacesPassAtlassiansValidators(t *testing.T) {
	s := surfaces{t, workshop(t, "surfaces")}
	right, wrong := map[string]string{}, map[string]string{} // names of what is judged, by folder
	for name, plugins := range map[string][]*manifest.Manifest{"fixtures": surfacetest.All(), "none": nil, "repository": published(t)} {
		descriptor, err := connect.Descriptor(connect.Config{AppKey: "pergola", Name: "Pergola", BaseURL: "https://app.example", ActAsUser: true, AddOptions: true}, plugins)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := s.connect(descriptor); wrong[0] != "" {
			t.Errorf("the descriptor of %s:\n%s", name, strings.Join(wrong, "\n"))
		}
		right[s.export(plugins, false)] = name
		right[s.export(plugins, true)] = name + ", writing in people's names"
	}
	if got := s.connect([]byte(`{"key": "pergola", "baseUrl": "https://app.example", "authentication": {"type": "jwt"}, "modules": {"adminPages": [{"key": "admin"}], "panels": []}}`)); len(got) < 2 {
		t.Errorf("a page without an address, and an unknown kind of module, are taken: %q", got)
	}
	for was, is := range map[string]string{"endpoint: event": "endpoint: nothing", "interval: hour": "interval: minute", "path: static/ui": "path: static/no", "- read:jira-work\n": "", "allowImpersonation:": "allowEverything:"} {
		app := s.export(surfacetest.All(), strings.HasPrefix(was, "allow"))
		file := filepath.Join(app, "manifest.yml")
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(raw), was, is, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		wrong[app] = is + " in the place of " + was
	}
	for folder, problems := range s.forge(slices.Concat(slices.Collect(maps.Keys(right)), slices.Collect(maps.Keys(wrong)))...) {
		if name, ok := right[folder]; ok && len(problems) > 0 {
			t.Errorf("the Forge app of %s:\n%s", name, strings.Join(problems, "\n"))
		}
		if name, ok := wrong[folder]; ok && (len(problems) == 0 || !strings.HasPrefix(problems[0], "error: ")) {
			t.Errorf("%s is taken: %q", name, problems)
		}
	}
}

// export writes the Forge app for plugins, which may act in people's names, and returns its folder.
func (s surfaces) export(plugins []*manifest.Manifest, actAs bool) string {
	s.t.Helper()
	table, err := surface.Of(surface.Config{AppName: "Pergola", ActAsUser: actAs, AddOptions: true}, plugins)
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
