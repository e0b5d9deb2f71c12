package bundle_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/bundle"
)

func TestPackTakesThePluginAndNothingThatLiesBesideIt(t *testing.T) {
	dir := write(t, map[string]string{
		"plugin.json": pluginJSON("acme.labels", "1.2.0"), "plugin.wasm": "\x00asm", "LICENSE": "free", "static/a/b.css": "b{}",
		"main.go": "package main", "publisher.key": "secret", "docs/notes.md": "x", ".git/config": "x", "old.wasm": "x",
	})
	packed, err := bundle.PackDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range packed.Files {
		got = append(got, f.Path)
	}
	if diff := cmp.Diff([]string{"LICENSE", "plugin.json", "plugin.wasm", "static/a/b.css"}, got); diff != "" {
		t.Errorf("packed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{".git/", "docs/", "main.go", "old.wasm", "publisher.key"}, packed.Left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestPackDoesNotDependOnTheDisk(t *testing.T) {
	files := map[string]string{"plugin.json": pluginJSON("acme.labels", "1.2.0"), "plugin.wasm": "\x00asm", "static/a": "1", "static/b": "2"}
	one, other := write(t, files), write(t, files)
	if err := os.Chmod(filepath.Join(other, "plugin.wasm"), 0o700); err != nil {
		t.Fatal(err)
	}
	a, err := bundle.PackDir(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.PackDir(other)
	if err != nil {
		t.Fatal(err)
	}
	if a.Digest != b.Digest {
		t.Errorf("%s and %s", a.Digest, b.Digest)
	}
}

func TestPackSaysWhatIsMissing(t *testing.T) {
	good := pluginJSON("acme.labels", "1.2.0")
	for name, tt := range map[string]struct {
		files map[string]string
		link  string
		says  string
	}{
		"description":    {map[string]string{"x": ""}, "", "there is no plugin.json"},
		"code":           {map[string]string{"plugin.json": good}, "", "build the plugin first"},
		"good manifest":  {map[string]string{"plugin.json": "{"}, "", "plugin.json:1"},
		"plain name":     {map[string]string{"plugin.json": good, "plugin.wasm": "", "static/a b": ""}, "", "holds ' '"},
		"code is a link": {map[string]string{"plugin.json": good, "x": ""}, "plugin.wasm", "plugin.wasm is a link"},
		"static link":    {map[string]string{"plugin.json": good, "plugin.wasm": "", "x": ""}, "static/x", "static/x is a link"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, tt.files)
			if tt.link != "" {
				link := filepath.Join(dir, tt.link)
				if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(filepath.Join(dir, "x"), link); err != nil {
					t.Skip("no symbolic links here")
				}
			}
			_, err := bundle.PackDir(dir)
			says(t, err, tt.says)
		})
	}
	_, err := bundle.PackDir(filepath.Join(t.TempDir(), "nowhere"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestReadPairReadsOnlyPlainFilesOfBoundedLength(t *testing.T) {
	dir := write(t, map[string]string{
		"a.pergola": "A", "b.pergola": "B", "b.pergola.minisig": "S", "c.pergola": "C", "c.pergola.minisig": strings.Repeat("x", bundle.MaxSignature+1), "d.pergola/x": "",
	})
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, tt := range []struct{ name, archive, signature, says string }{
		{"a.pergola", "A", "", ""},
		{"b.pergola", "B", "S", ""},
		{"c.pergola", "", "", "c.pergola.minisig cannot be read: it is longer"},
		{"d.pergola", "", "", "d.pergola cannot be read: it is no plain file"},
		{"e.pergola", "", "", "e.pergola cannot be read: no such file"},
	} {
		archive, signature, err := bundle.ReadPair(root, tt.name)
		if string(archive) != tt.archive || string(signature) != tt.signature || (err == nil) != (tt.says == "") {
			t.Errorf("%s: %q, %q, %v", tt.name, archive, signature, err)
		}
		if err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), dir)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
