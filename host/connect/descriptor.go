package connect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/manifest"
)

// The module keys of the host's own pages for admins.
const (
	AdminKey  = "admin"
	SyncKey   = "syncs"  // synchronizations; the key of their property is taken
	APIKey    = "api"    // API tokens
	StoredKey = "stored" // what is stored about the site
	ConfigKey = "config" // configuration that goes from site to site, and templates
)

// The host's routes that the descriptor names, relative to the base URL.
const (
	pathDescriptor  = "/atlassian-connect.json"
	pathInstalled   = "/connect/installed"
	pathUninstalled = "/connect/uninstalled"
	pathEnabled     = "/connect/enabled"
	pathDisabled    = "/connect/disabled"
	pathModule      = "/connect/module/"
	pathAdmin       = "/connect/admin"
	pathSync        = "/connect/sync"
	pathAPI         = "/connect/api"
	pathStored      = "/connect/stored"
	pathConfig      = "/connect/configuration"
	pathIcon        = "/static/icon.svg"
)

// Config is how the app presents itself to Jira. AppKey, Name and BaseURL are required.
type Config struct {
	AppKey      string // 1 to 64 letters, digits, dots, dashes and underscores; fixed once a site has installed the app
	Name        string
	Description string
	Vendor      Vendor
	BaseURL     string // http or https, at most 200 characters; a path is allowed, a query is not
	// ActAsUser asks for leave to write in the name of people, where a plugin provides a synchronizer.
	ActAsUser bool
	// AddOptions asks for the scope ADMIN, without which Jira adds no choice to a select field, where a plugin provides a synchronizer.
	AddOptions bool
}

// Vendor is who runs the host.
type Vendor struct {
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
}

type descriptor struct {
	Key            string            `json:"key"`
	Name           string            `json:"name"`
	Description    string            `json:"description,omitempty"`
	Vendor         Vendor            `json:"vendor,omitzero"`
	BaseURL        string            `json:"baseUrl"`
	Links          map[string]string `json:"links"`
	APIVersion     int               `json:"apiVersion"`
	Authentication authentication    `json:"authentication"`
	Lifecycle      lifecyclePaths    `json:"lifecycle"`
	Scopes         []string          `json:"scopes"`
	APIMigrations  map[string]bool   `json:"apiMigrations"`
	Modules        modules           `json:"modules"`

	synchronizing bool // some plugin provides a synchronizer
}

type authentication struct {
	Type string `json:"type"`
}

type lifecyclePaths struct {
	Installed   string `json:"installed"`
	Uninstalled string `json:"uninstalled"`
	Enabled     string `json:"enabled"`
	Disabled    string `json:"disabled"`
}

type modules struct {
	IssueContents []issueContent `json:"jiraIssueContents,omitempty"`
	GeneralPages  []page         `json:"generalPages,omitempty"`
	AdminPages    []page         `json:"adminPages"`
	// EntityProperties are values inside properties of issues that Jira indexes.
	EntityProperties []entityProperty `json:"jiraEntityProperties,omitempty"`
	Webhooks         []webhook        `json:"webhooks,omitempty"`
	Functions        []jqlFunction    `json:"jiraJqlFunctions,omitempty"`
}

type text struct {
	Value string `json:"value"`
}

type issueContent struct {
	Key        string      `json:"key"`
	Name       text        `json:"name"`
	Tooltip    text        `json:"tooltip"`
	Icon       icon        `json:"icon"`
	Target     target      `json:"target"`
	Conditions []condition `json:"conditions"`
	// ContentPresent makes the panel show by itself where it holds, instead of after a click on a quick-add button.
	ContentPresent []condition `json:"contentPresentConditions"`
}

type icon struct {
	Width  int    `json:"width"`
	Height int    `json:"height"`
	URL    string `json:"url"`
}

type target struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type page struct {
	Key        string      `json:"key"`
	Name       text        `json:"name"`
	URL        string      `json:"url"`
	Location   string      `json:"location,omitempty"`
	Conditions []condition `json:"conditions"`
}

