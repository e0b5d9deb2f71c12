package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/view"
)

// What admins change is noted here, where it is known who asks and from where, after it is done. The page Changes shows it.

// note keeps that an account changed something, from where ctx says.
func (s *Server) note(ctx context.Context, t tenant.Tenant, account string, e audit.Entry) {
	if s.Audit == nil {
		return
	}
	e.Account = account
	s.Audit.Record(ctx, t.ID, e)
}

func (s *Server) noteConfig(ctx context.Context, v configVisit, a audit.Action) {
	s.note(ctx, v.tenant, v.account, audit.Entry{Action: a, Plugin: v.plugin, Type: v.typ, Object: v.id})
}

// noted notes what a handler has done without an error, to what the address names or [about] says.
func (s *Server) noted(a audit.Action, h syncHandler) syncHandler {
	return func(ctx context.Context, c *fiber.Ctx, by asker) error {
		if err := h(ctx, c, by); err != nil || c.Response().StatusCode()/100 != 2 {
			return err
		}
		object := strings.Clone(c.Params("id"))
		if id, ok := c.Locals(aboutKey{}).(string); ok {
			object = id
		}
		s.note(ctx, by.tenant, by.account, audit.Entry{Action: a, Object: object})
		return nil
	}
}

type aboutKey struct{}

// about says what was made, where the address does not.
func about(c *fiber.Ctx, id string) { c.Locals(aboutKey{}, id) }

const (
	auditAPI  = "/api/changes"
	auditPage = 50   // entries of a page
	auditMost = 1000 // entries that are read at a time for a file
)

func (s *Server) auditRoutes() {
	if s.Audit == nil {
		return
	}
	s.app.Get("/connect/changes", s.working(s.changesPage))
	s.app.Post(auditAPI+"/view/list", s.working(s.listChanges))
	s.app.Post(auditAPI+"/file/csv", s.working(s.downloadChanges))
	s.deadRoutes()
}

