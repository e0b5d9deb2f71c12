package connect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/condition"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Place is what conditions can ask about a surrounding.
func Place(st *world.State, app *world.App, p Surrounding) condition.Place {
	who := p.User.Account
	return condition.Place{
		LoggedIn: who != "",
		Admin:    st.Can(who, world.Administer),
		Global:   func(permission string) bool { return st.Can(who, permission) },
		Project:  func(permission string) bool { return st.CanIn(who, permission, p.Project) },
		Issue:    func(permission string) bool { return st.CanDo(who, permission, p.Issue) },
		Is:       func(fact string) bool { return p.is(st, fact) },

		ProjectType: p.projectType(),

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

// is answers the facts that conditions ask for.
func (p Surrounding) is(st *world.State, fact string) bool {
	i, who := p.Issue, p.User.Account
	switch fact {
	case "has_selected_project":
		return p.Project != nil
	case "user_has_issue_history":
		return who != ""
	}
	if i == nil {
		return false
	}
	switch fact {
	case "has_sub_tasks_available":
		return !st.Type(i.Type).Subtask() && slices.ContainsFunc(p.Project.Types, func(t world.TypeID) bool { return st.Type(t).Subtask() })
	case "has_voted_for_issue":
		return slices.Contains(i.Voters, who)
	case "is_watching_issue":
		return slices.Contains(i.Watchers, who)
	case "is_issue_assigned_to_current_user":
		return who != "" && i.Assignee == who
	case "is_issue_reported_by_current_user":
		return who != "" && i.Reporter == who
	case "is_issue_unresolved":
		return i.Resolution == ""
	case "is_sub_task":
		return st.Type(i.Type).Subtask()
	}
	return false
}

func (p Surrounding) projectType() string {
	if p.Project == nil {
		return ""
	}
	return cmp.Or(p.Project.Kind, "business")
}

// Shown lists what the enabled apps show in a surrounding: their modules of a kind whose conditions hold.
func Shown(st *world.State, kind string, p Surrounding, do func(*world.App, *Descriptor, *Module) error) error {
	for _, app := range st.InstalledApps() {
		if app.State != world.AppEnabled {
			continue
		}
		d, err := Describe(app)
		if err != nil {
			return err
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
