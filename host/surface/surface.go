// Package surface is the one table of what the app is to a Jira site: where it shows, what it hears of, what it has indexed and what it
// must be allowed to do. It follows from the manifests of the plugins and knows none of Atlassian's surfaces. The Connect descriptor
// (host/connect) and the Forge app (host/forge) are both written from it, so that a plugin is the same on either.
//
// Start with [Of].
package surface

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/sdk/event"
)

// Kind is a kind of place inside Jira.
type Kind string

// The kinds of places.
const (
	Panel Kind = "panel" // beside an issue
	Page  Kind = "page"  // of its own, in a menu
	Admin Kind = "admin" // of its own, for admins
	// Settings is among the settings of a project, for its admins.
	Settings Kind = "settings"
	// Portal is on a request of the customer portal.
	Portal Kind = "portal"
)

// The keys of the host's own pages for admins.
const (
	AdminKey  = "admin"
	SyncKey   = "syncs"   // synchronizations; the key of their property is taken
	APIKey    = "api"     // API tokens
	AuditKey  = "changes" // who changed what
	StoredKey = "stored"  // what is stored about the site
	ConfigKey = "config"  // configuration that goes from site to site, and templates
)

// ProjectKey is the key of the host's own page in the settings of projects.
const ProjectKey = "project"

// indexKey is the key of the property that ties synchronized issues to their rows.
const indexKey = "sync"

// Place is where something of the app shows.
type Place struct {
	Kind   Kind
	Key    string // by which Jira knows it, unique in the app
	Name   string
	Plugin capability.PluginID // "" for a page of the host's own
	Module string              // the plugin's own key of it
	Linked bool                // short links lead here, with a code
	Hidden bool                // kept out of Jira's menus
}

// Property is a property of issues of which Jira indexes parts.
type Property struct {
	Key      string // of the module that asks for it, unique in the app
	Title    string
	Property string // the key of the property itself
	Values   []Value
}

// Function is a function in JQL that a plugin answers.
type Function struct {
	manifest.Function
	Plugin capability.PluginID
}

// ModuleKey is the key under which Jira knows the function, unique in the app.
func (f Function) ModuleKey() string { return FunctionKey(f.Plugin, f.Key) }

// FunctionKey is the key under which Jira knows a function of a plugin.
func FunctionKey(plugin capability.PluginID, function string) string {
	return manifest.ConnectModuleKey(plugin, "function--"+function)
}

// Value is an indexed part of a property.
type Value struct {
	Path  string // names of members, joined by dots
	Type  string // as manifest.Extraction has it
	Alias string // a name for JQL, "" for none
}

// Right is something that the app must be allowed to do on a site.
type Right string

// The rights.
const (
	Read       Right = "read"       // read issues, projects and people: the host always does, for the forms of its settings
	Write      Right = "write"      // write issues
	Delete     Right = "delete"     // remove links and properties of issues; Write does not include it
	Requests   Right = "requests"   // read requests of Jira Service Management, to know that an issue is one
	ActAs      Right = "act-as"     // write in the name of people
	Administer Right = "administer" // whatever a Jira admin can do
)

// Table is what the app is to a site. Nobody changes one that was made.
type Table struct {
	Places     []Place
	Properties []Property
	Functions  []Function
	// Events are our own names of what the app hears of: those of sdk/event, and [ProjectEvents].
	Events []string
	Rights []Right
	// Synchronizes says that a plugin provides a synchronizer.
	Synchronizes bool
}

// Config is what an operator decides about the table. AppName is required.
type Config struct {
	AppName string
	// ActAsUser asks for leave to write in the name of people, where a plugin provides a synchronizer.
	ActAsUser bool
	// AddOptions asks for the rights of an admin, without which Jira adds no choice to a select field, where a plugin provides a synchronizer.
	AddOptions bool
}

// rights says what a plugin's permission needs. Links and properties of issues are removed with Delete.
var rights = map[string][]Right{
	manifest.JiraRead:     {Read},
	manifest.JiraWrite:    {Read, Write, Delete},
	manifest.JiraSearchAs: {Read},
	manifest.JiraProjects: {Read},
	manifest.Store:        nil,
}

