package seed

import (
	"fmt"
	"strconv"
)

// Index finds what a site holds by the names that references use. It is safe for concurrent use once [NewIndex] returned it.
type Index struct {
	site          *Site
	groups        table[Group]
	accounts      table[User] // by account and by login
	logins        []string    // for suggestions
	organizations table[Organization]
	schemes       table[PermissionScheme]
	categories    table[Category]
	types         table[IssueType]
	statuses      table[Status]
	workflows     table[Workflow]
	priorities    table[Priority]
	resolutions   table[Resolution]
	linkTypes     table[LinkType]
	phrases       table[phrase]
	fields        table[fieldIndex] // by name and by id
	screens       table[Screen]
	projects      table[projectIndex]
	roles         table[string]
}

// table finds elements of one kind by name.
type table[T any] struct {
	by    map[string]*T
	names []string
}

func (t *table[T]) add(name string, v *T) bool {
	if t.by == nil {
		t.by = map[string]*T{}
	}
	if t.by[name] != nil {
		return false
	}
	t.by[name] = v
	t.names = append(t.names, name)
	return true
}

// phrase is one of the ways to write a link.
type phrase struct {
	linkType *LinkType
	inward   bool
}

type projectIndex struct {
	*Project
	types, components, versions, levels, requests map[string]bool
	workflows                                     map[string]*workflowIndex // by issue type; nil: any status
}

type workflowIndex struct {
	initial  string
	statuses map[string]bool
	names    []string
}

// NewIndex checks a site and makes its index. The error is [Problems]: references that lead nowhere, names that stand
// twice, values that do not exist.
func NewIndex(site *Site) (*Index, error) {
	x := &Index{site: site}
	c := &siteCheck{Index: x}
	c.people()
	c.classes()
	c.fieldsAndScreens()
	c.allProjects()
	c.later()
	if err := c.problems.err(); err != nil {
		return nil, err
	}
	return x, nil
}

// User returns the user with that login or account, nil for none.
func (x *Index) User(ref string) *User { return x.accounts.by[ref] }

// Field returns the custom field with that name or id, nil for none.
func (x *Index) Field(ref string) *Field {
	if f := x.fields.by[ref]; f != nil {
		return f.Field
	}
	return nil
}

// Project returns the project with that key, nil for none.
func (x *Index) Project(key string) *Project {
	if p := x.projects.by[key]; p != nil {
		return p.Project
	}
	return nil
}

// Type returns the issue type of that name, nil for none.
func (x *Index) Type(name string) *IssueType { return x.types.by[name] }

// Status returns the status of that name, nil for none.
func (x *Index) Status(name string) *Status { return x.statuses.by[name] }

// Options returns the options of a field on issues of that project and type; false says that the field is not there.
func (x *Index) Options(field, project, issueType string) ([]Option, bool) {
	f := x.fields.by[field]
	if f == nil {
		return nil, false
	}
	c := f.context(project, issueType)
	if c == nil {
		return nil, false
	}
	return c.options, true
}

// systemFields are the fields of every site that screens and forms may name.
var systemFields = []string{
	"summary", "description", "issuetype", "project", "parent", "assignee", "reporter", "priority", "resolution", "labels", "components",
	"versions", "fixVersions", "duedate", "security", "environment", "attachment", "issuelinks", "timetracking",
}

// fieldIndex is a field with its options by value.
type fieldIndex struct {
	*Field
	contexts []*contextIndex
}

type contextIndex struct {
	projects, types map[string]bool // nil: all
	options         []Option
	choices         map[string]*choices
	values          []string
}

// choices are an option and the ones below it.
type choices struct {
	below map[string]bool
	names []string
}

func indexField(f *Field) *fieldIndex {
	out := &fieldIndex{Field: f}
	for _, c := range f.Contexts {
		ci := &contextIndex{projects: set(c.Projects), types: set(c.Types), options: c.Options, choices: map[string]*choices{}}
		for _, o := range c.Options {
			ch := &choices{below: map[string]bool{}}
			for _, b := range o.Options {
				ch.below[b.Value] = true
				ch.names = append(ch.names, b.Value)
			}
			ci.choices[o.Value] = ch
			ci.values = append(ci.values, o.Value)
		}
		out.contexts = append(out.contexts, ci)
	}
	if len(out.contexts) == 0 {
		out.contexts = []*contextIndex{{}}
	}
	return out
}

// context returns what applies to issues of a project and type: the first context that names the project, else the first for
// all projects.
func (f *fieldIndex) context(project, issueType string) *contextIndex {
	var general *contextIndex
	for _, c := range f.contexts {
		switch {
		case c.types != nil && !c.types[issueType]:
		case c.projects[project]:
			return c
		case c.projects == nil && general == nil:
			general = c
		}
	}
	return general
}

// set returns nil for an empty list.
func set(names []string) map[string]bool {
	if len(names) == 0 {
		return nil
	}
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}

func indexWorkflow(w *Workflow) *workflowIndex {
	out := &workflowIndex{initial: w.Initial, statuses: map[string]bool{}}
	add := func(s string) {
		if !out.statuses[s] {
			out.statuses[s] = true
			out.names = append(out.names, s)
		}
	}
	add(w.Initial)
	for _, t := range w.Transitions {
		for _, f := range t.From {
			add(f)
		}
		add(t.To)
	}
	return out
}

// splitKey parts a key such as OPS-12.
func splitKey(key string) (project string, number uint32, ok bool) {
	dash := -1
	for i := range len(key) {
		c := key[i]
		switch {
		case c == '-' && i > 1:
			dash = i
		case dash < 0 && (c >= 'A' && c <= 'Z' || i > 0 && (c >= '0' && c <= '9' || c == '_')):
		case dash > 0 && c >= '0' && c <= '9' && (c != '0' || i > dash+1):
		default:
			return "", 0, false
		}
	}
	if dash < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(key[dash+1:], 10, 31)
	return key[:dash], uint32(n), err == nil
}

func joinKey(project string, number uint32) string { return fmt.Sprintf("%s-%d", project, number) }
