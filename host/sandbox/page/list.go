package page

import (
	"net/http"

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
