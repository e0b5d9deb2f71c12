package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/view"
)

// configAPI is where the configuration documents of a plugin are, of one type.
const configAPI = "/api/admin/plugins/:plugin/configs/:type"

// configHandler answers a call about the documents of a type.
type configHandler func(ctx context.Context, c *fiber.Ctx, v configVisit) error

// configVisit is who asks about which documents.
type configVisit struct {
	tenant  tenant.Tenant
	account string
	plugin  capability.PluginID
	typ     string
	id      string // "" where the address names no document
}

// ofConfig makes a handler of one for the admins of a site.
func (s *Server) ofConfig(h configHandler) fiber.Handler {
	return s.working(func(ctx context.Context, c *fiber.Ctx) error {
		t, account, err := s.admin(ctx, c)
		if err != nil {
			return err
		}
		return h(ctx, c, configVisit{t, account, capability.PluginID(c.Params("plugin")), c.Params("type"), c.Params("id")})
	})
}

// configRoutes are those of configuration documents. "new" is no id: ids are longer.
func (s *Server) configRoutes() {
	s.app.Get(configAPI, s.ofConfig(s.listConfigs))
	s.app.Get(configAPI+"/new", s.ofConfig(s.configForm))
	s.app.Get(configAPI+"/:id", s.ofConfig(s.configForm))
	s.app.Post(configAPI+"/save", s.ofConfig(s.saveConfig))
	s.app.Post(configAPI+"/edit", s.ofConfig(s.editConfig))
	s.app.Post(configAPI+"/:id/edit", s.ofConfig(s.editConfig))
	s.app.Post(configAPI+"/:id/save", s.ofConfig(s.saveConfig))
	s.app.Post(configAPI+"/:id/delete", s.ofConfig(s.deleteConfig))
	s.app.Post(configAPI+"/:id/restore", s.ofConfig(s.restoreConfig))
}

func (s *Server) listConfigs(ctx context.Context, c *fiber.Ctx, v configVisit) error {
	return s.drawConfigs(ctx, c, v, nil)
}

func (s *Server) configForm(ctx context.Context, c *fiber.Ctx, v configVisit) error {
	if strings.HasSuffix(c.Route().Path, configAPI+"/new") { // also below the prefix of Forge
		v.id = ""
	}
	return s.drawConfig(ctx, c, v, ui.ConfigForm{Focus: c.Query("focus") != ""})
}

// editConfig takes the form with a button of a list pressed, and gives it back with the list changed. Nothing is kept.
func (s *Server) editConfig(ctx context.Context, c *fiber.Ctx, v configVisit) error {
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	return s.drawConfig(ctx, c, v, ui.ConfigForm{Submitted: body.Form, Edited: body.Params["edit"]})
}

// saveConfig takes the form: the list with the document in it, or the form again with the errors beside the fields.
func (s *Server) saveConfig(ctx context.Context, c *fiber.Ctx, v configVisit) error {
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	rev, err := revision(body.Params)
	if err != nil {
		return err
	}
	saved, problems, err := s.Features.SaveConfig(ctx, v.tenant, v.account, feature.Written{Plugin: v.plugin, Type: v.typ, ID: v.id, Rev: rev, Fields: body.Form})
	if errors.Is(err, feature.ErrFields) {
		c.Status(http.StatusUnprocessableEntity)
		return s.drawConfig(ctx, c, v, ui.ConfigForm{Submitted: body.Form, Errors: problems})
	}
	if err != nil {
		return err
	}
	action := audit.ConfigChanged
	if v.id == "" {
		action, v.id = audit.ConfigCreated, saved.ID
	}
	s.noteConfig(ctx, v, action)
	return s.drawConfigs(ctx, c, v, &view.Flag{Tone: view.Success, Title: "Saved"})
}

