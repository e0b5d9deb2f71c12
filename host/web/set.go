package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// setAPI is where configuration goes from site to site.
const setAPI = adminAPI + "/configuration"

// setRoutes are those of the page of configuration. It keeps nothing between its steps: the page sends the file along with each.
func (s *Server) setRoutes() {
	if s.Sets == nil {
		return
	}
	s.app.Post(setAPI+"/export", s.ofAdmin(s.saveSet))
	s.app.Get(setAPI+"/import", s.ofAdmin(func(_ context.Context, c *fiber.Ctx, _ asker) error {
		return s.drawImport(c, ui.ImportForm{MaxFile: configset.MaxFile})
	}))
	s.app.Post(setAPI+"/plan", s.ofAdmin(s.planSet))
	s.app.Post(setAPI+"/apply", s.ofAdmin(s.applySet))
	s.app.Post(setAPI+"/templates/:name", s.ofAdmin(s.planTemplate))
	s.app.Get(setAPI+"/imports", s.ofAdmin(func(ctx context.Context, c *fiber.Ctx, by asker) error { return s.drawImports(ctx, c, by, nil, nil) }))
	s.app.Get(setAPI+"/imports/:id", s.ofAdmin(s.planUndo))
	s.app.Post(setAPI+"/imports/:id/undo", s.ofAdmin(s.undoSet))
}

