package platform

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// place is where an issue is or will be, as somebody sees it: it decides which fields there are.
type place struct {
	st  *world.State
	who world.AccountID
	p   *world.Project
	t   world.TypeID
	i   *world.Issue // nil before there is one
}

func placeOf(st *world.State, who world.AccountID, i *world.Issue) place {
	return place{st, who, st.Project(i.Project), i.Type, i}
}

// may says whether there is a permission on the issue; before it is made, in its project.
func (at place) may(permission string) bool {
	if at.i == nil {
		return at.st.CanIn(at.who, permission, at.p)
	}
	return at.st.CanDo(at.who, permission, at.i)
}

// always are the fields that every issue needs.
var always = []world.FieldID{"summary", "issuetype", "project"}

// usual are the system fields that are shown where no screen is in use.
var usual = []world.FieldID{
	"summary", "issuetype", "project", "parent", "description", "assignee", "reporter", "priority", "labels", "components", "fixVersions",
	"versions", "duedate", "environment", "security", "timetracking", "issuelinks", "worklog", "comment",
}

// guarded are the permissions without which fields are not shown.
var guarded = map[world.FieldID]string{
	"assignee": world.AssignIssues, "reporter": world.ModifyReporter, "duedate": world.ScheduleIssues, "security": world.SetIssueSecurity,
	"fixVersions": world.ResolveIssues, "issuelinks": world.LinkIssues, "worklog": world.WorkOnIssues,
}

// screen is what the operation shows: where no screen is in use, all fields that can be written.
func (at place) screen(op world.Operation) []world.ScreenField {
	list := at.st.ScreenFor(at.p.ID, at.t, op)
	if list == nil {
		list = at.everything()
	}
	if op == world.OnCreate {
		for _, id := range always {
			if !slices.ContainsFunc(list, func(f world.ScreenField) bool { return f.Field == id }) {
				list = append(slices.Clip(list), world.ScreenField{Field: id})
			}
		}
	}
	out := []world.ScreenField{}
	for _, f := range list {
		if at.shows(f, op) {
			f.Required = f.Required || slices.Contains(always, f.Field)
			out = append(out, f)
		}
	}
	if at.st.Type(at.t).Subtask() && op == world.OnCreate && !slices.ContainsFunc(out, func(f world.ScreenField) bool { return f.Field == "parent" }) {
		out = append(out, world.ScreenField{Field: "parent"})
	}
	return out
}

// everything are the fields that can be written, whatever the screens show.
func (at place) everything() (out []world.ScreenField) {
	for _, id := range usual {
		out = append(out, world.ScreenField{Field: id})
	}
	for f := range at.st.Fields.All() {
		out = append(out, world.ScreenField{Field: f.ID})
	}
	return out
}

func (at place) shows(f world.ScreenField, op world.Operation) bool {
	if permission := guarded[f.Field]; permission != "" && !at.may(permission) {
		return false
	}
	_, writable := editorOf(at.st, at.p.ID, at.t, f.Field)
	switch t := at.st.Type(at.t); f.Field {
	case "project":
		return op == world.OnCreate
	case "comment":
		return op != world.OnCreate
	case "security":
		return at.p.Security != ""
	case "parent":
		return t.Subtask() || f.Required || t.Level <= 0
	}
	return writable
}

// selectable says whether an option can be chosen in the project.
func selectable(o world.FieldOption, p world.ProjectID) bool {
	scope := shape.ScopeOf(o)
	return scope.Shown(p) && scope.Selectable(p)
}
