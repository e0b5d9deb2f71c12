package schemaform

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Named is a value of stored settings that names something, or a text, see [Form.Rewrite].
type Named struct {
	Path  string
	From  Source // "" for a text
	Value string
	Row   bool // it stands in a row of a list of groups
}

// Lost is a setting from which everything that it named was left out.
type Lost struct {
	Path string
	From Source
}

// Rewrite returns stored settings with other values where they name something, and other texts: what visit returns stands there then.
// false leaves a value out. Of a list, what is left goes on; of a row of which anything is left out, nothing does, since a row whose place
// is missing would mean every place. What is lost was not empty before and is now.
//
// Members that the form does not have are left out. The error is for JSON that cannot be read.
func (f *Form) Rewrite(stored json.RawMessage, visit func(Named) (string, bool)) (json.RawMessage, []Lost, error) {
	if len(stored) == 0 {
		return nil, nil, nil
	}
	v := f.read(stored)
	if v == nil {
		return nil, nil, fmt.Errorf("settings cannot be read, or have more than %d bytes", maxValues)
	}
	out := map[string]any{}
	var lost []Lost
	for _, path := range f.order {
		e, ok := get(v, path)
		if !ok || e == nil {
			continue
		}
		n := f.leaves[path]
		if n.field.Kind == Rows {
			rows, ok := e.([]any)
			if !ok {
				put(out, path, e) // Validate says so
				continue
			}
			kept, from := n.rewriteRows(rows, visit)
			if len(kept) == 0 && len(rows) > 0 {
				lost = append(lost, Lost{path, from})
			}
			put(out, path, kept)
			continue
		}
		e, left := n.rewrite(path, e, false, visit)
		if left {
			lost = append(lost, Lost{path, n.field.From})
		}
		if e != nil {
			put(out, path, e)
		}
	}
	raw, err := json.Marshal(out)
	if err != nil { // it was JSON a moment ago
		return nil, nil, fmt.Errorf("encode settings: %w", err)
	}
	return raw, lost, nil
}

// rewriteRows returns the rows that are left, and what the first value that was left out named.
func (n *node) rewriteRows(rows []any, visit func(Named) (string, bool)) (kept []any, from Source) {
	kept = []any{}
	for i, r := range rows {
		row, _ := r.(map[string]any)
		out, whole := map[string]any{}, true
		for _, c := range n.children {
			v, ok := row[c.name]
			if !ok || v == nil {
				continue
			}
			v, left := c.rewrite(n.at(i, c), v, true, visit)
			if left {
				whole = false
				if from == "" {
					from = c.field.From
				}
			} else if v != nil {
				out[c.name] = v
			}
		}
		if whole {
			kept = append(kept, out)
		}
	}
	return kept, from
}

// rewrite returns the new value of a setting, nil for none. left says that it named something and now names nothing.
func (n *node) rewrite(path string, v any, row bool, visit func(Named) (string, bool)) (out any, left bool) {
	switch v := v.(type) {
	case string:
		if v == "" || len(n.field.Options) > 0 {
			return v, false
		}
		to, ok := visit(Named{path, n.field.From, v, row})
		if !ok {
			return nil, true
		}
		return to, false
	case []any:
		kept := []any{}
		for _, item := range v {
			s, isText := item.(string)
			if !isText || len(n.field.Options) > 0 {
				kept = append(kept, item)
				continue
			}
			to, ok := visit(Named{path, n.field.From, s, row})
			if ok && !(n.field.From != "" && slices.Contains(kept, any(to))) { // two things there may be one thing here
				kept = append(kept, to)
			}
		}
		return kept, len(kept) == 0 && len(v) > 0
	}
	return v, false
}

// ShownAs are the values of settings in words, for showing what is different between two documents: "" for none, of a list of groups the
// number of rows. Values that name something are as they are stored.
func (f *Form) ShownAs(stored json.RawMessage) map[string]string {
	out := map[string]string{}
	for path, values := range f.Values(stored) {
		text := strings.Join(values, ", ")
		if n := f.leaves[path]; n != nil && n.field.Kind == Rows {
			text = ""
			if len(values) > 0 {
				text = count(len(values), "row")
			}
		}
		out[path] = text
	}
	return out
}

// Title is what a setting is called, with the group and the row in which it stands.
func (f *Form) Title(path string) string {
	if n, ok := f.leaves[path]; ok {
		return f.inGroup(n)
	}
	if list, i, inner, ok := f.row(path); ok {
		if c := list.child(inner); c != nil {
			return fmt.Sprintf("%s %d: %s", f.inGroup(list), i+1, c.field.Label)
		}
	}
	return path
}

// inGroup is the title of a setting behind that of its group, if it has one.
func (f *Form) inGroup(n *node) string {
	for _, g := range f.root.children {
		if g.typ == "object" && slices.Contains(g.children, n) {
			return g.field.Label + ": " + n.field.Label
		}
	}
	return n.field.Label
}
