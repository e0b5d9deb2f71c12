package feature

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// Tenants finds tenants; tenant.Tenants is one.
type Tenants interface {
	ByID(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// Config is what a Service needs. All of it is required, but for Write, SwitchedOn, SwitchedOff and Uses.
type Config struct {
	Catalog *Catalog
	Engine  *core.Engine
	Tenants Tenants
	Jira    Jira
	// Documents are what admins wrote, NewID makes an id of one, and Uses counts what refers to one; nil counts nothing.
	Documents Documents
	NewID     func() (string, error)
	Uses      Uses
	// Write writes several things at once, or none of them; without it nothing is written by [Service.WriteDrafts].
	Write func(ctx context.Context, ops ...store.Op) ([]int64, error)
	// BaseURL is the host's own address without a trailing slash, for short links.
	BaseURL string
	// SwitchedOn is called after an admin has switched a plugin on; nil does nothing.
	SwitchedOn func(ctx context.Context, t capability.TenantID)
	// SwitchedOff is called after an admin has switched a plugin off; nil does nothing.
	SwitchedOff func(ctx context.Context, t capability.TenantID, id capability.PluginID)
	// Changed is called after an admin has changed the settings or a configuration document of a plugin, or has switched it on; nil does nothing.
	Changed func(ctx context.Context, t capability.TenantID, id capability.PluginID)
	Log     *slog.Logger
	Now     func() time.Time
}

// Service answers for plugins on behalf of a visitor. It is safe for concurrent use. Make it with New.
type Service struct {
	Config
	turns  turns
	called called
}

// New returns a Service.
func New(c Config) *Service {
	if c.Changed == nil {
		c.Changed = func(context.Context, capability.TenantID, capability.PluginID) {}
	}
	return &Service{Config: c}
}

// Place is where a visitor meets a plugin: a module, beside an issue or project or neither. Identifiers have been
// verified with the visitor's token.
type Place struct {
	Plugin             capability.PluginID
	Module             string
	IssueID, ProjectID string
	// RequestKey names the issue in the place of IssueID where Jira says no more of it: that of a request on the customer portal, on Forge.
	RequestKey string
}

// View draws a module: the view that the manifest names.
func (s *Service) View(ctx context.Context, p auth.Principal, at Place, params map[string]string) (Drawn, error) {
	v, err := s.bind(ctx, p, at)
	if err != nil {
		return Drawn{}, err
	}
	defer v.hold.Release()
	page, err := v.hold.View(ctx, v.binding, &sdk.Request{Name: v.module.View, Params: params})
	return s.finish(ctx, v, page, err)
}

// Call runs a view, action or file of a plugin by name, as the page of a module asked for it. Exactly one of the answers
// is set.
func (s *Service) Call(ctx context.Context, p auth.Principal, at Place, kind string, r *sdk.Request) (Drawn, *sdk.Attachment, error) {
	v, err := s.bind(ctx, p, at)
	if err != nil {
		return Drawn{}, nil, err
	}
	defer v.hold.Release()
	switch kind {
	case "view":
		if err := v.shows(r.Name); err != nil {
			return Drawn{}, nil, err
		}
		page, err := v.hold.View(ctx, v.binding, r)
		drawn, err := s.finish(ctx, v, page, err)
		return drawn, nil, err
	case "action":
		page, err := v.hold.Action(ctx, v.binding, r)
		drawn, err := s.finish(ctx, v, page, err)
		return drawn, nil, err
	case "file":
		file, err := v.hold.File(ctx, v.binding, r)
		return Drawn{}, file, err
	default:
		return Drawn{}, nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("There is no %.128q to call.", kind)}
	}
}

// Suggest asks a suggester of a plugin for choices, as a picker on the page of a module does: with the rights of its actions, since what it offers can
// say as much as a page.
func (s *Service) Suggest(ctx context.Context, p auth.Principal, at Place, r *sdk.Request) (*view.Choices, error) {
	v, err := s.bind(ctx, p, at)
	if err != nil {
		return nil, err
	}
	defer v.hold.Release()
	return v.hold.Suggest(ctx, v.binding, r)
}

// Manifests returns the manifest of each installed plugin, by id: of the version that serves, or of the one that was
// refused where none does. One that is on trial is not among them.
func (s *Service) Manifests() []*manifest.Manifest {
	var out []*manifest.Manifest
	for _, st := range s.Engine.Plugins() {
		if m := s.Catalog.Version(st.Manifest.ID, st.Manifest.Version); m != nil {
			out = append(out, m)
		}
	}
	return out
}

// ShortLinks are the paths under which plugins have short links, such as "q" for /q/….
func (s *Service) ShortLinks() []string {
	var out []string
	for _, m := range s.Manifests() {
		if linked, ok := m.Linked(); ok {
			out = append(out, linked.Link)
		}
	}
	return out
}

// HasShortLinks says whether a plugin has, or lately had, short links under a path.
func (s *Service) HasShortLinks(path string) bool { return s.Catalog.claims(path) }

// ShortLink returns the address to which a short link leads: a page of the tenant's own Jira site, which asks for a login
// before it shows the module that declares the path. Nothing is looked up in Jira here, so a stranger who guesses codes
// learns nothing and uses up none of the tenant's rate limit.
func (s *Service) ShortLink(ctx context.Context, t tenant.Tenant, appKey, path, code string) (string, bool) {
	for _, installed := range s.Manifests() {
		e, err := s.entry(ctx, t.ID, installed.ID)
		if err != nil {
			continue // it was taken out just now
		}
		if linked, ok := e.manifest.Linked(); ok && linked.Link == path {
			key := manifest.ConnectModuleKey(e.manifest.ID, linked.Key)
			if t.OnForge() {
				// The page of a Forge app is below its own id and that of its environment, with which the environment's name ends.
				_, app, _ := strings.Cut(t.Forge.Environment, "environment/")
				return t.BaseURL + "/jira/apps/" + app + "/" + key + "?code=" + url.QueryEscape(code), true
			}
			return t.BaseURL + "/plugins/servlet/ac/" + appKey + "/" + key + "?ac.code=" + url.QueryEscape(code), true
		}
	}
	return "", false
}

// entry returns the version of a plugin that serves a tenant, or, where no version serves, the one that was refused.
func (s *Service) entry(ctx context.Context, t capability.TenantID, id capability.PluginID) (entry, error) {
	version := ""
	m, err := s.Engine.Manifest(ctx, id, t)
	switch {
	case err == nil:
		version = m.Version
	case sdk.CodeOf(err) == sdk.NotFound:
		return entry{}, unknownPlugin(id)
	}
	e, ok := s.Catalog.entry(id, version)
	if !ok {
		return entry{}, unknownPlugin(id)
	}
	return e, nil
}

// choice returns the version of a plugin that serves a tenant, and what the tenant chose for it.
func (s *Service) choice(ctx context.Context, t capability.TenantID, id capability.PluginID) (entry, tenant.Module, error) {
	e, err := s.entry(ctx, t, id)
	if err != nil {
		return entry{}, tenant.Module{}, err
	}
	choice, err := s.Catalog.choice(ctx, t, e)
	return e, choice, err
}

// visit is a visitor at a module: the version that answers, which must be given back, and the binding under which it does.
type visit struct {
	hold    *core.Hold
	binding capability.Binding
	module  manifest.Module
}

// bind checks that the visitor may meet the plugin here. Whatever it decides by the manifest holds for the calls that
// follow, because it holds the version.
func (s *Service) bind(ctx context.Context, p auth.Principal, at Place) (_ visit, err error) {
	hold, err := s.Engine.Hold(at.Plugin, p.Tenant)
	switch {
	case sdk.CodeOf(err) == sdk.NotFound:
		return visit{}, unknownPlugin(at.Plugin)
	case err != nil:
		return visit{}, err
	}
	defer func() {
		if err != nil {
			hold.Release()
		}
	}()
	e, ok := s.Catalog.entry(at.Plugin, hold.Manifest().Version)
	if !ok { // the engine knows it and we do not
		return visit{}, unknownPlugin(at.Plugin)
	}
	b, m, err := s.admit(ctx, p, at, e)
	return visit{hold, b, m}, err
}

// shows refuses, at any other module, a view that belongs to pages for admins alone, and on the customer portal each that a module for
// other people draws.
func (v visit) shows(view string) error {
	if v.module.Type == manifest.PortalPanel {
		return v.onPortal(view)
	}
	admins, others := false, v.module.Type == manifest.AdminPage
	for _, m := range v.hold.Manifest().Modules {
		if m.View == view {
			admins, others = admins || m.Type == manifest.AdminPage, others || m.Type != manifest.AdminPage
		}
	}
	if admins && !others {
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "This page is for Jira admins. It is opened under Apps, Pergola."}
	}
	return nil
}