// scopes says which Connect scopes a plugin's permission needs. The host itself needs READ: it checks users'
// permissions and lists projects and issue types for the settings forms. App properties need no scope. Links and properties of issues
// are removed with DELETE; WRITE does not include it, nor the other way round.
var scopes = map[string][]string{
	manifest.JiraRead:     {"READ"},
	manifest.JiraWrite:    {"READ", "WRITE", "DELETE"},
	manifest.JiraSearchAs: {"READ"},
	manifest.JiraProjects: {"READ"},
	manifest.Store:        nil,
}

// Descriptor returns atlassian-connect.json for the plugins: the same bytes for the same plugins, in whatever order they
// are given. It refuses what Jira would refuse, and a permission or module type that it cannot express.
func Descriptor(c Config, plugins []*manifest.Manifest) ([]byte, error) {
	base := strings.TrimSuffix(c.BaseURL, "/")
	d := descriptor{
		Key: c.AppKey, Name: c.Name, Description: c.Description, Vendor: c.Vendor, BaseURL: base,
		Links:          map[string]string{"self": base + pathDescriptor},
		APIVersion:     1,
		Authentication: authentication{Type: "jwt"},
		Lifecycle:      lifecyclePaths{pathInstalled, pathUninstalled, pathEnabled, pathDisabled},
		Scopes:         []string{"READ"},
		APIMigrations:  map[string]bool{"signed-install": true, "context-qsh": true, "gdpr": true},
		Modules: modules{AdminPages: []page{
			{Key: AdminKey, Name: text{c.Name}, URL: pathAdmin, Conditions: []condition{{Condition: "user_is_admin"}}},
			{Key: SyncKey, Name: text{c.Name + ": synchronizations"}, URL: pathSync, Conditions: []condition{{Condition: "user_is_admin"}}},
			{Key: APIKey, Name: text{c.Name + ": API"}, URL: pathAPI, Conditions: []condition{{Condition: "user_is_admin"}}},
			{Key: StoredKey, Name: text{c.Name + ": stored data"}, URL: pathStored, Conditions: []condition{{Condition: "user_is_admin"}}},
			{Key: ConfigKey, Name: text{c.Name + ": configuration"}, URL: pathConfig, Conditions: []condition{{Condition: "user_is_admin"}}},
		}},
	}
	plugins = slices.SortedFunc(slices.Values(plugins), func(a, b *manifest.Manifest) int {
		return strings.Compare(string(a.ID), string(b.ID))
	})
	for _, p := range plugins {
		if err := d.add(p); err != nil {
			return nil, fmt.Errorf("descriptor: plugin %s: %w", p.ID, err)
		}
	}
	if d.synchronizing {
		if c.ActAsUser {
			d.Scopes = append(d.Scopes, "ACT_AS_USER")
		}
		if c.AddOptions {
			d.Scopes = append(d.Scopes, "ADMIN")
		}
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("descriptor: %w", err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // the addresses hold ampersands
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("descriptor: %w", err)
	}
	return out.Bytes(), nil
}

// add appends a plugin's modules and the scopes of its permissions.
func (d *descriptor) add(p *manifest.Manifest) error {
	for _, permission := range p.Permissions {
		needed, ok := scopes[permission.Name]
		if !ok {
			return fmt.Errorf("the permission %q has no Connect scope", permission.Name)
		}
		for _, scope := range needed {
			if !slices.Contains(d.Scopes, scope) {
				d.Scopes = append(d.Scopes, scope)
			}
		}
	}
	if slices.ContainsFunc(p.Provides, func(o manifest.Provided) bool { return o.Capability == manifest.SyncV1 }) {
		d.synchronizes()
	}
	d.listens(p)
	d.indexes(p)
	d.answers(p)
	for _, m := range p.Modules {
		key := manifest.ConnectModuleKey(p.ID, m.Key)
		address := pathModule + url.PathEscape(string(p.ID)) + "/" + url.PathEscape(m.Key)
		switch m.Type {
		case manifest.IssuePanel:
			d.Modules.IssueContents = append(d.Modules.IssueContents, issueContent{
				Key: key, Name: text{m.Name}, Tooltip: text{m.Name}, Icon: icon{24, 24, pathIcon},
				Target:         target{"web_panel", address + "?issue={issue.id}&project={project.id}"},
				Conditions:     shownInIssue(p.ID),
				ContentPresent: switchedOn(p.ID),
			})
		case manifest.GeneralPage:
			g := page{Key: key, Name: text{m.Name}, URL: address, Conditions: switchedOn(p.ID)}
			if m.Link != "" {
				g.URL += "?code={ac.code}"
			}
			if m.Hidden {
				g.Location = "none"
			}
			d.Modules.GeneralPages = append(d.Modules.GeneralPages, g)
		case manifest.AdminPage:
			// Jira shows it to admins only, and the host asks Jira again whoever opens it.
			d.Modules.AdminPages = append(d.Modules.AdminPages, page{
				Key: key, Name: text{m.Name}, URL: address, Conditions: append([]condition{{Condition: "user_is_admin"}}, switchedOn(p.ID)...),
			})
		default:
			return fmt.Errorf("module %s: Connect has no place for the type %q", m.Key, m.Type)
		}
	}
	return nil
}

var (
	appKeyForm    = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,64}$`)
	moduleKeyForm = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,100}$`)
)