// Of makes the table for plugins: the same one in whatever order they are given. It refuses a permission or a type of module that it
// does not know.
func Of(c Config, plugins []*manifest.Manifest) (Table, error) {
	t := Table{
		Rights: []Right{Read},
		Places: []Place{
			{Kind: Admin, Key: AdminKey, Name: c.AppName},
			{Kind: Admin, Key: SyncKey, Name: c.AppName + ": synchronizations"},
			{Kind: Admin, Key: APIKey, Name: c.AppName + ": API"},
			{Kind: Admin, Key: AuditKey, Name: c.AppName + ": changes"},
			{Kind: Admin, Key: StoredKey, Name: c.AppName + ": stored data"},
			{Kind: Admin, Key: ConfigKey, Name: c.AppName + ": configuration"},
			{Kind: Settings, Key: ProjectKey, Name: c.AppName},
		},
	}
	plugins = slices.SortedFunc(slices.Values(plugins), func(a, b *manifest.Manifest) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range plugins {
		if err := t.add(p); err != nil {
			return Table{}, fmt.Errorf("plugin %s: %w", p.ID, err)
		}
	}
	if t.Synchronizes {
		if c.ActAsUser {
			t.needs(ActAs)
		}
		if c.AddOptions {
			t.needs(Administer)
		}
	}
	return t, nil
}

func (t *Table) add(p *manifest.Manifest) error {
	for _, permission := range p.Permissions {
		needed, ok := rights[permission.Name]
		if !ok {
			return fmt.Errorf("nobody has said what the permission %q needs of Jira", permission.Name)
		}
		t.needs(needed...)
	}
	if slices.ContainsFunc(p.Provides, func(o manifest.Provided) bool { return o.Capability == manifest.SyncV1 }) {
		t.synchronizes()
	}
	for _, kind := range event.Kinds() {
		if _, listens := p.Listener(kind); listens {
			t.hears(kind)
		}
	}
	for _, property := range p.Properties {
		t.Properties = append(t.Properties, indexed(p.ID, property))
	}
	for _, f := range p.Functions {
		t.Functions = append(t.Functions, Function{f, p.ID})
	}
	for _, m := range p.Modules {
		kind, ok := kinds[m.Type]
		if !ok {
			return fmt.Errorf("module %s: Jira has no place for the type %q", m.Key, m.Type)
		}
		if kind == Portal {
			t.needs(Requests)
		}
		t.Places = append(t.Places, Place{
			Kind: kind, Key: manifest.ConnectModuleKey(p.ID, m.Key), Name: m.Name, Plugin: p.ID, Module: m.Key, Linked: m.Link != "", Hidden: m.Hidden,
		})
	}
	return nil
}

var kinds = map[string]Kind{manifest.IssuePanel: Panel, manifest.GeneralPage: Page, manifest.AdminPage: Admin, manifest.PortalPanel: Portal}

func indexed(id capability.PluginID, p manifest.Property) Property {
	out := Property{Key: manifest.ConnectModuleKey(id, "property--"+p.Key), Title: p.Title, Property: manifest.WholeKey(id, p.Key)}
	for _, e := range p.Extractions {
		out.Values = append(out.Values, Value(e))
	}
	return out
}

// synchronizes adds what the engine needs to make issues of rows and to find them again: leave to write, the index of the property that
// ties an issue to its row, and the events on which synchronizations may run.
func (t *Table) synchronizes() {
	if t.Synchronizes {
		return
	}
	t.Synchronizes = true
	t.needs(Write)
	t.hears(ProjectEvents()...)
	property := Property{Key: indexKey, Title: "Synchronization", Property: identity.Property}
	for _, path := range identity.Indexed() {
		property.Values = append(property.Values, Value{Path: path, Type: "string"})
	}
	t.Properties = append(t.Properties, property)
}

func (t *Table) needs(list ...Right) {
	for _, r := range list {
		if !slices.Contains(t.Rights, r) {
			t.Rights = append(t.Rights, r)
		}
	}
}

func (t *Table) hears(list ...string) {
	for _, name := range list {
		if !slices.Contains(t.Events, name) {
			t.Events = append(t.Events, name)
		}
	}
}

// Of lists the places of a kind.
func (t Table) Of(kind Kind) (out []Place) {
	for _, p := range t.Places {
		if p.Kind == kind {
			out = append(out, p)
		}
	}
	return out
}

// Place finds a place by its key.
func (t Table) Place(key string) (Place, bool) {
	n := slices.IndexFunc(t.Places, func(p Place) bool { return p.Key == key })
	if n < 0 {
		return Place{}, false
	}
	return t.Places[n], true
}

// ProjectEvents are the names of the events that tell of a project that has come, changed or gone, as Connect has them:
// https://developer.atlassian.com/cloud/jira/platform/modules/webhook/
func ProjectEvents() []string {
	return []string{
		"project_created", "project_updated", "project_deleted", "project_soft_deleted", "project_restored_deleted", "project_archived", "project_restored_archived",
	}
}

// IsProjectEvent says whether an event tells of a project.
func IsProjectEvent(name string) bool {
	return strings.HasPrefix(name, "project_") && slices.Contains(ProjectEvents(), name)
}
