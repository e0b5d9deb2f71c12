package page

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// row is an issue as lists show it.
type row struct {
	*world.Issue
	Type     *world.IssueType
	State    *world.Status
	Location string
	Owner    *world.User
}

func rowOf(st *world.State, i *world.Issue) row {
	r := row{Issue: i, Type: st.Type(i.Type), State: st.Status(i.Status), Owner: st.User(i.Assignee)}
	if f := st.Field(world.Location); f != nil {
		r.Location = f.Option(shape.Plain(i.Custom[f.ID])).Value
	}
	return r
}

// projectCard is a project with the number of its issues in each status.
type projectCard struct {
	*world.Project
	Lead     *world.User
	Category *world.Category
	Total    int
	Counts   []statusCount
}

type statusCount struct {
	*world.Status
	Count int
}

func projectCards(st *world.State, who world.AccountID) []projectCard {
	var out []projectCard
	for _, p := range shape.VisibleProjects(st, who) {
		card := projectCard{Project: p, Lead: st.User(p.Lead), Category: st.Category(p.Category)}
		all := st.Index().Equal("project", string(p.ID)).And(st.Visible(who))
		for status := range st.Statuses.All() {
			n := all.And(st.Index().Equal("status", string(status.ID))).Len()
			card.Total += n
			card.Counts = append(card.Counts, statusCount{status, n})
		}
		out = append(out, card)
	}
	return out
}

func (s *Pages) dashboard(v *view) error {
	var recent []row
	order := index.Key{Column: v.st.Index().Column("updated"), Desc: true}
	for _, n := range index.Sort(v.st.Visible(v.user.Account), 8, order) {
		recent = append(recent, rowOf(v.st, v.st.IssueAt(n)))
	}
	body := struct {
		Projects []projectCard
		Recent   []row
		Apps     int
	}{projectCards(v.st, v.user.Account), recent, len(v.st.InstalledApps())}
	return v.render(http.StatusOK, "dashboard.html", "Dashboard", "home", body)
}

func (s *Pages) projectList(v *view) error {
	return v.render(http.StatusOK, "projects.html", "Projects", "projects", projectCards(v.st, v.user.Account))
}

// listPage is how many issues a list shows at a time.
const listPage = 25

// issueList shows the issues of a project, or with jql in the address those of a query.
func (s *Pages) issueList(v *view) error {
	body := struct {
		Project    *world.Project
		JQL, Error string
		Rows       []row
		Total      int
		From, To   int
		Prev, Next string
	}{}
	status, title := http.StatusOK, "Issues"
	if key := v.r.PathValue("project"); key != "" {
		p := v.st.FindProject(key)
		if !v.st.CanIn(v.user.Account, world.BrowseProjects, p) {
			return rest.Fail(http.StatusNotFound, "There is no project %s, or you may not see it.", key)
		}
		body.Project, title = p, p.Name
		body.JQL = "project = " + p.Key + " ORDER BY key"
	}
	q := v.r.URL.Query()
	if q.Has("jql") {
		body.JQL = strings.TrimSpace(q.Get("jql"))
	}
	found, err := s.findForPage(v, body.JQL)
	var e *rest.Error
	if errors.As(err, &e) {
		body.Error, status = strings.Join(e.Messages, " "), e.Status
	} else if err != nil {
		return err
	}
	start, _ := strconv.Atoi(q.Get("start")) // anything odd is the first page
	total := found.Count()
	start = max(0, min(start, total))
	end := min(start+listPage, total)
	for _, n := range found.First(end)[start:] {
		body.Rows = append(body.Rows, rowOf(v.st, v.st.IssueAt(n)))
	}
	body.Total, body.From, body.To = total, start+1, end
	link := func(start int) string {
		return v.r.URL.Path + "?" + url.Values{"jql": {body.JQL}, "start": {strconv.Itoa(start)}}.Encode()
	}
	if start > 0 {
		body.Prev = link(max(0, start-listPage))
	}
	if end < total {
		body.Next = link(end)
	}
	return v.render(status, "issues.html", title, "projects", body)
}

// findForPage runs what was typed into a search box: JQL, or words to look for in summaries.
func (s *Pages) findForPage(v *view, text string) (query.Found, error) {
	q, err := query.Parse(text)
	if err != nil && !strings.ContainsAny(text, "=~<>!()\"") {
		quoted := strings.ReplaceAll(strings.TrimSpace(text), `\`, `\\`)
		q, err = query.Parse(`summary ~ "` + quoted + `*" ORDER BY key`)
	}
	if err != nil {
		return query.Found{}, err
	}
	if q.Where == nil && len(q.OrderBy) == 0 {
		q.OrderBy = []syntax.Sort{{Field: syntax.Field{Name: "key"}}}
	}
	return query.Find(v.st, v.user.Account, s.now(), q)
}
