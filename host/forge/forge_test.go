package forge_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/host/surface/surfacetest"
	"github.com/pergola-platform/pergola/host/ui"
)

var update = flag.Bool("update", false, "write the golden files anew")

const appID = "ari:cloud:ecosystem::app/406d303d-0393-4ec4-ad7c-1435be94583a"

func config() forge.Config {
	return forge.Config{AppID: appID, AppName: "Pergola", BaseURL: "https://app.example/"}
}

func table(t *testing.T, plugins []*manifest.Manifest) surface.Table {
	t.Helper()
	out, err := surface.Of(surface.Config{AppName: "Pergola", ActAsUser: true, AddOptions: true}, plugins)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestManifestGolden(t *testing.T) {
	full := config()
	full.ConnectKey = "pergola"
	for _, tt := range []struct {
		name    string
		config  forge.Config
		plugins []*manifest.Manifest
	}{
		{"manifest.yml", config(), surfacetest.Plugins()},
		{"everything.yml", full, surfacetest.All()},
		{"nothing.yml", config(), nil},
	} {
		got, err := forge.Manifest(tt.config, table(t, tt.plugins))
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", tt.name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: run the test with -update if this is meant (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestManifestRefusals(t *testing.T) {
	panel := func(edit func(*manifest.Module)) []*manifest.Manifest {
		m := surfacetest.Plugins()[1]
		edit(&m.Modules[0])
		return []*manifest.Manifest{m}
	}
	for _, tt := range []struct {
		name    string
		edit    func(*forge.Config)
		plugins []*manifest.Manifest
		want    string
	}{
		{"http", func(c *forge.Config) { c.BaseURL = "http://app.example" }, nil, "https only"},
		{"no host", func(c *forge.Config) { c.BaseURL = "https:///x" }, nil, "https only"},
		{"a query", func(c *forge.Config) { c.BaseURL += "?a" }, nil, "https only"},
		{"no name", func(c *forge.Config) { c.AppName = "" }, nil, "no name"},
		{"another id", func(c *forge.Config) { c.AppID = "406d303d" }, nil, "forge register"},
		{"key with a space", func(c *forge.Config) { c.ConnectKey = "a b" }, nil, "connect key"},
		{"module without a name", nil, panel(func(m *manifest.Module) { m.Name = "" }), "name is empty"},
		{"long name", nil, panel(func(m *manifest.Module) { m.Name = strings.Repeat("n", 256) }), "longer than"},
		{"a plugin twice", nil, append(surfacetest.Plugins(), surfacetest.Plugins()[0]), "two modules"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config()
			if tt.edit != nil {
				tt.edit(&c)
			}
			if _, err := forge.Manifest(c, table(t, tt.plugins)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one about %q", err, tt.want)
			}
		})
	}
}

func TestEveryEventHasANameThatLeadsBack(t *testing.T) {
	all := table(t, surfacetest.All())
	if len(all.Events) < 12 {
		t.Fatalf("events %v", all.Events)
	}
	raw, err := forge.Manifest(config(), all)
	if err != nil {
		t.Fatal(err)
	}
	var back []string
	for line := range strings.Lines(string(raw)) {
		if theirs, ok := strings.CutPrefix(strings.TrimSpace(line), "- avi:jira:"); ok {
			name, ok := forge.EventName("avi:jira:" + theirs)
			if !ok {
				t.Errorf("nobody knows %s", theirs)
			}
			back = append(back, name)
		}
	}
	if diff := cmp.Diff(all.Events, back); diff != "" {
		t.Errorf("events (-table +manifest):\n%s", diff)
	}
	if _, ok := forge.EventName("avi:jira:viewed:issue"); ok {
		t.Error("an event that nobody hears of has a name")
	}
}

// A host whose plugins only read asks for no leave to write.
func TestScopesAreNoMoreThanThePluginsNeed(t *testing.T) {
	reading := forge.Scopes(table(t, surfacetest.Plugins()))
	for _, scope := range []string{"write:jira-work", "manage:jira-configuration", "read:app-user-token"} {
		if slices.Contains(reading, scope) {
			t.Errorf("plugins that only read ask for %s", scope)
		}
	}
	writing := forge.Scopes(table(t, surfacetest.All()))
	for _, scope := range []string{"write:jira-work", "manage:jira-configuration", "read:app-user-token"} {
		if !slices.Contains(writing, scope) {
			t.Errorf("%s is missing", scope)
		}
	}
}

// In the name of people the app writes, and does nothing else.
func TestImpersonationIsAskedForWhatIsWritten(t *testing.T) {
	raw, err := forge.Manifest(config(), table(t, surfacetest.All()))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), "write:jira-work:\n      allowImpersonation: true\n") || strings.Count(string(raw), "allowImpersonation") != 1 {
		t.Errorf("manifest:\n%s", raw)
	}
	own, err := surface.Of(surface.Config{AppName: "Pergola"}, surfacetest.All())
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = forge.Manifest(config(), own); err != nil || strings.Contains(string(raw), "allowImpersonation") || strings.Contains(string(raw), "appUserToken") {
		t.Errorf("without leave of the operator: %v\n%s", err, raw)
	}
}

func TestExportingTwiceChangesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "app")
	first, err := forge.Export(dir, config(), table(t, surfacetest.Plugins()), ui.Files())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"manifest.yml", "README.md", "package.json", "src/bridge.js", "static/ui/index.html", "static/ui/app.js"} {
		if !slices.Contains(first.Changed, name) {
			t.Errorf("%s was not written", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "static/ui/bridge.js")); err == nil {
		t.Error("the script that knows Connect is in the app")
	}
	again, err := forge.Export(dir, config(), table(t, surfacetest.Plugins()), ui.Files())
	if err != nil || len(again.Changed)+len(again.Removed) > 0 {
		t.Errorf("the second time: %v %+v", err, again)
	}
}

func TestExportKeepsWhatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	c := config()
	c.AppID = ""
	if _, err := forge.Export(dir, c, table(t, surfacetest.Plugins()), ui.Files()); err != nil {
		t.Fatal(err)
	}
	manifestFile := filepath.Join(dir, "manifest.yml")
	raw, err := os.ReadFile(manifestFile)
	if err != nil || !strings.Contains(string(raw), forge.Unregistered) {
		t.Fatalf("%v\n%s", err, raw)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("manifest.yml", strings.ReplaceAll(string(raw), forge.Unregistered, appID)) // as forge register does
	write("static/ui/bridge.js", "built")
	write("node_modules/x/index.js", "installed")
	out, err := forge.Export(dir, c, table(t, surfacetest.All()), ui.Files())
	if err != nil {
		t.Fatal(err)
	}
	if out.AppID != appID || slices.Contains(out.Changed, "static/ui/app.js") || !slices.Contains(out.Changed, "manifest.yml") {
		t.Errorf("%+v", out)
	}
	if raw, _ = os.ReadFile(manifestFile); !strings.Contains(string(raw), appID) || !strings.Contains(string(raw), "acme-stock--property--count") {
		t.Errorf("the manifest:\n%s", raw)
	}
	for _, name := range []string{"static/ui/bridge.js", "node_modules/x/index.js"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
}

func TestExportRefusesForeignFolders(t *testing.T) {
	for name, prepare := range map[string]struct{ file, text, want string }{
		"somebody's files":       {"notes.txt", "mine", "not empty"},
		"a damaged list":         {".pergola-forge.json", "{", "damaged"},
		"somebody's app":         {"manifest.yml", "app: {id: x}", "not empty"},
		"a file, and no folder":  {"", "", "folder"},
		"a list that climbs out": {".pergola-forge.json", `{"files": ["../outside"]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir, outside := filepath.Join(parent, "app"), filepath.Join(parent, "outside")
			if err := os.WriteFile(outside, []byte("kept"), 0o600); err != nil {
				t.Fatal(err)
			}
			target := dir
			if prepare.file == "" {
				target = outside
			} else if err := errorOf(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, prepare.file), []byte(prepare.text), 0o600)); err != nil {
				t.Fatal(err)
			}
			_, err := forge.Export(target, config(), table(t, nil), ui.Files())
			if prepare.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), prepare.want) {
				t.Errorf("error %v, want one about %q", err, prepare.want)
			}
			if raw, err := os.ReadFile(outside); err != nil || string(raw) != "kept" {
				t.Errorf("the file beside it: %s %v", raw, err)
			}
		})
	}
}

func errorOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestAnswersToAFunctionAreKeptUnderTheKeyOfItsExtension(t *testing.T) {
	got := forge.FunctionKey("ari:cloud:ecosystem::environment/app/env", "acme.notes", "noted")
	if want := "ari:cloud:ecosystem::extension/app/env/static/acme-notes--function--noted"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
