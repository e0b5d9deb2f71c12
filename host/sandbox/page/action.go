package page

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// appAction is a web item of an app in a menu.
type appAction struct {
	Name, App, Path string
	Dialog          string // the key of the module, where the item opens a dialog
	AppKey          world.AppKey
	base            string // the app's address
}

// origin says that a dialog may show the app.
func (a appAction) origin() connect.Frame {
	if a.Dialog == "" {
		return connect.Frame{}
	}
	return connect.Frame{URL: a.base}
}

// appActions lists the web items at some locations.
func (v *view) appActions(where connect.Surrounding, locations ...string) (out []appAction, err error) {
	err = connect.Shown(v.st, connect.WebItem, where, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
		if !slices.ContainsFunc(locations, func(l string) bool { return m.Location == l || strings.HasPrefix(m.Location, l+"/") }) {
			return nil
		}
		a := appAction{Name: m.Name.Value, App: d.Name, Path: m.Address(app, where), AppKey: app.Key, base: d.BaseURL}
		if m.Opens() != "page" && !strings.Contains(m.URL, "://") {
			a.Dialog = m.Key
		}
		out = append(out, a)
		return nil
	})
	return out, err
}
