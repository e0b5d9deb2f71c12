package blueprint

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Site lists what names of a file can mean; *jira.Client does.
type Site interface {
	Projects(ctx context.Context, t tenant.Tenant) ([]jira.Project, error)
	CreatableTypes(ctx context.Context, t tenant.Tenant, project string) ([]jira.IssueType, error)
	Fields(ctx context.Context, t tenant.Tenant) ([]jira.Field, error)
	Statuses(ctx context.Context, t tenant.Tenant) ([]jira.Status, error)
}

var _ Site = (*jira.Client)(nil)

// thing is something that has an id and names, the best name first.
type thing struct {
	id    string
	names []string
}

// things are all of one kind, such as "project".
type things struct {
	kind string
	all  []thing
}

// find returns the id of what a text names: an id, a name, or a name that differs in case only. Where there is none, it says so, with
// those there are.
func (t things) find(text string) (id, what, do string) {
	for _, one := range t.all {
		if one.id == text {
			return one.id, "", ""
		}
	}
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		var found []string
		for _, one := range t.all {
			if slices.ContainsFunc(one.names, func(name string) bool { return same(name, text) }) {
				found = append(found, one.id)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], "", ""
		case len(found) > 1:
			return "", fmt.Sprintf("there are %d of the kind %s with the name %.100q", len(found), t.kind, text), "write the id of one: " + list(found)
		}
	}
	var there []string
	for _, one := range t.all {
		there = append(there, one.best())
	}
	if len(there) == 0 {
		return "", fmt.Sprintf("there is no %s %.100q", t.kind, text), "there is none at all"
	}
	return "", fmt.Sprintf("there is no %s %.100q", t.kind, text), "there are " + list(there)
}

func (t thing) best() string {
	if len(t.names) > 0 {
		return t.names[0]
	}
	return t.id
}

// name returns what to write for an id: the best name, or the id where that would not lead back to it.
func (t things) name(id string) string {
	for _, one := range t.all {
		if one.id != id {
			continue
		}
		if back, _, _ := t.find(one.best()); back == id {
			return one.best()
		}
	}
	return id
}

// list writes names down for people.
func list(names []string) string {
	const shown = 100
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	if more := len(names) - shown; more > 0 {
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// names knows what there is on a site, as far as somebody asked.
type names struct {
	site   Site // nil where ids stay ids
	tenant tenant.Tenant

	projects *things
	fields   *things
	statuses []jira.Status
	types    map[string]things // by project
}

func (n *names) project(ctx context.Context) (things, error) {
	if n.projects == nil {
		all, err := n.site.Projects(ctx, n.tenant)
		if err != nil {
			return things{}, err
		}
		n.projects = &things{kind: "project"}
		for _, p := range all {
			n.projects.all = append(n.projects.all, thing{p.ID, []string{p.Key, p.Name}})
		}
	}
	return *n.projects, nil
}

func (n *names) issueType(ctx context.Context, project string) (things, error) {
	if got, ok := n.types[project]; ok {
		return got, nil
	}
	all, err := n.site.CreatableTypes(ctx, n.tenant, project)
	if err != nil {
		return things{}, err
	}
	got := things{kind: "issue type"}
	for _, i := range all {
		got.all = append(got.all, thing{i.ID, []string{i.Name}})
	}
	if n.types == nil {
		n.types = map[string]things{}
	}
	n.types[project] = got
	return got, nil
}

func (n *names) field(ctx context.Context) (things, error) {
	if n.fields == nil {
		all, err := n.site.Fields(ctx, n.tenant)
		if err != nil {
			return things{}, err
		}
		n.fields = &things{kind: "field"}
		for _, f := range all {
			n.fields.all = append(n.fields.all, thing{f.ID, []string{f.Name}})
		}
	}
	return *n.fields, nil
}

// status lists the statuses that issues of a project can be in.
func (n *names) status(ctx context.Context, project string) (things, error) {
	if n.statuses == nil {
		all, err := n.site.Statuses(ctx, n.tenant)
		if err != nil {
			return things{}, err
		}
		n.statuses = all
	}
	got := things{kind: "status"}
	for _, one := range n.statuses {
		if one.Project == "" || one.Project == project {
			got.all = append(got.all, thing{one.ID, []string{one.Name}})
		}
	}
	return got, nil
}
