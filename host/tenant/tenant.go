// Package tenant keeps the Jira sites that installed the app, and what their admins chose for each plugin. Start with
// [Tenants] and [Modules].
//
// A tenant is born by its first installation and is never deleted here: an uninstalled one keeps its id, its alias and
// its data for a grace period, and a new installation of the same site wakes it up.
//
//	             Install                 Disabled
//	(unknown) ─────────────▶ Active ◀──────────────▶ Disabled
//	                          │  ▲       Active        │  │
//	              Uninstalled │  │ Install             │  │ Uninstalled
//	                          ▼  │                     │  ▼
//	                       Uninstalled ◀───────────────┘
//
// Jira does not keep the order of its events: "disabled" and "uninstalled" arrive within milliseconds of each other, the
// later sometimes first. So Uninstalled is left by an installation alone; "enabled" and "disabled" that come after it
// change nothing. Install leads to Active from every state, and Active and Disabled asked for again are no change.
//
// A tenant that is found may be in any state: whoever lets somebody in by it has to look at State.
package tenant

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// State is where a tenant stands.
type State string

// The states.
const (
	Active      State = "active"
	Disabled    State = "disabled"    // switched off by Jira or its admin
	Uninstalled State = "uninstalled" // data is kept for a grace period
)

// Tenant is a Jira site.
type Tenant struct {
	ID        capability.TenantID `json:"id"`
	Alias     string              `json:"alias"`     // 8 lower-case letters and digits, in short links; unique, never changes
	ClientKey string              `json:"clientKey"` // Connect's identifier of the site; unique
	// SharedSecret signs tokens in both directions. It is never logged or shown.
	SharedSecret   Secret    `json:"sharedSecret"`
	BaseURL        string    `json:"baseUrl"` // without trailing slash
	DisplayURL     string    `json:"displayUrl,omitempty"`
	OAuthClientID  string    `json:"oauthClientId,omitempty"`
	InstallationID string    `json:"installationId,omitempty"`
	State          State     `json:"state"`
	Installed      time.Time `json:"installed"`            // the first time
	Uninstalled    time.Time `json:"uninstalled,omitzero"` // zero in every state but Uninstalled
	Changed        time.Time `json:"changed"`
	Rev            int64     `json:"-"`
}

// LogValue is what a log says of a tenant: identifiers of ours, and its state.
func (t Tenant) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(t.ID)), slog.String("alias", t.Alias), slog.String("state", string(t.State)))
}

// Installation is what a site says of itself when it installs the app. Only one whose signature was verified may be
// passed on, because it replaces the shared secret.
type Installation struct {
	ClientKey      string // 1 to 256 bytes
	SharedSecret   Secret
	BaseURL        string // of http or https; a trailing slash is cut off
	DisplayURL     string // optional, as is what follows
	OAuthClientID  string
	InstallationID string
}

// Module is what a tenant's admin chose for one plugin.
type Module struct {
	Plugin   capability.PluginID `json:"plugin"`
	Enabled  bool                `json:"enabled"`
	Settings json.RawMessage     `json:"settings,omitempty"` // validated against the manifest's schema
	Granted  []string            `json:"granted,omitempty"`  // permission names
	Changed  time.Time           `json:"changed"`
	By       string              `json:"by,omitempty"` // account id of the admin
	Rev      int64               `json:"-"`            // 0: nothing was chosen yet, the defaults hold
}
