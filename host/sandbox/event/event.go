package event

import (
	"cmp"
	"context"
	"strconv"

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

// commentedFields are the fields that an event of a comment tells of its issue.
var commentedFields = []string{"summary", "issuetype", "project", "assignee", "priority", "status"}

// number is an id as events of links write it.
func number(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64) // ids of the world are numbers
	return n
}

// eventOf is what apps read of an event; false for one of which Jira tells nothing, or the sandbox not yet.
func (s *Feed) eventOf(st *world.State, e world.Event) (push.Event, bool) {
	if e.Issue == nil {
		return push.Event{}, false
	}
	out := push.Event{Time: e.At, IssueID: string(e.Issue.ID), Body: object{"user": s.UserOrNil(st, e.By)}}
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
	case "comment":
		out.Name = "comment_" + string(e.Op)
		k, _ := cmp.Or(e.New, e.Old).(*world.Comment)
		out.Body = object{"comment": s.CommentJSON(st, e.Issue, k), "issue": s.IssueJSON(st, e.Issue, shape.SelectFields(st, commentedFields))}
		return out, true
	case "link":
		l, _ := cmp.Or(e.New, e.Old).(*world.Link)
		t := st.LinkTypes.Get(l.Type)
		if t == nil { // it went with its links
			return push.Event{}, false
		}
		out.Name = "issuelink_" + string(e.Op)
		out.Body = object{"issueLink": object{
			"id": number(string(l.ID)), "sourceIssueId": number(string(e.Issue.ID)), "destinationIssueId": number(string(l.Other)), "systemLink": false,
			"issueLinkType": object{
				"id": number(string(t.ID)), "name": t.Name, "inwardName": t.Inward, "outwardName": t.Outward,
				"isSubTaskLinkType": false, "isSystemLinkType": false,
			},
		}}
		return out, true
	default:
		return push.Event{}, false
	}
	out.Body["issue"] = s.IssueJSON(st, e.Issue, shape.SelectFields(st, []string{"*all"}))
	if e.History != nil {
		for _, item := range e.History.Items {
			out.Fields = append(out.Fields, string(item.FieldID))
		}
		out.Body["changelog"] = object{"id": e.History.ID, "items": e.History.Items}
	}
	return out, true
}
