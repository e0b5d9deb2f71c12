// Package services answers the host calls of plugins: one file for each capability, and one table of all, [New], which
// goes into a capability.Broker. The broker checks the grant; what is here checks everything else that a plugin sends,
// and answers in the types of the SDK's clients (sdk/jira, sdk/store, sdk/settings, sdk/config, sdk/log).
//
// An error is an *sdk.Error, its source the host for what is decided here and downstream for what Jira said. Any other
// error is a defect of the host, which the broker logs and hides from the plugin; it holds no content.
//
// To add a capability, write its client (sdk/<name>), its file here and its row in [New], and where it needs a
// permission, that (core/manifest/permission.go and core/manifest/plugin-manifest.schema.json). A test names the one that
// is missing.
package services

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/settings"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

// Deps is what the services stand on. A capability whose part is nil answers with the code unimplemented.
type Deps struct {
	Settings  SettingsSource
	Jira      Jira
	Store     store.Driver
	Manifests Manifests
	Plugins   Plugins
	Configs   Configs
	// Jobs returns what runs the jobs of plugins; nil runs none. It is asked with each call, because it stands on the plugins itself.
	Jobs func() Jobs
	// Functions returns what knows the functions in JQL of plugins, as Jobs does; nil knows none.
	Functions func() Functions
	// TokenKey returns the secret of a tenant by which the host knows the tokens that it made for plugins: 16 bytes or more, 32
	// at best, the same for ever. With another one plugins can still read and delete their records, but not write them.
	TokenKey func(ctx context.Context, t capability.TenantID) ([]byte, error)
	// Log receives the plugins' entries, and what goes wrong here; nil discards both.
	Log *slog.Logger
	// Dropped counts a plugin's log entry that was refused; nil counts nothing. It must not block.
	Dropped func(b *capability.Binding)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Random is where tokens come from; nil means crypto/rand.
	Random io.Reader
}

// SettingsSource knows what admins chose, with the defaults filled in.
type SettingsSource interface {
	Load(ctx context.Context, b *capability.Binding) (*settings.Values, error)
}

// SettingsFunc makes a SettingsSource of a function.
type SettingsFunc func(ctx context.Context, b *capability.Binding) (*settings.Values, error)

// Load calls f.
func (f SettingsFunc) Load(ctx context.Context, b *capability.Binding) (*settings.Values, error) {
	return f(ctx, b)
}

// Jira reads the site of a tenant, as its app. Errors that are an *sdk.Error reach the plugin in their own words; of all
// others it learns only that Jira did not answer.
type Jira interface {
	// Issue returns the issue with that numeric id and only those fields.
	Issue(ctx context.Context, t capability.TenantID, id string, fields []string) (*jira.Issue, error)
	// Search returns a page of issues; s has been checked. The account is the user's, for a site that can search as one.
	Search(ctx context.Context, t capability.TenantID, account string, s jira.Search) (*jira.Found, error)
	// Browse says which of up to 100 issues the account may see; those that it may not see, or that are not there, are
	// false or absent.
	Browse(ctx context.Context, t capability.TenantID, account string, issueIDs []string) (map[string]bool, error)
	// Projects returns a page of projects; q has been checked.
	Projects(ctx context.Context, t capability.TenantID, q jira.ProjectQuery) (*jira.ProjectPage, error)
	// Categories returns the categories of projects.
	Categories(ctx context.Context, t capability.TenantID) (*jira.CategoryList, error)
	JiraLists
	JiraWriter
	Accounts
}

// JiraLists reads what a site is made of, and many issues at once, as its app.
type JiraLists interface {
	// Issues returns those of up to 100 issues that are there, in the order of the ids, with only those fields.
	Issues(ctx context.Context, t capability.TenantID, ids, fields []string) ([]jira.Issue, error)
	// ByKeys is Issues by keys.
	ByKeys(ctx context.Context, t capability.TenantID, keys, fields []string) ([]jira.Issue, error)
	// Fields, LinkTypes and IssueTypes list what the site has, with names in that language where Jira has them. An empty project
	// means the whole site.
	Fields(ctx context.Context, t capability.TenantID, locale string) (*jira.FieldList, error)
	LinkTypes(ctx context.Context, t capability.TenantID, locale string) (*jira.LinkTypeList, error)
	IssueTypes(ctx context.Context, t capability.TenantID, locale, project string) (*jira.IssueTypeList, error)
	// Rights says what an account may do; the empty account is the app itself.
	Rights(ctx context.Context, t capability.TenantID, account string, q jira.RightsQuery) (*jira.Rights, error)
}

// JiraWriter writes to a site, as its app. What it is told has been checked, also against the rights of the user.
type JiraWriter interface {
	Links(ctx context.Context, t capability.TenantID, issue string) (*jira.IssueLinkList, error)
	LinksOf(ctx context.Context, t capability.TenantID, issues []string) (*jira.IssueLinkList, error)
	Link(ctx context.Context, t capability.TenantID, id string) (*jira.IssueLink, error)
	AddLink(ctx context.Context, t capability.TenantID, l jira.NewLink) (*jira.IssueLink, error)
	RemoveLink(ctx context.Context, t capability.TenantID, id string) error
	Create(ctx context.Context, t capability.TenantID, n jira.New) (*jira.Created, error)
	JiraProperties
}

