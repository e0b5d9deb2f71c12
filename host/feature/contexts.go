package feature

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	site "github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Project is a project before somebody who may say what shows in it.
type Project struct {
	site.Project
	Types   []site.IssueType
	Tenant  tenant.Tenant
	Account string
	// SiteAdmin says that the account is a Jira admin.
	SiteAdmin bool
}

const administerSite = "ADMINISTER"

// ProjectAdmin refuses everybody who administers neither the project nor the tenant's Jira site. It asks Jira each time. Whether there is such a
// project only an admin of the site learns.
func (s *Service) ProjectAdmin(ctx context.Context, p auth.Principal, project string) (Project, error) {
	t, err := s.Tenants.ByID(ctx, p.Tenant)
	if err != nil {
		return Project{}, fmt.Errorf("load tenant: %w", err)
	}
	refused := &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "Only admins of this project and Jira admins can see and change this. Ask one of them."}
	if p.Account == "" || project == "" { // Jira would answer for the app, and about no project
		return Project{}, refused
	}
	rights, err := s.Jira.Rights(ctx, t, p.Account, jira.RightsQuery{ProjectIDs: []string{project}, Permissions: []string{jira.AdministerProjects, administerSite}})
	if err != nil {
		return Project{}, err
	}
	out := Project{Tenant: t, Account: p.Account}
	may := false
	for _, r := range rights.Rights {
		out.SiteAdmin = out.SiteAdmin || r.Permission == administerSite && r.Global
		may = may || r.Permission == jira.AdministerProjects && slices.Contains(r.ProjectIDs, project)
	}
	if !may && !out.SiteAdmin {
		return Project{}, refused
	}
	if out.Project, out.Types, err = s.Jira.ProjectWithTypes(ctx, t, project); err != nil {
		return Project{}, err
	}
	if out.ID != project {
		return Project{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "There is no such project any more. Open the page again from the settings of a project."}
	}
	return out, nil
}

// Contexts names a list of contexts in a configuration document.
type Contexts struct {
	Plugin capability.PluginID
	Type   string
	ID     string
	Path   string // of the list
}

// Placed is a list of contexts in a configuration document, as it concerns one project.
type Placed struct {
	Contexts
	Feature string          // the plugin's name
	Of      manifest.Config // what the document is
	Label   string          // of the document
	Title   string          // of the list
	Share   schemaform.Share
	// Reserved says that the document works by the rights of a person whom a Jira admin chose, or one does that it reaches by references,
	// there or back. Where it shows, users can come by what that person sees: only a Jira admin adds places.
	Reserved bool
}

// PlacedIn lists everything configured that says in which issues it shows, of the features that are switched on.
func (s *Service) PlacedIn(ctx context.Context, p Project) ([]Placed, error) {
	var out []Placed
	for _, m := range s.Manifests() {
		e, choice, err := s.choice(ctx, p.Tenant.ID, m.ID)
		if sdk.CodeOf(err) == sdk.NotFound || err == nil && !choice.Enabled {
			continue // it was taken out just now, or shows nowhere
		}
		if err != nil {
			return nil, err
		}
		for _, c := range e.configs {
			lists := c.form.Contexts()
			if len(lists) == 0 {
				continue
			}
			all, err := s.Documents.List(ctx, p.Tenant.ID, tenant.ConfigType{Plugin: m.ID, Type: c.Type})
			if err != nil {
				return nil, err
			}
			for _, d := range all {
				if !d.Deleted.IsZero() {
					continue
				}
				for _, l := range lists {
					out = append(out, placed(e, c, l, d, p.ID))
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Placed) int { return strings.Compare(strings.ToLower(a.Feature), strings.ToLower(b.Feature)) })
	return out, nil
}

// PlacedAt returns one list of contexts, as it concerns the project.
func (s *Service) PlacedAt(ctx context.Context, p Project, at Contexts) (Placed, error) {
	e, c, l, d, err := s.contexts(ctx, p.Tenant.ID, at)
	if err != nil {
		return Placed{}, err
	}
	out := placed(e, c, l, d, p.ID)
	out.Reserved, err = s.reserved(ctx, p.Tenant.ID, at, d)
	return out, err
}

func placed(e entry, c configType, l schemaform.Contexts, d tenant.Config, project string) Placed {
	return Placed{
		Contexts: Contexts{e.manifest.ID, c.Type, d.ID, l.Path}, Feature: e.manifest.Name, Of: c.Config, Label: c.label(d.Values), Title: l.Title,
		Share: c.form.Share(d.Values, l, project),
	}
}

// contexts finds a list of contexts of a document of a feature that is switched on.
func (s *Service) contexts(ctx context.Context, t capability.TenantID, at Contexts) (entry, configType, schemaform.Contexts, tenant.Config, error) {
	none := func(err error) (entry, configType, schemaform.Contexts, tenant.Config, error) {
		return entry{}, configType{}, schemaform.Contexts{}, tenant.Config{}, err
	}
	e, choice, err := s.choice(ctx, t, at.Plugin)
	if err != nil {
		return none(err)
	}
	c, err := e.config(at.Type)
	if err != nil {
		return none(err)
	}
	lists := c.form.Contexts()
	i := slices.IndexFunc(lists, func(l schemaform.Contexts) bool { return l.Path == at.Path })
	if i < 0 || !choice.Enabled {
		return none(gone(c))
	}
	d, err := s.there(ctx, t, at.Plugin, c, at.ID)
	if err != nil {
		return none(err)
	}
	return e, c, lists[i], d, nil
}

// placeTries is how often a change is made anew of a document that somebody else wrote meanwhile, on another host. Each time that one failed,
// somebody's write was done; so many writes of one document nobody makes while a request lasts.
const placeTries = 100

// Place has a list of contexts say types of the project, in the place of was, which the page showed. All other projects keep what they
// have, also what somebody changes for them at the same time. It says whether anything was changed.
func (s *Service) Place(ctx context.Context, p Project, at Contexts, was, types schemaform.Types) (bool, error) {
	for _, id := range types.IDs {
		if !slices.Contains(was.IDs, id) && !slices.ContainsFunc(p.Types, func(t site.IssueType) bool { return t.ID == id }) {
			return false, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "The project does not have one of these issue types any more. Reload the page."}
		}
	}
	giveBack, err := s.turns.take(ctx, p.Tenant.ID)
	if err != nil {
		return false, err
	}
	defer giveBack()
	for range placeTries {
		changed, err := s.place(ctx, p, at, was, types)
		if !errors.Is(err, store.ErrConflict) {
			return changed, err
		}
	}
	return false, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: "Others are changing this just now. Try again in a moment."}
}

