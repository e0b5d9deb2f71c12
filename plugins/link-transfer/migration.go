package main

import (
	"context"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/settings"
)

const migrationType = "migration" // of configs

// The directions in which a link of Jira's own becomes one of a relation: whether the issue that it comes from is at the first end.
const (
	same    = "same"
	reverse = "reverse"
)

// migration is what an admin wrote.
type migration struct {
	id        string
	rev       int64
	name      string
	linkType  string
	relation  string
	direction string
	query     string
	remove    bool // Jira's links go afterwards
}

func newMigration(id string, rev int64, v *settings.Values) *migration {
	return &migration{
		id: id, rev: rev, name: v.String("name"), linkType: v.String("linkType"), relation: v.String("relation"), direction: v.String("direction"),
		query: v.String("jql"), remove: v.Bool("remove"),
	}
}

// loadMigration returns a migration as it is now.
func loadMigration(ctx context.Context, id string) (*migration, error) {
	d, err := config.Get(ctx, migrationType, id)
	if err != nil {
		return nil, err
	}
	return newMigration(d.ID, d.Rev, &d.Values), nil
}

// scope is the clause that finds the issues at the first end.
func (m *migration) scope() (jql.Clause, error) { return scopeOf(m.query) }

// scopeOf is the clause of JQL that an admin wrote.
func scopeOf(query string) (jql.Clause, error) {
	t, err := jql.Parse(query)
	if err != nil {
		return jql.Clause{}, invalid(err.Error())
	}
	none := func(string) []string { return nil }
	c, err := t.Clause(none, jql.Drop)
	if err != nil {
		return jql.Clause{}, invalid(err.Error())
	}
	switch whole, err := t.Expand(none, jql.Drop); {
	case err != nil:
		return jql.Clause{}, invalid(err.Error())
	case len(t.Variables()) > 0:
		return jql.Clause{}, invalid("Write the values out: nothing stands for a variable here.")
	case c.String() == "":
		return jql.Clause{}, invalid("Write at least one condition, such as project = IT.")
	case whole != c.String():
		return jql.Clause{}, invalid("Leave ORDER BY out: the issues are gone through in an order of their own.")
	}
	return c, nil
}

// pair is a link of Jira's own as a link of the relation, where it is of the migration's type.
func (m *migration) pair(l jira.IssueLink) (relations.Pair, bool) {
	return pairOf(m.relation, m.direction, l), l.TypeID == m.linkType
}

func pairOf(relation, direction string, l jira.IssueLink) relations.Pair {
	if direction == reverse {
		return relations.Pair{Relation: relation, First: l.ToID, Second: l.FromID}
	}
	return relations.Pair{Relation: relation, First: l.FromID, Second: l.ToID}
}

// guard judges a migration that an admin writes.
func guard(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil
	}
	m := newMigration(c.ID, 0, c.After)
	if _, err := m.scope(); err != nil {
		return config.No("jql", messageOf(err)), nil
	}
	sides, err := relations.Sides(ctx, "")
	if err != nil || sides == nil {
		return nil, err // without advanced links nobody knows
	}
	for _, s := range sides.Sides {
		if s.Relation == m.relation && s.Native {
			return config.No("relation", "Its links are Jira’s own already. Choose a relation that is kept as links of this feature."), nil
		}
	}
	return nil, nil
}