// admit checks that the visitor may meet a version of a plugin here, and returns the binding of the call.
func (s *Service) admit(ctx context.Context, p auth.Principal, at Place, e entry) (capability.Binding, manifest.Module, error) {
	choice, err := s.Catalog.choice(ctx, p.Tenant, e)
	if err != nil {
		return capability.Binding{}, manifest.Module{}, err
	}
	m, err := e.module(at.Module)
	if err != nil {
		return capability.Binding{}, manifest.Module{}, err
	}
	if err := e.on(choice); err != nil {
		return capability.Binding{}, manifest.Module{}, err
	}
	if m.Type == manifest.IssuePanel && at.IssueID == "" {
		// Without an issue nobody could say whether the module may show here.
		return capability.Binding{}, manifest.Module{}, &sdk.Error{
			Code: sdk.Invalid, Source: sdk.FromHost, Message: "This shows beside an issue only. Open an issue in Jira, and open it there.",
		}
	}
	t, err := s.Tenants.ByID(ctx, p.Tenant)
	if err != nil {
		return capability.Binding{}, manifest.Module{}, fmt.Errorf("load tenant: %w", err)
	}
	if m.Type == manifest.PortalPanel {
		if at.IssueID, err = s.request(ctx, t, p, at); err != nil {
			return capability.Binding{}, manifest.Module{}, err
		}
	}
	if m.Type == manifest.AdminPage {
		if _, err := s.Admin(ctx, p); err != nil {
			return capability.Binding{}, manifest.Module{}, err
		}
	}
	if err := s.inContext(ctx, t, e.contexts(m, e.values(choice)), at); err != nil {
		return capability.Binding{}, manifest.Module{}, err
	}
	b := s.binding(t, e, choice)
	b.Admin, b.Portal = m.Type == manifest.AdminPage, m.Type == manifest.PortalPanel
	b.Context.Account, b.Context.Module, b.Context.IssueID, b.Context.ProjectID = p.Account, m.Key, at.IssueID, at.ProjectID
	return b, m, nil
}

