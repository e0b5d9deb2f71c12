package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/plugins/relations/variables"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
)

// guardRule judges a rule that an admin writes.
func guardRule(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil
	}
	r := newRule(0, c.After)
	all, err := config.List(ctx, ruleType)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if other := newRule(0, &all[i].Values); all[i].ID != c.ID && other.End == r.End {
			return config.No("end", fmt.Sprintf("“%s” is a rule for this end of the relation already. Change that one, or choose the other end.", all[i].String("name"))), nil
		}
	}
	if r.query != "" && r.filter != "" {
		return config.No("filter", "Choose a saved filter or write a query, and leave the other one empty."), nil
	}
	for i, p := range r.presets {
		if p.ProjectID == "" || p.IssueTypeID == "" {
			return config.No(fmt.Sprintf("presets.%d.project", i), "Choose a project and an issue type, or remove the row."), nil
		}
		if len(r.types) > 0 && !slices.Contains(r.types, p.IssueTypeID) {
			return config.No(fmt.Sprintf("presets.%d.type", i), "An issue of this type could be created and not be linked: add the type to those that can be linked, or choose another one."), nil
		}
	}
	if r.query != "" {
		return guardQuery(ctx, r.query)
	}
	if r.filter != "" {
		return takes(ctx, "filter", filterClause(r.filter))
	}
	return nil, nil
}

// guardQuery judges JQL with variables: what it says, what it depends on, and whether Jira takes it.
func guardQuery(ctx context.Context, text string) (*config.Verdict, error) {
	t, err := variables.Parse(text)
	if err != nil {
		return config.No("jql", upper(err.Error())+"."), nil
	}
	if message, err := dependsOnNothing(ctx, t); err != nil || message != "" {
		return config.No("jql", message), err
	}
	// Variables have no values here, so their conditions are left out: Jira judges all others.
	parsed, err := jql.Parse(text)
	if err != nil {
		return config.No("jql", upper(err.Error())+"."), nil
	}
	clause, err := parsed.Clause(func(string) []string { return nil }, jql.Drop)
	if err != nil {
		return nil, err
	}
	return takes(ctx, "jql", clause)
}

// takes asks Jira whether it takes a query, by the rights of the admin.
func takes(ctx context.Context, setting string, c jql.Clause) (*config.Verdict, error) {
	_, err := jira.Find(ctx, jira.Search{JQL: bounded(c), Fields: []string{"summary"}, Limit: 1})
	var e *sdk.Error
	if errors.As(err, &e) && e.Code == sdk.Invalid {
		return config.No(setting, "Jira does not take this: "+e.Message), nil
	}
	return nil, err
}

// dependsOnNothing says that the query names a relation or a path that is not there, with those that are.
func dependsOnNothing(ctx context.Context, t *variables.Template) (string, error) {
	for _, name := range t.Missing(nil) {
		of, what, _ := strings.Cut(name, ".")
		var known []string
		var err error
		switch of {
		case "link":
			known, err = sides(ctx)
		case "path":
			known, err = paths(ctx)
		default:
			continue
		}
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, "{{"+of+"."+what+"}}") }) {
			return fmt.Sprintf("There is no {{%s}}. These are there: %s", name, strings.Join(known, "; ")), nil
		}
	}
	return "", nil
}

// sides lists the variables of what is linked, with what they are.
func sides(ctx context.Context) ([]string, error) {
	list, err := relations.Sides(ctx, "")
	if err != nil || list == nil {
		return nil, err
	}
	var out []string
	for _, s := range list.Sides {
		out = append(out, fmt.Sprintf("{{link.%s.%s}} (%s: %s)", s.Relation, s.End.End, s.Name, s.Label))
	}
	return out, nil
}

func paths(ctx context.Context) ([]string, error) {
	all, err := config.List(ctx, pathType)
	var out []string
	for i := range all {
		out = append(out, fmt.Sprintf("{{path.%s}} (%s)", all[i].ID, all[i].String("name")))
	}
	return out, err
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// guardPath judges a path that an admin writes. One that something is made of or follows is not deleted: the host sees to that.
func guardPath(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil
	}
	p := newPath(c.After)
	switch {
	case len(p.steps) == 0 && len(p.parts) == 0:
		return config.No("steps", "Add a step over a relation, or choose other paths to join."), nil
	case len(p.steps) > mostSteps:
		return config.No("steps", fmt.Sprintf("A path has %d steps at most. Join several paths instead.", mostSteps)), nil
	}
	for i, s := range p.steps {
		if s.Relation == "" || s.End != relations.First && s.End != relations.Second {
			return config.No(fmt.Sprintf("steps.%d.relation", i), "Choose a relation and the end at which the step begins, or remove the row."), nil
		}
	}
	all, err := config.List(ctx, pathType)
	if err != nil {
		return nil, err
	}
	known := map[string]path{}
	for i := range all {
		known[all[i].ID] = newPath(&all[i].Values)
	}
	known[c.ID] = p
	if nested(known, c.ID, mostNested) {
		return config.No("paths", fmt.Sprintf("Paths can be made of paths %d deep at most, and of themselves never. Choose others.", mostNested)), nil
	}
	for i := range all { // those that are made of this one grow with it
		if all[i].ID != c.ID && nested(known, all[i].ID, mostNested) {
			return config.No("paths", fmt.Sprintf("“%s” is made of this path, and would be nested more than %d deep or be made of itself. Choose others.", all[i].String("name"), mostNested)), nil
		}
	}
	return nil, nil
}

// nested says whether a path is made of paths more than that deep; one that is made of itself is.
func nested(all map[string]path, id string, left int) bool {
	if left == 0 {
		return true
	}
	return slices.ContainsFunc(all[id].parts, func(part string) bool { return nested(all, part, left-1) })
}