// place is one try of Place. store.ErrConflict says that the document was written meanwhile.
func (s *Service) place(ctx context.Context, p Project, at Contexts, was, types schemaform.Types) (bool, error) {
	e, c, l, d, err := s.contexts(ctx, p.Tenant.ID, at)
	if err != nil {
		return false, err
	}
	share := c.form.Share(d.Values, l, p.ID)
	if !same(share.Own, was) {
		return false, s.changedMeanwhile(c)
	}
	if same(types, was) {
		return false, nil
	}
	if had := share.Common.With(share.Own); !p.SiteAdmin && !had.Covers(types) {
		reserved, err := s.reserved(ctx, p.Tenant.ID, at, d)
		if err != nil {
			return false, err
		}
		if reserved {
			return false, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: fmt.Sprintf(
				"Only Jira admins can have this %s show in more issues: it works by the rights of a person whom one of them chose.", strings.ToLower(c.Title))}
		}
	}
	after, err := c.form.Give(d.Values, l, p.ID, types)
	if err != nil {
		return false, refusedPlace(err, c)
	}
	if problems := c.form.Validate(after); len(problems) > 0 {
		return false, unfit(c, problems)
	}
	problems, err := s.judge(ctx, p.Tenant, p.Account, e, c, config.Change{
		Op: config.Save, ID: d.ID, Before: c.form.Flatten(c.form.Defaults(d.Values)), After: c.form.Flatten(c.form.Defaults(after)),
	})
	if err != nil {
		return false, err
	}
	if len(problems) > 0 {
		return false, unfit(c, problems)
	}
	d.Values, d.By, d.People = after, p.Account, c.people(after)
	if _, err := s.Documents.Put(ctx, p.Tenant.ID, tenant.ConfigType{Plugin: at.Plugin, Type: at.Type}, d); err != nil {
		return false, err
	}
	s.Changed(ctx, p.Tenant.ID, at.Plugin)
	return true, nil
}

// refusedPlace says why a list cannot say what somebody wants it to.
func refusedPlace(err error, c configType) error {
	what, refusal := strings.ToLower(c.Title), &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost}
	switch {
	case errors.Is(err, schemaform.ErrEverywhere):
		refusal.Message = fmt.Sprintf("This %s shows in all projects, and would no longer show in the others. Only a Jira admin can bound it.", what)
	case errors.Is(err, schemaform.ErrLast):
		refusal.Message = fmt.Sprintf("This %s shows in this project alone. Without it no project would be named, which means all of them. A Jira admin can hide or delete it.", what)
	case errors.Is(err, schemaform.ErrFull):
		refusal.Message = fmt.Sprintf("The list of places of this %s is full. Choose the same issue types as another project has, or ask a Jira admin to join some of its places.", what)
	default:
		return err
	}
	return refusal
}

// unfit says that a document cannot be kept as it would be. What is wrong may be older than the change.
func unfit(c configType, problems schemaform.Errors) error {
	var words []string
	for _, p := range problems {
		words = append(words, p.Message)
	}
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: fmt.Sprintf("This %s cannot be changed like that: %s A Jira admin can mend it.", strings.ToLower(c.Title), strings.Join(words, " "))}
}

func same(a, b schemaform.Types) bool { return a.Covers(b) && b.Covers(a) }
