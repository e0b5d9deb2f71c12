package ui_test

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"
)

// tag is an opening tag of a page, with the tags around it.
type tag struct {
	name   string
	attrs  map[string]string
	around []*tag
	text   string // what it contains, without markup
}

func (t *tag) within(name string) bool {
	return slices.ContainsFunc(t.around, func(a *tag) bool { return a.name == name })
}

var void = []string{"meta", "link", "img", "input", "br", "rect", "path"}

// parseHTML reads HTML as strictly as our own templates must write it: every tag closed in order, every attribute quoted
// or bare, none twice, nothing but text between them. A browser would forgive more; that is why this does not.
func parseHTML(t *testing.T, src string) []*tag {
	t.Helper()
	var all, open []*tag
	src = strings.TrimPrefix(src, "<!doctype html>")
	for pos := 0; pos < len(src); {
		i := strings.IndexByte(src[pos:], '<')
		if i < 0 {
			i = len(src) - pos
		}
		text := src[pos : pos+i]
		if strings.Contains(text, ">") && !(len(open) > 0 && open[len(open)-1].name == "script") {
			t.Fatalf("stray > in %q", text)
		}
		for _, o := range open {
			o.text += html.UnescapeString(text)
		}
		if pos += i; pos == len(src) {
			break
		}
		end := tagEnd(src[pos:])
		if end < 0 {
			t.Fatalf("tag without an end: %.80q", src[pos:])
		}
		raw := src[pos+1 : pos+end]
		pos += end + 1
		if name, ok := strings.CutPrefix(raw, "/"); ok {
			if len(open) == 0 || open[len(open)-1].name != name {
				t.Fatalf("</%s> closes nothing; open: %v", name, names(open))
			}
			open = open[:len(open)-1]
			continue
		}
		raw, selfClosed := strings.CutSuffix(raw, "/")
		n := &tag{around: slices.Clone(open)}
		n.name, n.attrs = parseTag(t, raw)
		all = append(all, n)
		if !selfClosed && !slices.Contains(void, n.name) {
			open = append(open, n)
		}
	}
	if len(open) > 0 {
		t.Fatalf("left open: %v", names(open))
	}
	return all
}

func names(tags []*tag) (out []string) {
	for _, t := range tags {
		out = append(out, t.name)
	}
	return out
}

func tagEnd(s string) int {
	quoted := false
	for i := range len(s) {
		switch s[i] {
		case '"':
			quoted = !quoted
		case '>':
			if !quoted {
				return i
			}
		}
	}
	return -1
}

func parseTag(t *testing.T, raw string) (string, map[string]string) {
	t.Helper()
	name, rest, _ := strings.Cut(strings.Join(strings.Fields(raw), " "), " ")
	if i := strings.IndexAny(raw, " \n"); i >= 0 {
		name, rest = raw[:i], raw[i:]
	}
	attrs := map[string]string{}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		i := strings.IndexAny(rest, "= \n")
		key, value := rest, ""
		switch {
		case i < 0:
			rest = ""
		case rest[i] == '=':
			key = rest[:i]
			if i+1 >= len(rest) || rest[i+1] != '"' {
				t.Fatalf("attribute %s of <%s> is not quoted", key, name)
			}
			v, after, ok := strings.Cut(rest[i+2:], `"`)
			if !ok {
				t.Fatalf("attribute %s of <%s> does not end", key, name)
			}
			value, rest = html.UnescapeString(v), after
		default:
			key, rest = rest[:i], rest[i:]
		}
		if _, twice := attrs[key]; twice {
			t.Fatalf("attribute %s of <%s> stands there twice", key, name)
		}
		attrs[key] = value
	}
	return name, attrs
}

