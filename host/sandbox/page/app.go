package page

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// appPage shows a general or admin page of an app. Parameters of the address that start with "ac." go on to the app.
func (s *Pages) appPage(v *view) error {
	key := world.AppKey(v.r.PathValue("appKey"))
	app := v.st.App(key)
	if app == nil {
		return rest.Fail(http.StatusNotFound, "No app with the key %s is installed here.", key)
	}
	d, err := connect.ParseDescriptor(app.Descriptor)
	if err != nil {
		return err
	}
	if app.State != world.AppEnabled {
		return rest.Fail(http.StatusNotFound, "%s is disabled. A site admin can enable it under Apps.", d.Name)
	}
	m := d.Module(v.r.PathValue("module"))
	if m == nil || m.Kind != connect.GeneralPage && m.Kind != connect.AdminPage {
		return rest.Fail(http.StatusNotFound, "%s has no page %s.", d.Name, v.r.PathValue("module"))
	}
	if m.Kind == connect.AdminPage && !v.st.Can(v.user.Account, world.Administer) {
		return rest.Fail(http.StatusForbidden, "Only a site admin can open this page.")
	}
	where := connect.Surrounding{User: v.user, Params: map[string]string{}}
	q := v.r.URL.Query()
	for name := range q {
		if custom, ok := strings.CutPrefix(name, "ac."); ok {
			where.Params[custom] = q.Get(name)
		}
	}
	if where.Project = v.st.FindProject(q.Get("project.key")); !v.st.CanIn(v.user.Account, world.BrowseProjects, where.Project) {
		where.Project = nil
	}
	if !m.Condition.Holds(connect.Place(v.st, app, where)) {
		return rest.Fail(http.StatusNotFound, "%s does not show this page here: its conditions are not met.", d.Name)
	}
	f, err := s.apps.Frame(app, d, m, where)
	if err != nil {
		return err
	}
	body := struct {
		App, Page string
		AdminArea bool
		Side      []menuItem
		Frame     connect.Frame
	}{d.Name, m.Name.Value, m.Kind == connect.AdminPage, nil, f}
	active := "apps"
	if body.AdminArea {
		active = "admin"
		if body.Side, err = s.adminMenu(v, connect.ModulePath(app, m)); err != nil {
			return err
		}
	}
	return v.render(http.StatusOK, "app.html", m.Name.Value, active, body, f)
}

// adminMenu lists the pages of the admin area.
func (s *Pages) adminMenu(v *view, current string) (menu []menuItem, err error) {
	menu = []menuItem{
		{Name: "Manage apps", Path: "/admin/apps", Current: current == "/admin/apps"},
		{Name: "Faults and limits", Path: controlPath, Current: current == controlPath},
	}
	err = connect.Shown(v.st, connect.AdminPage, connect.Surrounding{User: v.user}, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
		path := connect.ModulePath(app, m)
		menu = append(menu, menuItem{Name: m.Name.Value, App: d.Name, Path: path, Current: path == current})
		return nil
	})
	return menu, err
}

// appCard is an app as its admin sees it.
type appCard struct {
	*world.App
	Descriptor *connect.Descriptor
	Modules    []*connect.Module
	Unshown    []string
	Paths      map[string]string // by module key
}

func (s *Pages) admin(v *view) error { return s.renderAdmin(v, http.StatusOK, "", "") }

func (s *Pages) renderAdmin(v *view, status int, address, problem string) error {
	if !v.st.Can(v.user.Account, world.Administer) {
		return rest.Fail(http.StatusForbidden, "Only a site admin can open the admin area.")
	}
	body := struct {
		Side             []menuItem
		Apps             []appCard
		Address, Problem string
		Done             string
		KeyID            string
	}{Address: address, Problem: problem, KeyID: v.st.InstallKey.ID}
	switch done := v.r.URL.Query().Get("done"); done {
	case "installed", "enabled", "disabled", "uninstalled":
		body.Done = v.r.URL.Query().Get("app") + " is " + done + "."
	}
	var err error
	if body.Side, err = s.adminMenu(v, "/admin/apps"); err != nil {
		return err
	}
	for _, app := range v.st.InstalledApps() {
		d, err := connect.ParseDescriptor(app.Descriptor)
		if err != nil {
			return err
		}
		card := appCard{App: app, Descriptor: d, Modules: d.Shown, Unshown: d.Unshown, Paths: map[string]string{}}
		for _, m := range d.Shown {
			if m.Kind == connect.GeneralPage || m.Kind == connect.AdminPage {
				card.Paths[m.Key] = connect.ModulePath(app, m)
			}
		}
		body.Apps = append(body.Apps, card)
	}
	return v.render(status, "admin.html", "Manage apps", "admin", body)
}

func (s *Pages) installFromPage(v *view) error {
	if !v.st.Can(v.user.Account, world.Administer) {
		return rest.Fail(http.StatusForbidden, "Only a site admin can install apps.")
	}
	address := strings.TrimSpace(v.r.PostFormValue("descriptor"))
	app, err := s.apps.Install(v.r.Context(), address, v.user.Account)
	var e *connect.InstallError
	if errors.As(err, &e) {
		return s.renderAdmin(v, http.StatusUnprocessableEntity, address, e.Message)
	}
	if err != nil {
		return err
	}
	return v.adminDone(string(app.Key), "installed")
}

// changeFromPage enables, disables or uninstalls an app.
func (s *Pages) changeFromPage(v *view) error {
	if !v.st.Can(v.user.Account, world.Administer) {
		return rest.Fail(http.StatusForbidden, "Only a site admin can change apps.")
	}
	to, ok := map[string]world.AppState{"enable": world.AppEnabled, "disable": world.AppDisabled, "uninstall": world.AppUninstalled}[v.r.PathValue("action")]
	if !ok {
		return s.noSuchPage(v)
	}
	key := v.r.PathValue("appKey")
	err := s.apps.Change(v.r.Context(), world.AppKey(key), to, v.user.Account)
	var e *connect.InstallError
	if errors.As(err, &e) {
		return rest.Fail(http.StatusNotFound, "%s", e.Message)
	}
	if err != nil {
		return err
	}
	return v.adminDone(key, string(to))
}

// adminDone shows the admin page with a word on what was done.
func (v *view) adminDone(app, what string) error {
	http.Redirect(v.w, v.r, "/admin/apps?"+url.Values{"app": {app}, "done": {what}}.Encode(), http.StatusSeeOther)
	return nil
}
