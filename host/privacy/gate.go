package privacy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/store"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

// Gate is a store that takes only what is declared. Reading and deleting go through as they are. Make it with NewGate.
type Gate struct {
	store.Store
	types *Types
}

var _ store.Store = (*Gate)(nil)

// NewGate puts a gate before s.
func NewGate(s store.Store, types *Types) *Gate { return &Gate{s, types} }

// Write carries out ops, or none of them where one is not declared: store.ErrInvalid, with the collection and the field in its
// words and never a value.
func (g *Gate) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	for _, op := range ops {
		if op.Delete {
			continue
		}
		if err := g.types.Check(op.Doc); err != nil {
			return nil, err
		}
	}
	return g.Store.Write(ctx, ops...)
}

// Scrub scrubs the store behind the gate.
func (g *Gate) Scrub(ctx context.Context) error { return store.Scrub(ctx, g.Store) }

// refusal says what of a document is not declared. It names no id: where a document may not be, its id may be anything.
func refusal(collection, format string, args ...any) error {
	return fmt.Errorf("%w: collection %s: %s", store.ErrInvalid, collection, fmt.Sprintf(format, args...))
}

// Check returns a store.ErrInvalid that names the field where a document is none that is declared.
func (t *Types) Check(d store.Doc) error {
	c := d.Key.Collection
	typ, ok := t.Of(c)
	if !ok {
		return refusal(c, "it is not declared; a package declares its own as a privacy.Type, a plugin in records of plugin.json")
	}
	if typ.Scope != OfEach && (d.Key.Tenant == store.Platform) != (typ.Scope != OfSite) {
		return refusal(c, "its documents do not stand under that tenant")
	}
	if len(typ.IDFields) == 0 {
		if why := typ.ID.check(d.Key.ID); why != "" {
			return refusal(c, "the id: %s", why)
		}
	}
	w := walk{typ: typ, index: d.Index, parts: make([]string, len(typ.IDFields)), dec: json.NewDecoder(bytes.NewReader(d.Body))}
	w.dec.UseNumber()
	if err := w.document(); err != nil {
		return err
	}
	// The walk has checked the fields; an id that is made of them can hold nothing else.
	if len(typ.IDFields) > 0 && (slices.Contains(w.parts, "") || d.Key.ID != sdkstore.JoinID(w.parts...)) {
		return refusal(c, "the id: want the values of the fields %s, joined by dots", strings.Join(typ.IDFields, ", "))
	}
	for name := range d.Index {
		if !slices.Contains(w.indexed, name) {
			return refusal(c, "the index %s stands for no field that is there", named(name))
		}
	}
	return nil
}

// walk compares a body with its declaration, by its tokens: a reader of values would not see a name that is there twice.
type walk struct {
	typ     Type
	dec     *json.Decoder
	index   map[string]string
	indexed []string // indexes whose field was met, with its value
	parts   []string // the values of which the id is made, in the order of the type's IDFields
}

// document walks the whole body.
func (w *walk) document() error {
	first, err := w.dec.Token()
	if err == nil && first != json.Delim('{') {
		return refusal(w.typ.Collection, "the body is no object")
	}
	if err == nil {
		err = w.object("")
	}
	if err == nil {
		if _, after := w.dec.Token(); !errors.Is(after, io.EOF) {
			return refusal(w.typ.Collection, "something follows the body")
		}
	}
	return w.unreadable(err)
}

// unreadable makes a refusal of what the decoder says, which would quote the body.
func (w *walk) unreadable(err error) error {
	if err == nil || errors.Is(err, store.ErrInvalid) {
		return err
	}
	return refusal(w.typ.Collection, "the body is not JSON")
}

// object walks the members of an object whose brace was read.
func (w *walk) object(path string) error {
	seen := map[string]bool{}
	for w.dec.More() {
		token, err := w.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		inner := name
		if path != "" {
			inner = path + "." + name
		}
		// A dot or brackets in a name would make it look like another path.
		if strings.ContainsAny(name, ".[]") || !w.typ.leads(inner) {
			return refusal(w.typ.Collection, "the field %s is not declared", named(inner))
		}
		if seen[name] {
			return refusal(w.typ.Collection, "the field %q is there twice", inner)
		}
		seen[name] = true
		if err := w.value(inner); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

func (w *walk) value(path string) error {
	i := slices.IndexFunc(w.typ.Fields, func(f Field) bool { return f.Path == path })
	if i >= 0 && (w.typ.Fields[i].Kind == Configuration || w.typ.Fields[i].Kind == Declaration) {
		// The manifest's own schema says what, and was asked where it was typed in; a declaration comes out of plugin.json.
		var whatever json.RawMessage
		return w.dec.Decode(&whatever)
	}
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return w.object(path)
	case json.Delim('['):
		if path += "[]"; !w.typ.leads(path) {
			return refusal(w.typ.Collection, "the field %s is not declared", named(path))
		}
		for w.dec.More() {
			if err := w.value(path); err != nil {
				return err
			}
		}
		_, err := w.dec.Token()
		return err
	case nil:
		return nil // nothing is stored
	}
	if i < 0 {
		return refusal(w.typ.Collection, "the field %s is not declared", named(path))
	}
	return w.leaf(w.typ.Fields[i], token)
}

// leads says whether a field stands at a path or below it.
func (t Type) leads(path string) bool {
	return slices.ContainsFunc(t.Fields, func(f Field) bool {
		rest, ok := strings.CutPrefix(f.Path, path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

func (w *walk) leaf(f Field, v any) error {
	text, why := "", ""
	switch v := v.(type) {
	case string:
		if text = v; text == "" {
			return nil
		}
	case json.Number:
		if text = v.String(); f.Kind != Count {
			why = "want no number"
		}
	case bool:
		if text = fmt.Sprint(v); f.Kind != Switch {
			why = "want no yes or no"
		}
	}
	if why == "" {
		why = f.Kind.check(text)
	}
	if why == "" && f.Values != nil && !slices.Contains(f.Values, text) {
		why = fmt.Sprintf("want one of %q", f.Values)
	}
	if why != "" {
		return refusal(w.typ.Collection, "the field %q: %s", f.Path, why)
	}
	if part := slices.Index(w.typ.IDFields, f.Path); part >= 0 {
		w.parts[part] = text
	}
	if f.Index != "" && w.index[f.Index] == text {
		w.indexed = append(w.indexed, f.Index)
	}
	return nil
}

// plain are names that a program gives to fields.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.\[\]]{0,63}$`)

// named is a name for a message, unless it could be words of an issue.
func named(s string) string {
	if plain.MatchString(s) {
		return strconv.Quote(s)
	}
	return "of an unusual name"
}
