package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations/issuelist"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/settings"
)

const panelType = "panel" // of configs

// panel is what an admin wrote.
type panel struct {
	issuelist.Look
	id, name         string
	shown, collapsed bool
	contexts         []place // none means everywhere
	template         string
	without          jql.Empty
	searchAs         string // account by whose rights the query runs; empty for the user
	position         int
	empty            string
}

// place is a project and a type of issues, by their ids; an empty one is any.
type place struct{ project, issueType string }

func (p place) holds(i *jira.Issue) bool {
	return (p.project == "" || p.project == i.ProjectID) && (p.issueType == "" || p.issueType == i.IssueTypeID)
}

func newPanel(id string, v *settings.Values) panel {
	p := panel{
		Look: issuelist.ReadLook(v), id: id, name: v.String("name"), shown: v.Bool("shown"), collapsed: v.Bool("collapsed"),
		template: v.String("jql"), searchAs: v.String("searchAs"), position: v.Int("position"), empty: v.String("empty"),
	}
	for _, row := range v.Groups("contexts") {
		p.contexts = append(p.contexts, place{row.String("project"), row.String("type")})
	}
	if v.String("without") == "drop" {
		p.without = jql.Drop
	}
	if p.empty == "" {
		p.empty = "No issue is related."
	}
	return p
}

// holds says whether the panel shows in an issue.
func (p panel) holds(i *jira.Issue) bool {
	return p.shown && (len(p.contexts) == 0 || slices.ContainsFunc(p.contexts, func(c place) bool { return c.holds(i) }))
}

// panels returns all panels in the order in which they show.
func panels(ctx context.Context) ([]panel, error) {
	all, err := config.List(ctx, panelType)
	if err != nil {
		return nil, err
	}
	out := make([]panel, len(all))
	for i := range all {
		out[i] = newPanel(all[i].ID, &all[i].Values)
	}
	slices.SortStableFunc(out, func(a, b panel) int { return cmp.Compare(a.position, b.position) })
	return out, nil
}

// guard refuses queries that cannot be read or are without a bound, and sums of what is no number.
func guard(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil
	}
	p := newPanel(c.ID, c.After)
	t, err := jql.Parse(p.template)
	if err != nil {
		var wrong *jql.Error
		if errors.As(err, &wrong) {
			return config.No("jql", wrong.Error()), nil
		}
		return nil, err
	}
	for _, name := range t.Variables() {
		if _, ok := fieldOf(name); !ok && !slices.Contains(plain, name) {
			return config.No("jql", "There is no variable {{"+name+"}}. Write {{issue.}} with the id of a field, or one of {{"+strings.Join(plain, "}}, {{")+"}}."), nil
		}
	}
	some := func(string) []string { return []string{"1"} }
	where, err := t.Clause(some, jql.NoResults)
	if err != nil {
		return config.No("jql", err.Error()), nil
	}
	if where.String() == "" {
		return config.No("jql", "Write at least one condition, such as project = {{issue.project}}: a panel cannot show all issues of the site."), nil
	}
	fields, err := jira.Fields(ctx)
	if err != nil {
		return nil, err
	}
	return &config.Verdict{Problems: p.Problems(fields)}, nil
}
