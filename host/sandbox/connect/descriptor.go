package connect

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/condition"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

// Descriptor is what the site needs of an app's atlassian-connect.json.
type Descriptor struct {
	Key            string `json:"key"`
	Name           string `json:"name"`
	Description    string `json:"description"`
	BaseURL        string `json:"baseUrl"`
	Authentication struct {
		Type string `json:"type"`
	} `json:"authentication"`
	Vendor struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"vendor"`
	Lifecycle struct {
		Installed   string `json:"installed"`
		Uninstalled string `json:"uninstalled"`
		Enabled     string `json:"enabled"`
		Disabled    string `json:"disabled"`
	} `json:"lifecycle"`
	Scopes  []string                   `json:"scopes"`
	Modules map[string]json.RawMessage `json:"modules"`

	// Shown are the modules of the kinds that the site shows, in the descriptor's order within a kind; Unshown are kinds that
	// Connect has and the site does not show.
	Shown   []*Module `json:"-"`
	Unshown []string  `json:"-"`
	// Fields and Properties are what the app brings beside places on pages.
	Fields     []*Field          `json:"-"`
	Properties []*EntityProperty `json:"-"`
	Functions  []*Function       `json:"-"`
	Migration  struct {
		Path string `json:"migrationWebhookPath"`
	} `json:"cloudAppMigration"`
	hooks []push.Hook
}

// Module is a place of an app in the site.
type Module struct {
	Kind string `json:"-"`
	Key  string `json:"key"`
	Name struct {
		Value string `json:"value"`
	} `json:"name"`
	Tooltip struct {
		Value string `json:"value"`
	} `json:"tooltip"`
	URL    string `json:"url"`
	Target struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"target"`
	Content struct {
		Label struct {
			Value string `json:"value"`
		} `json:"label"`
	} `json:"content"`
	Context    string          `json:"context"` // of a web item: what its url is relative to
	Location   string          `json:"location"`
	Pages      []string        `json:"pages"` // of the portal, such as "help_center"; none are all
	Weight     int             `json:"weight"`
	Conditions json.RawMessage `json:"conditions"`

	Condition condition.Condition `json:"-"`
}

// The kinds of modules that the site shows.
const (
	IssueContent    = "jiraIssueContents"
	IssueContext    = "jiraIssueContexts"
	IssueGlance     = "jiraIssueGlances"
	WebPanel        = "webPanels"
	WebItem         = "webItems"
	GeneralPage     = "generalPages"
	AdminPage       = "adminPages"
	ProjectPage     = "jiraProjectPages"
	ProjectAdminTab = "jiraProjectAdminTabPanels"
	ConfigurePage   = "configurePage"
	PostInstallPage = "postInstallPage"
	dialogModule    = "dialogs"

	PortalHeader        = "serviceDeskPortalHeaders"
	PortalSubheader     = "serviceDeskPortalSubheaders"
	PortalFooter        = "serviceDeskPortalFooters"
	PortalCreatePanel   = "serviceDeskPortalRequestCreatePropertyPanels"
	PortalViewPanel     = "serviceDeskPortalRequestViewPanels"
	PortalViewAction    = "serviceDeskPortalRequestViewActions"
	PortalProfilePanel  = "serviceDeskPortalProfilePanels"
	PortalProfileAction = "serviceDeskPortalProfileActions"
	PortalMenuAction    = "serviceDeskPortalUserMenuActions"
)

// nameless are the kinds of modules that may have no name.
var nameless = []string{dialogModule, PortalHeader, PortalSubheader, PortalFooter, PortalCreatePanel, PortalViewPanel, PortalProfilePanel}

// portalKinds are those of the customer portal.
var portalKinds = []string{
	PortalHeader, PortalSubheader, PortalFooter, PortalCreatePanel, PortalViewPanel, PortalViewAction, PortalProfilePanel, PortalProfileAction, PortalMenuAction,
}

// webhookModules are not shown, but served.
const webhookModules = "webhooks"

var shownKinds = append([]string{
	IssueContent, IssueContext, IssueGlance, WebPanel, WebItem, GeneralPage, AdminPage, ProjectPage, ProjectAdminTab, ConfigurePage, PostInstallPage,
	dialogModule,
}, portalKinds...)

// knownKinds are the other modules of Connect for Jira: an app may have them, the site does not show them.
var knownKinds = []string{
	"assetPanels", "jiraBackgroundScripts", "jiraBuildInfoProvider", "jiraDashboardItems", "jiraDeploymentInfoProvider",
	"jiraDevelopmentTool", "jiraFeatureFlagInfoProvider", "jiraGlobalPermissions",
	"jiraIssueTypes", "jiraProfileTabPanels",
	"jiraProjectPermissions", "jiraProjectTabPanels", "jiraRemoteLinkInfoProvider", "jiraReports", "jiraSearchRequestViews", "jiraTimeTrackingProviders",
	"jiraVersionTabPanels", "jiraWorkflowConditions", "jiraWorkflowPostFunctions", "jiraWorkflowValidators", "keyboardShortcuts",
	"serviceDeskOrganizationActionProviders", "webSections",
}

var knownScopes = append([]string{rest.ActAsUser, rest.EmailAddresses}, rest.ScopeNames...)

