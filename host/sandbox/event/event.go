package event

import (
	"context"

	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// spread has apps hear of every change from now on, until ctx ends.
func (s *Feed) spread(ctx context.Context) {
	watcher, before := s.store.Watch(), s.store.State()
	s.spreading.Go(func() {
		for {
			commit, err := watcher.Next(ctx)
			if err != nil {
				return
			}
			for _, e := range commit.Events {
				st := commit.State
				if e.Op == world.Deleted || e.Op == world.Trashed {
					st = before // filters and permissions are asked of the site on which it was
				}
				for _, told := range s.eventsOf(commit.State, e) {
					told.Time, told.May = e.At, s.may(st, e)
					s.emit(st, told)
				}
			}
			before = commit.State
		}
	})
}

// may says which apps may hear of a change: those that read, and that see what it is about.
func (s *Feed) may(st *world.State, e world.Event) func(app string) bool {
	return func(key string) bool {
		app := st.App(world.AppKey(key))
		if app == nil || !s.reads(app) {
			return false
		}
		if e.Issue != nil {
			return st.Sees(app.Account, e.Issue) && st.SeesPart(app.Account, e.Issue, visibilityOf(e))
		}
		if p, ok := projectOf(e); ok {
			return st.CanIn(app.Account, world.BrowseProjects, st.Project(p))
		}
		return true
	}
}

// visibilityOf is who sees the comment or worklog of an event; nil is everybody who sees the issue.
func visibilityOf(e world.Event) *world.Visibility {
	switch v := thing(e).(type) {
	case *world.Comment:
		return v.Visibility
	case *world.Worklog:
		return v.Visibility
	}
	return nil
}

// projectOf is the project that a small thing is, or to which it belongs.
func projectOf(e world.Event) (world.ProjectID, bool) {
	switch v := thing(e).(type) {
	case *world.Project:
		return v.ID, true
	case *world.Version:
		return v.Project, true
	case *world.IssueType:
		return v.Project, v.Project != ""
	}
	return "", false
}

// thing is what an event is about as it is now, or as it was if it is gone.
func thing(e world.Event) any {
	if e.New != nil {
		return e.New
	}
	return e.Old
}

// eventsOf is what apps read of a change; nothing for one of which Jira tells nothing.
func (s *Feed) eventsOf(st *world.State, e world.Event) []push.Event {
	if e.Issue == nil {
		return s.siteEvents(st, e)
	}
	if e.Kind == "issue" {
		return s.issueEvents(st, e)
	}
	return s.partEvents(st, e)
}

// issueNames are Jira's names of what happens to an issue.
var issueNames = map[world.Op]string{
	world.Created: "jira:issue_created", world.Updated: "jira:issue_updated", world.Moved: "jira:issue_updated", world.Deleted: "jira:issue_deleted",
}

func (s *Feed) issueEvents(st *world.State, e world.Event) []push.Event {
	name, ok := issueNames[e.Op]
	if !ok {
		return nil
	}
	out := push.Event{Name: name, IssueID: string(e.Issue.ID), Body: s.withIssue(st, e)}
	if e.History != nil {
		for _, item := range e.History.Items {
			out.Fields = append(out.Fields, string(item.FieldID))
		}
		out.Body["changelog"] = object{"id": e.History.ID, "items": e.History.Items}
	}
	return []push.Event{out}
}

// withIssue is a body with the whole issue and who changed it.
func (s *Feed) withIssue(st *world.State, e world.Event) object {
	return object{"user": s.UserOrNil(st, e.By), "issue": s.IssueJSON(st, e.Issue, shape.SelectFields(st, []string{"*all"}))}
}
