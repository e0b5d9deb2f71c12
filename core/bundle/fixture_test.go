package bundle_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/bundle"
)

func pluginJSON(id, version string) string {
	return `{
  "manifestVersion": 1,
  "id": "` + id + `",
  "name": "Test",
  "version": "` + version + `",
  "publisher": {"name": "Acme"},
  "description": "A plugin for a test.",
  "compat": {"abi": 1},
  "runtime": {"kind": "wasm", "entry": "plugin.wasm"},
  "modules": [{"type": "issuePanel", "key": "panel", "name": "Test", "view": "panel"}]
}`
}

func labels() []bundle.File {
	return []bundle.File{
		{Path: "static/logo.svg", Data: []byte("<svg/>")},
		{Path: "plugin.json", Data: []byte(pluginJSON("acme.labels", "1.2.0"))},
		{Path: "plugin.wasm", Data: []byte("\x00asm labels")},
	}
}

// encode packs files without looking into them.
func encode(t testing.TB, files ...bundle.File) []byte {
	t.Helper()
	archive, err := bundle.Encode(files)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func secret(t testing.TB) bundle.SecretKey {
	t.Helper()
	k, err := bundle.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// write puts files, by path, under a new directory.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// says checks that an error names everything that its reader needs.
func says(t *testing.T, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

// entry is one entry of a tar that somebody else wrote, with a checksum that is right unless sum says otherwise.
type entry struct {
	name, prefix, link string
	kind               byte
	size               string // octal; "" for that of data
	data               string
	mode, magic        string
	pad                byte
	sum                string
}

func (e entry) bytes() []byte {
	h := make([]byte, 512)
	field := func(at int, text, otherwise string) {
		if text == "" {
			text = otherwise
		}
		copy(h[at:], text)
	}
	copy(h, e.name)
	field(100, e.mode, "0000644\x00")
	copy(h[108:], "0000000\x000000000\x00")
	field(124, e.size, fmt.Sprintf("%011o\x00", len(e.data)))
	copy(h[136:], "00000000000\x00")
	if e.kind == 0 {
		e.kind = '0'
	}
	h[156] = e.kind
	copy(h[157:], e.link)
	field(257, e.magic, "ustar\x0000")
	copy(h[329:], "0000000\x000000000\x00")
	copy(h[345:], e.prefix)
	sum := 8 * int(' ')
	for i, c := range h {
		if i < 148 || i >= 156 {
			sum += int(c)
		}
	}
	field(148, e.sum, fmt.Sprintf("%06o\x00 ", sum))
	out := slices.Concat(h, []byte(e.data))
	for len(out)%512 != 0 {
		out = append(out, e.pad)
	}
	return out
}

// raw makes a tar of entries.
func raw(entries ...entry) []byte {
	var out []byte
	for _, e := range entries {
		out = append(out, e.bytes()...)
	}
	return append(out, make([]byte, 1024)...)
}