const (
	maxBaseURL = 200
	maxName    = 1500 // of a module's name
	maxIndexed = 30   // values inside properties, of an app
	maxAddress = 2000 // of a module; Jira names no limit of its own, its gateway has one
)

// check applies the rules of Atlassian's schema that the code above cannot break by itself.
func (d *descriptor) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !appKeyForm.MatchString(d.Key) {
		bad("app key %q: use 1 to 64 letters, digits, dots, dashes and underscores", d.Key)
	}
	if d.Name == "" {
		bad("the app has no name")
	}
	if u, err := url.Parse(d.BaseURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || len(d.BaseURL) > maxBaseURL {
		bad("base URL %q: use an address of http or https with at most %d characters and no query", d.BaseURL, maxBaseURL)
	}
	seen := map[string]bool{}
	module := func(key, name, address string) {
		switch {
		case !moduleKeyForm.MatchString(key):
			bad("module key %q: use 1 to 100 letters, digits, dashes and underscores", key)
		case seen[key]:
			bad("two modules have the key %q", key)
		}
		seen[key] = true
		if name == "" || len(name) > maxName {
			bad("module %s: the name is empty or longer than %d characters", key, maxName)
		}
		if len(address) > maxAddress {
			bad("module %s: its address is longer than %d characters", key, maxAddress)
		}
	}
	for _, m := range d.Modules.IssueContents {
		module(m.Key, m.Name.Value, m.Target.URL)
	}
	for _, m := range slices.Concat(d.Modules.GeneralPages, d.Modules.AdminPages) {
		module(m.Key, m.Name.Value, m.URL)
	}
	indexed := 0
	for _, p := range d.Modules.EntityProperties {
		module(p.Key, p.Name.Value, "")
		for _, k := range p.Keys {
			indexed += len(k.Extractions)
		}
	}
	names := map[string]bool{}
	for _, f := range d.Modules.Functions {
		module(f.Key, f.Name, f.URL)
		name := strings.ToLower(f.Name)
		if names[name] {
			bad("two functions in JQL have the name %s; take one of the plugins out, or rename its function", f.Name)
		}
		names[name] = true
	}
	if indexed > maxIndexed {
		bad("plugins have %d values of properties indexed, and Jira indexes %d of an app; take one of the plugins out", indexed, maxIndexed)
	}
	return errors.Join(errs...)
}
