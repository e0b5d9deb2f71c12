package relations

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/settings"
)

//go:generate msgp -tests=false -io=false -o zz_context_msgp.go

// Context is pairs of projects and types of issues, by their ids: every one of its projects with every one of its types. None of a kind
// means all of them.
type Context struct {
	Projects []string `msg:"projects,omitempty,limit=16384"`
	Types    []string `msg:"types,omitempty,limit=16384"`
}

func (c Context) holds(i *jira.Issue) bool {
	return (len(c.Projects) == 0 || slices.Contains(c.Projects, i.ProjectID)) && (len(c.Types) == 0 || slices.Contains(c.Types, i.IssueTypeID))
}

func (c Context) clause() jql.Clause {
	var all []jql.Clause
	if len(c.Projects) > 0 {
		all = append(all, jql.Field("project").In(c.Projects...))
	}
	if len(c.Types) > 0 {
		all = append(all, jql.Field("issuetype").In(c.Types...))
	}
	return jql.And(all...)
}

// Contexts are where something holds: in any of them. None means everywhere.
type Contexts []Context

// ContextsIn reads a list of groups with the settings "projects" and "types".
func ContextsIn(v *settings.Values, name string) Contexts {
	var out Contexts
	for _, row := range v.Groups(name) {
		out = append(out, Context{Projects: row.List("projects"), Types: row.List("types")})
	}
	return out
}

// Hold says whether an issue is in one of the contexts.
func (c Contexts) Hold(i *jira.Issue) bool {
	return len(c) == 0 || slices.ContainsFunc(c, func(c Context) bool { return c.holds(i) })
}

// Clause finds the issues in the contexts; it is empty where these are all.
func (c Contexts) Clause() jql.Clause {
	if len(c) == 0 {
		return jql.Clause{}
	}
	any := make([]jql.Clause, len(c))
	for i := range c {
		any[i] = c[i].clause()
	}
	return jql.Or(any...)
}

// Find searches in the contexts: search is asked with their clause. Jira refuses a query that names a project or type which is gone, or which
// those by whose rights is searched do not see. Then it is asked once more without these, and finds nothing where none are left. as is an
// account by whose rights is searched, empty for the user's.
func (c Contexts) Find(ctx context.Context, as string, search func(jql.Clause) (*jira.Found, error)) (*jira.Found, error) {
	found, refused := search(c.Clause())
	if sdk.CodeOf(refused) != sdk.Invalid || len(c) == 0 {
		return found, refused
	}
	left, err := c.present(ctx, as)
	switch {
	case err != nil:
		return nil, err
	case len(left) == 0:
		return &jira.Found{}, nil
	case left.Clause().String() == c.Clause().String():
		return nil, refused
	}
	return search(left.Clause())
}

// present leaves out projects and types that nobody sees, and with them contexts of which they were all.
func (c Contexts) present(ctx context.Context, as string) (Contexts, error) {
	seen, err := c.projects(ctx, as)
	if err != nil {
		return nil, err
	}
	types, err := jira.IssueTypes(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		seen["type "+t.ID] = true
	}
	var out Contexts
	for _, all := range c {
		left := Context{
			Projects: slices.DeleteFunc(slices.Clone(all.Projects), func(id string) bool { return !seen["project "+id] }),
			Types:    slices.DeleteFunc(slices.Clone(all.Types), func(id string) bool { return !seen["type "+id] }),
		}
		if (len(left.Projects) > 0 || len(all.Projects) == 0) && (len(left.Types) > 0 || len(all.Types) == 0) {
			out = append(out, left)
		}
	}
	return out, nil
}

// projects says which projects of the contexts somebody can browse.
func (c Contexts) projects(ctx context.Context, as string) (map[string]bool, error) {
	var ids []string
	for _, context := range c {
		ids = append(ids, context.Projects...)
	}
	slices.Sort(ids)
	out := map[string]bool{}
	for some := range slices.Chunk(slices.Compact(ids), jira.MaxProjects) {
		rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.BrowseProjects}, ProjectIDs: some, As: as})
		if err != nil {
			return nil, err
		}
		for _, id := range some {
			if rights.InProject(jira.BrowseProjects, id) {
				out["project "+id] = true
			}
		}
	}
	return out, nil
}
