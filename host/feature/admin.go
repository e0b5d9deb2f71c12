package feature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	site "github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Jira is what the service asks of a tenant's site; host/jira.Client is one.
type Jira interface {
	Issue(ctx context.Context, t tenant.Tenant, id string, fields []string) (*jira.Issue, error)
	// Issues returns those of up to jira.MaxIssues issues that are there, whoever may see them.
	Issues(ctx context.Context, t tenant.Tenant, ids, fields []string) ([]jira.Issue, error)
	// Browse says which of the issues the account may see.
	Browse(ctx context.Context, t tenant.Tenant, account string, issueIDs []string) (map[string]bool, error)
	// Request returns the id of the issue behind a request of Jira Service Management, by its id or key; not_found where it is none.
	Request(ctx context.Context, t tenant.Tenant, idOrKey string) (string, error)
	IsAdmin(ctx context.Context, t tenant.Tenant, account string) (bool, error)
	// Rights says what an account may do; "" stands for the app.
	Rights(ctx context.Context, t tenant.Tenant, account string, q jira.RightsQuery) (*jira.Rights, error)
	SetAppProperty(ctx context.Context, t tenant.Tenant, key string, value any) error
	// ProjectWithTypes returns a project with all its issue types.
	ProjectWithTypes(ctx context.Context, t tenant.Tenant, id string) (site.Project, []site.IssueType, error)
	Projects(ctx context.Context, t tenant.Tenant) ([]site.Project, error)
	IssueTypes(ctx context.Context, t tenant.Tenant) ([]site.IssueType, error)
	Fields(ctx context.Context, t tenant.Tenant) ([]site.Field, error)
	Categories(ctx context.Context, t tenant.Tenant) (*jira.CategoryList, error)
	Filters(ctx context.Context, t tenant.Tenant) ([]site.Named, error)
	LinkTypes(ctx context.Context, t tenant.Tenant) ([]site.Named, error)
	Account(ctx context.Context, t tenant.Tenant, id string) (site.Account, error)
	FindAccounts(ctx context.Context, t tenant.Tenant, query string) ([]site.Account, error)
	// Names tells what accounts are called, by id, as a viewer may know it; "" is the name of one that is there no more.
	Names(ctx context.Context, t tenant.Tenant, viewer string, ids []string) (map[string]string, error)
}

// Feature is a plugin as a tenant's admin sees it.
type Feature struct {
	Manifest *manifest.Manifest // of the version that serves the tenant
	Status   core.Status        // of the plugin as a whole
	Choice   tenant.Module
	// Facts and Bounds are of the version that serves the tenant; zero where none serves.
	Facts  driver.Facts
	Bounds []core.Bound
	// Quarantine is set while that version is not called for the tenant.
	Quarantine *core.Quarantine
}

// Missing is what the plugin asks for, permissions and the use of services, and the tenant has not granted.
func (f Feature) Missing() []string {
	var out []string
	for _, name := range f.Manifest.Grants() {
		if !slices.Contains(f.Choice.Granted, name) {
			out = append(out, name)
		}
	}
	return out
}

// Admin refuses everybody who is not an admin of the tenant's Jira site. It asks Jira, not the page: hiding a menu entry
// authorises nobody.
func (s *Service) Admin(ctx context.Context, p auth.Principal) (tenant.Tenant, error) {
	t, err := s.Tenants.ByID(ctx, p.Tenant)
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("load tenant: %w", err)
	}
	ok, err := s.Jira.IsAdmin(ctx, t, p.Account)
	if err != nil {
		return tenant.Tenant{}, err
	}
	if !ok {
		return tenant.Tenant{}, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "Only Jira admins can see and change this. Ask an admin of your Jira site."}
	}
	return t, nil
}

// List returns every installed plugin, by name.
func (s *Service) List(ctx context.Context, t capability.TenantID) ([]Feature, error) {
	var out []Feature
	for _, st := range s.Engine.Plugins() {
		f, err := s.feature(ctx, t, st)
		if sdk.CodeOf(err) == sdk.NotFound {
			continue // it was taken out just now
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Feature) int {
		return strings.Compare(strings.ToLower(a.Manifest.Name), strings.ToLower(b.Manifest.Name))
	})
	return out, nil
}

// Get returns one installed plugin.
func (s *Service) Get(ctx context.Context, t capability.TenantID, id capability.PluginID) (Feature, error) {
	statuses := s.Engine.Plugins()
	i := slices.IndexFunc(statuses, func(st core.Status) bool { return st.Manifest.ID == id })
	if i < 0 {
		return Feature{}, unknownPlugin(id)
	}
	return s.feature(ctx, t, statuses[i])
}

func (s *Service) feature(ctx context.Context, t capability.TenantID, st core.Status) (Feature, error) {
	e, choice, err := s.choice(ctx, t, st.Manifest.ID)
	if err != nil {
		return Feature{}, err
	}
	f := Feature{Manifest: e.manifest, Status: st, Choice: choice}
	if hold, err := s.Engine.Hold(st.Manifest.ID, t); err == nil {
		f.Facts, f.Bounds = hold.Facts(), hold.Bounds()
		hold.Release()
	}
	for _, q := range s.Engine.Quarantines(t) {
		if q.Plugin == st.Manifest.ID && q.Version == e.manifest.Version {
			f.Quarantine = &q
		}
	}
	return f, nil
}

