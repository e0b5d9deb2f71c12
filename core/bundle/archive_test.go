package bundle_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/manifest"
)

// The digest is a promise: whoever packs the same files, on whatever machine and with whatever Go, gets these bytes. A change of
// it is a new bundleVersion.
func TestArchiveOfTheSameFilesIsAlwaysTheSame(t *testing.T) {
	const want = "sha256:a225247d8a7ad644f19d039c17e22ad4009157b0c31f4a74fdb822834e01b6c7"
	files := labels()
	for range 3 {
		if got := bundle.DigestOf(encode(t, files...)).String(); got != want {
			t.Errorf("digest %s, want %s", got, want)
		}
		files = append(files[1:], files[0])
	}
}

func TestParseReturnsWhatWasPacked(t *testing.T) {
	archive := encode(t, labels()...)
	b, err := bundle.Parse("x.pergola", archive)
	if err != nil {
		t.Fatal(err)
	}
	want := labels()
	want = []bundle.File{want[1], want[2], want[0]}
	if diff := cmp.Diff(want, b.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if b.Manifest.ID != "acme.labels" || string(b.Code) != "\x00asm labels" || b.Digest != bundle.DigestOf(archive) {
		t.Errorf("got %s, code %q, digest %s", b.Manifest.ID, b.Code, b.Digest)
	}
	if got := b.FileName(); got != "acme.labels-1.2.0.pergola" {
		t.Errorf("file name %s", got)
	}
}

func TestOtherTarReadersSeeTheSameFiles(t *testing.T) {
	r := tar.NewReader(bytes.NewReader(encode(t, labels()...)))
	got := map[string]string{}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if !h.FileInfo().Mode().IsRegular() || h.ModTime.Unix() != 0 || h.Uid != 0 || h.Mode != 0o644 {
			t.Errorf("%s: header %+v", h.Name, h)
		}
		got[h.Name] = string(data)
	}
	if index := got["SHA256SUMS.json"]; !strings.Contains(index, `{"path": "plugin.wasm", "size": 11, "sha256": "`) {
		t.Errorf("index:\n%s", index)
	}
	delete(got, "SHA256SUMS.json")
	for _, f := range labels() {
		if got[f.Path] != string(f.Data) {
			t.Errorf("%s: %q", f.Path, got[f.Path])
		}
		delete(got, f.Path)
	}
	if len(got) > 0 {
		t.Errorf("there is more: %v", got)
	}
}

