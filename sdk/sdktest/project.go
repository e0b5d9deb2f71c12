package sdktest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
)

// projects pages by position, as Jira does: whoever changes h.Projects between two pages moves what is behind.
func (h *Host) projects(q *jira.ProjectQuery) (msgp.Marshaler, error) {
	named := func(kind string, ids ...string) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return store.Validate(kind, id) != nil })
	}
	switch {
	case len(q.IDs) > jira.MaxProjectIDs || !named(store.KindProject, q.IDs...):
		return nil, wrong("ids", "the projects are named by up to 50 ids")
	case q.Category != "" && !named(store.KindCategory, q.Category):
		return nil, wrong("category", "the category is named by its id")
	case slices.ContainsFunc(q.Types, func(name string) bool { return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" || name == "" }):
		return nil, wrong("types", "a type of projects is a word such as software, business or service_desk")
	case q.First < 0 || q.Limit < 0 || q.Limit > jira.MaxProjects:
		return nil, refuse(sdk.Invalid, "the page is none: first is 0 or more, the limit is 1 to 100")
	}
	found := slices.DeleteFunc(slices.Clone(h.Projects), func(p jira.Project) bool { return !finds(q, &p) })
	slices.SortFunc(found, func(a, b jira.Project) int { return cmp.Compare(a.Key, b.Key) })
	out := &jira.ProjectPage{Total: len(found), Projects: []jira.Project{}}
	first := min(q.First, len(found))
	for _, p := range found[first:min(first+cmp.Or(q.Limit, 50), len(found))] {
		if !q.Details {
			p.Description, p.URL, p.LeadID, p.LeadName, p.LeadEmail = "", "", "", "", ""
			p.Insight, p.Issues, p.LastUpdate = false, 0, ""
		}
		out.Projects = append(out.Projects, p)
	}
	return out, nil
}

func wrong(field, message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: field, Message: message}
}

func finds(q *jira.ProjectQuery, p *jira.Project) bool {
	has := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(q.Text)) }
	return (len(q.IDs) == 0 || slices.Contains(q.IDs, p.ID)) && (q.Category == "" || q.Category == p.CategoryID) &&
		(len(q.Types) == 0 || slices.Contains(q.Types, p.Type)) && (q.Archived || !p.Archived) && (has(p.Key) || has(p.Name))
}
