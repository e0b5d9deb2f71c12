package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

const adminAPI = "/api/admin"

// adminPage lists the installed plugins for a Jira admin.
func (s *Server) adminPage(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.Verifier.Page(ctx, request(c))
	if err != nil {
		return err
	}
	t, err := s.Features.Admin(ctx, p)
	if err != nil {
		return err
	}
	all, err := s.Features.List(ctx, t.ID)
	if err != nil {
		return err
	}
	page := ui.Admin{}
	for _, f := range all {
		page.Plugins = append(page.Plugins, adminPlugin(f))
	}
	var out bytes.Buffer
	shell := s.shell(ui.KindAdmin, s.AppName, adminAPI)
	shell.SiteURL = t.BaseURL
	if err := s.UI.Admin(&out, shell, page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

func adminPlugin(f feature.Feature) ui.AdminPlugin {
	p := ui.AdminPlugin{Manifest: f.Manifest, Enabled: f.Choice.Enabled, Missing: f.Missing()}
	switch {
	case f.Status.Health == core.Failed:
		p.Health = ui.Health{Tone: view.Danger, Label: "Not working", Reason: f.Status.Reason}
	case f.Status.Reason != "": // it serves, but not the version that the operator wanted
		p.Health = ui.Health{Tone: view.Warning, Label: "Working", Reason: f.Status.Reason}
	case f.Choice.Enabled && len(p.Missing) > 0:
		p.Health = ui.Health{Tone: view.Warning, Label: "Working", Reason: "This version asks for more than you have granted, and runs without it: " +
			permissionWords(p.Missing) + ". Look below at what it may do; to grant it, switch the feature off and on again."}
	case f.Choice.Enabled:
		p.Health = ui.Health{Tone: view.Success, Label: "Working"}
	}
	return p
}

// permissionWords names permissions as an admin reads them.
func permissionWords(names []string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = strings.ToLower(manifest.PermissionTitle(name))
	}
	return strings.Join(words, "; ")
}

// admin verifies a call of the admin page and returns the admin's tenant and account.
func (s *Server) admin(ctx context.Context, c *fiber.Ctx) (tenant.Tenant, string, error) {
	p, err := s.Verifier.API(ctx, request(c))
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
		Enabled *bool `json:"enabled"`
	}
	if err := json.Unmarshal(c.Body(), &body); err != nil || body.Enabled == nil {
		return invalid(`Send {"enabled": true} or {"enabled": false}.`)
	}
	id := capability.PluginID(c.Params("plugin"))
	if err := s.Features.SetEnabled(ctx, t, account, id, *body.Enabled); err != nil {
		return err
	}
	f, err := s.Features.Get(ctx, t.ID, id)
	if err != nil {
		return err
	}
	card := adminPlugin(f)
	card.Flag = switchedFlag(f)
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
	return s.drawSettings(ctx, c, t, ui.SettingsForm{Saved: true})
}

// drawSettings completes f with the plugin's form, its values and the things of the site that it lets choose from.
func (s *Server) drawSettings(ctx context.Context, c *fiber.Ctx, t tenant.Tenant, f ui.SettingsForm) (err error) {
	f.Plugin = capability.PluginID(c.Params("plugin"))
	if f.Form, f.Values, err = s.Features.Settings(ctx, t.ID, f.Plugin); err != nil {
		return err
	}
	f.Choices = s.Features.Choices(ctx, t, f.Form)
	var out bytes.Buffer
	if err := s.UI.Settings(&out, s.shell(ui.KindAdmin, "", adminAPI), f); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}
