// Package manifest reads plugin.json, the description that every plugin carries: who made it, what it needs, what an
// admin can set, what it stores and where it shows inside Jira. plugin-manifest.schema.json at the root of the
// repository is the same in JSON Schema; a test proves that the two agree. Start with [Parse].
//
// The package only reads. What a tenant's admin chose is kept by host/tenant, and whether code and manifest say the same
// is for the engine to find out, which can run the code.
package manifest

import (
	"cmp"
	"encoding/json"

	"github.com/pergola-platform/pergola/core/capability"
)

// Version is the one value of manifestVersion that this host reads.
const Version = 1

// Manifest is a parsed and checked plugin.json.
type Manifest struct {
	Schema          string              `json:"$schema,omitempty"`
	ManifestVersion int                 `json:"manifestVersion"`
	ID              capability.PluginID `json:"id"`      // such as pergola.qrcode: words of lower-case letters and digits, joined by dots
	Name            string              `json:"name"`    // what admins read
	Version         string              `json:"version"` // semantic version
	Publisher       Publisher           `json:"publisher"`
	Description     string              `json:"description"`
	License         string              `json:"license,omitempty"` // SPDX expression
	Links           Links               `json:"links,omitzero"`
	Compat          Compat              `json:"compat"`
	Runtime         Runtime             `json:"runtime"`
	Permissions     []Permission        `json:"permissions,omitempty"`
	// Provides are the capabilities that the plugin offers: to the host, or to other plugins.
	Provides []Provided `json:"provides,omitempty"`
	// Requires are the services of other plugins that the plugin uses.
	Requires []Required `json:"requires,omitempty"`
	// Events are what the plugin hears of when it happens in Jira.
	Events []Event `json:"events,omitempty"`
	// Properties are what the plugin writes into properties of issues and Jira indexes, for JQL.
	Properties []Property `json:"properties,omitempty"`
	// Jobs are the long work that the plugin does in steps.
	Jobs []Job `json:"jobs,omitempty"`
	// Functions are what users can write in JQL, and the plugin answers.
	Functions []Function `json:"jqlFunctions,omitempty"`
	// Routes are the plugin's REST API.
	Routes []Route `json:"routes,omitempty"`
	// Schemas are JSON Schemas by name, to which those of Routes refer.
	Schemas json.RawMessage `json:"schemas,omitempty"`
	// Settings is a JSON Schema (object) from which the admin's form is drawn and against which it is validated.
	Settings json.RawMessage `json:"settings,omitempty"`
	// Configs are the types of configuration document that admins write, any number of each.
	Configs []Config `json:"configs,omitempty"`
	Records []Record `json:"records,omitempty"`
	// Logs says what each code means that the plugin logs. An attribute of the entry stands in it by its name in braces: what
	// is not named there is not logged.
	Logs    map[string]string `json:"logs,omitempty"`
	Modules []Module          `json:"modules,omitempty"`
	Limits  Limits            `json:"limits,omitzero"`
	// FailurePolicy says what a user meets when a call had to be stopped, or the plugin is in quarantine.
	FailurePolicy FailurePolicy `json:"failurePolicy,omitzero"`
}

// Publisher is who answers for the plugin.
type Publisher struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Links lead to pages for admins.
type Links struct {
	Docs    string `json:"docs,omitempty"`
	Support string `json:"support,omitempty"`
	Privacy string `json:"privacy,omitempty"`
}

// Compat says what the plugin was built for.
type Compat struct {
	ABI int `json:"abi"` // wire.ABI
}

// Runtime says how the code runs.
type Runtime struct {
	Kind  string `json:"kind"`  // "wasm" or "process"
	Entry string `json:"entry"` // file beside plugin.json: a Wasm module, or an executable for the host's system
}

// Permission is a capability that the plugin asks for, with the reason that the admin reads.
type Permission struct {
	Name   string `json:"name"` // one of [Permissions], such as [JiraRead]
	Reason string `json:"reason"`
}

// The capabilities that a plugin can provide.
const (
	SyncV1    = "sync/v1"    // a synchronizer, see sdk/sync
	ServiceV1 = "service/v1" // a service for other plugins, see sdk/service
)

// Provided is a capability that the plugin offers.
type Provided struct {
	Capability string `json:"capability"` // [SyncV1] or [ServiceV1]
	Name       string `json:"name"`       // of the handler in the code: a key of sdk.Plugin.Synchronizers or Services
	Title      string `json:"title"`      // what admins read where they choose one, or grant its use
	// Service is the name by which other plugins require a service, with its major version, such as acme.stock/v1.
	Service string `json:"service,omitempty"`
	// Connection is a JSON Schema, as Settings is, of what an admin writes for one connection; nil where there is nothing to write.
	Connection json.RawMessage `json:"connection,omitempty"`
	// Secrets are what an admin writes for one connection and nobody can read again.
	Secrets []Secret `json:"secrets,omitempty"`
}

// Required is a service of another plugin that the plugin uses, with the reason that the admin reads.
type Required struct {
	Service string `json:"service"` // such as acme.stock/v1
	Reason  string `json:"reason"`
	// Optional says that the plugin works without it. Without any other one it is not switched on.
	Optional bool `json:"optional,omitempty"`
}

// Secret is a password, a token, a private key.
type Secret struct {
	Name        string `json:"name"` // by which the code gets it; no setting of the connection has the same
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Lines       bool   `json:"lines,omitempty"` // whether it has several lines, such as a key
}

