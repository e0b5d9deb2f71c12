// Package event tells a plugin what happened in Jira: an issue is gone, a link is new. "events" of plugin.json list what a plugin listens
// to, with a reason that the admin reads; the host asks Jira for exactly these. Needs no permission, since an event says ids and nothing
// else: no key, no name, no value of a field.
//
// "only" of such a line says of which issues and changes: projects and issue types that an admin chose in a setting or in configuration documents, and
// fields. For others the plugin is not woken, which costs its site nothing. It is judged when the event comes, by what admins chose until then. An
// issue that moves is heard where it was, too. What Jira does not tell of an event keeps nobody from hearing it, so a handler still looks itself.
//
// An event comes at least once, some time after it happened, and in the order of each issue. It may come twice, so a handler
// finds the work done the second time, or knows [Event.ID] again. One whose handler fails is tried again with growing pauses, and in the end
// given up; an error with a code that no further try can mend, such as invalid or not_found, is given up at once. While the plugin
// is switched off it hears of nothing.
//
// Nobody looks on: Context names no user, so what needs the rights of one is refused. Of sdk/jira that leaves the plugin's own properties of issues.
package event

import (
	"context"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

//go:generate msgp -tests=false -io=false -o zz_event_msgp.go

// What can happen.
const (
	IssueCreated = "issue.created"
	IssueUpdated = "issue.updated"
	IssueDeleted = "issue.deleted"
	LinkCreated  = "issuelink.created"
	LinkDeleted  = "issuelink.deleted"
)

// Kinds are all of them.
//
// Since: v0.5
func Kinds() []string {
	return []string{IssueCreated, IssueUpdated, IssueDeleted, LinkCreated, LinkDeleted}
}

// MaxChanged bounds Event.Changed.
const MaxChanged = 90

// Event is something that happened. Identifiers are Jira's own.
//
// Since: v0.5
type Event struct {
	Name string `msg:"name"` // of the handler in the code: a key of sdk.Plugin.Events
	Kind string `msg:"kind"` // one of Kinds
	// ID is the same whenever this event comes to this plugin: a key of idempotency.
	ID string `msg:"id"`
	At int64  `msg:"at"` // when it happened, by Jira's clock: milliseconds since 1970

	// Of an issue.

	IssueID     string `msg:"issue_id,omitempty"`
	ProjectID   string `msg:"project_id,omitempty"`
	IssueTypeID string `msg:"issue_type_id,omitempty"`
	// Changed are the ids of the fields that changed, such as summary or customfield_10010: the first MaxChanged of them, of updates only.
	Changed []string `msg:"changed,omitempty,limit=16384"`

	// Of a link, which reads "from, outward words of its type, to", as a jira.IssueLink does.

	LinkID     string `msg:"link_id,omitempty"`
	LinkTypeID string `msg:"link_type_id,omitempty"`
	FromID     string `msg:"from_id,omitempty"`
	ToID       string `msg:"to_id,omitempty"`

	// Account is who did it, an Atlassian account id; empty where Jira does not say, as it does of no link.
	Account string `msg:"account,omitempty"`
	// Own says that the app itself did it, in its own name: who answers such an event with another change has made a circle. What the app
	// does in the name of a user is that user's, and of links Jira does not say.
	Own bool `msg:"own,omitempty"`
	// Context is that of no page and no user: of the site alone.
	Context sdk.Context `msg:"context"`
}

// Time is when it happened.
//
// Since: v0.5
func (e *Event) Time() time.Time { return time.UnixMilli(e.At).UTC() }

// Changes says whether a field is among those that changed.
//
// Since: v0.5
func (e *Event) Changes(field string) bool { return slices.Contains(e.Changed, field) }

// Handler answers events: one for sdk.Plugin.Events. Its error has the event come again.
//
// Since: v0.5
type Handler func(ctx context.Context, e *Event) error

var _ sdk.EventHandler = Handler(nil)

// Handle implements sdk.EventHandler.
func (h Handler) Handle(ctx context.Context, event []byte) error {
	var e Event
	if _, err := e.UnmarshalMsg(event); err != nil {
		return sdk.Errorf(sdk.Invalid, "decode an event: %v", err)
	}
	return h(ctx, &e)
}
