package seal_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	html "html/template"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/seal"
)

type exported struct {
	Name   string
	Secret seal.Secret
}

type unexported struct {
	secret  seal.Secret
	pointer *seal.Secret
	list    []seal.Secret
	table   map[string]seal.Secret
	any     any
	nested  struct{ deep exported }
}

// holders are a secret and what may hold one.
func holders() map[string]any {
	s := seal.NewSecret(value)
	e := exported{"name", s}
	u := unexported{secret: s, pointer: &s, list: []seal.Secret{s}, table: map[string]seal.Secret{"a": s}, any: s}
	u.nested.deep = e
	return map[string]any{
		"secret": s, "pointer": &s, "pointer to pointer": func() any { p := &s; return &p }(),
		"slice": []seal.Secret{s}, "array": [1]seal.Secret{s}, "map": map[string]seal.Secret{"a": s}, "any": []any{s, &s},
		"exported": e, "pointer to exported": &e, "unexported": u, "pointer to unexported": &u,
	}
}

// shows says whether a text holds the secret, in one of the ways in which fmt and encoders write bytes.
func shows(text string) bool {
	decimal := strings.Trim(fmt.Sprintf("%d", []byte(value)), "[]")
	escaped := fmt.Sprintf("%#v", []byte(value))
	lower := strings.ToLower(text)
	return strings.Contains(lower, value) || strings.Contains(lower, hex.EncodeToString([]byte(value))) || strings.Contains(lower, fmt.Sprintf("% x", value)) ||
		strings.Contains(text, decimal) || strings.Contains(text, escaped[len("[]byte{"):len(escaped)-1])
}