// Retry has a plugin that is in quarantine for the tenant tried with the next call. It says whether it was in quarantine.
func (s *Service) Retry(ctx context.Context, t capability.TenantID, id capability.PluginID) bool {
	return s.Engine.Retry(ctx, t, id)
}

// SetEnabled switches a plugin on or off for the admin's tenant. Switching it on is also the consent to what its manifest
// asks for at that moment. Nothing else grants anything to a plugin that was there before: a newer version that asks for
// more runs without it until an admin has seen the card and granted it.
func (s *Service) SetEnabled(ctx context.Context, t tenant.Tenant, account string, id capability.PluginID, enabled bool) error {
	return s.Switch(ctx, t, account, id, enabled, "")
}

// Switch is SetEnabled for an admin who has seen the card of a version. Where another one serves meanwhile, it is not
// switched on: nobody consents to what they have not read. An empty version stands for any.
func (s *Service) Switch(ctx context.Context, t tenant.Tenant, account string, id capability.PluginID, enabled bool, seen string) error {
	err := s.change(ctx, t, account, id, func(e entry, m *tenant.Module) error {
		if enabled && seen != "" && seen != e.manifest.Version {
			return &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: fmt.Sprintf(
				"Version %s of %s has taken the place of %s meanwhile. Reload the page and look at what it may do, then decide.", e.manifest.Version, e.manifest.Name, seen)}
		}
		check := s.requirements
		if !enabled {
			check = s.dependents
		}
		if err := check(ctx, t.ID, e.manifest); err != nil {
			return err
		}
		m.Enabled = enabled
		if enabled {
			m.Granted = e.asks()
		}
		return nil
	})
	switch {
	case err != nil:
	case enabled && s.SwitchedOn != nil:
		s.SwitchedOn(ctx, t.ID)
	case !enabled && s.SwitchedOff != nil:
		s.SwitchedOff(ctx, t.ID, id)
	}
	return err
}

// Settings returns the form of a plugin's settings and the effective values.
func (s *Service) Settings(ctx context.Context, t capability.TenantID, id capability.PluginID) (*schemaform.Form, json.RawMessage, error) {
	e, choice, err := s.choice(ctx, t, id)
	if err != nil {
		return nil, nil, err
	}
	if e.form == nil {
		return nil, nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: e.manifest.Name + " has no settings"}
	}
	return e.form, e.form.Defaults(choice.Settings), nil
}

// ErrFields says that submitted settings were refused; the errors beside the fields say why.
var ErrFields = errors.New("some settings need another value")

// SaveSettings validates submitted settings and keeps them. With ErrFields nothing is kept, and the values and errors are
// for showing the form again.
func (s *Service) SaveSettings(ctx context.Context, t tenant.Tenant, account string, id capability.PluginID, submitted map[string][]string) (json.RawMessage, schemaform.Errors, error) {
	var values json.RawMessage
	var problems schemaform.Errors
	err := s.change(ctx, t, account, id, func(e entry, m *tenant.Module) error {
		if e.form == nil {
			return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: e.manifest.Name + " has no settings"}
		}
		if values, problems = e.form.Decode(submitted); len(problems) > 0 {
			return ErrFields
		}
		var err error
		if problems, err = s.dangling(ctx, t.ID, e.form, values); err != nil {
			return err
		}
		if len(problems) > 0 {
			return ErrFields
		}
		m.Settings, m.People = values, e.form.Accounts(e.form.Values(values))
		return nil
	})
	return values, problems, err
}

// change applies edit to what a tenant chose for a plugin, tells Jira, and stores it. Jira comes first: when it cannot be
// told, nothing has changed and the admin reads why; when the store fails afterwards, Jira is told what the store holds.
func (s *Service) change(ctx context.Context, t tenant.Tenant, account string, id capability.PluginID, edit func(entry, *tenant.Module) error) error {
	giveBack, err := s.turns.take(ctx, t.ID)
	if err != nil {
		return err
	}
	defer giveBack()
	e, before, err := s.choice(ctx, t.ID, id)
	if err != nil {
		return err
	}
	after := before
	if err := edit(e, &after); err != nil {
		return err
	}
	after.By, after.Changed = account, s.Now().UTC()
	if err := s.announce(ctx, t, e, after); err != nil {
		return err
	}
	if _, err = s.Catalog.choices.Put(ctx, t.ID, after); err == nil {
		if after.Enabled {
			s.Changed(ctx, t.ID, id)
		}
		return nil
	}
	s.restore(ctx, t, e, before)
	if errors.Is(err, store.ErrConflict) {
		return &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: "Somebody else changed this at the same moment. Reload the page and try again."}
	}
	return fmt.Errorf("store what the tenant chose for %s: %w", id, err)
}

// restoreTime is what telling Jira again may take, beyond the end of the request that failed.
const restoreTime = 10 * time.Second

// restore tells Jira what the store holds, after a write that failed. That need not be what was there before: somebody
// else may have written meanwhile, and a store that answered with an error may have written all the same.
func (s *Service) restore(ctx context.Context, t tenant.Tenant, e entry, before tenant.Module) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	_, stored, err := s.choice(ctx, t.ID, e.manifest.ID)
	if err != nil {
		stored = before
	}
	if err := s.announce(ctx, t, e, stored); err != nil {
		s.Log.ErrorContext(ctx, "jira shows a module otherwise than it is stored", "tenant", t.ID, "plugin", e.manifest.ID, "error", err)
	}
}
