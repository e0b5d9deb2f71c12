package connect

import (
	sdkevent "github.com/pergola-platform/pergola/sdk/event"
)

// EventPath is where Jira tells of events, followed by our own name of the event.
const EventPath = "/connect/event/"

type webhook struct {
	Event string `json:"event"`
	URL   string `json:"url"`
}

// hooks are Jira's names of what plugins listen to: https://developer.atlassian.com/cloud/jira/platform/modules/webhook/
var hooks = map[string]string{
	sdkevent.IssueCreated: "jira:issue_created",
	sdkevent.IssueUpdated: "jira:issue_updated",
	sdkevent.IssueDeleted: "jira:issue_deleted",
	sdkevent.LinkCreated:  "issuelink_created",
	sdkevent.LinkDeleted:  "issuelink_deleted",
}

// hook is Jira's name of an event. Those about projects have no other one.
func hook(name string) string {
	if known, ok := hooks[name]; ok {
		return known
	}
	return name
}
