package forge

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/pergola-platform/pergola/host/surface"
)

//go:embed shell
var shell embed.FS

// manifestName is the file of the folder that Atlassian's tool reads, and into which it writes the app's id.
const manifestName = "manifest.yml"

// listName is the file by which a folder is known as one that was exported. It lists what is ours there.
const listName = ".pergola-forge.json"

// shellPlaces are where the files of the shell go, by their names.
var shellPlaces = map[string]string{
	"index.html":    resourceDir + "/index.html",
	"start.js":      resourceDir + "/start.js",
	"bridge.src.js": "src/bridge.js",
	"package.json":  "package.json",
	"build.mjs":     "build.mjs",
}

// connectBridge is the one script of pages that is Connect's. The build puts another one under its name.
const connectBridge = "bridge.js"

// Written says what Export has done.
type Written struct {
	AppID   string // "" where the app was not registered yet
	Changed []string
	Removed []string
}

// Export writes the folder of the app: the manifest, the page with what the host's own pages load (ui, as host/ui has it), and a README that
// says what to do with it. The folder is made where it is not there. One that holds anything else than an earlier export is refused.
// Exporting twice changes nothing: the app's id, which Atlassian's tool writes into the manifest, stays, and what was built stays.
func Export(dir string, c Config, t surface.Table, ui fs.FS) (Written, error) {
	old, err := listed(dir)
	if err != nil {
		return Written{}, err
	}
	if c.AppID == "" {
		if c.AppID, err = registered(dir); err != nil {
			return Written{}, err
		}
	}
	files, err := folder(c, t, ui)
	if err != nil {
		return Written{}, err
	}
	out := Written{AppID: c.AppID}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Written{}, fmt.Errorf("make the folder of the app: %w", err)
	}
	root, err := os.OpenRoot(dir) // nothing outside of the folder is written, whatever links lie in it
	if err != nil {
		return Written{}, fmt.Errorf("open the folder of the app: %w", err)
	}
	defer func() { _ = root.Close() }()
	for _, name := range old {
		if _, still := files[name]; still || !filepath.IsLocal(name) {
			continue
		}
		if err := root.Remove(filepath.FromSlash(name)); err == nil {
			out.Removed = append(out.Removed, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return out, fmt.Errorf("remove a file of an earlier export: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		changed, err := put(root, filepath.FromSlash(name), files[name])
		if err != nil {
			return out, fmt.Errorf("write the app: %w", err)
		}
		if changed {
			out.Changed = append(out.Changed, name)
		}
	}
	return out, nil
}

// put writes a file, and says whether it was another one before.
func put(root *os.Root, name string, body []byte) (changed bool, err error) {
	if had, err := root.ReadFile(name); err == nil && bytes.Equal(had, body) {
		return false, nil
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return false, err
	}
	return true, root.WriteFile(name, body, 0o644)
}

// list is the file of that name.
type list struct {
	Files []string `json:"files"`
}

// listed returns the files of an earlier export, none for a folder that is empty or not there.
func listed(dir string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, listName))
	if err == nil {
		var l list
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, fmt.Errorf("%s in %s is damaged; export into another folder, and copy app.id of manifest.yml there", listName, dir)
		}
		return l.Files, nil
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look into the folder of the app: %w", err)
	case len(entries) > 0:
		return nil, fmt.Errorf("%s is not empty, and nothing in it was exported before; name a folder that is empty or not there yet", dir)
	}
	return nil, nil
}

// registered returns the id that Atlassian's tool has written into the manifest of a folder, "" where there is none.
func registered(dir string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the manifest of an earlier export: %w", err)
	}
	var m struct {
		App struct {
			ID string `yaml:"id"`
		} `yaml:"app"`
	}
	if err := yaml.Unmarshal(raw, &m); err != nil {
		return "", fmt.Errorf("%s in %s cannot be read, so the app's id would be lost: mend it, or name the id with --app-id", manifestName, dir)
	}
	if m.App.ID == Unregistered {
		return "", nil
	}
	return m.App.ID, nil
}

// folder makes the files of the app, by their names.
func folder(c Config, t surface.Table, ui fs.FS) (map[string][]byte, error) {
	m, err := Manifest(c, t)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{manifestName: m, ".gitignore": []byte("node_modules/\n" + resourceDir + "/" + connectBridge + "\n")}
	for from, to := range shellPlaces {
		if out[to], err = shell.ReadFile("shell/" + from); err != nil {
			return nil, fmt.Errorf("forge app: %w", err)
		}
	}
	names, err := fs.Glob(ui, "*")
	if err != nil {
		return nil, fmt.Errorf("forge app: %w", err)
	}
	for _, name := range names {
		if name == connectBridge {
			continue
		}
		if out[path.Join(resourceDir, name)], err = fs.ReadFile(ui, name); err != nil {
			return nil, fmt.Errorf("forge app: %w", err)
		}
	}
	if out["README.md"], err = readme(c, t); err != nil {
		return nil, err
	}
	l, err := json.MarshalIndent(list{slices.Sorted(maps.Keys(out))}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("forge app: %w", err)
	}
	out[listName] = append(l, '\n')
	return out, nil
}

func readme(c Config, t surface.Table) ([]byte, error) {
	text, err := shell.ReadFile("shell/README.md.tmpl")
	if err != nil {
		return nil, fmt.Errorf("forge app: %w", err)
	}
	page, err := template.New("README").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("forge app: %w", err)
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"Config": c, "BaseURL": strings.TrimSuffix(c.BaseURL, "/"), "Scopes": Scopes(t), "Synchronizes": t.Synchronizes,
		"Panels": t.Of(surface.Panel), "Pages": t.Of(surface.Page), "Admin": t.Of(surface.Admin), "Project": t.Of(surface.Settings), "Portal": t.Of(surface.Portal), "Properties": t.Properties,
	})
	if err != nil {
		return nil, fmt.Errorf("forge app: %w", err)
	}
	return out.Bytes(), nil
}
