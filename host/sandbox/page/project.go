package page

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
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
	ID, Name, Description, Field, Start, Release, State string

	Released, Archived bool
	Lead               *world.User
	Count              int
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
		Manages  bool
		Parts    []partCount
	}{Project: p, Versions: v.r.PathValue("part") == "versions", Manages: v.managesParts(p)}
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
			body.Parts = append(body.Parts, partCount{
				ID: string(x.ID), Name: x.Name, Description: x.Description, Field: "fixVersion", Start: x.Start, Release: x.Release, State: state, Count: n,
				Released: x.Released, Archived: x.Archived,
			})
		}
		slices.Reverse(body.Parts)
	} else {
		for _, c := range v.st.ComponentsOf(p.ID) {
			n := seen.And(v.st.Index().Equal("component", string(c.ID))).Len()
			body.Parts = append(body.Parts, partCount{ID: string(c.ID), Name: c.Name, Description: c.Description, Field: "component", Lead: v.st.User(c.Lead), Count: n})
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
		CanKeep  bool // may archive it and bring it back
		Keeper   *world.User
		Done     bool
		Tabs     []menuItem
	}{
		Project: p, Lead: v.st.User(p.Lead), Category: v.st.Category(p.Category), Scheme: v.st.PermissionSchemes.Get(p.Permissions),
		Workflow: v.st.Workflows.Get(p.Workflow), CanEdit: v.managesParts(p), CanKeep: v.st.Can(v.user.Account, world.Administer),
		Keeper: v.st.User(p.ArchivedBy), Done: v.r.URL.Query().Has("done"),
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
	if v.st.CanIn(v.user.Account, world.AdministerProject, p) {
		for _, f := range s.forge.Frames(v.st, forge.ProjectSettings, connect.Surrounding{User: v.user, Project: p}) {
			body.Tabs = append(body.Tabs, menuItem{Name: f.Title, App: f.Name, Path: f.Path() + "?project=" + p.Key})
		}
	}
	if body.Side, err = s.projectSide(v, p, "settings"); err != nil {
		return err
	}
	return v.render(http.StatusOK, "settings.html", "Project settings", "projects", body)
}

// projectDetailsFromPage changes the name, the description and, by administrators of the site, the key of a project.
func (s *Pages) projectDetailsFromPage(v *view) error {
	p, err := v.projectOf()
	if err != nil {
		return err
	}
	body := map[string]any{"name": v.r.PostFormValue("name"), "description": v.r.PostFormValue("description")}
	if v.r.PostForm.Has("key") {
		body["key"] = v.r.PostFormValue("key")
	}
	var now struct{ Key string }
	if err := v.ask("PUT", "/rest/api/3/project/"+string(p.ID), body, &now); err != nil {
		return err
	}
	return v.done("/projects/"+now.Key+"/settings?done", nil)
}

// archiveProjectFromPage puts a project away, or brings it back.
func (s *Pages) archiveProjectFromPage(v *view) error {
	p, err := v.projectOf()
	if err != nil {
		return err
	}
	to := "/archive"
	if p.Archived {
		to = "/restore"
	}
	if err := v.ask("POST", "/rest/api/3/project/"+string(p.ID)+to, nil, nil); err != nil {
		return err
	}
	return v.done("/projects/"+p.Key+"/settings", nil)
}
