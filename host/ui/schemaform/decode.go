package schemaform

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk/settings"
)

// Bounds of a submitted or stored form.
const (
	maxEntries = 2000     // of one list
	maxText    = 64 << 10 // bytes of one value
	maxValues  = 1 << 20  // bytes of stored settings
)

// decimal is what a number field may hold; a form is not JSON, so a leading + or a bare dot is forgiven.
var decimal = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$`)

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Decode turns submitted fields, by path, into the JSON that is stored, and validates it. With errors, the JSON holds what
// could be read, for drawing the form again; it must not be stored. Fields that the form does not have are ignored.
//
// A field that was left empty is left out, so that its default holds; except a text whose default is not empty: it is
// stored as "", or the admin could never clear it. A list is always stored, for the same reason.
func (f *Form) Decode(form map[string][]string) (json.RawMessage, Errors) {
	var errs Errors
	out := map[string]any{}
	for _, path := range f.order {
		n := f.leaves[path]
		if n.field.Kind == Rows {
			rows, problems := n.decodeRows(form)
			errs = append(errs, problems...)
			put(out, path, rows)
			continue
		}
		v, problem := n.decode(form[path])
		if problem != "" {
			errs = append(errs, Error{Path: path, Message: problem})
			continue
		}
		if v != nil {
			put(out, path, v)
		}
	}
	// A required group is there even when all of it was left empty; its settings say what is missing.
	for _, n := range f.root.children {
		if n.typ == "object" && out[n.name] == nil {
			out[n.name] = map[string]any{}
		}
	}
	broken := map[string]bool{}
	for _, e := range errs {
		broken[e.Path] = true
	}
	for _, e := range f.check(out) {
		if !broken[e.Path] { // "required" beside "is not a number" would confuse
			errs = append(errs, e)
		}
	}
	b, err := json.Marshal(out)
	if err != nil { // every value was made above
		return nil, Errors{{Message: "These settings cannot be stored."}}
	}
	return b, f.sorted(errs)
}

// decode returns the JSON value of submitted texts, nil for none.
func (n *node) decode(in []string) (v any, problem string) {
	first := ""
	if len(in) > 0 {
		first = in[0]
	}
	if len(first) > maxText {
		return nil, "This is too long to store."
	}
	first = strings.ToValidUTF8(first, "\uFFFD")
	switch n.typ {
	case "boolean":
		return first == "true" || first == "on", ""
	case "array":
		return n.decodeList(in)
	case "integer", "number":
		s := strings.TrimSpace(first)
		if s == "" {
			return nil, ""
		}
		if len(s) > 64 || !decimal.MatchString(s) {
			return nil, "Enter a number."
		}
		num, err := number(s)
		if err != nil {
			return nil, "Enter a number."
		}
		return num, ""
	}
	s := newlines.Replace(first)
	if len(n.field.Options) > 0 {
		if s == "" && (len(in) == 0 || !n.field.offers("")) {
			return nil, ""
		}
		return s, ""
	}
	if n.field.Kind != TextArea {
		s = strings.TrimSpace(s)
	}
	if s == "" {
		d, ok := n.def.(string)
		if !ok || d == "" || n.required {
			return nil, ""
		}
	}
	return s, ""
}

func (n *node) decodeList(in []string) (any, string) {
	var lines []string
	for _, s := range in {
		if len(s) > maxText {
			return nil, "This is too long to store."
		}
		lines = append(lines, strings.Split(s, "\n")...)
		if len(lines) > maxEntries {
			return nil, "This list is too long to store."
		}
	}
	out := []any{}
	seen := map[string]bool{}
	for _, l := range lines {
		l = strings.ToValidUTF8(l, "\uFFFD")
		if !n.field.offers(l) {
			l = strings.TrimSpace(l)
		}
		// What is chosen twice is meant once, and so is a line of a list that must not repeat itself.
		if l == "" && !n.field.offers("") || seen[l] && (n.unique || n.field.Kind != Lines) {
			continue
		}
		seen[l] = true
		out = append(out, l)
	}
	if len(out) == 0 && n.required {
		return nil, "" // "required" says so
	}
	return out, ""
}

// Values turns stored JSON into what a submitted form would hold, for drawing it. Members that the form does not have are
// left out.
func (f *Form) Values(stored json.RawMessage) map[string][]string {
	out := map[string][]string{}
	v := f.read(stored)
	for _, path := range f.order {
		e, ok := get(v, path)
		if !ok {
			continue
		}
		n := f.leaves[path]
		if rows, ok := e.([]any); ok && n.field.Kind == Rows {
			n.rowValues(rows, out)
			continue
		}
		out[path] = n.texts(e)
	}
	return out
}

// texts are a stored value as a form holds it.
func (n *node) texts(v any) []string {
	items, ok := v.([]any)
	if !ok {
		return []string{text(v)}
	}
	list := []string{}
	for _, item := range items {
		list = append(list, text(item))
	}
	if n.field.Kind == Lines {
		list = []string{strings.Join(list, "\n")}
	}
	return list
}

// Defaults returns stored with the schema's defaults filled in where a setting is missing, and without members that the
// schema does not know (any more). Stored JSON that cannot be read counts as empty.
func (f *Form) Defaults(stored json.RawMessage) json.RawMessage {
	v := f.read(stored)
	out := map[string]any{}
	for _, path := range f.order {
		if e, ok := get(v, path); ok && e != nil {
			if rows, ok := e.([]any); ok && f.leaves[path].field.Kind == Rows {
				e = f.leaves[path].fill(rows)
			}
			put(out, path, e)
		} else if d := f.leaves[path].def; d != nil {
			put(out, path, plain(d))
		}
	}
	b, err := json.Marshal(out)
	if err != nil { // it was JSON a moment ago
		return json.RawMessage("{}")
	}
	return b
}

// Flatten returns the settings as a plugin reads them. It fills in nothing: see [Form.Defaults].
func (f *Form) Flatten(stored json.RawMessage) *settings.Values {
	out := &settings.Values{Strings: map[string]string{}, Numbers: map[string]float64{}, Switches: map[string]bool{}, Lists: map[string][]string{}}
	v := f.read(stored)
	for _, path := range f.order {
		e, _ := get(v, path)
		n := f.leaves[path]
		rows, ok := e.([]any)
		if n.field.Kind != Rows || !ok {
			flatten(out, path, e)
			continue
		}
		out.Numbers[path] = float64(len(rows))
		for i, r := range rows {
			row, _ := r.(map[string]any)
			for _, c := range n.children {
				flatten(out, n.at(i, c), row[c.name])
			}
		}
	}
	return out
}

// flatten puts a value under its path.
func flatten(out *settings.Values, path string, v any) {
	switch v := v.(type) {
	case string:
		out.Strings[path] = v
	case json.Number:
		out.Numbers[path], _ = v.Float64()
	case bool:
		out.Switches[path] = v
	case []any:
		list := make([]string, 0, len(v))
		for _, item := range v {
			list = append(list, text(item))
		}
		out.Lists[path] = list
	}
}

// read parses stored settings; what cannot be read is nil.
func (f *Form) read(stored json.RawMessage) map[string]any {
	if len(stored) == 0 || len(stored) > maxValues {
		return nil
	}
	v, err := parse(stored)
	if err != nil {
		return nil
	}
	m, _ := plain(v).(map[string]any)
	return m
}

func put(m map[string]any, path string, v any) {
	outer, inner, nested := strings.Cut(path, ".")
	if !nested {
		m[path] = v
		return
	}
	sub, ok := m[outer].(map[string]any)
	if !ok {
		sub = map[string]any{}
		m[outer] = sub
	}
	sub[inner] = v
}

func get(m map[string]any, path string) (any, bool) {
	outer, inner, nested := strings.Cut(path, ".")
	if !nested {
		v, ok := m[path]
		return v, ok
	}
	sub, _ := m[outer].(map[string]any)
	v, ok := sub[inner]
	return v, ok
}

// sorted puts errors in the order of the fields; those of the whole form come first.
func (f *Form) sorted(errs Errors) Errors {
	slices.SortStableFunc(errs, func(a, b Error) int { return slices.Compare(f.rank(a.Path), f.rank(b.Path)) })
	return errs
}

// rank is the place of a setting in the form: of its leaf, then of the row, then in the row.
func (f *Form) rank(path string) []int {
	list, i, inner, ok := f.row(path)
	if !ok {
		return []int{slices.Index(f.order, path)}
	}
	return []int{slices.Index(f.order, list.field.Path), i, slices.IndexFunc(list.children, func(c *node) bool { return c.name == inner })}
}
