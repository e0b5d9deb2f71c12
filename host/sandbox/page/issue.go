package page

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// detail is a field of an issue as its page shows it.
type detail struct {
	Name, Text string
	Person     *world.User
}

// panel is an app's panel on an issue.
type panel struct {
	Name, App string
	Frame     connect.Frame
}

func (s *Pages) issueView(v *view) error {
	key := v.r.PathValue("issue")
	i := v.st.FindIssue(key)
	if !v.st.Sees(v.user.Account, i) {
		return rest.Fail(http.StatusNotFound, "The issue %s does not exist, or you may not see it.", key)
	}
	if i.Key != key { // an id, a key before a move, or another case
		http.Redirect(v.w, v.r, "/browse/"+i.Key, http.StatusFound)
		return nil
	}
	p := v.st.Project(i.Project)
	where := connect.Surrounding{User: v.user, Issue: i, Project: p}
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
		row: rowOf(v.st, i), Project: p, Reporter: v.st.User(i.Reporter), Assignee: v.st.User(i.Assignee), Description: adf.HTML(i.Description),
		CanEdit: v.st.CanDo(v.user.Account, world.EditIssues, i), CanMove: v.st.CanDo(v.user.Account, world.MoveIssues, i),
		Projects: shape.VisibleProjects(v.st, v.user.Account), Statuses: v.st.Statuses.List(),
	}
	for f := range v.st.Fields.All() {
		if d := detailOf(v.st, f, i); d.Text != "" {
			body.Details = append(body.Details, d)
		}
	}
	var frames []connect.Frame
	err := connect.Shown(v.st, connect.IssueContent, where, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
		f, err := s.apps.Frame(app, d, m, where)
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
	d := detail{Name: f.Name, Text: shape.Plain(i.Custom[f.ID])}
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
func (s *Pages) changeFromIssuePage(v *view, permission string, change func(*world.Tx, *world.Issue) error) error {
	var key string
	err := s.store.ChangeAs(v.user.Account, func(tx *world.Tx) error {
		i := tx.EditIssue(v.r.PathValue("issue"))
		if !tx.Sees(v.user.Account, i) {
			return rest.NoIssue()
		}
		if !tx.CanDo(v.user.Account, permission, i) {
			return rest.Fail(http.StatusForbidden, "You may not change this issue.")
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

func (s *Pages) renameFromPage(v *view) error {
	return s.changeFromIssuePage(v, world.EditIssues, func(tx *world.Tx, i *world.Issue) error {
		summary := strings.Join(strings.Fields(v.r.PostFormValue("summary")), " ")
		if summary == "" || len(summary) > 255 {
			return rest.Fail(http.StatusBadRequest, "A summary has 1 to 255 characters.")
		}
		i.Summary = summary
		return tx.PutIssue(i)
	})
}

func (s *Pages) statusFromPage(v *view) error {
	return s.changeFromIssuePage(v, world.TransitionIssues, func(tx *world.Tx, i *world.Issue) error {
		status := tx.Status(world.StatusID(v.r.PostFormValue("status")))
		if status == nil {
			return rest.Fail(http.StatusBadRequest, "There is no such status.")
		}
		i.Status = status.ID
		return tx.PutIssue(i)
	})
}

func (s *Pages) moveFromPage(v *view) error {
	return s.changeFromIssuePage(v, world.MoveIssues, func(tx *world.Tx, i *world.Issue) error {
		to := tx.FindProject(v.r.PostFormValue("project"))
		if !tx.CanIn(v.user.Account, world.CreateIssues, to) {
			return rest.Fail(http.StatusForbidden, "You may not create issues in that project.")
		}
		return tx.MoveIssue(i.ID, to.ID)
	})
}