func TestSecretIsNeverPrinted(t *testing.T) {
	verbs := []string{"", "%!", "%[2]v"}
	for verb := rune('A'); verb <= 'z'; verb++ {
		for _, flags := range []string{"", "+", "#", " ", "-40", "040", "10.3", "+#.2"} {
			verbs = append(verbs, "%"+flags+string(verb))
		}
	}
	for name, v := range holders() {
		for _, verb := range verbs {
			if got := fmt.Sprintf(verb, v); shows(got) {
				t.Errorf("%s as %s: %s", name, verb, got)
			}
			if err := fmt.Errorf("outer: %w", fmt.Errorf("inner "+verb, v)); shows(err.Error()) || shows(fmt.Sprintf("%+v %#v", err, err)) {
				t.Errorf("%s in an error as %s: %s", name, verb, err)
			}
		}
		for how, got := range map[string]string{"Sprint": fmt.Sprint(v), "Sprintln": fmt.Sprintln(v, v), "cmp": cmp.Diff(any(exported{}), v, cmp.Exporter(func(reflect.Type) bool { return true }))} {
			if shows(got) {
				t.Errorf("%s by %s: %s", name, how, got)
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%e", "%o", "%U", "%30s"} {
		if got := fmt.Sprintf(verb, seal.NewSecret(value)); got != "[secret]" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func TestSecretIsNeverLogged(t *testing.T) {
	for name, v := range holders() {
		for handler, h := range map[string]func(io.Writer) slog.Handler{
			"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
			"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		} {
			var out bytes.Buffer
			slog.New(h(&out)).With("with", v).WithGroup("group").Info("message", "value", v, "group", slog.GroupValue(slog.Any("value", v)))
			if shows(out.String()) {
				t.Errorf("%s by slog's %s handler: %s", name, handler, out.String())
			}
			if !strings.Contains(out.String(), "message") {
				t.Errorf("%s: the %s handler lost the line: %s", name, handler, out.String())
			}
		}
	}
	if got := seal.NewSecret(value).LogValue().String(); got != "[secret]" {
		t.Errorf("LogValue is %q", got)
	}
}

func TestSecretIsNeverMarshalled(t *testing.T) {
	s := seal.NewSecret(value)
	type element struct {
		Secret seal.Secret `xml:"secret"`
	}
	type attribute struct {
		Secret seal.Secret `xml:"secret,attr"`
	}
	for name, marshal := range map[string]func() (any, error){
		"JSON":              func() (any, error) { return json.Marshal(s) },
		"JSON of a pointer": func() (any, error) { return json.Marshal(&s) },
		"JSON of a struct":  func() (any, error) { return json.Marshal(exported{"name", s}) },
		"JSON of a map":     func() (any, error) { return json.MarshalIndent(map[string]any{"a": []any{s}}, "", " ") },
		"XML":               func() (any, error) { return xml.Marshal(element{s}) },
		"XML attribute":     func() (any, error) { return xml.Marshal(attribute{s}) },
		"text":              func() (any, error) { return s.MarshalText() },
		"binary":            func() (any, error) { return s.MarshalBinary() },
		"gob": func() (any, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(exported{"name", s})
			return b.Bytes(), err
		},
		"YAML":               s.MarshalYAML,
		"BSON":               func() (any, error) { _, b, err := s.MarshalBSONValue(); return b, err },
		"JSON of the zero":   func() (any, error) { return json.Marshal(exported{}) },
		"binary of the zero": func() (any, error) { return seal.Secret{}.MarshalBinary() },
	} {
		got, err := marshal()
		if !errors.Is(err, seal.ErrMarshal) {
			t.Errorf("%s: %v, want ErrMarshal", name, err)
		}
		if b, _ := got.([]byte); shows(string(b)) || err != nil && shows(err.Error()) {
			t.Errorf("%s shows the secret: %s, %v", name, b, err)
		}
	}
	for name, v := range holders() { // whatever comes of it
		if b, err := json.Marshal(v); shows(string(b)) || err != nil && shows(err.Error()) {
			t.Errorf("%s as JSON: %s, %v", name, b, err)
		}
		if b, err := xml.Marshal(v); shows(string(b)) || err != nil && shows(err.Error()) {
			t.Errorf("%s as XML: %s, %v", name, b, err)
		}
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(v); shows(b.String()) || err != nil && shows(err.Error()) {
			t.Errorf("%s as gob: %s, %v", name, b.String(), err)
		}
	}
}

func TestSecretIsNeverRenderedByTemplates(t *testing.T) {
	for name, v := range holders() {
		var out bytes.Buffer
		if err := template.Must(template.New("t").Parse(`{{.}} {{printf "%x" .}} {{print .}} {{js .}} {{html .}} {{urlquery .}}`)).Execute(&out, v); shows(out.String()) || err != nil && shows(err.Error()) {
			t.Errorf("%s in a text template: %s, %v", name, out.String(), err)
		}
		out.Reset()
		page := html.Must(html.New("t").Parse(`<a href="/{{.}}" title="{{.}}">{{.}}</a><script>var x = {{.}}</script>`))
		if err := page.Execute(&out, v); shows(out.String()) || err != nil && shows(err.Error()) {
			t.Errorf("%s in an HTML template: %s, %v", name, out.String(), err)
		}
	}
}

func TestSecretRevealsItselfOnlyByName(t *testing.T) {
	s := seal.NewSecret(value)
	if s.Reveal() != value || (seal.Secret{}).Reveal() != "" {
		t.Error("Reveal does not return what was wrapped")
	}
	if s.String() != "[secret]" || s.GoString() != "[secret]" {
		t.Error("String and GoString show something else than [secret]")
	}
	for _, c := range []struct {
		name string
		a, b seal.Secret
		want bool
	}{
		{"same", s, seal.NewSecret(value), true},
		{"longer", s, seal.NewSecret(value + "x"), false},
		{"zero", s, seal.Secret{}, false},
		{"empty and zero", seal.NewSecret(""), seal.Secret{}, true},
	} {
		if got := c.a.Equal(c.b); got != c.want {
			t.Errorf("%s: Equal = %t, want %t", c.name, got, c.want)
		}
	}
}

// A key that is printed by mistake is as bad as a secret.
func TestKeysAreNeverPrinted(t *testing.T) {
	ring := ringOf(t, keys(t, "a", "b")...)
	k := keeperOf(t, openStore(t), ring, (&clock{now: start}).Now, seal.Config{})
	if _, err := k.Seal(context.Background(), acme, place, seal.NewSecret(value)); err != nil {
		t.Fatal(err)
	}
	_, base64Key, _ := strings.Cut(entry("a"), ":")
	raw := rawKey("a")
	for _, v := range []any{ring, *ring, keys(t, "a"), k, seal.GenerateKey()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			got := fmt.Sprintf(verb, v)
			for _, bad := range []string{base64Key, hex.EncodeToString(raw), strings.Trim(fmt.Sprintf("%d", raw), "[]")} {
				if strings.Contains(got, bad) {
					t.Errorf("%T as %s shows a key: %s", v, verb, got)
				}
			}
		}
	}
}
