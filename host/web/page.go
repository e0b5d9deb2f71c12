package web

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk"
)

// shell is the frame of a page: its kind, its title, and the base address of the calls it makes.
func (s *Server) shell(kind, title, api string) ui.Shell {
	return ui.Shell{Title: title, Kind: kind, BridgeURL: s.BridgeURL, API: api, Lang: "en"}
}

// moduleShell is the frame of a plugin's module.
func (s *Server) moduleShell(at feature.Place, d feature.Drawn) ui.Shell {
	kind := ui.KindPage
	if d.Module.Type == manifest.IssuePanel || d.Module.Type == manifest.PortalPanel {
		kind = ui.KindPanel
	}
	shell := s.shell(kind, d.Page.Title, "/api/plugin/"+string(at.Plugin)+"/"+at.Module)
	shell.SiteURL, shell.IssueKeys, shell.Names, shell.Runs = d.SiteURL, d.IssueKeys, d.Names, d.Module.Type == manifest.AdminPage
	return shell
}

// modulePage draws a plugin's module as a whole page for the iframe that Jira shows. The query is covered by the token's
// hash, so the issue and project in it are Jira's word.
func (s *Server) modulePage(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.verified(c)(s.Verifier.Page(ctx, request(c)))
	if err != nil {
		return err
	}
	at := feature.Place{
		Plugin: capability.PluginID(c.Params("plugin")), Module: c.Params("module"),
		IssueID: digits(c.Query("issue")), ProjectID: digits(c.Query("project")),
	}
	return s.drawModule(ctx, c, p, at, c.Query("code"))
}

// drawModule draws a plugin's module as a whole page. code is that of a short link, "" where none led here.
func (s *Server) drawModule(ctx context.Context, c *fiber.Ctx, p auth.Principal, at feature.Place, code string) error {
	params := map[string]string{}
	if plain(code, maxCode) {
		params["code"] = code
	}
	drawn, err := s.Features.View(ctx, p, at, params)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := s.UI.Page(&out, s.moduleShell(at, drawn), drawn.Page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// call runs a plugin's action, view, file or suggester for the page that asks. The issue comes from the token, not from the page.
func (s *Server) call(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.caller(ctx, c)
	if err != nil {
		return err
	}
	r, err := callBody(c.Body())
	if err != nil {
		return err
	}
	r.Name = c.Params("name")
	at := feature.Place{
		Plugin: capability.PluginID(c.Params("plugin")), Module: c.Params("module"),
		IssueID: p.IssueID, ProjectID: p.ProjectID, RequestKey: p.RequestKey,
	}
	var out bytes.Buffer
	if c.Params("kind") == "suggest" {
		choices, err := s.Features.Suggest(ctx, p, at, r)
		if err != nil {
			return err
		}
		if err := s.UI.Choices(&out, choices); err != nil {
			return err
		}
		return sendPage(c, out.Bytes())
	}
	drawn, file, err := s.Features.Call(ctx, p, at, c.Params("kind"), r)
	if err != nil {
		return err
	}
	if file != nil {
		return sendFile(c, file)
	}
	if err := s.UI.Fragment(&out, s.moduleShell(at, drawn), drawn.Page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// Bounds of what a page may send along with a call. The body as a whole is bounded by the configuration.
const (
	maxNames  = 200    // params and form fields
	maxValues = 10_000 // of all form fields together; a picker of projects can have many
)

// callBody decodes what app.js sends. Nothing of the result shares memory with raw.
func callBody(raw []byte) (*sdk.Request, error) {
	var body struct {
		Params map[string]string   `json:"params"`
		Form   map[string][]string `json:"form"`
		State  []byte              `json:"state"` // base64
	}
	if len(raw) > 0 && json.Unmarshal(raw, &body) != nil {
		return nil, invalid("The page sent something unreadable. Reload it.")
	}
	values := 0
	for _, v := range body.Form {
		values += len(v)
	}
	if len(body.Params)+len(body.Form) > maxNames || values > maxValues {
		return nil, invalid("The page sent too many fields. Choose fewer things at once.")
	}
	return &sdk.Request{Params: body.Params, Form: body.Form, State: body.State}, nil
}

// digits returns s if it is a Jira id, and "" otherwise.
func digits(s string) string {
	if len(s) > 20 || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}
