package canary

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// pattern is one marker in one form.
type pattern struct {
	form  string
	tail  bool // of the marker at the end
	exact bool // letters' case is part of the form
	bytes string
	is    *Canary // what it is of, where one pattern is a whole canary
	// encode writes other words in the same form, up to what depends on what stands beside them.
	encode func(word string) string
}

// same says whether b is want, in this form's sense.
func (p *pattern) same(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	if p.exact {
		return string(b) == want
	}
	for i := range b {
		if fold[b[i]] != fold[want[i]] {
			return false
		}
	}
	return true
}

// fold makes ASCII letters lower-case and leaves all other bytes alone.
var fold = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

// form is a way of writing text as bytes.
type form struct {
	name   string
	cased  bool // the letters' case is in the encoding: search lower and upper case apart
	exact  bool // the encoding tells cases apart itself
	encode func(text string) string
}

// forms are all that leave a marker in one piece. Quoting, HTML and form encoding leave it as it is, so they are "plain".
var forms = []form{
	{name: "plain", encode: func(s string) string { return s }},
	{name: "UTF-16LE", encode: func(s string) string { return utf16Text(s, 0) }},
	{name: "UTF-16BE", encode: func(s string) string { return utf16Text(s, 1) }},
	{name: "hex", cased: true, encode: func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{name: "hex with spaces", cased: true, encode: each("%02x", " ")},
	{name: "Go bytes", cased: true, encode: each("0x%x", ", ")},
	{name: "\\x", cased: true, encode: each(`\x%02x`, "")},
	{name: "percent", cased: true, encode: each("%%%02x", "")},
	{name: "\\u", cased: true, encode: each(`\u%04x`, "")},
	{name: "HTML decimal", cased: true, encode: each("&#%d;", "")},
	{name: "HTML hex", cased: true, encode: each("&#x%x;", "")},
	{name: "numbers", cased: true, encode: each("%d", " ")},
	{name: "JSON numbers", cased: true, encode: each("%d", ",")},
	{name: "base64", cased: true, exact: true, encode: base64Of(0)},
	{name: "base64", cased: true, exact: true, encode: base64Of(1)},
	{name: "base64", cased: true, exact: true, encode: base64Of(2)},
}

// FormNames lists the forms in which a canary is found without unpacking anything.
func FormNames() []string {
	names := []string{}
	for _, f := range forms {
		names = append(names, f.name)
	}
	for _, m := range middles {
		names = append(names, m.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func patterns(head, tail string) []*pattern {
	var all []*pattern
	add := func(f form, change func(string) string) {
		encode := func(word string) string { return f.encode(change(word)) }
		for i, marker := range slices.Compact([]string{head, tail}) {
			all = append(all, &pattern{form: f.name, tail: i == 1, exact: f.exact, bytes: encode(marker), encode: encode})
		}
	}
	for _, f := range forms {
		add(f, strings.ToLower)
		if f.cased {
			add(f, strings.ToUpper)
		}
	}
	return all
}

// each writes every byte by itself.
func each(format, between string) func(string) string {
	return func(s string) string {
		parts := make([]string, len(s))
		for i := range len(s) {
			parts[i] = fmt.Sprintf(format, s[i])
		}
		return strings.Join(parts, between)
	}
}

func utf16Text(s string, high int) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		pair := [2]byte{}
		pair[high], pair[1-high] = byte(u), byte(u>>8)
		out = append(out, pair[:]...)
	}
	return string(out)
}

// base64Of encodes words that stand that many bytes behind a multiple of three, and leaves out the characters that also
// depend on the bytes before and behind. Letters have no bits for which the two alphabets differ.
func base64Of(behind int) func(string) string {
	return func(s string) string {
		all := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", behind) + s))
		return all[(8*behind+5)/6 : 8*(behind+len(s))/6]
	}
}

// middles are the forms that change only what stands between the markers.
var middles = []struct{ name, text string }{
	{"plain", middle},
	{"JSON", quoted(strconv.Quote(middle))}, // as JSON, but for letters beyond ASCII and HTML's own
	{"JSON", strings.NewReplacer(`&`, `\u0026`, `<`, `\u003c`).Replace(quoted(strconv.Quote(middle)))},
	{"JSON", quoted(strconv.QuoteToASCII(middle))},
	{"HTML", html.EscapeString(middle)},
	{"HTML", strings.NewReplacer(`+`, `&#43;`).Replace(html.EscapeString(middle))}, // html/template's
	{"query", url.QueryEscape(middle)},
	{"path", url.PathEscape(middle)},
	{"path", strings.ReplaceAll(url.QueryEscape(middle), "+", "%20")},
}

func quoted(s string) string { return s[1 : len(s)-1] }

// plainForm tells the forms apart that leave the markers as they are, by what stands beside the marker of c.
func (s *Set) plainForm(c Canary, p *pattern, around []byte, start, end int) string {
	if !strings.Contains(c.Value, middle) {
		return p.form
	}
	var beside []byte
	if p.tail {
		beside = around[:max(0, end-markerLength-idLength)]
	} else {
		beside = around[min(len(around), start+markerLength+idLength):]
	}
	for _, m := range middles {
		if p.tail && strings.EqualFold(string(last(beside, len(m.text))), m.text) ||
			!p.tail && strings.EqualFold(string(first(beside, len(m.text))), m.text) {
			return m.name
		}
	}
	return p.form
}
