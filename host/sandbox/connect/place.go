package connect

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/pergola-platform/pergola/host/sandbox/condition"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Place is what conditions can ask about a surrounding.
func Place(st *world.State, app *world.App, p Surrounding) condition.Place {
	who := p.User.Account
	return condition.Place{
		LoggedIn: true,
		Admin:    st.Can(who, world.Administer),
		Global:   func(permission string) bool { return st.Can(who, permission) },
		Project:  func(permission string) bool { return st.CanIn(who, permission, p.Project) },
		Variable: p.variable,
		Property: func(entity, key string) (v json.RawMessage, ok bool) {
			switch {
			case entity == "addon":
				v, ok = app.Properties[key]
			case entity == "issue" && p.Issue != nil:
				v, ok = p.Issue.Properties[key]
			case entity == "project" && p.Project != nil:
				v, ok = p.Project.Properties[key]
			}
			return v, ok
		},
	}
}

// Shown lists what the enabled apps show in a surrounding: their modules of a kind whose conditions hold.
func Shown(st *world.State, kind string, p Surrounding, do func(*world.App, *Descriptor, *Module) error) error {
	for _, app := range st.InstalledApps() {
		if app.State != world.AppEnabled {
			continue
		}
		d, err := ParseDescriptor(app.Descriptor)
		if err != nil {
			return fmt.Errorf("read the descriptor of %s: %w", app.Key, err)
		}
		for _, m := range d.of(kind) {
			if !m.Condition.Holds(Place(st, app, p)) {
				continue
			}
			if err := do(app, d, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// ModulePath is the path of the page that shows a module.
func ModulePath(app *world.App, m *Module) string {
	return fmt.Sprintf("/plugins/servlet/ac/%s/%s", url.PathEscape(string(app.Key)), m.Key)
}
