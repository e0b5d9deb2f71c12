package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/plugins/relations/issuelist"
	"github.com/pergola-platform/pergola/plugins/relations/variables"
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
	contexts         relations.Contexts
	template         *variables.Template // nil where it cannot be read
	problem          error               // why
	without          jql.Empty
	searchAs         string // account by whose rights the query runs; empty for the user
	position         int
	empty            string
}

func newPanel(id string, v *settings.Values) panel {
	p := panel{
		Look: issuelist.ReadLook(v), id: id, name: v.String("name"), shown: v.Bool("shown"), collapsed: v.Bool("collapsed"),
		contexts: relations.ContextsIn(v, "contexts"), searchAs: v.String("searchAs"), position: v.Int("position"), empty: v.String("empty"),
	}
	p.template, p.problem = variables.Parse(v.String("jql"))
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
	return p.shown && p.contexts.Hold(i)
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
	if wrong := (*jql.Error)(nil); errors.As(p.problem, &wrong) {
		return config.No("jql", wrong.Error()), nil
	}
	if p.problem != nil {
		return nil, p.problem
	}
	// Any value will do to see whether there is a condition at all.
	some := variables.Values{}
	for _, name := range p.template.Missing(nil) {
		some[name] = []string{"1"}
	}
	where, err := p.template.Clause(some, jql.NoResults)
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
