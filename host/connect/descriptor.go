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
	"github.com/pergola-platform/pergola/host/surface"
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
	pathAudit       = "/connect/changes"
	pathStored      = "/connect/stored"
	pathConfig      = "/connect/configuration"
	pathProject     = "/connect/project?project={project.id}"
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
	// Registered leaves the webhooks about issues out, which are registered site by site then: host/events.
	Registered bool
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
	ProjectTabs   []page         `json:"jiraProjectAdminTabPanels"` // in the settings of projects
	PortalPanels  []portalPanel  `json:"serviceDeskPortalRequestViewPanels,omitempty"`
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

// portalPanel shows on the page of a request: https://developer.atlassian.com/cloud/jira/service-desk/customer-portal/. It has no name.
type portalPanel struct {
	Key        string      `json:"key"`
	URL        string      `json:"url"`
	Conditions []condition `json:"conditions"`
}

// scopes are Connect's names of the rights. App properties need no scope.
var scopes = map[surface.Right]string{
	surface.Read: "READ", surface.Requests: "READ", surface.Write: "WRITE", surface.Delete: "DELETE", surface.ActAs: "ACT_AS_USER", surface.Administer: "ADMIN",
}

// Descriptor returns atlassian-connect.json for the plugins: the same bytes for the same plugins, in whatever order they
// are given. It refuses what Jira would refuse, and a permission or module type that it cannot express.
func Descriptor(c Config, plugins []*manifest.Manifest) ([]byte, error) {
	table, err := surface.Of(surface.Config{AppName: c.Name, ActAsUser: c.ActAsUser, AddOptions: c.AddOptions}, plugins)
	if err != nil {
		return nil, fmt.Errorf("descriptor: %w", err)
	}
	base := strings.TrimSuffix(c.BaseURL, "/")
	d := descriptor{
		Key: c.AppKey, Name: c.Name, Description: c.Description, Vendor: c.Vendor, BaseURL: base,
		Links:          map[string]string{"self": base + pathDescriptor},
		APIVersion:     1,
		Authentication: authentication{Type: "jwt"},
		Lifecycle:      lifecyclePaths{pathInstalled, pathUninstalled, pathEnabled, pathDisabled},
		APIMigrations:  map[string]bool{"signed-install": true, "context-qsh": true, "gdpr": true},
	}
	for _, right := range table.Rights {
		if scope := scopes[right]; !slices.Contains(d.Scopes, scope) {
			d.Scopes = append(d.Scopes, scope)
		}
	}
	for _, name := range table.Events {
		if c.Registered && slices.Contains(Registrable(), name) {
			continue
		}
		d.Modules.Webhooks = append(d.Modules.Webhooks, webhook{hook(name), EventPath + name})
	}
	for _, p := range table.Properties {
		d.index(p)
	}
	for _, f := range table.Functions {
		d.answer(f)
	}
	for _, p := range table.Places {
		d.show(p)
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

// own are the routes of the host's own pages.
var own = map[string]string{surface.AdminKey: pathAdmin, surface.SyncKey: pathSync, surface.APIKey: pathAPI, surface.AuditKey: pathAudit, surface.StoredKey: pathStored, surface.ConfigKey: pathConfig}

// lastSettings is the last group of the settings of a project.
const lastSettings = "projectgroup4"

// show adds the module of a place. Jira shows pages for admins to them only, and the host asks Jira again whoever opens one.
func (d *descriptor) show(p surface.Place) {
	address := pathModule + url.PathEscape(string(p.Plugin)) + "/" + url.PathEscape(p.Module)
	admin := condition{Condition: "user_is_admin"}
	switch {
	case p.Kind == surface.Panel:
		d.Modules.IssueContents = append(d.Modules.IssueContents, issueContent{
			Key: p.Key, Name: text{p.Name}, Tooltip: text{p.Name}, Icon: icon{24, 24, pathIcon},
			Target:         target{"web_panel", address + "?issue={issue.id}&project={project.id}"},
			Conditions:     shownInIssue(p.Plugin),
			ContentPresent: switchedOn(p.Plugin),
		})
	case p.Kind == surface.Page:
		g := page{Key: p.Key, Name: text{p.Name}, URL: address, Conditions: switchedOn(p.Plugin)}
		if p.Linked {
			g.URL += "?code={ac.code}"
		}
		if p.Hidden {
			g.Location = "none"
		}
		d.Modules.GeneralPages = append(d.Modules.GeneralPages, g)
	case p.Kind == surface.Settings:
		d.Modules.ProjectTabs = append(d.Modules.ProjectTabs, page{
			Key: p.Key, Name: text{p.Name}, URL: pathProject, Location: lastSettings, Conditions: []condition{{Condition: "user_is_project_admin"}},
		})
	case p.Kind == surface.Portal:
		d.Modules.PortalPanels = append(d.Modules.PortalPanels, portalPanel{
			Key: p.Key, URL: address + "?issue={servicedesk.requestId}", Conditions: switchedOn(p.Plugin),
		})
	case p.Plugin == "":
		d.Modules.AdminPages = append(d.Modules.AdminPages, page{Key: p.Key, Name: text{p.Name}, URL: own[p.Key], Conditions: []condition{admin}})
	default:
		d.Modules.AdminPages = append(d.Modules.AdminPages, page{
			Key: p.Key, Name: text{p.Name}, URL: address, Conditions: append([]condition{admin}, switchedOn(p.Plugin)...),
		})
	}
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
	for _, m := range slices.Concat(d.Modules.GeneralPages, d.Modules.AdminPages, d.Modules.ProjectTabs) {
		module(m.Key, m.Name.Value, m.URL)
	}
	for _, m := range d.Modules.PortalPanels {
		module(m.Key, m.Key, m.URL)
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
