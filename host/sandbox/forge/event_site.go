package forge

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// thing is what an event is about as it is now, or as it was if it is gone.
func thing(e world.Event) any {
	if e.New != nil {
		return e.New
	}
	return e.Old
}

// sees says whether an account sees what an event is about.
func sees(st *world.State, who world.AccountID, of world.Event, e event) bool {
	var shown *world.Visibility
	switch v := thing(of).(type) {
	case *world.Comment:
		shown = v.Visibility
	case *world.Worklog:
		shown = v.Visibility
	}
	switch {
	case e.issue != nil:
		return st.Sees(who, e.issue) && st.SeesPart(who, e.issue, shown)
	case e.project != "":
		return st.CanIn(who, world.BrowseProjects, st.Project(e.project))
	}
	return true
}

// heard says what a Forge app needs to hear of events about a kind of things: the classic scope, or all of the others. It is in
// Atlassian's reference of events; that of comments has more to it, for which any scope that reads will do.
var heard = map[string]struct {
	classic  string
	granular []string
}{
	"project":   {"read:jira-work", []string{"read:project:jira"}},
	"version":   {"read:jira-work", []string{"read:project-version:jira"}},
	"component": {"read:jira-work", []string{"read:project:jira", "read:user:jira"}},
	"worklog": {"read:jira-work", []string{
		"read:comment:jira", "read:group:jira", "read:issue-worklog:jira", "read:issue-worklog.property:jira", "read:project-role:jira",
		"read:user:jira", "read:avatar:jira",
	}},
	"attachment": {"read:jira-work", []string{"read:attachment:jira"}},
	"user":       {"read:jira-user", []string{"read:application-role:jira", "read:group:jira", "read:user:jira", "read:avatar:jira"}},
}

// mayHear says whether the scopes of the app cover an event.
func (m *Manifest) mayHear(name string) bool {
	need, ok := heard[name[strings.LastIndexByte(name, ':')+1:]]
	if !ok {
		return m.reads()
	}
	missing := func(scope string) bool { return !slices.Contains(m.Permissions.Scopes, scope) }
	return !missing(need.classic) || !slices.ContainsFunc(need.granular, missing)
}

// smallEvents tells of projects, versions, components, fields, issue types and users.
func (s *Forge) smallEvents(st *world.State, e world.Event) []event {
	out := event{by: e.By}
	switch v := thing(e).(type) {
	case *world.Project:
		out.name, out.project = "avi:jira:"+projectVerb(e)+":project", v.ID
		out.body = object{"project": object{"id": v.ID, "key": v.Key, "name": v.Name}}
	case *world.Version:
		return s.versionEvents(st, e, v)
	case *world.Component:
		out.name, out.project = "avi:jira:"+string(e.Op)+":component", v.Project
		out.body = object{"component": s.shape.ComponentJSON(st, v)}
	case *world.Field:
		verb := string(e.Op)
		if was, ok := e.Old.(*world.Field); ok && e.Op == world.Updated && was.Trashed != v.Trashed {
			verb = map[bool]string{true: "trashed", false: "restored"}[v.Trashed]
		}
		out.name, out.body = "avi:jira:"+verb+":field", object{"id": v.ID, "key": v.ID, "type": v.Type, "name": v.Name, "description": v.Description}
	case *world.IssueType:
		out.name, out.project = "avi:jira:"+string(e.Op)+":issuetype", v.Project
		out.body = object{"issueType": object{"id": v.ID, "name": v.Name, "description": v.Description}}
	case *world.User:
		if v.App { // it came with the app itself
			return nil
		}
		out.name, out.body = "avi:jira:"+string(e.Op)+":user", object{"user": s.shape.UserJSON(v)}
		if e.Op == world.Deleted {
			out.body = object{"user": object{"accountId": v.Account}}
		}
	default:
		return nil
	}
	return []event{out}
}

// projectVerb is Forge's word for what became of a project.
func projectVerb(e world.Event) string {
	was, _ := e.Old.(*world.Project)
	switch {
	case e.Op == world.Trashed:
		return "softdeleted"
	case e.Op == world.Restored && !was.Trashed:
		return "unarchived"
	}
	return string(e.Op)
}

// versionEvents are one event, and a second one about the version into which another one was merged.
func (s *Forge) versionEvents(st *world.State, e world.Event, v *world.Version) []event {
	verb := string(e.Op)
	if e.Op == world.Restored {
		verb = "unarchived"
	}
	version := s.shape.VersionJSON(v, e.At)
	out := event{name: "avi:jira:" + verb + ":version", by: e.By, project: v.Project, body: object{"version": version}}
	if e.Op != world.Deleted {
		return []event{out}
	}
	out.body["customFieldReplacements"] = []object{}
	into := st.Versions.Get(world.VersionID(e.Into))
	if into == nil {
		return []event{out}
	}
	kept := s.shape.VersionJSON(into, e.At)
	out.body["newAffectsVersion"], out.body["newFixVersion"] = kept, kept
	second := event{name: "avi:jira:merged:version", by: e.By, project: v.Project, body: object{"version": kept, "mergedVersion": version}}
	return []event{out, second}
}

// attachmentJSON is a file in the form that events have of it.
func attachmentJSON(i *world.Issue, a *world.Attachment) object {
	return object{
		"id": a.ID, "issueId": i.ID, "fileName": a.Name, "createDate": a.Created.Format(shape.JiraTime), "size": a.Size, "mimeType": a.Type,
		"author": object{"accountId": a.Author},
	}
}
