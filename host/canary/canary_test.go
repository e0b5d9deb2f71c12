package canary_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/pergola-platform/pergola/host/canary"
)

// newSet returns a set that is the same in each run.
func newSet(t testing.TB) *canary.Set {
	t.Helper()
	s, err := canary.New(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// random is n bytes that hold no canary.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(b) // never fails
	return b
}

// found searches b and returns "canary as form within packing", each once.
func found(s *canary.Set, b []byte) []string {
	x := s.Search()
	x.Bytes("bytes", b)
	return said(x.Report())
}

func said(r canary.Report) []string {
	var all []string
	for _, h := range r.Hits {
		text := h.Canary + " as " + h.Form
		if h.Within != "" {
			text += " within " + h.Within
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// has says whether there is one that begins and ends so.
func has(all []string, begin, end string) bool {
	return slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, begin) && strings.HasSuffix(s, end) })
}

func toJSON(s string) string {
	b, _ := json.Marshal(s) // strings always encode
	return string(b)
}

func utf16Of(s string, high int) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>(8*high)), byte(u>>(8-8*high)))
	}
	return string(out)
}

func percent(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, format, s[i])
		}
		return b.String()
	}
}

// written is each way in which text is written that the search promises to know.
var written = []struct {
	name, form string
	write      func(string) string
}{
	{"as it is", "plain", func(s string) string { return s }},
	{"lower case", "plain", strings.ToLower},
	{"upper case", "plain", strings.ToUpper},
	{"title", "plain", func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }},
	{"json", "JSON", toJSON},
	{"json without HTML escapes", "JSON", func(s string) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(s) // strings always encode
		return b.String()
	}},
	{"json twice", "plain", func(s string) string { return toJSON(toJSON(s)) }},
	{"json of numbers", "JSON numbers", func(s string) string {
		return toJSON(strings.Trim(strings.ReplaceAll(fmt.Sprintf("%d", []byte(s)), " ", ","), "[]"))
	}},
	{"%q", "JSON", func(s string) string { return fmt.Sprintf("%q", s) }},
	{"%+q", "JSON", func(s string) string { return fmt.Sprintf("%+q", s) }},
	{"all escaped for json", "\\u", func(s string) string { return percent(`\u%04x`)(s) }},
	{"html", "HTML", html.EscapeString},
	{"html/template", "HTML", template.HTMLEscapeString},
	{"html numbers", "HTML decimal", percent("&#%d;")},
	{"html hex numbers", "HTML hex", percent("&#x%X;")},
	{"form", "query", func(s string) string { return url.Values{"q": {s}}.Encode() }},
	{"path", "path", url.PathEscape},
	{"component", "path", func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }},
	{"percent", "percent", percent("%%%02x")},
	{"percent, capitals", "percent", percent("%%%02X")},
	{"hex", "hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"hex, capitals", "hex", func(s string) string { return fmt.Sprintf("%X", s) }},
	{"hex of capitals", "hex", func(s string) string { return fmt.Sprintf("%x", strings.ToUpper(s)) }},
	{"% x", "hex with spaces", func(s string) string { return fmt.Sprintf("% x", s) }},
	{"%#v of bytes", "Go bytes", func(s string) string { return fmt.Sprintf("%#v", []byte(s)) }},
	{"%v of bytes", "numbers", func(s string) string { return fmt.Sprintf("%v", []byte(s)) }},
	{"c escapes", "\\x", percent(`\x%02x`)},
	{"utf-16le", "UTF-16LE", func(s string) string { return utf16Of(s, 0) }},
	{"utf-16be", "UTF-16BE", func(s string) string { return utf16Of(s, 1) }},
	{"utf-16le, lower case", "UTF-16LE", func(s string) string { return utf16Of(strings.ToLower(s), 0) }},
	{"base64", "base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64 + 1", "base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("?" + s)) }},
	{"base64 + 2", "base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("??" + s + "?")) }},
	{"base64 of capitals", "base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("??" + strings.ToUpper(s))) }},
	{"base64 for URLs", "base64", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("\xff\xfe" + s)) }},
	{"base64 in lines", "base64", func(s string) string {
		return lines(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", 40)+s)), 76)
	}},
	{"base64 of utf-16", "UTF-16LE within base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(utf16Of(s, 0))) }},
	{"base64 of base64", "base64 within base64", func(s string) string {
		return base64.URLEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s))))
	}},
}

func lines(s string, width int) string {
	var b strings.Builder
	for ; len(s) > width; s = s[width:] {
		b.WriteString(s[:width] + "\n")
	}
	return b.String() + s
}

