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
	Type    string              `json:"type,omitempty"`   // of the configuration document
	Object  string              `json:"object,omitempty"` // id of the document, the token, the connection or the run
}

// Surface is from where something was changed.
type Surface string

// The surfaces.
const (
	Page      Surface = "page"      // in Jira
	API       Surface = "api"       // by a program, with a token
	Operator  Surface = "operator"  // by whoever runs the host
	Atlassian Surface = "atlassian" // by Jira itself: installed, uninstalled
	App       Surface = "app"       // by the host, of itself
)

// Words say from where.
func (s Surface) Words() string {
	switch s {
	case Page:
		return "Page in Jira"
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
	SiteInstalled   Action = "site.installed"
	SiteUninstalled Action = "site.uninstalled"
	SiteEnabled     Action = "site.enabled"
	SiteDisabled    Action = "site.disabled"

	PluginOn      Action = "plugin.on"
	PluginOff     Action = "plugin.off"
	PluginRetried Action = "plugin.retried"
	Settings      Action = "plugin.settings"

	ConfigCreated  Action = "config.created"
	ConfigChanged  Action = "config.changed"
	ConfigDeleted  Action = "config.deleted"
	ConfigRestored Action = "config.restored"
)

// words say what was done.
var words = map[Action]string{
	SiteInstalled: "Installed the app", SiteUninstalled: "Uninstalled the app", SiteEnabled: "Enabled the app", SiteDisabled: "Disabled the app",
	PluginOn: "Switched a feature on", PluginOff: "Switched a feature off", PluginRetried: "Had a paused feature tried again", Settings: "Changed settings",
	ConfigCreated: "Created", ConfigChanged: "Changed", ConfigDeleted: "Deleted", ConfigRestored: "Took a deletion back",
}

// Words say what was done, the action itself where a newer host wrote it.
func (a Action) Words() string {
	if w, ok := words[a]; ok {
		return w
	}
	return string(a)
}

type viaKey struct{}

// Via says from where what happens under the context is done.
func Via(ctx context.Context, s Surface) context.Context { return context.WithValue(ctx, viaKey{}, s) }

// From is what Via said; App where nobody did.
func From(ctx context.Context) Surface {
	if s, ok := ctx.Value(viaKey{}).(Surface); ok {
		return s
	}
	return App
}
