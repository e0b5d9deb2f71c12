package event

import (
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// commentedFields are the fields that an event of a comment tells of its issue.
var commentedFields = []string{"summary", "issuetype", "project", "assignee", "priority", "status"}

// partEvents are what apps read of a change of what hangs on an issue: https://developer.atlassian.com/cloud/jira/platform/webhooks/.
func (s *Feed) partEvents(st *world.State, e world.Event) []push.Event {
	out := push.Event{IssueID: string(e.Issue.ID)}
	switch v := thing(e).(type) {
	case *world.Comment:
		out.Name = "comment_" + string(e.Op)
		out.Body = object{"comment": s.CommentJSON(st, e.Issue, v), "issue": s.IssueJSON(st, e.Issue, shape.SelectFields(st, commentedFields))}
	case *world.Worklog:
		out.Name, out.Body = "worklog_"+string(e.Op), object{"worklog": s.WorklogJSON(st, e.Issue, v)}
	case *world.Attachment:
		out.Name, out.Body = "attachment_"+string(e.Op), object{"attachment": s.AttachmentJSON(st, v)}
	case *world.Link:
		t := st.LinkTypes.Get(v.Type)
		if t == nil { // it went with its links
			return nil
		}
		out.Name = "issuelink_" + string(e.Op)
		out.Body = object{"issueLink": object{
			"id": shape.Number(v.ID), "sourceIssueId": shape.Number(e.Issue.ID), "destinationIssueId": shape.Number(v.Other), "systemLink": false,
			"issueLinkType": object{
				"id": shape.Number(t.ID), "name": t.Name, "inwardName": t.Inward, "outwardName": t.Outward,
				"isSubTaskLinkType": false, "isSystemLinkType": false,
			},
		}}
	default:
		if e.Kind != "issueProperty" {
			return nil
		}
		out.Name, out.Property, out.Body = "issue_property_set", e.Key, s.withIssue(st, e)
		if e.Op == world.Deleted {
			out.Name = "issue_property_deleted"
		}
		out.Body["property"] = object{"key": e.Key, "value": e.Value}
	}
	return []push.Event{out}
}