// Config declares a type of configuration document: what an admin writes in a form, and the plugin reads.
type Config struct {
	Type    string `json:"type"`
	Title   string `json:"title"`  // what admins read of one
	Plural  string `json:"plural"` // and of several
	Purpose string `json:"purpose"`
	// Label names the setting of Schema by which admins know a document: a required string. No two documents have the same.
	Label string `json:"label"`
	Max   int    `json:"max,omitempty"` // how many a site can have; 0 means [DefaultConfigs]
	// Guard is asked before a document is written or deleted: a key of sdk.Plugin.Guards, "" for none.
	Guard  string          `json:"guard,omitempty"`
	Schema json.RawMessage `json:"schema"` // as Settings is
}

// DefaultConfigs is how many documents of a type a site can have where its Config says nothing.
const DefaultConfigs = 200

// Limit is how many documents a site can have.
func (c Config) Limit() int { return cmp.Or(c.Max, DefaultConfigs) }

// Record declares a type of stored document.
type Record struct {
	Type    string           `json:"type"`
	Purpose string           `json:"purpose"` // why it is kept, for the admin
	ID      RecordID         `json:"id"`
	Fields  map[string]Field `json:"fields"`
	// Retention is how long a record is kept after it was last written; zero means as long as the plugin is installed.
	Retention Retention `json:"retention,omitzero"`
	// Erasure says what happens when an account of one of the fields is erased: [EraseRecord] or [EraseField]. It is there
	// exactly where a field is of [KindAccount], and such a field is indexed.
	Erasure string `json:"erasure,omitempty"`
}

// RecordID declares what the ids of a type's records are: of a kind, or made of fields.
type RecordID struct {
	Kind string `json:"kind,omitempty"` // one of [IDKinds]
	// Fields are 2 to 4 fields of [PartKinds] whose values, joined by dots, are the id; no Kind is there then.
	Fields []string `json:"fields,omitempty"`
}

// Retention bounds how long a record is kept.
type Retention struct {
	Days int `json:"days"` // 1 to 3650, each of 24 hours
}

// What the end of an account does to a record that names it.
const (
	EraseRecord = "record" // the record goes
	EraseField  = "field"  // the field is emptied, the record stays
)

// Field declares one field of a record.
type Field struct {
	Kind    string   `json:"kind"` // one of [Kinds], such as [KindIssue]
	Indexed bool     `json:"indexed,omitempty"`
	Values  []string `json:"values,omitempty"` // all the words that a field of [KindStatus] can hold; of no other kind
	// Config is, of a field of [KindConfig], the type of document that it names. The record goes with the document.
	Config string `json:"config,omitempty"`
}

// The types of module.
const (
	IssuePanel  = "issuePanel"
	GeneralPage = "generalPage"
	AdminPage   = "adminPage" // for Jira admins, whom the host asks Jira about
	// PortalPanel is beside a request on the customer portal, where customers look who may not browse the issue.
	PortalPanel = "portalPanel"
)

// Module is a place inside Jira where the plugin shows.
type Module struct {
	Type string `json:"type"` // [IssuePanel], [GeneralPage], [AdminPage] or [PortalPanel]
	Key  string `json:"key"`
	Name string `json:"name"`
	View string `json:"view"` // the plugin's view that draws it
	// Contexts names the settings (arrays of ids) that decide where the module shows; an empty setting means everywhere.
	Contexts Contexts `json:"contexts,omitzero"`
	// Link makes short links under this path, such as "q" for /q/<code>, lead to this page with the code as Params["code"].
	// Such a page needs no place in a menu of its own: see Hidden.
	Link string `json:"link,omitempty"`
	// Hidden keeps a generalPage out of Jira's menus.
	Hidden bool `json:"hidden,omitempty"`
}

// Contexts names settings by their path.
type Contexts struct {
	Projects   string `json:"projects,omitempty"`
	IssueTypes string `json:"issueTypes,omitempty"`
}

// Limits are what the plugin asks for, by the class of call; the operator's policy may lower them. What is zero is the
// operator's to say.
type Limits struct {
	Request ClassLimits `json:"request,omitzero"` // a view, an action or a file, which a user waits for
	Event   ClassLimits `json:"event,omitzero"`   // something that happened in Jira
	Step    ClassLimits `json:"step,omitzero"`    // one step of a job
}

// ClassLimits are the limits of one call, and of how many run at once.
type ClassLimits struct {
	MemoryMiB   int   `json:"memoryMiB,omitempty"`   // 8 to 1024
	Fuel        int64 `json:"fuel,omitempty"`        // units, see core/fuel; 1e6 to 1e14
	TimeoutMs   int   `json:"timeoutMs,omitempty"`   // 50 to 60000
	HostCalls   int   `json:"hostCalls,omitempty"`   // 1 to 100000
	EgressKiB   int   `json:"egressKiB,omitempty"`   // 1 to 1048576
	LogKiB      int   `json:"logKiB,omitempty"`      // 1 to 1024
	Concurrency int   `json:"concurrency,omitempty"` // calls of one tenant at the same time; 1 to 64
}

// FailurePolicy says what happens when a call of a plugin had to be stopped: it trapped, or used up a limit. Errors that the
// plugin itself answers with are always shown. Actions are never tried again: they may have done half of their work.
type FailurePolicy struct {
	View string `json:"view,omitempty"` // [Closed], which is also the zero value, [Retry] or [Hide]
	File string `json:"file,omitempty"` // [Closed] or [Retry]
}

// The failure policies.
const (
	Closed = "closed" // the user reads that it failed, and why
	Retry  = "retry"  // it is tried once more, and then as closed
	Hide   = "hide"   // an issue panel stays empty; anywhere else as closed
)
