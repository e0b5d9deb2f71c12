package connect

import (
	"encoding/json"

	"github.com/pergola-platform/pergola/host/surface"
	sdkevent "github.com/pergola-platform/pergola/sdk/event"
)

// EventPath is where Jira tells of events, followed by our own name of the event.
const EventPath = "/connect/event/"

// Registered stands in the place of the event's name where one address is for all events: that of webhooks which the app registers.
const Registered = "registered"

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

// Registrable are our own names of the events of which a webhook can tell that is registered while the app runs. Links are not among them.
func Registrable() []string {
	return []string{sdkevent.IssueCreated, sdkevent.IssueUpdated, sdkevent.IssueDeleted}
}

// EventName is Jira's name of an event.
func EventName(name string) string { return hook(name) }

// EventOf is our own name of the event of which the body of a webhook tells; false where nobody here hears of it.
func EventOf(body []byte) (string, bool) {
	var w struct {
		Event string `json:"webhookEvent"`
	}
	if json.Unmarshal(body, &w) != nil {
		return "", false
	}
	for ours, theirs := range hooks {
		if theirs == w.Event {
			return ours, true
		}
	}
	return w.Event, surface.IsProjectEvent(w.Event)
}