func (s *Server) changesPage(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.opened(ctx, c)
	if err != nil {
		return err
	}
	page, err := s.drawChanges(ctx, t, audit.Query{})
	if err != nil {
		return err
	}
	shell := s.adminShell(t, page.Title, auditAPI)
	var out bytes.Buffer
	if err := s.UI.Page(&out, shell, page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// listChanges draws the page anew: of one feature, or what came before what is shown.
func (s *Server) listChanges(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	page, err := s.drawChanges(ctx, t, audit.Query{Plugin: capability.PluginID(body.Params["plugin"]), After: body.Params["after"]})
	if err != nil {
		return err
	}
	shell := s.adminShell(t, page.Title, auditAPI)
	var out bytes.Buffer
	if err := s.UI.Fragment(&out, shell, page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

func (s *Server) drawChanges(ctx context.Context, t tenant.Tenant, q audit.Query) (*view.Page, error) {
	q.Limit = auditPage + 1
	all, err := s.Audit.List(ctx, t.ID, q)
	if err != nil {
		return nil, err
	}
	features, err := s.Features.List(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	page := &view.Page{Title: "Changes", Blocks: []view.Block{
		view.P("Who changed what of this app, when and from where. Entries say which document, token or synchronization it was, and nothing of what was written. They go after a year."),
		view.Actions(changeFilters(features, q.Plugin)...),
	}}
	if s.Events != nil {
		dead, err := s.Events.Dead(ctx, t.ID, "", 1)
		if err != nil {
			return nil, err
		}
		if len(dead) > 0 {
			page.Blocks = append(page.Blocks, view.Block{Notice: &view.Notice{Tone: view.Warning, Title: "A feature could not be told of something that happened in Jira", Body: "See what it was, and have it told again."}})
		}
		page.Blocks = append(page.Blocks, view.Actions(view.Button{Label: "Undelivered events", View: "undelivered"}))
	}
	if len(all) == 0 {
		page.Blocks = append(page.Blocks, view.Block{Empty: &view.Empty{Title: "Nothing was changed yet", Body: "What admins switch, set and write from now on is listed here."}})
		return page, nil
	}
	more := len(all) > auditPage
	all = all[:min(len(all), auditPage)]
	page.Blocks = append(page.Blocks, s.changeTable(ctx, t, all, features))
	var below []view.Button
	if q.After != "" {
		below = append(below, view.Button{Label: "Latest", View: "list", Params: changeParams(q.Plugin, "")})
	}
	if more {
		below = append(below, view.Button{Label: "Earlier", View: "list", Params: changeParams(q.Plugin, all[len(all)-1].ID)})
	}
	below = append(below, view.Button{Label: "Download as CSV", File: "csv"})
	page.Blocks = append(page.Blocks, view.Actions(below...))
	return page, nil
}

func changeParams(plugin capability.PluginID, after string) map[string]string {
	out := map[string]string{}
	if plugin != "" {
		out["plugin"] = string(plugin)
	}
	if after != "" {
		out["after"] = after
	}
	return out
}

// changeFilters are a button for all entries and one for each feature.
func changeFilters(features []feature.Feature, shown capability.PluginID) []view.Button {
	out := []view.Button{{Label: "All", View: "list", Primary: shown == ""}}
	for _, f := range features {
		out = append(out, view.Button{Label: f.Manifest.Name, View: "list", Params: changeParams(f.Manifest.ID, ""), Primary: f.Manifest.ID == shown})
	}
	return out
}

// changeTable lists entries, with the names of features, types and people as they are just now.
func (s *Server) changeTable(ctx context.Context, t tenant.Tenant, all []audit.Entry, features []feature.Feature) view.Block {
	accounts := map[string]bool{}
	for _, e := range all {
		if e.Account != "" {
			accounts[e.Account] = true
		}
	}
	names := s.Features.Names(ctx, t, accounts)
	table := &view.Table{Caption: "Changes", Columns: []view.Column{{Title: "When"}, {Title: "Who"}, {Title: "What"}, {Title: "Of"}, {Title: "From"}, {Title: "Id"}}}
	for _, e := range all {
		who := names[e.Account]
		if e.Account == "" {
			who = "–"
		}
		what, of := described(e, features)
		table.Rows = append(table.Rows, view.Row{Cells: []view.Cell{
			view.T(e.At.Format("2006-01-02 15:04:05") + " UTC"), view.T(who), view.T(what), view.T(of), view.T(strings.TrimSpace(e.Surface.Words() + " " + e.Credential)), objectCell(e),
		}})
	}
	return view.Block{Table: table}
}

// objectCell names what was changed, by ids alone.
func objectCell(e audit.Entry) view.Cell {
	out := view.Cell{Spans: []view.Span{{Text: e.Object, Code: e.Object != ""}}}
	if e.Project != "" {
		out.Spans = append(out.Spans, view.Span{Text: " in the project "}, view.Span{Text: e.Project, Code: true})
	}
	return out
}

// described says what was done, and of which feature.
func described(e audit.Entry, features []feature.Feature) (what, of string) {
	what, of = e.Action.Words(), string(e.Plugin)
	for _, f := range features {
		if f.Manifest.ID != e.Plugin {
			continue
		}
		of = f.Manifest.Name
		if c, ok := f.Manifest.Config(e.Type); ok {
			return what + ": " + strings.ToLower(c.Title), of
		}
	}
	if e.Type != "" {
		what += ": " + e.Type
	}
	return what, of
}

// downloadChanges answers with all entries, of ids alone.
func (s *Server) downloadChanges(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	rows := [][]string{{"at", "account", "surface", "action", "plugin", "version", "type", "object", "project", "credential"}}
	for q := (audit.Query{Limit: auditMost}); ; {
		all, err := s.Audit.List(ctx, t.ID, q)
		if err != nil {
			return err
		}
		for _, e := range all {
			rows = append(rows, []string{e.At.Format(time.RFC3339Nano), e.Account, string(e.Surface), string(e.Action), string(e.Plugin), e.Version, e.Type, e.Object, e.Project, e.Credential})
		}
		if len(all) < q.Limit {
			break
		}
		q.After = all[len(all)-1].ID
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write the changes: %w", err)
	}
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="changes-`+s.Now().UTC().Format(time.DateOnly)+`.csv"`)
	return c.Send(out.Bytes())
}
