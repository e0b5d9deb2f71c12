package sandbox

import (
	"context"

	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// spread has apps hear of every change from now on, until ctx ends.
func (s *Site) spread(ctx context.Context) {
	watcher, before := s.store.Watch(), s.store.State()
	s.spreading.Go(func() {
		for {
			commit, err := watcher.Next(ctx)
			if err != nil {
				return
			}
			for _, e := range commit.Events {
				if told, ok := s.eventOf(commit.State, e); ok {
					st := commit.State
					if e.Op == world.Deleted {
						st = before // filters are asked of the issue as it was
					}
					s.emit(st, told)
				}
			}
			before = commit.State
		}
	})
}

// eventNames are Jira's names of what happens to an issue.
var eventNames = map[world.Op]string{
	world.Created: "jira:issue_created", world.Updated: "jira:issue_updated", world.Moved: "jira:issue_updated", world.Deleted: "jira:issue_deleted",
}

// eventOf is what apps read of an event; false for one of which Jira tells nothing, or the sandbox not yet.
func (s *Site) eventOf(st *world.State, e world.Event) (push.Event, bool) {
	if e.Issue == nil {
		return push.Event{}, false
	}
	out := push.Event{Time: e.At, IssueID: string(e.Issue.ID), Body: object{"user": s.userOrNil(st, e.By)}}
	switch e.Kind {
	case "issue":
		name, ok := eventNames[e.Op]
		if !ok {
			return push.Event{}, false
		}
		out.Name = name
	case "issueProperty":
		out.Name, out.Property = "issue_property_set", e.Key
		if e.Op == world.Deleted {
			out.Name = "issue_property_deleted"
		}
		out.Body["property"] = object{"key": e.Key, "value": e.Value}
	default:
		return push.Event{}, false
	}
	out.Body["issue"] = s.issueJSON(st, e.Issue, selectFields(st, []string{"*all"}))
	if e.History != nil {
		for _, item := range e.History.Items {
			out.Fields = append(out.Fields, string(item.FieldID))
		}
		out.Body["changelog"] = object{"id": e.History.ID, "items": e.History.Items}
	}
	return out, true
}
