package sandbox

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
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
		r.Location = f.Option(plain(i.Custom[f.ID])).Value
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
	for _, p := range visibleProjects(st, who) {
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

func (s *Site) dashboard(v *view) error {
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

func (s *Site) projectList(v *view) error {
	return v.render(http.StatusOK, "projects.html", "Projects", "projects", projectCards(v.st, v.user.Account))
}

// listPage is how many issues a list shows at a time.
const listPage = 25

// issueList shows the issues of a project, or with jql in the address those of a query.
func (s *Site) issueList(v *view) error {
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
			return fail(http.StatusNotFound, "There is no project %s, or you may not see it.", key)
		}
		body.Project, title = p, p.Name
		body.JQL = "project = " + p.Key + " ORDER BY key"
	}
	q := v.r.URL.Query()
	if q.Has("jql") {
		body.JQL = strings.TrimSpace(q.Get("jql"))
	}
	found, err := s.findForPage(v, body.JQL)
	var e *restError
	if errors.As(err, &e) {
		body.Error, status = strings.Join(e.messages, " "), e.status
	} else if err != nil {
		return err
	}
	start, _ := strconv.Atoi(q.Get("start")) // anything odd is the first page
	total := found.count()
	start = max(0, min(start, total))
	end := min(start+listPage, total)
	for _, n := range found.first(end)[start:] {
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
func (s *Site) findForPage(v *view, text string) (found, error) {
	q, err := parseJQL(text)
	if err != nil && !strings.ContainsAny(text, "=~<>!()\"") {
		quoted := strings.ReplaceAll(strings.TrimSpace(text), `\`, `\\`)
		q, err = parseJQL(`summary ~ "` + quoted + `*" ORDER BY key`)
	}
	if err != nil {
		return found{}, err
	}
	if q.Where == nil && len(q.OrderBy) == 0 {
		q.OrderBy = []syntax.Sort{{Field: syntax.Field{Name: "key"}}}
	}
	return find(v.st, v.user.Account, s.now(), q)
}

// detail is a field of an issue as its page shows it.
type detail struct {
	Name, Text string
	Person     *world.User
}

// panel is an app's panel on an issue.
type panel struct {
	Name, App string
	Frame     frame
}

func (s *Site) issueView(v *view) error {
	key := v.r.PathValue("issue")
	i := v.st.FindIssue(key)
	if !v.st.Sees(v.user.Account, i) {
		return fail(http.StatusNotFound, "The issue %s does not exist, or you may not see it.", key)
	}
	if i.Key != key { // an id, a key before a move, or another case
		http.Redirect(v.w, v.r, "/browse/"+i.Key, http.StatusFound)
		return nil
	}
	p := v.st.Project(i.Project)
	where := surrounding{user: v.user, issue: i, project: p}
	body := struct {
		row
		Project            *world.Project
		Reporter, Assignee *world.User
		Description        template.HTML
		Details            []detail
		Panels             []panel
		CanEdit, CanMove   bool
		Projects           []*world.Project
		Statuses           []*world.Status
	}{
		row: rowOf(v.st, i), Project: p, Reporter: v.st.User(i.Reporter), Assignee: v.st.User(i.Assignee), Description: documentHTML(i.Description),
		CanEdit: v.st.CanDo(v.user.Account, world.EditIssues, i), CanMove: v.st.CanDo(v.user.Account, world.MoveIssues, i),
		Projects: visibleProjects(v.st, v.user.Account), Statuses: v.st.Statuses.List(),
	}
	for f := range v.st.Fields.All() {
		if d := detailOf(v.st, f, i); d.Text != "" {
			body.Details = append(body.Details, d)
		}
	}
	var frames []frame
	err := shown(v.st, issueContent, where, func(app *world.App, d *descriptor, m *module) error {
		f, err := s.frame(app, d, m, where)
		if err != nil {
			return err
		}
		frames = append(frames, f)
		body.Panels = append(body.Panels, panel{m.Name.Value, d.Name, f})
		return nil
	})
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "issue.html", i.Key+" "+i.Summary, "projects", body, frames...)
}

func detailOf(st *world.State, f *world.Field, i *world.Issue) detail {
	d := detail{Name: f.Name, Text: plain(i.Custom[f.ID])}
	switch f.Kind {
	case world.Option:
		d.Text = f.Option(d.Text).Value
	case world.Person:
		if d.Person = st.User(world.AccountID(d.Text)); d.Person != nil {
			d.Text = d.Person.Name
		}
	case world.Number:
		if n, err := strconv.ParseFloat(d.Text, 64); err == nil {
			d.Text = strconv.FormatFloat(n, 'f', 2, 64)
		}
	}
	return d
}

// changeFromIssuePage changes the issue of a form and shows it again.
func (s *Site) changeFromIssuePage(v *view, permission string, change func(*world.Tx, *world.Issue) error) error {
	var key string
	err := s.store.ChangeAs(v.user.Account, func(tx *world.Tx) error {
		i := tx.EditIssue(v.r.PathValue("issue"))
		if !tx.Sees(v.user.Account, i) {
			return noIssue()
		}
		if !tx.CanDo(v.user.Account, permission, i) {
			return fail(http.StatusForbidden, "You may not change this issue.")
		}
		err := change(tx, i)
		key = tx.Issue(i.ID).Key
		return err
	})
	if err == nil {
		http.Redirect(v.w, v.r, "/browse/"+key, http.StatusSeeOther)
	}
	return err
}

func (s *Site) renameFromPage(v *view) error {
	return s.changeFromIssuePage(v, world.EditIssues, func(tx *world.Tx, i *world.Issue) error {
		summary := strings.Join(strings.Fields(v.r.PostFormValue("summary")), " ")
		if summary == "" || len(summary) > 255 {
			return fail(http.StatusBadRequest, "A summary has 1 to 255 characters.")
		}
		i.Summary = summary
		return tx.PutIssue(i)
	})
}

func (s *Site) statusFromPage(v *view) error {
	return s.changeFromIssuePage(v, world.TransitionIssues, func(tx *world.Tx, i *world.Issue) error {
		status := tx.Status(world.StatusID(v.r.PostFormValue("status")))
		if status == nil {
			return fail(http.StatusBadRequest, "There is no such status.")
		}
		i.Status = status.ID
		return tx.PutIssue(i)
	})
}

func (s *Site) moveFromPage(v *view) error {
	return s.changeFromIssuePage(v, world.MoveIssues, func(tx *world.Tx, i *world.Issue) error {
		to := tx.FindProject(v.r.PostFormValue("project"))
		if !tx.CanIn(v.user.Account, world.CreateIssues, to) {
			return fail(http.StatusForbidden, "You may not create issues in that project.")
		}
		return tx.MoveIssue(i.ID, to.ID)
	})
}