// JiraProperties keeps entity properties of issues, by their whole keys.
type JiraProperties interface {
	Property(ctx context.Context, t capability.TenantID, issue, key string) ([]byte, error)
	// SetProperties writes all of them or, with the code invalid or not_found, none.
	SetProperties(ctx context.Context, t capability.TenantID, list []jira.Property) error
	DeleteProperty(ctx context.Context, t capability.TenantID, issue, key string) error
}

// Manifests knows the manifests of the plugins that run.
type Manifests interface {
	// Manifest returns nil where that version of the plugin is not there.
	Manifest(id capability.PluginID, version string) *manifest.Manifest
}

// ManifestsFunc makes Manifests of a function.
type ManifestsFunc func(id capability.PluginID, version string) *manifest.Manifest

// Manifest calls f.
func (f ManifestsFunc) Manifest(id capability.PluginID, version string) *manifest.Manifest {
	return f(id, version)
}

// New returns the table of host calls.
func New(d Deps) []capability.Row {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Random == nil {
		d.Random = rand.Reader
	}
	j := &jiraService{jira: d.Jira, configs: d.Configs, visible: newVisibility(d.Jira, d.Now), lists: newLists(d.Now), log: d.Log}
	k := &tokenService{key: d.TokenKey, random: d.Random}
	c := &configService{configs: d.Configs}
	s := &storeService{store: d.Store, manifests: d.Manifests, tokens: k, configs: d.Configs, now: d.Now}
	l := &logService{log: d.Log, manifests: d.Manifests, dropped: d.Dropped}
	t := &settingsService{source: d.Settings}
	p := &serviceService{plugins: d.Plugins}
	w := &jobService{jobs: d.Jobs}
	f := &functionService{functions: d.Functions}
	rows := []capability.Row{
		counted(capability.Log, row(&d, log.OpWrite, "", l.write)),
		row(&d, settings.OpLoad, "", t.load),
		row(&d, config.OpGet, "", c.get),
		row(&d, config.OpList, "", c.list),
		counted(capability.Egress, row(&d, jira.OpIssue, manifest.JiraRead, j.issue)),
		counted(capability.Egress, row(&d, jira.OpSearch, manifest.JiraRead, j.search)),
		counted(capability.Egress, row(&d, jira.OpIssues, manifest.JiraRead, j.issues)),
		counted(capability.Egress, row(&d, jira.OpFields, manifest.JiraRead, j.fields)),
		counted(capability.Egress, row(&d, jira.OpLinkTypes, manifest.JiraRead, j.linkTypes)),
		counted(capability.Egress, row(&d, jira.OpIssueTypes, manifest.JiraRead, j.issueTypes)),
		counted(capability.Egress, row(&d, jira.OpMay, manifest.JiraRead, j.may)),
		counted(capability.Egress, row(&d, jira.OpLinks, manifest.JiraRead, j.links)),
		counted(capability.Egress, row(&d, jira.OpLink, manifest.JiraWrite, j.link)),
		counted(capability.Egress, row(&d, jira.OpUnlink, manifest.JiraWrite, j.unlink)),
		counted(capability.Egress, row(&d, jira.OpCreate, manifest.JiraWrite, j.create)),
		counted(capability.Egress, row(&d, jira.OpGetProperty, manifest.JiraWrite, j.property)),
		counted(capability.Egress, row(&d, jira.OpSetProperties, manifest.JiraWrite, j.setProperties)),
		counted(capability.Egress, row(&d, jira.OpDeleteProperty, manifest.JiraWrite, j.deleteProperty)),
		counted(capability.Egress, row(&d, jira.OpProjects, manifest.JiraProjects, j.projects)),
		counted(capability.Egress, row(&d, jira.OpCategories, manifest.JiraProjects, j.categories)),
		row(&d, sdkstore.OpGet, manifest.Store, s.get),
		row(&d, sdkstore.OpPut, manifest.Store, s.put),
		row(&d, sdkstore.OpDelete, manifest.Store, s.delete),
		row(&d, sdkstore.OpWrite, manifest.Store, s.write),
		row(&d, sdkstore.OpList, manifest.Store, s.list),
		row(&d, sdkstore.OpCount, manifest.Store, s.count),
		row(&d, sdkstore.OpClear, manifest.Store, s.clear),
		row(&d, sdkstore.OpTokens, manifest.Store, k.mint),
		row(&d, service.OpCall, "", p.call),
		row(&d, job.OpStart, "", w.start),
		row(&d, job.OpList, "", w.list),
		row(&d, job.OpSteer, "", w.steer),
		counted(capability.Egress, row(&d, jqlfunc.OpIssues, manifest.JiraRead, f.issues)),
		row(&d, jqlfunc.OpStale, "", f.stale),
	}
	return rows
}
