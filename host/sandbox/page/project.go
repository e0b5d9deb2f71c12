package page

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// projectSide is the sidebar of a project.
type projectSide struct {
	*world.Project
	Items, Apps []menuItem
}

// projectOf is the project of the address, if the person may see it.
func (v *view) projectOf() (*world.Project, error) {
	key := v.r.PathValue("project")
	p := v.st.FindProject(key)
	if !v.st.CanIn(v.user.Account, world.BrowseProjects, p) {
		return nil, rest.Fail(http.StatusNotFound, "There is no project %s, or you may not see it.", key)
	}
	return p, nil
}

// projectSide lists the pages of a project; current is the last part of an address.
func (s *Pages) projectSide(v *view, p *world.Project, current string) (projectSide, error) {
	side := projectSide{Project: p}
	base := "/projects/" + p.Key
	for _, item := range []struct{ name, path string }{
		{"Summary", ""}, {"Issues", "/issues"}, {"Components", "/parts/components"}, {"Releases", "/parts/versions"}, {"Project settings", "/settings"},
	} {
		side.Items = append(side.Items, menuItem{Name: item.name, Path: base + item.path, Current: "/"+current == item.path || item.path == "" && current == "summary"})
	}
	err := connect.Shown(v.st, connect.ProjectPage, connect.Surrounding{User: v.user, Project: p}, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
		path := connect.ModulePath(app, m)
		side.Apps = append(side.Apps, menuItem{Name: m.Name.Value, App: d.Name, Path: path + "?project.key=" + p.Key, Current: current == path})
		return nil
	})
	return side, err
}

func (s *Pages) projectSummary(v *view) error {
	p, err := v.projectOf()
	if err != nil {
		return err
	}
	all := v.st.Index().Equal("project", string(p.ID)).And(v.st.Visible(v.user.Account))
	body := struct {
		Side    projectSide
		Project *world.Project
		Lead    *world.User
		Total   int
		Counts  []statusCount
		Types   []typeCount
		Recent  []row
	}{Project: p, Lead: v.st.User(p.Lead), Total: all.Len()}
	if body.Side, err = s.projectSide(v, p, "summary"); err != nil {
		return err
	}
	for status := range v.st.Statuses.All() {
		if n := all.And(v.st.Index().Equal("status", string(status.ID))).Len(); n > 0 {
			body.Counts = append(body.Counts, statusCount{status, n})
		}
	}
	for _, id := range p.Types {
		body.Types = append(body.Types, typeCount{v.st.Type(id), all.And(v.st.Index().Equal("issuetype", string(id))).Len()})
	}
	order := index.Key{Column: v.st.Index().Column("updated"), Desc: true}
	for _, n := range index.Sort(all, 8, order) {
		body.Recent = append(body.Recent, rowOf(v.st, v.st.IssueAt(n)))
	}
	return v.render(http.StatusOK, "project.html", p.Name, "projects", body)
}

type typeCount struct {
	*world.IssueType
	Count int
}

// partCount is a component or version with the number of its issues.
type partCount struct {
	Name, Description, Field, Start, Release, State string
	Lead                                            *world.User
	Count                                           int
}

func (s *Pages) projectParts(v *view) error {
	p, err := v.projectOf()
	if err != nil {
		return err
	}
	body := struct {
		Side     projectSide
		Project  *world.Project
		Versions bool
		Parts    []partCount
	}{Project: p, Versions: v.r.PathValue("part") == "versions"}
	seen := v.st.Visible(v.user.Account)
	title, part := "Components", "parts/components"
	if body.Versions {
		title, part = "Releases", "parts/versions"
		for _, x := range v.st.VersionsOf(p.ID) {
			state := "unreleased"
			switch {
			case x.Archived:
				state = "archived"
			case x.Released:
				state = "released"
			}
			n := seen.And(v.st.Index().Equal("fixVersion", string(x.ID))).Len()
			body.Parts = append(body.Parts, partCount{Name: x.Name, Description: x.Description, Field: "fixVersion", Start: x.Start, Release: x.Release, State: state, Count: n})
		}
		slices.Reverse(body.Parts)
	} else {
		for _, c := range v.st.ComponentsOf(p.ID) {
			n := seen.And(v.st.Index().Equal("component", string(c.ID))).Len()
			body.Parts = append(body.Parts, partCount{Name: c.Name, Description: c.Description, Field: "component", Lead: v.st.User(c.Lead), Count: n})
		}
	}
	if body.Side, err = s.projectSide(v, p, part); err != nil {
		return err
	}
	return v.render(http.StatusOK, "parts.html", title, "projects", body)
}

// roleActors is a role of a project with who fills it.
type roleActors struct {
	*world.Role
	Groups []string
	People []*world.User
}

func (s *Pages) projectSettings(v *view) error {
	p, err := v.projectOf()
	if err != nil {
		return err
	}
	body := struct {
		Side     projectSide
		Project  *world.Project
		Lead     *world.User
		Category *world.Category
		Types    []*world.IssueType
		Roles    []roleActors
		Scheme   *world.PermissionScheme
		Workflow *world.Workflow
		CanEdit  bool
		Done     bool
		Tabs     []menuItem
	}{
		Project: p, Lead: v.st.User(p.Lead), Category: v.st.Category(p.Category), Scheme: v.st.PermissionSchemes.Get(p.Permissions),
		Workflow: v.st.Workflows.Get(p.Workflow), CanEdit: v.st.CanIn(v.user.Account, world.AdministerProject, p), Done: v.r.URL.Query().Has("done"),
	}
	for _, id := range p.Types {
		body.Types = append(body.Types, v.st.Type(id))
	}
	for r := range v.st.Roles.All() {
		one := roleActors{Role: r}
		for _, h := range p.Actors[r.ID] {
			switch u := v.st.User(world.AccountID(h.Value)); {
			case h.Kind == world.ByGroup:
				one.Groups = append(one.Groups, h.Value)
			case h.Kind == world.ByUser && u != nil:
				one.People = append(one.People, u)
			}
		}
		body.Roles = append(body.Roles, one)
	}
	err = connect.Shown(v.st, connect.ProjectAdminTab, connect.Surrounding{User: v.user, Project: p}, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
		body.Tabs = append(body.Tabs, menuItem{Name: m.Name.Value, App: d.Name, Path: connect.ModulePath(app, m) + "?project.key=" + p.Key})
		return nil
	})
	if err != nil {
		return err
	}
	if body.Side, err = s.projectSide(v, p, "settings"); err != nil {
		return err
	}
	return v.render(http.StatusOK, "settings.html", "Project settings", "projects", body)
}

// projectDetailsFromPage changes the name and description of a project.
func (s *Pages) projectDetailsFromPage(v *view) error {
	p, err := v.projectOf()
	if err != nil {
		return err
	}
	name := v.r.PostFormValue("name")
	if name == "" || len(name) > 80 {
		return rest.Fail(http.StatusBadRequest, "The name of a project has 1 to 80 characters.")
	}
	err = s.store.ChangeAs(v.user.Account, func(tx *world.Tx) error {
		if !tx.CanIn(v.user.Account, world.AdministerProject, p) {
			return rest.Fail(http.StatusForbidden, "Only who administers the project can change it.")
		}
		c := world.Edit(tx.Project(p.ID))
		c.Name, c.Description = name, v.r.PostFormValue("description")
		return tx.Put(c)
	})
	if err != nil {
		return err
	}
	return v.done("/projects/"+p.Key+"/settings?done", nil)
}
