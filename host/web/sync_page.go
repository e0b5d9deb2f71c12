package web

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui"
)

// What the page of synchronizations asks for, beside the routes of sync.go.

const syncAPI = adminAPI + "/sync"

// pageRoutes are the routes of what the page needs: words, lists to choose from, and forms.
func (s *Server) pageRoutes(get func(path string, h syncHandler)) {
	get("/setup", s.syncSetup)
	get("/overview", s.syncOverview)
	get("/form", s.connectionForm)
	get("/projects", s.list(func(ctx context.Context, _ *fiber.Ctx, t tenant.Tenant) (any, error) { return s.Syncs.Projects(ctx, t) }))
	get("/projects/:project/types", s.list(func(ctx context.Context, c *fiber.Ctx, t tenant.Tenant) (any, error) {
		return s.Syncs.IssueTypes(ctx, t, digits(c.Params("project")))
	}))
	get("/projects/:project/statuses", s.list(func(ctx context.Context, c *fiber.Ctx, t tenant.Tenant) (any, error) {
		return s.Syncs.Statuses(ctx, t, digits(c.Params("project")))
	}))
	get("/projects/:project/fields", s.list(func(ctx context.Context, c *fiber.Ctx, t tenant.Tenant) (any, error) {
		return s.Syncs.TargetFields(ctx, t, digits(c.Params("project")), typesOf(c.Query("types")))
	}))
	get("/fields", s.list(func(ctx context.Context, _ *fiber.Ctx, t tenant.Tenant) (any, error) {
		return s.Syncs.FieldNames(ctx, t)
	}))
	get("/accounts", s.list(func(ctx context.Context, c *fiber.Ctx, t tenant.Tenant) (any, error) {
		return s.Syncs.Accounts(ctx, t, c.Query("query"))
	}))
	get("/account", s.list(func(ctx context.Context, c *fiber.Ctx, t tenant.Tenant) (any, error) {
		return s.Syncs.Account(ctx, t, c.Query("id"))
	}))
}

// list makes a handler of what answers with things of the site.
func (s *Server) list(of func(ctx context.Context, c *fiber.Ctx, t tenant.Tenant) (any, error)) syncHandler {
	return func(ctx context.Context, c *fiber.Ctx, by asker) error {
		all, err := of(ctx, c, by.tenant)
		if err != nil {
			return err
		}
		return c.JSON(all)
	}
}

// typesOf are the ids in a list with commas, each once, up to 20: each costs a call of Jira.
func typesOf(list string) []string {
	const most = 20
	var out []string
	for id := range strings.SplitSeq(list, ",") {
		if id = digits(id); id != "" && !slices.Contains(out, id) && len(out) < most {
			out = append(out, id)
		}
	}
	return out
}

// syncPage is the page of synchronizations.
func (s *Server) syncPage(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.opened(ctx, c)
	if err != nil {
		return err
	}
	shell := s.adminShell(t, "Synchronizations", syncAPI)
	var out bytes.Buffer
	if err := s.UI.Sync(&out, shell, ui.Sync{AdminURL: s.inJira(t, surface.AdminKey)}); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// syncSetup answers with what the page needs once: words, the kinds of sources, and those that are switched off.
func (s *Server) syncSetup(ctx context.Context, c *fiber.Ctx, by asker) error {
	all, err := s.Syncs.Synchronizers(ctx, by.tenant)
	if err != nil {
		return err
	}
	kinds := make([]synchronizerShape, len(all))
	for i, known := range all {
		kinds[i] = shapeOfSynchronizer(known)
	}
	features, err := s.Features.List(ctx, by.tenant.ID)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"kinds": kinds, "off": switchedOff(features), "site": by.tenant.BaseURL, "words": syncing.AllWords()})
}

type offShape struct {
	Plugin string   `json:"plugin"`
	Name   string   `json:"name"`
	Titles []string `json:"titles"` // of the sources that it connects to
}

// switchedOff are the plugins that connect to sources and are switched off.
func switchedOff(features []feature.Feature) []offShape {
	out := []offShape{}
	for _, f := range features {
		one := offShape{Plugin: string(f.Manifest.ID), Name: f.Manifest.Name}
		for _, p := range f.Manifest.Provides {
			if p.Capability == manifest.SyncV1 {
				one.Titles = append(one.Titles, p.Title)
			}
		}
		if !f.Choice.Enabled && len(one.Titles) > 0 {
			out = append(out, one)
		}
	}
	return out
}

// overviewShape is a synchronization with the last of its runs.
type overviewShape struct {
	syncing.Synchronization
	Run *syncing.Run `json:"run,omitempty"`
}

func (s *Server) syncOverview(ctx context.Context, c *fiber.Ctx, by asker) error {
	connections, err := s.Syncs.Connections(ctx, by.tenant)
	if err != nil {
		return err
	}
	all, err := s.Syncs.Synchronizations(ctx, by.tenant)
	if err != nil {
		return err
	}
	out := make([]overviewShape, len(all))
	for i, one := range all {
		out[i].Synchronization = one
		runs, err := s.Syncs.Runs(ctx, by.tenant, one.ID, "", 1)
		if err != nil {
			return err
		}
		if len(runs) > 0 {
			out[i].Run = &runs[0]
		}
	}
	return c.JSON(fiber.Map{"connections": connections, "syncs": out})
}

// connectionForm answers with the form of a connection: of a new one of the kind in the query, or of the one with the id there.
func (s *Server) connectionForm(ctx context.Context, c *fiber.Ctx, by asker) error {
	one := syncing.Connection{Plugin: capability.PluginID(c.Query("plugin")), Synchronizer: c.Query("synchronizer"), Name: c.Query("name")}
	if id := c.Query("id"); id != "" {
		var err error
		if one, err = s.Syncs.Connection(ctx, by.tenant, id); err != nil {
			return err
		}
	}
	known, err := s.Syncs.Kind(ctx, by.tenant, one.Plugin, one.Synchronizer)
	if err != nil {
		return err
	}
	f := ui.ConnectionForm{Name: one.Name, Kind: known.Title, Form: known.Form, Rev: one.Rev}
	if known.Form != nil {
		f.Values = known.Form.Defaults(one.Settings)
		f.Choices = s.Features.Choices(ctx, by.tenant, known.Form, nil).Choices
	}
	for _, secret := range known.Secrets {
		f.Secrets = append(f.Secrets, ui.Secret{
			Name: secret.Name, Title: secret.Title, Description: secret.Description, Lines: secret.Lines, Set: slices.Contains(one.Set, secret.Name),
		})
	}
	var out bytes.Buffer
	if err := s.UI.ConnectionForm(&out, f); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// connectionBody is a connection as a program writes it, with settings, or as a form has it, with fields by path.
type connectionBody struct {
	syncing.ConnectionDraft
	Form map[string][]string `json:"form"`
}

// connectionDraft reads what somebody wrote of a connection.
func (s *Server) connectionDraft(ctx context.Context, c *fiber.Ctx, by asker) (syncing.ConnectionDraft, error) {
	body, err := read[connectionBody](c)
	if err != nil || body.Form == nil {
		return body.ConnectionDraft, err
	}
	body.Settings, err = s.Syncs.Decode(ctx, by.tenant, body.Plugin, body.Synchronizer, body.Form)
	return body.ConnectionDraft, err
}