func (s *Server) deleteConfig(ctx context.Context, c *fiber.Ctx, v configVisit) error {
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	rev, err := revision(body.Params)
	if err != nil {
		return err
	}
	err = s.Features.DeleteConfig(ctx, v.tenant, v.account, v.plugin, v.typ, v.id, rev)
	var used *feature.UsedError
	if errors.As(err, &used) {
		c.Status(http.StatusUnprocessableEntity)
		return s.listDocuments(ctx, c, v, nil, &ui.ConfigRow{Label: used.Label, UsedBy: usesOf(used.Uses)})
	}
	if err != nil {
		return err
	}
	s.noteConfig(ctx, v, audit.ConfigDeleted)
	return s.drawConfigs(ctx, c, v, &view.Flag{Tone: view.Success, Title: "Deleted", Body: "It can be taken back below the list."})
}

func (s *Server) restoreConfig(ctx context.Context, c *fiber.Ctx, v configVisit) error {
	if err := s.Features.RestoreConfig(ctx, v.tenant, v.account, v.plugin, v.typ, v.id); err != nil {
		return err
	}
	s.noteConfig(ctx, v, audit.ConfigRestored)
	return s.drawConfigs(ctx, c, v, &view.Flag{Tone: view.Success, Title: "Taken back"})
}

// revision is that of the document which the page showed, 0 for a new one.
func revision(params map[string]string) (int64, error) {
	rev, err := strconv.ParseInt(params["rev"], 10, 64)
	if params["rev"] != "" && err != nil || rev < 0 {
		return 0, invalid("The page sent something unreadable. Reload it.")
	}
	return rev, nil
}

func (s *Server) drawConfigs(ctx context.Context, c *fiber.Ctx, v configVisit, flag *view.Flag) error {
	return s.listDocuments(ctx, c, v, flag, nil)
}

func usesOf(uses []feature.Use) []ui.ConfigUse {
	var out []ui.ConfigUse
	for _, u := range uses {
		out = append(out, ui.ConfigUse{Plugin: u.Plugin, Type: u.Type, ID: u.ID, Words: u.String()})
	}
	return out
}

// listDocuments answers with the list; refused is a document that could not be deleted.
func (s *Server) listDocuments(ctx context.Context, c *fiber.Ctx, v configVisit, flag *view.Flag, refused *ui.ConfigRow) error {
	all, err := s.Features.Configured(ctx, v.tenant.ID, v.plugin, v.typ)
	if err != nil {
		return err
	}
	list := ui.ConfigList{Plugin: v.plugin, Type: all.Type, Flag: flag, Refused: refused}
	for _, d := range all.Documents {
		list.Documents = append(list.Documents, ui.ConfigRow{ID: d.ID, Rev: d.Rev, Label: d.Label, Changed: d.Changed, Uses: d.Uses, MoreUses: d.MoreUses, UsedBy: usesOf(d.UsedBy)})
	}
	for _, d := range all.Deleted {
		list.Deleted = append(list.Deleted, ui.ConfigRow{ID: d.ID, Rev: d.Rev, Label: d.Label, Changed: d.Deleted, Until: d.Deleted.Add(feature.Regret), Uses: d.Uses, MoreUses: d.MoreUses})
	}
	var out bytes.Buffer
	if err := s.UI.Configs(&out, list); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// edited is a submitted form after a button of a list was pressed, and what the user looks at then; nil of none.
func edited(form *schemaform.Form, submitted map[string][]string, button string) (map[string][]string, string) {
	if submitted == nil || button == "" {
		return submitted, ""
	}
	return form.Edit(submitted, button)
}

// drawConfig completes f with the form of a document, its values and the things of the site that it lets choose from.
func (s *Server) drawConfig(ctx context.Context, c *fiber.Ctx, v configVisit, f ui.ConfigForm) error {
	of, err := s.Features.ConfigForm(ctx, v.tenant.ID, v.plugin, v.typ, v.id)
	if err != nil {
		return err
	}
	f.Plugin, f.Type, f.Form, f.Values, f.Label = v.plugin, of.Type, of.Form, of.Values, of.Label
	f.ID, f.Rev = of.Document.ID, of.Document.Rev
	f.Submitted, f.At = edited(f.Form, f.Submitted, f.Edited)
	shown := f.Submitted
	if shown == nil {
		shown = f.Form.Values(f.Values)
	}
	offer := s.Features.Choices(ctx, v.tenant, f.Form, shown)
	f.Choices, f.Empty = offer.Choices, offer.Empty
	var out bytes.Buffer
	if err := s.UI.Config(&out, f); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}
