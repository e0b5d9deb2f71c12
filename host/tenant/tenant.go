// Package tenant keeps the Jira sites that installed the app, and what their admins chose for each plugin. Start with
// [Tenants] and [Modules].
//
// A tenant is born by its first installation. An uninstalled one keeps its id, its alias and its data for a grace period, in
// which a new installation of the same site wakes it up; then host/retention purges it and leaves a receipt.
//
//	               installed                    disabled
//	(not known) ──────────────▶ Active ─────────────────────────▶ Disabled
//	    ▲                        │  ▲ ◀──── enabled, installed ───── │
//	    │            uninstalled │  │ installed                      │ uninstalled
//	    │                        ▼  │                                │
//	    │                     Uninstalled ◀──────────────────────────┘
//	    │ purge done             │
//	    │                        │ grace period over
//	    └─────── Purging ◀───────┘
//	             ▲  │ purge interrupted: the next sweep goes on with it
//	             └──┘
//
//	on the edge    Connect (host/connect)                   Forge (host/forge)
//	installed      "installed", signed by Atlassian, newer  a call of an installation, newer than the last
//	               than the last change                     change: the first one, or after it left or was disabled
//	enabled        "enabled", by the shared secret          as installed
//	disabled       "disabled", by the shared secret         none: Forge does not say so
//	uninstalled    "uninstalled", signed by Atlassian       the farewell (preUninstall), or no call for forge.silence
//	grace …        host/retention, by the clock             the same
//
// A call of Forge takes over a tenant of Connect where it is told the client key (Install and InstallForge find the same tenant), so a site that
// moves keeps its id, its alias and all that stands under it. A tenant that Connect installs again after it left is on Forge no more,
// until Forge calls.
//
// From Purging there is no way back, because keys are destroyed first: an installation that comes meanwhile is refused and
// has to be tried again, as a new tenant.
//
// Jira does not keep the order of its events: "disabled" and "uninstalled" arrive within milliseconds of each other, the
// later sometimes first. So Uninstalled is left by an installation alone; "enabled" and "disabled" that come after it
// change nothing. What is older than the last change is refused or changes nothing, and what comes twice is no change. A table in
// host/retention (life_test.go) has where every cause leads from every state, and tries each.
//
// A tenant that is found may be in any state: whoever lets somebody in by it has to look at State.
package tenant

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
)

// State is where a tenant stands.
type State string

// The states.
const (
	Active      State = "active"
	Disabled    State = "disabled"    // switched off by Jira or its admin
	Uninstalled State = "uninstalled" // data is kept for a grace period
	Purging     State = "purging"     // data is being destroyed
)

// Tenant is a Jira site.
type Tenant struct {
	ID        capability.TenantID
	Alias     string // 8 lower-case letters and digits, in short links; unique, never changes
	ClientKey string // Connect's identifier of the site; unique
	// SharedSecret signs tokens in both directions. It is empty where a list was asked for, and once the tenant is purged.
	SharedSecret   seal.Secret
	BaseURL        string // without trailing slash
	DisplayURL     string
	OAuthClientID  string
	InstallationID string
	Forge          Forge // how the site is reached by Forge
	State          State
	Installed      time.Time // the first time
	Uninstalled    time.Time // zero in every state but Uninstalled and Purging
	Changed        time.Time
	Rev            int64
}

// Forge is how a site is reached that has the app by Atlassian Forge; the zero value is one that has it by Connect alone.
type Forge struct {
	CloudID     string // of the site among Atlassian's
	APIBaseURL  string // where it is called, without trailing slash
	Environment string // of the app: ari:cloud:ecosystem::environment/<app>/<environment>
}

// OnForge says whether the site has the app by Forge. What it is told then goes there, whatever Connect knows of it.
func (t Tenant) OnForge() bool { return t.Forge.APIBaseURL != "" }

// LogValue is what a log says of a tenant: identifiers of ours, and its state.
func (t Tenant) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(t.ID)), slog.String("alias", t.Alias), slog.String("state", string(t.State)))
}

// Installation is what a site says of itself when it installs the app. Only one whose signature was verified may be
// passed on, because it replaces the shared secret.
type Installation struct {
	ClientKey      string // 1 to 256 bytes
	SharedSecret   seal.Secret
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
	People   []string            `json:"people,omitempty"`   // accounts that the settings name, so that they are found and erased with whatever else names them
	Granted  []string            `json:"granted,omitempty"`  // permission names
	Changed  time.Time           `json:"changed"`
	By       string              `json:"by,omitempty"` // account id of the admin
	Rev      int64               `json:"-"`            // 0: nothing was chosen yet, the defaults hold
}