var appKeyForm = regexp.MustCompile(`^[a-zA-Z0-9-._]{1,80}$`)

// ParseDescriptor reads a descriptor and refuses what Jira would refuse. The error lists everything that is wrong.
func ParseDescriptor(raw []byte) (*Descriptor, error) {
	d := &Descriptor{}
	if err := json.Unmarshal(raw, d); err != nil {
		return nil, fmt.Errorf("the descriptor is not a JSON object of the right form: %w", err)
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if !appKeyForm.MatchString(d.Key) {
		bad("key %q: want 1 to 80 letters, digits, dots, dashes and underscores", d.Key)
	}
	if u, err := url.Parse(d.BaseURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(d.BaseURL) > 200 || u.RawQuery != "" || u.Fragment != "" {
		bad("baseUrl %q: want an http or https address of at most 200 characters without query", d.BaseURL)
	}
	d.BaseURL = strings.TrimSuffix(d.BaseURL, "/")
	switch strings.ToLower(d.Authentication.Type) {
	case "jwt":
		if d.Lifecycle.Installed == "" {
			bad("lifecycle.installed is missing: an app with authentication jwt gets its shared secret there")
		}
	case "none":
	default:
		bad("authentication.type %q: want jwt or none", d.Authentication.Type)
	}
	for _, l := range []struct{ name, path string }{
		{"installed", d.Lifecycle.Installed}, {"uninstalled", d.Lifecycle.Uninstalled}, {"enabled", d.Lifecycle.Enabled}, {"disabled", d.Lifecycle.Disabled},
	} {
		if l.path != "" && !strings.HasPrefix(l.path, "/") {
			bad("lifecycle.%s %q: want a path relative to baseUrl, starting with a slash", l.name, l.path)
		}
	}
	for _, s := range d.Scopes {
		if !slices.Contains(knownScopes, strings.ToUpper(s)) {
			bad("scope %q is not known", s)
		}
	}
	errs = append(errs, d.parseModules()...)
	var err error
	if d.hooks, err = push.Modules(d.Key, d.BaseURL, d.Modules[webhookModules]); err != nil {
		errs = append(errs, err)
	}
	if p := d.Migration.Path; p != "" && !strings.HasPrefix(p, "/") {
		bad("cloudAppMigration.migrationWebhookPath %q: want a path relative to baseUrl, starting with a slash", p)
	}
	if d.Name == "" {
		d.Name = d.Key
	}
	return d, errors.Join(errs...)
}

func (d *Descriptor) parseModules() (errs []error) {
	seen := map[string]bool{}
	for _, kind := range slices.Sorted(maps.Keys(d.Modules)) {
		switch {
		case kind == webhookModules || kind == fieldModules || kind == propertyModules || kind == functionModules || slices.Contains(shownKinds, kind):
		case slices.Contains(knownKinds, kind):
			d.Unshown = append(d.Unshown, kind)
		default:
			errs = append(errs, fmt.Errorf("module type %q is not known", kind))
		}
	}
	errs = append(errs, d.parseData(seen)...)
	for _, kind := range shownKinds {
		raw, ok := d.Modules[kind]
		if !ok {
			continue
		}
		list, err := modulesOf(kind, raw)
		if err != nil {
			errs = append(errs, fmt.Errorf("modules.%s: %w", kind, err))
			continue
		}
		for n, m := range list {
			if m == nil {
				errs = append(errs, fmt.Errorf("modules.%s[%d] is null", kind, n))
				continue
			}
			m.Kind = kind
			if err := m.check(d.BaseURL); err != nil {
				errs = append(errs, fmt.Errorf("modules.%s[%d] %q: %w", kind, n, m.Key, err))
			}
			if seen[m.Key] {
				errs = append(errs, fmt.Errorf("modules.%s[%d]: key %q is used twice", kind, n, m.Key))
			}
			seen[m.Key] = true
			d.Shown = append(d.Shown, m)
		}
	}
	return errs
}

var moduleKeyForm = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,100}$`)

func (m *Module) check(baseURL string) error {
	if !moduleKeyForm.MatchString(m.Key) {
		return errors.New("key: want letters, digits, dashes and underscores")
	}
	if err := m.checkPlace(); err != nil {
		return err
	}
	if m.URL == "" {
		return errors.New("url is missing")
	}
	if m.Kind != WebItem && !strings.HasPrefix(m.URL, "/") && !strings.HasPrefix(m.URL, baseURL+"/") && m.URL != baseURL {
		return fmt.Errorf("url %q: want a path relative to baseUrl, starting with a slash", m.URL)
	}
	m.URL = strings.TrimPrefix(m.URL, baseURL)
	if !slices.Contains(nameless, m.Kind) && m.Title() == "" {
		return errors.New("name.value is missing")
	}
	var err error
	m.Condition, err = condition.Parse(m.Conditions)
	return err
}

// Module returns the module with that key, nil where there is none.
func (d *Descriptor) Module(key string) *Module {
	for _, m := range d.Shown {
		if m.Key == key {
			return m
		}
	}
	return nil
}

// of lists the modules of a kind by weight.
func (d *Descriptor) of(kind string) []*Module {
	var out []*Module
	for _, m := range d.Shown {
		if m.Kind == kind {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b *Module) int { return a.Weight - b.Weight })
	return out
}
