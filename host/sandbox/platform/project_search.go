package platform

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// projectQuery is what a search of projects asks for.
type projectQuery struct {
	ids, keys, types, states []string
	category, text           string
}

func (q *projectQuery) finds(p *world.Project) bool {
	in := func(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }
	has := func(text string) bool { return strings.Contains(strings.ToLower(text), q.text) }
	state := "live"
	if p.Archived {
		state = "archived"
	}
	return slices.Contains(q.states, state) && in(q.ids, string(p.ID)) && in(q.keys, p.Key) && in(q.types, cmp.Or(p.Kind, "business")) &&
		(q.category == "" || q.category == p.Category) && (has(p.Name) || has(p.Key))
}

// projectStates are Jira's words for what becomes of projects. Deleted ones are found by nobody here.
var projectStates = []string{"live", "archived", "deleted"}

// projectOrders are the orders that are known here; of the same place, projects are in that of their keys.
var projectOrders = map[string]func(st *world.State, a, b *world.Project) int{
	"key": func(_ *world.State, a, b *world.Project) int { return cmp.Compare(a.Key, b.Key) },
	"name": func(_ *world.State, a, b *world.Project) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	},
	"category": func(_ *world.State, a, b *world.Project) int { return cmp.Compare(a.Category, b.Category) },
	"issueCount": func(st *world.State, a, b *world.Project) int {
		return cmp.Compare(st.Index().Equal("project", string(a.ID)).Len(), st.Index().Equal("project", string(b.ID)).Len())
	},
}

func (s *API) searchProjects(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	start, err := rest.QueryInt(q.Get("startAt"), 0)
	if err != nil {
		return rest.Answer{}, err
	}
	size, err := rest.QueryInt(q.Get("maxResults"), rest.DefaultPage)
	if err != nil {
		return rest.Answer{}, err
	}
	size = min(size, rest.MaxPage)
	found, err := findProjects(c)
	if err != nil {
		return rest.Answer{}, err
	}
	end, expand := min(start+size, len(found)), rest.SplitNames(q["expand"])
	values := []object{}
	for _, p := range found[min(start, end):end] {
		values = append(values, s.foundProject(c.St, p, expand))
	}
	out := object{
		"self": s.Link("/rest/api/3/project/search?startAt=%d&maxResults=%d", start, size), "startAt": start, "maxResults": size,
		"total": len(found), "isLast": end == len(found), "values": values,
	}
	if end < len(found) {
		out["nextPage"] = s.Link("/rest/api/3/project/search?startAt=%d&maxResults=%d", end, size)
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

// findProjects lists what the request's query finds of the projects that the caller may see, in the order that it names.
func findProjects(c *rest.Call) ([]*world.Project, error) {
	q := c.URL.Query()
	query := projectQuery{
		ids: rest.SplitNames(q["id"]), keys: rest.SplitNames(q["keys"]), types: rest.SplitNames(q["typeKey"]), states: rest.SplitNames(q["status"]),
		category: q.Get("categoryId"), text: strings.ToLower(q.Get("query")),
	}
	if len(query.states) == 0 {
		query.states = projectStates[:1]
	}
	for _, state := range query.states {
		if !slices.Contains(projectStates, state) {
			return nil, rest.Fail(http.StatusBadRequest, "'%s' is no status of projects: choose live, archived or deleted.", state)
		}
	}
	if len(query.ids) > 50 || len(query.keys) > 50 {
		return nil, rest.Fail(http.StatusBadRequest, "Up to 50 project IDs and 50 project keys can be provided.")
	}
	found := slices.DeleteFunc(shape.VisibleProjects(c.St, c.Who.Account), func(p *world.Project) bool { return !query.finds(p) })
	name, down := strings.CutPrefix(q.Get("orderBy"), "-")
	if order := projectOrders[strings.TrimPrefix(name, "+")]; order != nil {
		slices.SortStableFunc(found, func(a, b *world.Project) int {
			if down {
				a, b = b, a
			}
			return order(c.St, a, b)
		})
	}
	return found, nil
}

func (s *API) foundProject(st *world.State, p *world.Project, expand []string) object {
	row, full := s.ProjectJSON(st, p, false), s.ProjectJSON(st, p, true)
	for _, name := range []string{"description", "lead", "issueTypes"} {
		if slices.Contains(expand, name) {
			row[name] = full[name]
		}
	}
	if slices.Contains(expand, "url") && p.URL != "" {
		row["url"] = p.URL
	}
	if slices.Contains(expand, "insight") {
		row["insight"] = insight(st, p)
	}
	return row
}

// insight counts the issues of a project, and says when one of them last changed.
func insight(st *world.State, p *world.Project) object {
	issues, updated := st.Index().Equal("project", string(p.ID)), st.Index().Column("updated")
	out := object{"totalIssueCount": issues.Len()}
	last := int64(0)
	for n := range issues.All() {
		last = max(last, updated.Value(n))
	}
	if last > 0 {
		out["lastIssueUpdateTime"] = time.UnixMilli(last).UTC().Format(shape.JiraTime)
	}
	return out
}
