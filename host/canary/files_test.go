package canary_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

func packed(t testing.TB, open func(io.Writer) (io.WriteCloser, error), b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := open(&out)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, b []byte) []byte {
	return packed(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }, b)
}

func zipped(t testing.TB, method uint16, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range map[string][]byte{"a.txt": []byte("nothing"), "dir/b.txt": b} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPackedCanaryIsFound(t *testing.T) {
	s := newSet(t)
	value := s.Text("text")
	plain := []byte("some text before it, some text after it, some text: " + value + " some text before it, some text after it")
	deflated := packed(t, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 9) }, plain)
	for _, tt := range []struct {
		name, within string
		bytes        []byte
	}{
		{"gzip", "gzip", gzipped(t, plain)},
		{"zlib", "zlib", packed(t, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }, plain)},
		{"fast zlib", "zlib", packed(t, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, 1) }, plain)},
		{"best zlib", "zlib", packed(t, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, 9) }, plain)},
		{"zstd", "zstd", packed(t, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }, plain)},
		{"s2", "s2", packed(t, func(w io.Writer) (io.WriteCloser, error) { return s2.NewWriter(w), nil }, plain)},
		{"snappy", "snappy", packed(t, func(w io.Writer) (io.WriteCloser, error) { return s2.NewWriter(w, s2.WriterSnappyCompat()), nil }, plain)},
		{"zip", "zip", zipped(t, zip.Deflate, plain)},
		{"gzip in a zip in a gzip", "gzip/zip/gzip", gzipped(t, zipped(t, zip.Deflate, gzipped(t, plain)))},
		{"gzip in base64", "base64/gzip", []byte(`"` + base64.URLEncoding.EncodeToString(gzipped(t, plain)) + `"`)},
		{"base64 in gzip", "gzip", gzipped(t, []byte(base64.StdEncoding.EncodeToString(plain)))},
		{"half a gzip", "gzip", half(gzipped(t, slices.Concat(plain, random(2000))))},
	} {
		for _, b := range [][]byte{tt.bytes, slices.Concat([]byte("\x00\x01;"), tt.bytes, random(300)), slices.Concat(random(1<<20-20), tt.bytes)} {
			got := found(s, b)
			if !has(got, "text as ", " within "+tt.within) {
				t.Errorf("%s behind %d bytes: found %q", tt.name, bytes.Index(b, tt.bytes), got)
			}
		}
	}
	for within, b := range map[string][]byte{"deflate": deflated, "s2 block": s2.Encode(nil, plain), "s2 block of snappy": s2.EncodeSnappy(nil, plain), "zip, stored": zipped(t, zip.Store, plain)} {
		if got := found(s, b); !has(got, "text as plain", "") {
			t.Errorf("%s: found %q", within, got)
		}
	}
}

func half(b []byte) []byte { return b[:len(b)/2] }

func TestWhatIsPackedTooDeepComesToAnEnd(t *testing.T) {
	s := newSet(t)
	b := []byte(s.Text("text"))
	for range 20 {
		b = gzipped(t, b)
	}
	if got := found(s, b); len(got) > 0 {
		t.Errorf("found %q, deeper than promised", got)
	}
}

func TestMissingDirectoryIsAnError(t *testing.T) {
	if err := newSet(t).Search().Dir(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("what is not there counts as searched")
	}
}
