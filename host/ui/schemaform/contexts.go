package schemaform

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Contexts is a setting that says in which issues something shows ("x-contexts"): a list of groups, each of projects and types of issues by
// their ids. A group stands for every one of its projects with every one of its types, where none means all. Without a group, or with one
// that names neither, it shows everywhere.
type Contexts struct {
	Path  string
	Title string // with the group in which it stands

	projects, types string // the names of a row's settings
	shown           string // path of the switch without which it shows nowhere
	most            int    // rows
}

// Types are types of issues: all of them, those with the ids, or none where both are zero.
type Types struct {
	All bool
	IDs []string
}

// None says that there are none.
func (t Types) None() bool { return !t.All && len(t.IDs) == 0 }

// Has says whether a type is among them.
func (t Types) Has(id string) bool { return t.All || slices.Contains(t.IDs, id) }

// Covers says whether all of other are among them.
func (t Types) Covers(other Types) bool {
	return t.All || !other.All && !slices.ContainsFunc(other.IDs, func(id string) bool { return !t.Has(id) })
}

// With returns both together.
func (t Types) With(other Types) Types {
	if t.All || other.All {
		return Types{All: true}
	}
	out := slices.Concat(t.IDs, other.IDs)
	slices.Sort(out)
	return Types{IDs: slices.Compact(out)}
}

// Share is what contexts say of one project.
type Share struct {
	Common Types // what is so in every project
	Own    Types // what is said of this project by its id
	Others bool  // the list says more than what is its own: without the own part it is not empty
	Hidden bool  // the switch is off: it shows nowhere, whatever the list says
}

// The refusals of [Form.Give].
var (
	// ErrEverywhere says that it shows everywhere, so that naming one project would take it out of all others.
	ErrEverywhere = errors.New("it shows everywhere")
	// ErrLast says that the list would be empty, which means everywhere.
	ErrLast = errors.New("nothing would be left in the list")
	// ErrFull says that the list would be too long.
	ErrFull = errors.New("the list is full")
)

// Contexts are the settings of the form that say in which issues something shows, in the order of the fields.
func (f *Form) Contexts() []Contexts {
	var out []Contexts
	for _, path := range f.order {
		n := f.leaves[path]
		if n.shown == "" {
			continue
		}
		c := Contexts{Path: path, Title: f.inGroup(n), most: n.field.MaxRows, shown: strings.TrimSuffix(path, n.name) + n.shown}
		for _, child := range n.children {
			if child.field.From == Projects {
				c.projects = child.name
			} else {
				c.types = child.name
			}
		}
		out = append(out, c)
	}
	return out
}

// checkContexts checks the settings with x-contexts: rows of projects and types and nothing else, beside the switch that they name.
func (c *compiler) checkContexts(nodes []*node) error {
	for _, n := range nodes {
		if n.typ == "object" {
			if err := c.checkContexts(n.children); err != nil {
				return err
			}
		}
		if n.shown == "" {
			continue
		}
		kinds := []Source{}
		for _, child := range n.children {
			if child.field.Kind == Picker && !child.required {
				kinds = append(kinds, child.field.From)
			}
		}
		slices.Sort(kinds)
		switch {
		case n.field.Kind != Rows || len(n.children) != 2 || !slices.Equal(kinds, []Source{IssueTypes, Projects}):
			return fmt.Errorf("%s: x-contexts belongs to a list of groups that hold a list of projects, a list of issue types and nothing else", n.field.Path)
		case !slices.ContainsFunc(nodes, func(s *node) bool { return s.name == n.shown && s.typ == "boolean" }):
			return fmt.Errorf("%s: x-contexts names %q, which is no switch beside the list", n.field.Path, n.shown)
		}
	}
	return nil
}

// Share says what stored values say of a project.
func (f *Form) Share(stored json.RawMessage, c Contexts, project string) Share {
	v := f.read(f.Defaults(stored))
	on, _ := get(v, c.shown)
	out := Share{Hidden: on != true}
	rows := c.rows(v)
	if len(rows) == 0 {
		out.Common.All = true
	}
	for _, r := range rows {
		projects, types := list(r[c.projects]), Types{IDs: list(r[c.types])}
		types.All = len(types.IDs) == 0
		switch {
		case len(projects) == 0:
			out.Common = out.Common.With(types)
		case slices.Contains(projects, project):
			out.Own = out.Own.With(types)
		}
		if len(projects) != 1 || projects[0] != project {
			out.Others = true
		}
	}
	return out
}

// Give returns stored values in which the list says types of a project, and of all others what it said before.
func (f *Form) Give(stored json.RawMessage, c Contexts, project string, types Types) (json.RawMessage, error) {
	if f.Share(stored, c, project).Common.All {
		return nil, ErrEverywhere
	}
	v := f.read(stored)
	kept := []any{}
	for _, r := range c.rows(v) {
		if projects := list(r[c.projects]); slices.Contains(projects, project) {
			rest := slices.DeleteFunc(projects, func(id string) bool { return id == project })
			if len(rest) == 0 {
				continue // without a project it would mean all of them
			}
			r[c.projects] = texts(rest)
		}
		kept = append(kept, r)
	}
	if !types.None() {
		kept = c.add(kept, project, types)
	}
	switch {
	case len(kept) == 0:
		return nil, ErrLast
	case len(kept) > c.most:
		return nil, ErrFull
	}
	put(v, c.Path, kept)
	out, err := json.Marshal(v)
	if err != nil { // it was JSON a moment ago
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	return out, nil
}

// add puts a project into the row that has these types and names projects, or into a row of its own.
func (c Contexts) add(rows []any, project string, types Types) []any {
	want := []string{}
	if !types.All {
		want = types.With(Types{}).IDs
	}
	for _, r := range rows {
		row, _ := r.(map[string]any)
		projects, has := list(row[c.projects]), list(row[c.types])
		slices.Sort(has)
		if len(projects) > 0 && slices.Equal(slices.Compact(has), want) {
			row[c.projects] = texts(append(projects, project))
			return rows
		}
	}
	return append(rows, map[string]any{c.projects: texts([]string{project}), c.types: texts(want)})
}

// rows are the groups of the list.
func (c Contexts) rows(v map[string]any) []map[string]any {
	all, _ := get(v, c.Path)
	rows, _ := all.([]any)
	var out []map[string]any
	for _, r := range rows {
		row, _ := r.(map[string]any)
		if row == nil {
			row = map[string]any{}
		}
		out = append(out, row)
	}
	return out
}

// list are the texts of a stored list.
func list(v any) []string {
	items, _ := v.([]any)
	out := []string{}
	for _, item := range items {
		if s, ok := item.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

func texts(of []string) []any {
	out := make([]any, len(of))
	for i, s := range of {
		out[i] = s
	}
	return out
}