// binding is that of a version of a plugin for a tenant, with nothing about who asks and where.
func (s *Service) binding(t tenant.Tenant, e entry, choice tenant.Module) capability.Binding {
	b := capability.Binding{
		Tenant: t.ID, Plugin: e.manifest.ID, Version: e.manifest.Version, SettingsRev: choice.Rev, GrantRev: choice.Rev, Grants: capability.Grants{},
		Context: sdk.Context{SiteURL: t.BaseURL},
	}
	for _, name := range choice.Granted {
		b.Grants[name] = true
	}
	if linked, ok := e.manifest.Linked(); ok {
		b.Context.LinkURL = s.BaseURL + "/" + linked.Link + "/" + t.Alias + "."
	}
	return b
}

// inContext refuses a module outside the projects and issue types to which its settings restrict it. Jira already hides
// it there; this is for whoever asks anyway. Only issue panels have contexts.
func (s *Service) inContext(ctx context.Context, t tenant.Tenant, c contexts, at Place) error {
	if len(c.Projects) == 0 && len(c.IssueTypes) == 0 {
		return nil
	}
	issue, err := s.Jira.Issue(ctx, t, at.IssueID, nil)
	if err != nil {
		return err
	}
	if !allows(c.Projects, issue.ProjectID) || !allows(c.IssueTypes, issue.IssueTypeID) {
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "This is not shown for issues of this project or type. A Jira admin can change that under Apps, Pergola."}
	}
	return nil
}

func allows(list []string, id string) bool { return len(list) == 0 || slices.Contains(list, id) }
