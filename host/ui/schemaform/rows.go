package schemaform

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxRows is how many rows a list of groups has at most, where its schema says nothing.
	maxRows = 50
	// mostRows is what a schema may say.
	mostRows = 200
)

// compileRows reads a list of groups. Its children are those of a row; their paths are their names.
func (c *compiler) compileRows(n *node, items *object, o *object, depth int) error {
	for _, k := range items.keys {
		if !strings.HasPrefix(k, "x-") && !slices.Contains([]string{"type", "title", "description", "properties", "required", "additionalProperties"}, k) {
			return fmt.Errorf("keyword %q of items is not supported", k)
		}
	}
	if depth > maxGroups {
		return errors.New("a row cannot hold a list of groups")
	}
	if n.def != nil {
		return errors.New("put defaults on the settings of a row, not on the list")
	}
	if o.values["x-jira"] != nil || o.values["x-config"] != nil {
		return errors.New("x-jira and x-config belong to the settings of a row")
	}
	row := &node{}
	if err := c.compileObject(row, "", items, maxGroups); err != nil {
		return err
	}
	if len(row.children) == 0 {
		return errors.New("a row has no settings")
	}
	n.field.Kind, n.children = Rows, row.children
	n.field.Fields = fields(row.children)
	n.field.Row = "Row"
	if s, ok := items.values["title"].(string); ok && s != "" {
		n.field.Row = s
	}
	n.field.MaxRows = maxRows
	if most := int(float(o, "maxItems")); most > 0 {
		n.field.MaxRows = min(most, mostRows)
	}
	return nil
}

// decodeRows reads the rows of a submitted form: the list's own path holds a key for each, in their order, and the settings of a row stand
// below it. With problems, the rows are what could be read.
func (n *node) decodeRows(form map[string][]string) (out []any, problems Errors) {
	out = []any{}
	for i, key := range n.keys(form) {
		row := map[string]any{}
		for _, c := range n.children {
			v, problem := c.decode(form[n.field.Path+"."+key+"."+c.name])
			if problem != "" {
				problems = append(problems, Error{Path: n.at(i, c), Message: problem})
			} else if v != nil {
				row[c.name] = v
			}
		}
		out = append(out, row)
	}
	return out, problems
}

// keys are the rows of a submitted form, each once.
func (n *node) keys(form map[string][]string) []string {
	var out []string
	for _, k := range form[n.field.Path] {
		if len(out) < mostRows && k != "" && !strings.Contains(k, ".") && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// at is the path of a setting in row i.
func (n *node) at(i int, c *node) string { return n.field.Path + "." + strconv.Itoa(i) + "." + c.name }

// rowValues puts stored rows into what a submitted form would hold.
func (n *node) rowValues(rows []any, out map[string][]string) {
	keys := []string{}
	for i, r := range rows {
		row, _ := r.(map[string]any)
		keys = append(keys, strconv.Itoa(i))
		for _, c := range n.children {
			if v, ok := row[c.name]; ok {
				out[n.at(i, c)] = c.texts(v)
			}
		}
	}
	out[n.field.Path] = keys
}

// fill puts the defaults of a row where stored rows have nothing, and leaves out what the schema does not know.
func (n *node) fill(rows []any) []any {
	out := make([]any, len(rows))
	for i, r := range rows {
		row, _ := r.(map[string]any)
		filled := map[string]any{}
		for _, c := range n.children {
			if v, ok := row[c.name]; ok && v != nil {
				filled[c.name] = v
			} else if c.def != nil {
				filled[c.name] = plain(c.def)
			}
		}
		out[i] = filled
	}
	return out
}

// Edit changes a submitted form as a button of it asks, and nothing else in it. It is one of
//
//	add <list>            a row more, with its defaults, at the end of a list of groups
//	remove <list> <n>     row n of a list of groups goes
//	up, down <list> <n>   row n, or chosen value n, changes places with its neighbour
//
// with n counted from 0. It returns the path of what the user looks at now, "" where the button means nothing: the page may be older than
// the form. Rows are numbered anew.
func (f *Form) Edit(form map[string][]string, button string) (out map[string][]string, at string) {
	words := strings.Fields(button)
	if len(words) < 2 {
		return form, ""
	}
	op, path := words[0], words[1]
	n := f.lookup(path)
	if n == nil || n.typ != "array" {
		return form, ""
	}
	out = map[string][]string{}
	maps.Copy(out, form)
	list := chosen(form[path])
	if n.field.Kind == Rows {
		list = n.keys(form)
	}
	i := -1
	if len(words) == 3 {
		if k, err := strconv.Atoi(words[2]); err == nil && k >= 0 && k < len(list) {
			i = k
		}
	}
	switch {
	case op == "add" && n.field.Kind == Rows && len(list) < n.field.MaxRows:
		key := "new"
		for slices.Contains(list, key) {
			key += "1"
		}
		list = append(list, key)
		for _, c := range n.children {
			if c.def != nil {
				out[path+"."+key+"."+c.name] = c.texts(plain(c.def))
			}
		}
		i = len(list) - 1
	case op == "remove" && n.field.Kind == Rows && i >= 0:
		list = slices.Delete(slices.Clone(list), i, i+1)
		i = min(i, len(list)-1)
	case op == "up" && i > 0:
		list[i-1], list[i] = list[i], list[i-1]
		i--
	case op == "down" && i >= 0 && i < len(list)-1:
		list[i+1], list[i] = list[i], list[i+1]
		i++
	default:
		return form, ""
	}
	out[path] = list
	if at = path; i >= 0 {
		at += "." + strconv.Itoa(i)
	}
	return f.Number(out), at
}

// chosen are the values of a list that were submitted, each once.
func chosen(in []string) []string {
	var out []string
	for _, v := range in {
		if v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Number renames the rows of a submitted form by their places, as drawing it needs.
func (f *Form) Number(form map[string][]string) map[string][]string {
	out := map[string][]string{}
	maps.Copy(out, form)
	for _, path := range f.order {
		n := f.leaves[path]
		if n.field.Kind != Rows {
			continue
		}
		for name := range form {
			if strings.HasPrefix(name, path+".") {
				delete(out, name)
			}
		}
		keys := []string{}
		for i, key := range n.keys(form) {
			keys = append(keys, strconv.Itoa(i))
			for _, c := range n.children {
				if v, ok := form[path+"."+key+"."+c.name]; ok {
					out[n.at(i, c)] = v
				}
			}
		}
		out[path] = keys
	}
	return out
}

// row returns the list of groups and the place in it that a path such as "contexts.1.project" leads through.
func (f *Form) row(path string) (list *node, i int, inner string, ok bool) {
	for at := range f.leaves {
		rest, found := strings.CutPrefix(path, at+".")
		if !found || f.leaves[at].field.Kind != Rows {
			continue
		}
		place, inner, _ := strings.Cut(rest, ".")
		if i, err := strconv.Atoi(place); err == nil {
			return f.leaves[at], i, inner, true
		}
	}
	return nil, 0, "", false
}

// lookup finds the setting that a path leads to, also one in a row; nil for none.
func (f *Form) lookup(path string) *node {
	if n, ok := f.leaves[path]; ok {
		return n
	}
	if list, _, inner, ok := f.row(path); ok {
		return list.child(inner)
	}
	return nil
}
