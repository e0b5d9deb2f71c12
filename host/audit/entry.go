package audit

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// Entry is one change.
type Entry struct {
	ID      string              `json:"-"`
	At      time.Time           `json:"at"`
	Account string              `json:"account,omitempty"` // who; "" for the operator, Atlassian and the app itself, and after an erasure
	Surface Surface             `json:"surface"`           // from where
	Action  Action              `json:"action"`
	Plugin  capability.PluginID `json:"plugin,omitempty"` // of which something was changed
	Version string              `json:"version,omitempty"`
	Type    string              `json:"type,omitempty"`    // of the configuration document
	Object  string              `json:"object,omitempty"`  // id of the document, the token, the connection or the run
	Project string              `json:"project,omitempty"` // about which a document says something else now
	// Credential is the name of that by which the operator asked; "" where the host's own user did, and for everybody else.
	Credential string `json:"credential,omitempty"`
}

// Surface is from where something was changed.
type Surface string

// The surfaces.
const (
	Connect   Surface = "connect"   // on a page of the Connect app
	Forge     Surface = "forge"     // on a page of the Forge app
	API       Surface = "api"       // by a program, with a token
	Operator  Surface = "operator"  // by whoever runs the host
	Atlassian Surface = "atlassian" // by Jira itself: installed, uninstalled
	App       Surface = "app"       // by the host, of itself
)

// Words say from where.
func (s Surface) Words() string {
	switch s {
	case Connect:
		return "Connect page"
	case Forge:
		return "Forge page"
	case API:
		return "API"
	case Operator:
		return "Operator"
	case Atlassian:
		return "Jira"
	case App:
		return "The app"
	}
	return string(s)
}

// Action is what was done.
type Action string

// The actions.
const (
	SiteEnabled  Action = "site.enabled" // follows an installation, too
	SiteDisabled Action = "site.disabled"

	PluginOn      Action = "plugin.on"
	PluginOff     Action = "plugin.off"
	PluginRetried Action = "plugin.retried"
	Settings      Action = "plugin.settings"

	ConfigCreated  Action = "config.created"
	ConfigChanged  Action = "config.changed"
	ConfigDeleted  Action = "config.deleted"
	ConfigRestored Action = "config.restored"
	ConfigPlaced   Action = "config.placed" // where it shows in one project
	ConfigImported Action = "config.imported"
	ImportUndone   Action = "import.undone"

	TokenMade    Action = "token.made"
	TokenRevoked Action = "token.revoked"

	ConnectionSaved   Action = "connection.saved"
	ConnectionDeleted Action = "connection.deleted"
	SyncSaved         Action = "sync.saved"
	SyncDeleted       Action = "sync.deleted"
	SyncScheduled     Action = "sync.scheduled"
	SyncUnscheduled   Action = "sync.unscheduled"
	SyncStarted       Action = "sync.started"
	SyncsImported     Action = "syncs.imported"

	EventReplayed   Action = "event.replayed"
	EventDiscarded  Action = "event.discarded"
	EventsReplayed  Action = "events.replayed"
	EventsDiscarded Action = "events.discarded"
)

// words say what was done.
var words = map[Action]string{
	SiteEnabled: "Enabled the app", SiteDisabled: "Disabled the app",
	PluginOn: "Switched a feature on", PluginOff: "Switched a feature off", PluginRetried: "Had a paused feature tried again", Settings: "Changed settings",
	ConfigCreated: "Created", ConfigChanged: "Changed", ConfigDeleted: "Deleted", ConfigRestored: "Took a deletion back",
	ConfigPlaced:   "Changed where it shows in a project",
	ConfigImported: "Imported configuration", ImportUndone: "Undid an import", TokenMade: "Made an API token", TokenRevoked: "Revoked an API token",
	ConnectionSaved: "Saved a connection", ConnectionDeleted: "Deleted a connection", SyncSaved: "Saved a synchronization", SyncDeleted: "Deleted a synchronization",
	SyncScheduled: "Scheduled a synchronization", SyncUnscheduled: "Took a schedule away", SyncStarted: "Started a synchronization", SyncsImported: "Imported synchronizations",
	EventReplayed: "Had an event told again", EventDiscarded: "Discarded an event", EventsReplayed: "Had all undelivered events told again", EventsDiscarded: "Discarded all undelivered events",
}

// Words say what was done, the action itself where a newer host wrote it.
func (a Action) Words() string {
	if w, ok := words[a]; ok {
		return w
	}
	return string(a)
}

type (
	viaKey        struct{}
	credentialKey struct{}
)

// Via says from where what happens under the context is done.
func Via(ctx context.Context, s Surface) context.Context { return context.WithValue(ctx, viaKey{}, s) }

// ByOperator says that the operator does what happens under the context, by a credential; "" for the host's own user.
func ByOperator(ctx context.Context, credential string) context.Context {
	return context.WithValue(Via(ctx, Operator), credentialKey{}, credential)
}

// From is what Via said; App where nobody did.
func From(ctx context.Context) Surface {
	if s, ok := ctx.Value(viaKey{}).(Surface); ok {
		return s
	}
	return App
}
