package event

import (
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// siteEvents are what apps read of a change that is about no issue. Of components Jira tells Forge apps only.
func (s *Feed) siteEvents(st *world.State, e world.Event) []push.Event {
	switch v := thing(e).(type) {
	case *world.Project:
		return []push.Event{{Name: "project_" + projectVerb(e), Body: object{"project": s.projectJSON(st, v)}}}
	case *world.Version:
		return s.versionEvents(st, e, v)
	case *world.IssueType:
		return []push.Event{{Name: "issuetype_" + string(e.Op), Body: object{"issueType": s.TypeJSON(v)}}}
	case *world.User:
		switch {
		case v.App: // it came with the app itself
			return nil
		case e.Op == world.Deleted:
			return []push.Event{{Name: "user_deleted", Body: object{"user": object{"accountId": v.Account}}}}
		}
		return []push.Event{{Name: "user_" + string(e.Op), Body: object{"user": s.UserJSON(v)}}}
	}
	return nil
}

// projectVerb is Jira's word for what became of a project.
func projectVerb(e world.Event) string {
	was, _ := e.Old.(*world.Project)
	switch {
	case e.Op == world.Trashed:
		return "soft_deleted"
	case e.Op == world.Restored && was.Trashed:
		return "restored_deleted"
	case e.Op == world.Restored:
		return "restored_archived"
	}
	return string(e.Op)
}

// projectJSON is a project in the form that webhooks have of it: with a number for its id, and words of Jira's older code.
func (s *Feed) projectJSON(st *world.State, p *world.Project) object {
	out := s.ProjectRef(st, p)
	out["id"], out["projectLead"], out["assigneeType"] = shape.Number(p.ID), s.UserOrNil(st, p.Lead), "admin.assignee.type.unassigned"
	if p.Assign == world.ProjectLead {
		out["assigneeType"] = "admin.assignee.type.project.lead"
	}
	return out
}

// versionNames are Jira's names of what happens to a version. Of the archive it says no more than that the version was updated.
var versionNames = map[world.Op]string{
	world.Created: "created", world.Updated: "updated", world.Deleted: "deleted", world.Moved: "moved", world.Released: "released",
	world.Unreleased: "unreleased", world.Archived: "updated", world.Restored: "updated",
}

// versionEvents are one event, and a second one about the version into which another one was merged.
func (s *Feed) versionEvents(st *world.State, e world.Event, v *world.Version) []push.Event {
	gone := s.VersionJSON(v, e.At)
	out := push.Event{Name: "jira:version_" + versionNames[e.Op], Body: object{"version": gone}}
	into := st.Versions.Get(world.VersionID(e.Into))
	if e.Op != world.Deleted || into == nil {
		return []push.Event{out}
	}
	kept := s.VersionJSON(into, e.At)
	out.Body["mergedTo"] = kept
	return []push.Event{out, {Name: "jira:version_merged", Body: object{"version": kept, "mergedVersion": gone}}}
}