// setPage is the page of configuration.
func (s *Server) setPage(ctx context.Context, c *fiber.Ctx) error {
	t, account, err := s.opened(ctx, c)
	if err != nil {
		return err
	}
	if s.Sets == nil {
		return fiber.ErrNotFound
	}
	page := ui.Configuration{AdminURL: s.inJira(t, surface.AdminKey)}
	if page.Plugins, err = s.writtenPlugins(ctx, t); err != nil {
		return err
	}
	for _, one := range configset.Templates() {
		page.Templates = append(page.Templates, ui.ConfigurationTemplate{Name: one.Name, Title: one.Title, Purpose: one.Purpose})
	}
	if page.Imports, err = s.importList(ctx, asker{t, account}); err != nil {
		return err
	}
	shell := s.adminShell(t, s.AppName+": configuration", adminAPI)
	var out bytes.Buffer
	if err := s.UI.Configuration(&out, shell, page, ui.ImportForm{MaxFile: configset.MaxFile}); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// writtenPlugins are those of which something can be exported.
func (s *Server) writtenPlugins(ctx context.Context, t tenant.Tenant) ([]ui.ConfigurationPlugin, error) {
	parts, err := s.Features.Parts(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var out []ui.ConfigurationPlugin
	for _, p := range parts {
		n := 0
		if p.Form != nil && p.Choice.Settings != nil {
			n++
		}
		for _, typ := range p.Types {
			for _, d := range typ.Documents {
				if d.Deleted.IsZero() {
					n++
				}
			}
		}
		if n > 0 {
			out = append(out, ui.ConfigurationPlugin{ID: string(p.Manifest.ID), Name: p.Manifest.Name, Documents: n})
		}
	}
	return out, nil
}

// saveSet answers with a file of the plugins that were chosen.
func (s *Server) saveSet(ctx context.Context, c *fiber.Ctx, by asker) error {
	form, err := setForm(c)
	if err != nil {
		return err
	}
	if len(form["plugin"]) == 0 {
		return invalid("Choose one feature at least.")
	}
	return s.sendSet(ctx, c, by, form["plugin"])
}

func (s *Server) sendSet(ctx context.Context, c *fiber.Ctx, by asker, plugins []string) error {
	f, err := s.Sets.Export(ctx, by.tenant, pluginIDs(plugins))
	if err != nil {
		return err
	}
	raw, err := f.Bytes()
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="configuration-`+s.Now().UTC().Format(time.DateOnly)+`.json"`)
	return c.Send(raw)
}

func pluginIDs(names []string) []capability.PluginID {
	var out []capability.PluginID
	for _, n := range names {
		out = append(out, capability.PluginID(n))
	}
	return out
}

// planSet looks at a file and says what importing it would do.
func (s *Server) planSet(ctx context.Context, c *fiber.Ctx, by asker) error {
	form, err := setForm(c)
	if err != nil {
		return err
	}
	in, err := input(form)
	if err != nil {
		return s.wrongFile(c, in, err)
	}
	return s.drawPlan(ctx, c, by, in)
}

// planTemplate does the same for a template.
func (s *Server) planTemplate(ctx context.Context, c *fiber.Ctx, by asker) error {
	in, err := input(map[string][]string{"template": {c.Params("name")}})
	if err != nil {
		return err
	}
	return s.drawPlan(ctx, c, by, in)
}

// wrongFile asks for another file where this one cannot be read.
func (s *Server) wrongFile(c *fiber.Ctx, in setInput, err error) error {
	if in.File != nil || sdk.CodeOf(err) != sdk.Invalid {
		return err
	}
	_, _, message := public(err)
	c.Status(http.StatusUnprocessableEntity)
	return s.drawImport(c, ui.ImportForm{MaxFile: configset.MaxFile, Error: message})
}

func (s *Server) drawPlan(ctx context.Context, c *fiber.Ctx, by asker, in setInput) error {
	p, err := s.Sets.Plan(ctx, by.tenant, by.account, in.Import)
	if err != nil {
		return err
	}
	f, err := s.importForm(ctx, in, p)
	if err != nil {
		return err
	}
	return s.drawImport(c, f)
}

// applySet carries an import out, if it does what the page showed.
func (s *Server) applySet(ctx context.Context, c *fiber.Ctx, by asker) error {
	form, err := setForm(c)
	if err != nil {
		return err
	}
	in, err := input(form)
	if err != nil {
		return s.wrongFile(c, in, err)
	}
	if in.seal == "" {
		return invalid("Look at what would be done first.")
	}
	done, err := s.Sets.Import(ctx, by.tenant, by.account, in.Import, in.seal)
	if err != nil {
		if code := sdk.CodeOf(err); done.Plan.Seal == "" || code != sdk.Invalid && code != sdk.Exists {
			return err
		}
		f, broken := s.importForm(ctx, in, done.Plan)
		if broken != nil {
			return broken
		}
		_, _, f.Refused = public(err)
		c.Status(http.StatusUnprocessableEntity)
		return s.drawImport(c, f)
	}
	if done.Import != "" {
		s.note(ctx, by.tenant, by.account, audit.Entry{Action: audit.ConfigImported, Object: done.Import})
	}
	f, err := s.importForm(ctx, in, done.Plan)
	if err != nil {
		return err
	}
	f.Done, f.Undo, f.Flag = true, done.Import, &view.Flag{Tone: view.Success, Title: "Imported"}
	var out bytes.Buffer
	if err := s.UI.Import(&out, f); err != nil {
		return err
	}
	if err := s.written(ctx, &out, by); err != nil {
		return err
	}
	list, err := s.importList(ctx, by)
	if err != nil {
		return err
	}
	if err := s.UI.Imports(&out, list); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// written draws what can be downloaded, which is other than before.
func (s *Server) written(ctx context.Context, out *bytes.Buffer, by asker) error {
	plugins, err := s.writtenPlugins(ctx, by.tenant)
	if err != nil {
		return err
	}
	return s.UI.Export(out, plugins)
}

func (s *Server) drawImport(c *fiber.Ctx, f ui.ImportForm) error {
	var out bytes.Buffer
	if err := s.UI.Import(&out, f); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// outcome is what becomes of a document, in words.
var outcome = map[configset.What]struct {
	word string
	tone view.Tone
}{
	configset.Created: {"Created", view.Success}, configset.Changed: {"Changed", view.Info}, configset.Restored: {"Taken back", view.Info},
	configset.Equal: {"Same already", view.Neutral}, configset.Skipped: {"Left out", view.Neutral}, configset.Refused: {"Refused", view.Danger},
}

func (s *Server) importForm(ctx context.Context, in setInput, p configset.Plan) (ui.ImportForm, error) {
	f := ui.ImportForm{File: in.raw, Template: in.template, Title: in.title, MaxFile: configset.MaxFile, Notes: p.Notes, Lenient: in.Lenient, Seal: p.Seal}
	if in.template != "" {
		f.File = ""
	}
	names := map[capability.PluginID]string{}
	for _, m := range s.Features.Manifests() {
		names[m.ID] = m.Name
	}
	for _, one := range in.File.Plugins {
		if slices.Contains(p.Left, one.ID) {
			f.Notes = append(f.Notes, fmt.Sprintf("The feature %s is not installed on this server. What the file has for it is left out.", one.ID))
			continue
		}
		n := len(one.Documents)
		if one.Settings != nil {
			n++
		}
		name, ok := names[one.ID]
		if !ok {
			continue // it is not here, and was not chosen
		}
		f.Plugins = append(f.Plugins, ui.ConfigurationPlugin{ID: string(one.ID), Name: name, Documents: n, Left: len(in.Plugins) > 0 && !slices.Contains(in.Plugins, one.ID)})
	}
	for _, m := range p.Matches {
		row, err := matchRow(ctx, in, p, m)
		if err != nil {
			return f, err
		}
		f.Matches = append(f.Matches, row)
	}
	// What is missing stands first.
	slices.SortStableFunc(f.Matches, func(a, b ui.ImportMatch) int { return rank(a.Missing) - rank(b.Missing) })
	for _, one := range p.People {
		name := one.Name
		if name == "" {
			name = "An account that is not on this site (" + one.Account + ")"
		}
		f.People = append(f.People, ui.ImportPerson{Name: name, Kept: one.Kept})
	}
	for _, i := range p.Items {
		f.Items = append(f.Items, itemRow(i))
	}
	return f, nil
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// maxOptions bounds what a page lets choose from: of so many things only those that were not found can be chosen.
const maxOptions = 20_000

// matchRow is a thing of the file with everything that it can be here.
func matchRow(ctx context.Context, in setInput, p configset.Plan, m configset.Match) (ui.ImportMatch, error) {
	row := ui.ImportMatch{Name: mapPrefix + string(m.Source) + ":" + m.Thing.ID, Noun: p.Noun(m.Source), Thing: m.Thing.String(), Missing: m.State == configset.Open, Selected: m.To.ID}
	if m.State == configset.Out {
		row.Selected = ui.Out
	}
	things, err := p.Things(ctx, m.Source)
	if err != nil {
		return row, err
	}
	if len(things)*len(p.Matches) > maxOptions && m.State != configset.Open {
		things = []configset.Thing{m.To}
	}
	of := map[string]string{}
	if m.Source == schemaform.IssueTypes { // those of one project are told apart by it
		projects, err := p.Things(ctx, schemaform.Projects)
		if err != nil {
			return row, err
		}
		for _, one := range projects {
			of[one.ID] = one.Key
		}
	}
	for _, t := range things {
		label := t.String()
		if t.Project != "" {
			label += " (" + of[t.Project] + ")"
		}
		row.Options = append(row.Options, ui.ImportOption{Value: t.ID, Label: label})
	}
	slices.SortStableFunc(row.Options, func(a, b ui.ImportOption) int {
		return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label))
	})
	if row.Missing && in.template != "" {
		row.Advice = missingAdvice(m)
	}
	return row, nil
}

// missingAdvice says what to create in Jira for a template. The app has no right to do so.
func missingAdvice(m configset.Match) string {
	named := "“" + m.Thing.Name + "”"
	if len(m.Thing.Also) > 0 {
		named += " (or " + strings.Join(m.Thing.Also[:min(3, len(m.Thing.Also))], ", ") + ")"
	}
	switch m.Source {
	case schemaform.IssueTypes:
		return "There is no type " + named + " on this site. Choose one that means the same, or have a Jira admin create it under Settings, Issues, Issue types, and add it to the issue type scheme of the project. Then check again."
	case schemaform.Projects:
		return "There is no project " + named + " on this site. Choose the one in which these issues are, or create it in Jira. Then check again."
	}
	return ""
}

func itemRow(i configset.Item) ui.ImportItem {
	row := ui.ImportItem{Ref: i.Ref, Plugin: i.Plugin, Type: i.Type, Label: i.Label, What: outcome[i.What].word, Tone: outcome[i.What].tone, Taken: i.What != configset.Skipped, Notes: i.Notes}
	if i.ByName && i.What == configset.Changed {
		row.Notes = append(slices.Clip(row.Notes), "One of this name is here already, and would become as the file says.")
	}
	for _, d := range i.Diff {
		row.Diff = append(row.Diff, ui.ImportDifference(d))
	}
	for _, p := range i.Problems {
		words := p.Message
		if p.Setting != "" {
			words = p.Setting + ": " + words
		}
		row.Problems = append(row.Problems, ui.ImportProblem{Says: words, Do: p.Do})
	}
	if i.What == configset.Skipped && len(i.Problems) > 0 {
		row.Taken = true // it comes back when its reason is gone
	}
	return row
}

// importList are the imports that can be undone, with the names that Jira has for who made them.
func (s *Server) importList(ctx context.Context, by asker) (ui.ImportList, error) {
	all, err := s.Sets.Imports(ctx, by.tenant.ID)
	if err != nil {
		return ui.ImportList{}, err
	}
	who := map[string]string{"": "Whoever runs this server"}
	var ids []string
	for _, r := range all {
		if r.By != "" && !slices.Contains(ids, r.By) {
			ids = append(ids, r.By)
		}
	}
	for _, c := range s.Features.Named(ctx, by.tenant, ids) {
		who[c.ID] = c.Name
	}
	var out ui.ImportList
	for _, r := range all {
		row := ui.ImportRow{ID: r.ID, What: "File", Who: who[r.By], At: r.At, Undone: r.Undone, Created: r.Created, Changed: r.Changed, Until: r.Until}
		if row.Who == "" {
			row.Who = r.By
		}
		for _, t := range configset.Templates() {
			if t.Name == r.Origin {
				row.What = t.Title
			}
		}
		out.Imports = append(out.Imports, row)
	}
	return out, nil
}

func (s *Server) drawImports(ctx context.Context, c *fiber.Ctx, by asker, undo *ui.UndoForm, flag *view.Flag) error {
	list, err := s.importList(ctx, by)
	if err != nil {
		return err
	}
	list.Undo, list.Flag = undo, flag
	var out bytes.Buffer
	if undo != nil && undo.Done {
		if err := s.written(ctx, &out, by); err != nil {
			return err
		}
	}
	if err := s.UI.Imports(&out, list); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// planUndo says what undoing an import would do.
func (s *Server) planUndo(ctx context.Context, c *fiber.Ctx, by asker) error {
	got, err := s.Sets.PlanUndo(ctx, by.tenant, by.account, c.Params("id"))
	if err != nil {
		return err
	}
	return s.drawImports(ctx, c, by, &ui.UndoForm{ID: c.Params("id"), Items: undoItems(got)}, nil)
}

func (s *Server) undoSet(ctx context.Context, c *fiber.Ctx, by asker) error {
	got, err := s.Sets.Undo(ctx, by.tenant, by.account, c.Params("id"))
	if err != nil {
		return err
	}
	s.note(ctx, by.tenant, by.account, audit.Entry{Action: audit.ImportUndone, Object: c.Params("id")})
	return s.drawImports(ctx, c, by, &ui.UndoForm{ID: c.Params("id"), Items: undoItems(got), Done: true}, &view.Flag{Tone: view.Success, Title: "Undone"})
}

func undoItems(all []configset.Undone) []ui.UndoItem {
	words := map[configset.UndoWhat]struct {
		word string
		tone view.Tone
	}{configset.Deleted: {"Deleted", view.Info}, configset.PutBack: {"As before", view.Success}, configset.Kept: {"Kept", view.Warning}}
	var out []ui.UndoItem
	for _, u := range all {
		out = append(out, ui.UndoItem{Plugin: u.Plugin, Type: u.Type, Label: u.Label, What: words[u.What].word, Tone: words[u.What].tone, Why: u.Why})
	}
	return out
}