// checkRules applies what every output must keep: the strict Content-Security-Policy, and what keyboards and screen readers
// need.
func checkRules(t *testing.T, src string) {
	t.Helper()
	tags := parseHTML(t, src)
	ids, labelled := map[string]*tag{}, map[string]bool{}
	for _, n := range tags {
		if id, ok := n.attrs["id"]; ok {
			if ids[id] != nil || id == "" || strings.ContainsAny(id, " .#") {
				t.Errorf("id %q is not unique and plain", id)
			}
			ids[id] = n
		}
		if n.name == "label" {
			labelled[n.attrs["for"]] = strings.TrimSpace(n.text) != ""
		}
	}
	fragment := !strings.HasPrefix(src, "<!doctype html>")
	for _, n := range tags {
		for key, value := range n.attrs {
			if key == "style" || strings.HasPrefix(key, "on") {
				t.Errorf("<%s> has %s: the policy forbids it", n.name, key)
			}
			if (key == "href" || key == "src" || key == "action" || key == "xlink:href") && strings.Contains(strings.ToLower(value), "script:") {
				t.Errorf("<%s> leads to %q", n.name, value)
			}
			if key == "aria-labelledby" || key == "aria-describedby" || key == "aria-controls" || key == "for" {
				for id := range strings.FieldsSeq(value) {
					if ids[id] == nil {
						t.Errorf("%s of <%s> names %q, which is not there", key, n.name, id)
					}
				}
			}
		}
		name := strings.TrimSpace(n.text) + n.attrs["aria-label"] + n.attrs["aria-labelledby"]
		switch n.name {
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("<%s> has no place on a page", n.name)
		case "script":
			if n.attrs["src"] == "" || strings.TrimSpace(n.text) != "" {
				t.Error("a script stands in the page")
			}
		case "input", "select", "textarea":
			if !labelled[n.attrs["id"]] && n.attrs["aria-label"] == "" && n.attrs["type"] != "hidden" {
				t.Errorf("<%s name=%q> has no label", n.name, n.attrs["name"])
			}
			if d := n.attrs["aria-describedby"]; n.attrs["aria-invalid"] == "true" && (!strings.Contains(d, "-error") || ids[strings.Fields(d)[len(strings.Fields(d))-1]].text == "") {
				t.Errorf("<%s name=%q> is wrong and does not say why", n.name, n.attrs["name"])
			}
		case "button", "a", "summary", "legend", "h1", "h2", "h3", "figcaption":
			if name == "" {
				t.Errorf("<%s> says nothing: %v", n.name, n.attrs)
			}
			if n.name == "button" && n.attrs["type"] == "" && !n.within("dialog") {
				t.Errorf("button %q has no type", n.text)
			}
			if n.name == "a" && n.attrs["target"] == "_blank" && n.attrs["rel"] != "noopener noreferrer" {
				t.Errorf("link %q hands over its window", n.text)
			}
		case "svg":
			// A drawing with links in it is a group: what is in an img can be neither read nor reached.
			named := n.attrs["role"] == "img" || n.attrs["role"] == "group"
			if !named && n.attrs["aria-hidden"] != "true" || named && ids[n.attrs["aria-labelledby"]] == nil {
				t.Error("a drawing is neither named nor hidden")
			}
		case "img":
			if _, ok := n.attrs["alt"]; !ok {
				t.Error("an image has no alt")
			}
		case "table":
			if !n.within("div") || !strings.Contains(src, "<caption") {
				t.Error("a table has no caption")
			}
		case "progress":
			if n.attrs["aria-labelledby"] == "" {
				t.Error("a progress bar has no name")
			}
		case "html":
			if n.attrs["lang"] == "" {
				t.Error("the page has no language")
			}
		}
	}
	if fragment {
		return
	}
	for _, one := range []string{"h1", "main", "title"} {
		n := 0
		for _, tag := range tags {
			if tag.name == one && !tag.within("svg") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the page has %d <%s>", n, one)
		}
	}
	if ids["live"] == nil || ids["live"].attrs["role"] != "status" {
		t.Error("the page has no live region")
	}
}

func TestEverySampleKeepsTheRules(t *testing.T) {
	for name, src := range pages(t) {
		t.Run(name, func(t *testing.T) { checkRules(t, src) })
	}
}

func TestTheRulesFindWhatIsWrong(t *testing.T) {
	bad := []string{
		`<p style="color:red">x</p>`, `<button type="button" onclick="x()">x</button>`, `<script>x()</script>`, `<input id="a" name="a">`,
		`<p id="a"></p><p id="a"></p>`, `<svg></svg>`, `<a href="javascript:x()">x</a>`, `<button type="button"></button>`, `<label for="b">B</label>`, `<style></style>`,
	}
	for i, src := range bad {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			inner := &testing.T{}
			done := make(chan bool)
			go func() { // a Fatal inside must end only the inner test
				defer close(done)
				checkRules(inner, src)
			}()
			<-done
			if !inner.Failed() {
				t.Errorf("nothing was found in %s", src)
			}
		})
	}
}