// hostile are archives that must be refused, each with what the message has to say.
func hostile(t testing.TB) map[string]struct {
	archive []byte
	says    []string
} {
	good := encode(t, labels()...)
	one := func(e entry) []byte { return raw(entry{name: "SHA256SUMS.json", data: "{}"}, e) }
	two := func(a, b string) []byte {
		return raw(entry{name: "SHA256SUMS.json", data: "{}"}, entry{name: a, data: "1"}, entry{name: b, data: "2"})
	}
	changed := bytes.Replace(good, []byte("asm labels"), []byte("asm Labels"), 1)
	many := []entry{{name: "SHA256SUMS.json", data: "{}"}}
	for i := range bundle.MaxFiles + 1 {
		many = append(many, entry{name: fmt.Sprintf("f%04d", i)})
	}
	type bad = struct {
		archive []byte
		says    []string
	}
	return map[string]bad{
		"nothing":               {nil, []string{"is cut off"}},
		"text":                  {bytes.Repeat([]byte("hello "), 400), []string{"does not have the form of a tar", "pergola plugin pack"}},
		"traversal":             {one(entry{name: "../evil"}), []string{"../evil", "leads out of the bundle"}},
		"traversal inside":      {one(entry{name: "static/../../evil"}), []string{"leads out of the bundle"}},
		"traversal by prefix":   {one(entry{name: "evil", prefix: ".."}), []string{"../evil", "leads out of the bundle"}},
		"absolute":              {one(entry{name: "/etc/passwd"}), []string{"/etc/passwd", "is absolute"}},
		"drive":                 {one(entry{name: "C:evil"}), []string{"begins with a drive"}},
		"backslash":             {one(entry{name: `..\evil`}), []string{"holds a backslash"}},
		"hidden":                {one(entry{name: "static/.git"}), []string{"begins with a dot"}},
		"dot at the end":        {one(entry{name: "plugin.json."}), []string{"ends with a dot"}},
		"empty part":            {one(entry{name: "static//x"}), []string{"empty part"}},
		"no name":               {one(entry{name: ""}), []string{"the name is empty"}},
		"long name":             {one(entry{name: "x", prefix: strings.Repeat("a", 120)}), []string{"longer than 100 bytes"}},
		"control character":     {one(entry{name: "a\x1b[2Jb"}), []string{`"a\x1b[2Jb"`, "control character 0x1b"}},
		"odd character":         {one(entry{name: "a*b"}), []string{`holds '*'`}},
		"symbolic link":         {one(entry{name: "plugin.wasm", kind: '2', link: "/etc/passwd"}), []string{"plugin.wasm", "is a symbolic link"}},
		"hard link":             {one(entry{name: "plugin.wasm", kind: '1', link: "plugin.json"}), []string{"is a hard link"}},
		"device":                {one(entry{name: "null", kind: '3'}), []string{"is a device"}},
		"pipe":                  {one(entry{name: "pipe", kind: '6'}), []string{"is a pipe"}},
		"folder":                {one(entry{name: "static", kind: '5'}), []string{"is a folder"}},
		"extended header":       {one(entry{name: "pax", kind: 'x', data: "12 path=../x\n"}), []string{"is an extended header"}},
		"unknown kind":          {one(entry{name: "x", kind: '7'}), []string{"another mode, time, owner, type"}},
		"old kind of file":      {one(entry{name: "x", kind: 1}), []string{"another mode, time, owner, type"}},
		"link name of a file":   {one(entry{name: "x", link: "y"}), []string{"another mode"}},
		"mode":                  {one(entry{name: "x", mode: "0004755\x00"}), []string{"another mode"}},
		"checksum":              {one(entry{name: "x", sum: "000001\x00 "}), []string{"checksum"}},
		"twice":                 {two("a", "a"), []string{"a: the name is there twice"}},
		"upper and lower case":  {two("Plugin.json", "plugin.json"), []string{"plugin.json", "differs from Plugin.json only by upper and lower case"}},
		"case of folders":       {two("Static/a", "static/b"), []string{"differs from Static only by upper and lower case"}},
		"file and folder":       {two("a", "a/b"), []string{"a is a file and a folder at once"}},
		"composed and not":      {two("caf\u00e9", "cafe\u0301"), []string{"outside ASCII", `caf\u00e9`}},
		"not sorted":            {two("b", "a"), []string{"stands behind b"}},
		"too many files":        {raw(many...), []string{"holds more than 512 files"}},
		"declared bomb":         {one(entry{name: "x", size: "77777777777\x00"}), []string{"x: is 8589934591 bytes long, more than"}},
		"declared bomb base256": {one(entry{name: "x", size: "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff"}), []string{"no octal number"}},
		"negative size":         {one(entry{name: "x", size: "-0000000001\x00"}), []string{"no octal number"}},
		"huge description":      {one(entry{name: "plugin.json", size: "00004000001\x00"}), []string{"plugin.json: is 1048577 bytes long"}},
		"more than there is":    {one(entry{name: "x", size: "00000010000\x00"}), []string{"x: is cut off", "4096 bytes long", "after 1024"}},
		"too long":              {make([]byte, bundle.MaxArchive+1), []string{"more than the 100663296 of a bundle"}},
		"gzip":                  {append([]byte{0x1f, 0x8b, 8, 0}, good...), []string{"gzip", "a bundle is a plain tar"}},
		"zip":                   {append([]byte("PK\x03\x04"), good...), []string{"zip"}},
		"zstd":                  {append([]byte{0x28, 0xb5, 0x2f, 0xfd}, good...), []string{"zstd"}},
		"module":                {append([]byte("\x00asm\x01\x00\x00\x00"), good...), []string{"a Wasm module"}},
		"truncated":             {good[:len(good)-512], []string{"is cut off"}},
		"truncated in a file":   {good[:len(good)-1536], []string{"is cut off"}},
		"trailing zeros":        {append(slices.Clip(good), make([]byte, 512)...), []string{"512 bytes behind its end"}},
		"trailing data":         {append(slices.Clip(good), 'x'), []string{"1 bytes behind its end"}},
		"one empty block":       {append(slices.Clone(good[:len(good)-512]), entry{name: "x"}.bytes()...), []string{"goes on behind an empty block"}},
		"hidden in padding":     {one(entry{name: "x", data: "1", pad: 'e'}), []string{"bytes that belong to nothing"}},
		"no index":              {raw(entry{name: "plugin.json", data: pluginJSON("acme.labels", "1.0.0")}), []string{"does not begin with SHA256SUMS.json"}},
		"index is no JSON":      {raw(entry{name: "SHA256SUMS.json", data: "{"}), []string{"SHA256SUMS.json: is not JSON"}},
		"index of the future":   {raw(entry{name: "SHA256SUMS.json", data: `{"bundleVersion":2}`}), []string{"bundleVersion 2", "newer pergola"}},
		"index written by hand": {bytes.Replace(good, []byte(`{"path": "plugin.wasm", "size"`), []byte(`{"path":  "plugin.wasm","size"`), 1), []string{"written in another way"}},
		"file not in the index": {raw(entry{name: "SHA256SUMS.json", data: `{"bundleVersion":1,"files":[]}`}, entry{name: "x"}), []string{"x: is not named by SHA256SUMS.json"}},
		"file missing":          {raw(entry{name: "SHA256SUMS.json", data: `{"bundleVersion":1,"files":[{"path":"x"}]}`}), []string{`names the file "x", which is not in its place`}},
		"changed file": {changed, []string{"plugin.wasm: differs from what SHA256SUMS.json says", "expected " + bundle.DigestOf([]byte("\x00asm labels")).String(),
			"found " + bundle.DigestOf([]byte("\x00asm Labels")).String(), "fetch the bundle anew"}},
		"no description": {encode(t, bundle.File{Path: "plugin.wasm"}), []string{"holds no plugin.json"}},
		"no code":        {encode(t, labels()[1]), []string{"plugin.wasm: is not there", "runtime.entry"}},
	}
}

