package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

const adminAPI = "/api/admin"

// adminPage lists the installed plugins for a Jira admin.
func (s *Server) adminPage(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.opened(ctx, c)
	if err != nil {
		return err
	}
	all, err := s.Features.List(ctx, t.ID)
	if err != nil {
		return err
	}
	page := ui.Admin{StoredURL: s.inJira(t, surface.StoredKey), SyncURL: s.inJira(t, surface.SyncKey), APIURL: s.inJira(t, surface.APIKey), AuditURL: s.inJira(t, surface.AuditKey), ConfigURL: s.inJira(t, surface.ConfigKey)}
	if s.Sets != nil {
		if page.Bare, err = s.Sets.Bare(ctx, t.ID); err != nil {
			return err
		}
	}
	for _, f := range all {
		page.Plugins = append(page.Plugins, s.card(f))
	}
	var out bytes.Buffer
	shell := s.adminShell(t, s.AppName, adminAPI)
	if err := s.UI.Admin(&out, shell, page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// opened verifies whoever opens a page for admins, and returns the admin's tenant and account.
func (s *Server) opened(ctx context.Context, c *fiber.Ctx) (tenant.Tenant, string, error) {
	p, err := s.opener(ctx, c)
	if err != nil {
		return tenant.Tenant{}, "", err
	}
	t, err := s.Features.Admin(ctx, p)
	return t, p.Account, err
}

// adminShell is the frame of a page for admins of a site.
func (s *Server) adminShell(t tenant.Tenant, title, api string) ui.Shell {
	shell := s.shell(ui.KindAdmin, title, api)
	shell.SiteURL = t.BaseURL
	return shell
}

// admin verifies a call of the admin page and returns the admin's tenant and account.
func (s *Server) admin(ctx context.Context, c *fiber.Ctx) (tenant.Tenant, string, error) {
	p, err := s.caller(ctx, c)
	if err != nil {
		return tenant.Tenant{}, "", err
	}
	t, err := s.Features.Admin(ctx, p)
	return t, p.Account, err
}

// setEnabled switches a plugin on or off and answers with its card.
func (s *Server) setEnabled(ctx context.Context, c *fiber.Ctx) error {
	t, account, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	var body struct {
		Enabled *bool  `json:"enabled"`
		Version string `json:"version"` // whose card the admin has seen; "" for any
	}
	if err := json.Unmarshal(c.Body(), &body); err != nil || body.Enabled == nil {
		return invalid(`Send {"enabled": true} or {"enabled": false}.`)
	}
	id := capability.PluginID(c.Params("plugin"))
	if err := s.Features.Switch(ctx, t, account, id, *body.Enabled, body.Version); err != nil {
		return err
	}
	action := audit.PluginOff
	if *body.Enabled {
		action = audit.PluginOn
	}
	s.note(ctx, t, account, audit.Entry{Action: action, Plugin: id, Version: body.Version})
	return s.sendCard(ctx, c, t, id, switchedFlag)
}

// retry has a plugin that is paused for the admin's site tried with the next call, and answers with its card.
func (s *Server) retry(ctx context.Context, c *fiber.Ctx) error {
	t, account, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	id := capability.PluginID(c.Params("plugin"))
	was := s.Features.Retry(ctx, t.ID, id)
	if was {
		s.note(ctx, t, account, audit.Entry{Action: audit.PluginRetried, Plugin: id})
	}
	return s.sendCard(ctx, c, t, id, func(f feature.Feature) *view.Flag {
		if !was {
			return &view.Flag{Tone: view.Info, Title: f.Manifest.Name + " is not paused"}
		}
		return &view.Flag{Tone: view.Success, Title: f.Manifest.Name + " is let through", Body: "The next visit to it decides whether it stays so."}
	})
}

// sendCard answers with a plugin's card, and a flag that is shown once.
func (s *Server) sendCard(ctx context.Context, c *fiber.Ctx, t tenant.Tenant, id capability.PluginID, flag func(feature.Feature) *view.Flag) error {
	f, err := s.Features.Get(ctx, t.ID, id)
	if err != nil {
		return err
	}
	card := s.card(f)
	card.Flag = flag(f)
	var out bytes.Buffer
	if err := s.UI.AdminPlugin(&out, s.shell(ui.KindAdmin, "", adminAPI), card); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// switchedFlag says what switching a plugin has done; switching it on has granted what it asks for.
func switchedFlag(f feature.Feature) *view.Flag {
	if !f.Choice.Enabled {
		return &view.Flag{Tone: view.Success, Title: f.Manifest.Name + " is switched off"}
	}
	flag := &view.Flag{Tone: view.Success, Title: f.Manifest.Name + " is switched on"}
	if len(f.Choice.Granted) > 0 {
		flag.Body = "It may: " + permissionWords(f.Choice.Granted) + "."
	}
	return flag
}

// settings answers with the form of a plugin's settings.
func (s *Server) settings(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	return s.drawSettings(ctx, c, t, ui.SettingsForm{})
}

// saveSettings takes the form: saved, or back with the errors beside the fields and nothing lost of what was typed.
func (s *Server) saveSettings(ctx context.Context, c *fiber.Ctx) error {
	t, account, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	_, problems, err := s.Features.SaveSettings(ctx, t, account, capability.PluginID(c.Params("plugin")), body.Form)
	if errors.Is(err, feature.ErrFields) {
		c.Status(http.StatusUnprocessableEntity)
		return s.drawSettings(ctx, c, t, ui.SettingsForm{Submitted: body.Form, Errors: problems})
	}
	if err != nil {
		return err
	}
	s.note(ctx, t, account, audit.Entry{Action: audit.Settings, Plugin: capability.PluginID(c.Params("plugin"))})
	return s.drawSettings(ctx, c, t, ui.SettingsForm{Saved: true})
}

// editSettings takes the form with a button of a list pressed, and gives it back with the list changed. Nothing is kept.
func (s *Server) editSettings(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	return s.drawSettings(ctx, c, t, ui.SettingsForm{Submitted: body.Form, Edited: body.Params["edit"]})
}

// people answers what an admin types where a form asks for people.
func (s *Server) people(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	found, err := s.Features.FindPeople(ctx, t, strings.TrimSpace(body.Params["q"]))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := s.UI.Choices(&out, found); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// drawSettings completes f with the plugin's form, its values and the things of the site that it lets choose from.
func (s *Server) drawSettings(ctx context.Context, c *fiber.Ctx, t tenant.Tenant, f ui.SettingsForm) (err error) {
	f.Plugin = capability.PluginID(c.Params("plugin"))
	if f.Form, f.Values, err = s.Features.Settings(ctx, t.ID, f.Plugin); err != nil {
		return err
	}
	f.Submitted, f.At = edited(f.Form, f.Submitted, f.Edited)
	shown := f.Submitted
	if shown == nil {
		shown = f.Form.Values(f.Values)
	}
	offer := s.Features.Choices(ctx, t, f.Form, shown)
	f.Choices, f.Empty = offer.Choices, offer.Empty
	var out bytes.Buffer
	if err := s.UI.Settings(&out, s.shell(ui.KindAdmin, "", adminAPI), f); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}