func TestEveryFormIsFound(t *testing.T) {
	s := newSet(t)
	s.Text("another") // so that the name is a choice
	values := map[string]string{"text": s.Text("text"), "plain": s.Plain("plain"), "key": s.Key("key")}
	for i := range 500 {
		s.Text(fmt.Sprint("more ", i))
	}
	for _, tt := range written {
		for kind, value := range values {
			got := found(s, slices.Concat(random(100), []byte("<"+tt.write(value)+">"), random(100)))
			form := tt.form
			if kind != "text" && slices.Contains([]string{"JSON", "HTML", "query", "path"}, form) {
				form = "plain" // in letters alone there is nothing to escape
			}
			if !has(got, kind+" as "+form, "") {
				t.Errorf("%s of %s: found %q, want it as %s", tt.name, kind, got, form)
			}
			for _, g := range got {
				cut := tt.name == "base64 in lines" && strings.HasPrefix(g, "a piece of one")
				if !strings.HasPrefix(g, kind+" ") && !cut {
					t.Errorf("%s of %s: found %q, which is another", tt.name, kind, g)
				}
			}
		}
	}
}

func TestFormsAreListed(t *testing.T) {
	for _, tt := range written {
		form, _, _ := strings.Cut(tt.form, " within ")
		if !slices.Contains(canary.FormNames(), form) {
			t.Errorf("%s is not among %q", form, canary.FormNames())
		}
	}
}

// TestCutValueIsFound cuts a value in two at every byte, as a database's pages do, with something else between the halves.
func TestCutValueIsFound(t *testing.T) {
	s := newSet(t)
	s.Text("another")
	for kind, value := range map[string]string{"text": s.Text("text"), "plain": s.Plain("plain"), "key": s.Key("key")} {
		for at := range len(value) + 1 {
			if got := found(s, []byte("\x05"+value[:at]+"\x00\x00\x01\x02"+value[at:])); !has(got, kind+" as plain", "") {
				t.Errorf("%s cut at %d: found %q", kind, at, got)
			}
		}
	}
}

func TestLiteralIsFound(t *testing.T) {
	s := newSet(t)
	s.Literal("address", "127.211.173.149")
	s.Text("text")
	for _, text := range []string{"peer=127.211.173.149:4711", base64.StdEncoding.EncodeToString([]byte("from 127.211.173.149")), fmt.Sprintf("%x", "127.211.173.149")} {
		if got := found(s, []byte(text)); !has(got, "address as ", "") {
			t.Errorf("%s: found %q", text, got)
		}
	}
	if got := found(s, []byte(s.Text("another"))); !slices.Equal(got, []string{"another as plain"}) {
		t.Errorf("beside a literal, found %q", got)
	}
	if got := found(s, []byte("127.211.173.148")); len(got) > 0 {
		t.Errorf("found %q in another address", got)
	}
}

func TestOffsetIsThatOfTheFirst(t *testing.T) {
	s := newSet(t)
	value := s.Text("text")
	const window = 1 << 20
	for _, at := range []int{0, 17, window - len(value), window - 20, window - 1, window, window + 1, 3*window - 30} {
		b := random(3*window + 5000)
		copy(b[at:], value)
		x := s.Search()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "file"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := x.Dir(dir); err != nil {
			t.Fatal(err)
		}
		hits := x.Report().Hits
		if len(hits) != 1 || hits[0].Offset != int64(at) || hits[0].Count != 2 || hits[0].Path != filepath.Join(filepath.Base(dir), "file") {
			t.Errorf("planted at %d, found %v", at, hits)
		}
	}
}

func TestRandomBytesHoldNoCanary(t *testing.T) {
	s := newSet(t)
	for range 100 {
		s.Text("text")
	}
	b := random(16 << 20)
	coded := base64.StdEncoding.EncodeToString(b[:4<<20]) + strings.Repeat("1 ", 1<<20) + strings.Repeat("\x00q", 1<<20)
	x := s.Search()
	x.Bytes("random", b)
	x.Bytes("coded", []byte(coded))
	if r := x.Report(); len(r.Hits)+len(r.Problems) > 0 {
		t.Errorf("found %v, problems %v", r.Hits, r.Problems)
	}
}

func TestReportDoesNotRepeatValues(t *testing.T) {
	s := newSet(t)
	value := s.Text("text")
	x := s.Search()
	x.Bytes("stderr", []byte(value))
	r := x.Report()
	text := fmt.Sprintf("%+v %s", r, r)
	if got := found(s, []byte(text)); len(got) > 0 || !strings.Contains(text, "LEAK stderr: text, as plain at byte 0") {
		t.Errorf("the report says\n%s", text)
	}
}

// BenchmarkSearch searches what a host writes: native code, a database's pages, text, in all forms for 100 canaries.
func BenchmarkSearch(b *testing.B) {
	s := newSet(b)
	for range 100 {
		s.Text("text")
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		b.Fatal(err)
	}
	text := bytes.Repeat([]byte(`time=2026-01-02T15:04:05Z level=INFO msg=request id=abcdef method=GET route=/connect/module/:plugin status=200`+"\n"), 1<<17)
	for name, data := range map[string][]byte{"random": random(32 << 20), "program": program, "text": text} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				x := s.Search()
				x.Bytes(name, data)
				if r := x.Report(); len(r.Hits) > 0 {
					b.Fatal(r.Hits)
				}
			}
		})
	}
}