func TestParseRefusesWhatNoPackerWrote(t *testing.T) {
	for name, tt := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.Parse("x.pergola", tt.archive)
			says(t, err, append(tt.says, "x.pergola: ")...)
			var refusal *bundle.Refusal
			if !errors.As(err, &refusal) || refusal.Kind == bundle.Untrusted || !bundle.Refused(err) {
				t.Errorf("got %#v", err)
			}
			if refusal != nil && refusal.Next == "" {
				t.Errorf("no next step: %v", err)
			}
		})
	}
}

func TestParseNamesWhatIsWrongInTheDescription(t *testing.T) {
	_, err := bundle.Parse("x.pergola", encode(t, bundle.File{Path: "plugin.json", Data: []byte(`{"manifestVersion": 1}`)}))
	says(t, err, "x.pergola/plugin.json:1: ")
	var problems manifest.Errors
	if !errors.As(err, &problems) || !bundle.Refused(err) {
		t.Errorf("got %#v", err)
	}
}

func TestEncodeRefusesWhatParseWouldRefuse(t *testing.T) {
	for name, tt := range map[string]struct {
		files []bundle.File
		says  string
	}{
		"traversal": {[]bundle.File{{Path: "../x"}}, "leads out"},
		"not ASCII": {[]bundle.File{{Path: "stra\u00dfe"}}, "outside ASCII"},
		"twice":     {[]bundle.File{{Path: "x"}, {Path: "x"}}, "there twice"},
		"case":      {[]bundle.File{{Path: "x"}, {Path: "X"}}, "upper and lower case"},
		"index":     {[]bundle.File{{Path: "SHA256SUMS.json"}}, "own list of digests"},
		"long file": {[]bundle.File{{Path: "x", Data: make([]byte, bundle.MaxFile+1)}}, "more than the 67108864"},
		"long archive": {[]bundle.File{{Path: "x", Data: make([]byte, bundle.MaxFile)}, {Path: "y", Data: make([]byte, bundle.MaxFile)}},
			"leave out what the plugin does not need"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.Encode(tt.files)
			says(t, err, tt.says)
		})
	}
}

// What Parse accepts is what Encode writes, byte for byte, so there are no two archives with the same files and no archive that
// another reader could see in another way.
func FuzzParse(f *testing.F) {
	f.Add(encode(f, labels()...))
	for _, h := range hostile(f) {
		if len(h.archive) < 16<<10 {
			f.Add(h.archive)
		}
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		b, err := bundle.Parse("x.pergola", archive)
		if err != nil {
			if !bundle.Refused(err) {
				t.Fatalf("error %v is no refusal", err)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
				t.Fatalf("the message carries control characters: %q", err)
			}
			return
		}
		again, err := bundle.Encode(b.Files)
		if err != nil {
			t.Fatalf("packed again, it is refused: %v", err)
		}
		if !bytes.Equal(archive, again) {
			t.Error("packed again, it is another archive")
		}
	})
}

// Whatever name a file has, both sides judge it alike, and one that is accepted stays below the folder it is extracted to on every
// system.
func FuzzName(f *testing.F) {
	for _, name := range []string{"static/a.css", "../x", "a/../../x", "/x", `a\b`, "C:x", "a//b", "a/", ".a", "a.", "caf\u00e9", "cafe\u0301", "a\x00b", "PLUGIN.json", "plugin.wasm/x", strings.Repeat("a", 101)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		rest := labels()[1:]
		archive, err := bundle.Encode(append(rest, bundle.File{Path: name, Data: []byte("x")}))
		if err != nil {
			if len(name) > 0 && len(name) <= 100 && !strings.Contains(name, "\x00") && name < "plugin.json" {
				if _, err := bundle.Parse("x.pergola", raw(entry{name: "SHA256SUMS.json"}, entry{name: name}, entry{name: "plugin.json"})); err == nil {
					t.Errorf("%q is not packed, but read", name)
				}
			}
			return
		}
		if !filepath.IsLocal(name) || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' || r == ':' }) {
			t.Errorf("%q was packed", name)
		}
		if _, err := bundle.Parse("x.pergola", archive); err != nil {
			t.Errorf("%q was packed, but is not read: %v", name, err)
		}
	})
}
