package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// The page in the settings of a project: what is configured, and where it shows in this project. It is made of the blocks of plugins' pages. What it
// shows of other projects is that there are some.

const projectAPI = "/api/project/"

func (s *Server) projectRoutes() {
	s.app.Get("/connect/project", s.working(s.projectPage))
	s.app.Post(projectAPI+":project/view/list", s.ofProject(s.listPlaces))
	s.app.Post(projectAPI+":project/view/edit", s.ofProject(s.editPlace))
	s.app.Post(projectAPI+":project/action/save", s.ofProject(s.savePlace))
}

// projectPage draws the page for whoever opens it. On Connect the address says which project, and is covered by the token's hash; on Forge the
// token does. Jira is asked in both cases whether the account administers it.
func (s *Server) projectPage(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.opener(ctx, c)
	if err != nil {
		return err
	}
	id := digits(c.Query("project"))
	if c.Locals(principalKey{}) != nil {
		id = p.ProjectID
	}
	project, err := s.Features.ProjectAdmin(ctx, p, id)
	if err != nil {
		return err
	}
	page, err := s.drawPlaces(ctx, project)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := s.UI.Page(&out, s.projectShell(project, page.Title), page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

func (s *Server) projectShell(p feature.Project, title string) ui.Shell {
	shell := s.shell(ui.KindAdmin, title, projectAPI+p.ID)
	shell.SiteURL = p.Tenant.BaseURL
	return shell
}

// ofProject makes a handler of one that answers a call of the page with a page. The address says which project; whether the account administers
// it, Jira is asked for each call.
func (s *Server) ofProject(h func(ctx context.Context, p feature.Project, r *sdk.Request) (*view.Page, error)) fiber.Handler {
	return s.working(func(ctx context.Context, c *fiber.Ctx) error {
		p, err := s.caller(ctx, c)
		if err != nil {
			return err
		}
		project, err := s.Features.ProjectAdmin(ctx, p, digits(c.Params("project")))
		if err != nil {
			return err
		}
		r, err := callBody(c.Body())
		if err != nil {
			return err
		}
		page, err := h(ctx, project, r)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := s.UI.Fragment(&out, s.projectShell(project, page.Title), page); err != nil {
			return err
		}
		return sendPage(c, out.Bytes())
	})
}

func (s *Server) listPlaces(ctx context.Context, p feature.Project, _ *sdk.Request) (*view.Page, error) {
	return s.drawPlaces(ctx, p)
}

func (s *Server) editPlace(ctx context.Context, p feature.Project, r *sdk.Request) (*view.Page, error) {
	at := feature.Contexts{Plugin: capability.PluginID(r.Params["plugin"]), Type: r.Params["type"], ID: r.Params["id"], Path: r.Params["path"]}
	one, err := s.Features.PlacedAt(ctx, p, at)
	if err != nil {
		return nil, err
	}
	return drawPlace(p, one, placeForm{}), nil
}

// shownPlace is what the form was about, and what it showed. It comes back with the fields.
type shownPlace struct {
	At  feature.Contexts `json:"at"`
	All bool             `json:"all,omitempty"`
	IDs []string         `json:"ids,omitempty"`
}

// savePlace takes the form: the list with what is so now, or the form again with the error beside the field.
func (s *Server) savePlace(ctx context.Context, p feature.Project, r *sdk.Request) (*view.Page, error) {
	var shown shownPlace
	if json.Unmarshal(r.State, &shown) != nil {
		return nil, invalid("The page sent something unreadable. Reload it.")
	}
	was := schemaform.Types{All: shown.All, IDs: shown.IDs}
	one, err := s.Features.PlacedAt(ctx, p, shown.At)
	if err != nil {
		return nil, err
	}
	types := chosenTypes(p, one, r.Form)
	changed, err := s.Features.Place(ctx, p, shown.At, was, types)
	var refused *sdk.Error
	if errors.As(err, &refused) && refused.Code == sdk.Invalid {
		return drawPlace(p, one, placeForm{r.Form, refused.Message}), nil
	}
	if err != nil {
		return nil, err
	}
	if changed {
		s.note(ctx, p.Tenant, p.Account, audit.Entry{Action: audit.ConfigPlaced, Plugin: shown.At.Plugin, Type: shown.At.Type, Object: shown.At.ID, Project: p.ID})
	}
	page, err := s.drawPlaces(ctx, p)
	if err != nil {
		return nil, err
	}
	page.Flag = &view.Flag{Tone: view.Success, Title: "Saved"}
	return page, nil
}

// everyType names the switch for issues of all types.
const everyType = "all"

// typeField names the switch of an issue type.
func typeField(id string) string { return "type-" + id }

// chosenTypes reads the form. What is so in every project is not chosen here.
func chosenTypes(p feature.Project, one feature.Placed, form map[string][]string) (types schemaform.Types) {
	if first(form[everyType]) == "true" {
		return schemaform.Types{All: true}
	}
	for _, id := range offered(p, one) {
		if first(form[typeField(id)]) == "true" {
			types.IDs = append(types.IDs, id)
		}
	}
	return types
}

// offered are the types that the form lets choose: those of the project, and those that were chosen before and that it does not have any more, but
// for what is so in every project.
func offered(p feature.Project, one feature.Placed) []string {
	var out []string
	for _, t := range p.Types {
		if !one.Share.Common.Has(t.ID) && (p.SiteAdmin || !one.Reserved || one.Share.Own.Has(t.ID)) {
			out = append(out, t.ID)
		}
	}
	for _, id := range one.Share.Own.IDs {
		if !slices.Contains(out, id) && !one.Share.Common.Has(id) {
			out = append(out, id)
		}
	}
	return out
}

// typeName is what the project calls an issue type.
func typeName(p feature.Project, id string) string {
	for _, t := range p.Types {
		if t.ID == id {
			return t.Name
		}
	}
	return "Issue type " + id + ", which the project does not have"
}

// placeForm is what is shown again of a form that was sent, and what is wrong with it.
type placeForm struct {
	sent  map[string][]string
	wrong string
}

// field is the switch of one type, or of all of them.
func (f placeForm) field(name, label string, on bool) view.Field {
	if f.sent != nil {
		on = first(f.sent[name]) == "true"
	}
	out := view.Field{Name: name, Label: label, Kind: view.SwitchField}
	if on {
		out.Value = "true"
	}
	return out
}

func drawPlace(p feature.Project, one feature.Placed, f placeForm) *view.Page {
	page := &view.Page{Title: one.Label, Blocks: []view.Block{view.P(one.Feature + ", " + strings.ToLower(one.Of.Title) + ". " + one.Title + ".")}}
	add := func(b ...view.Block) { page.Blocks = append(page.Blocks, b...) }
	own, common := one.Share.Own, common(p, one)
	if common != "" {
		add(view.P("Jira admins have it in every project in issues of these types, here too: " + common + "."))
	}
	if one.Reserved {
		add(reservedNotice(p, own))
	}
	form := &view.Form{Action: "save", Submit: "Save", Error: f.wrong}
	if p.SiteAdmin || !one.Reserved || own.All {
		form.Fields = append(form.Fields, f.field(everyType, "All issue types, also those that come later", own.All))
	}
	for _, id := range offered(p, one) {
		form.Fields = append(form.Fields, f.field(typeField(id), typeName(p, id), slices.Contains(own.IDs, id)))
	}
	if len(form.Fields) == 0 {
		add(view.Actions(view.Button{Label: "Back", View: "list"}))
		return page
	}
	var err error
	if form.State, err = json.Marshal(shownPlace{one.Contexts, own.All, own.IDs}); err != nil {
		panic(err) // texts always encode
	}
	add(view.P("Have it in issues of " + p.Name + " of these types:"))
	if !one.Share.Others && !own.None() {
		add(view.Muted("It is in this project alone, so one type has to stay: without any it would be in all projects. A Jira admin can hide or delete it."))
	}
	add(view.Block{Form: form}, view.Actions(view.Button{Label: "Cancel", View: "list"}))
	return page
}

// reservedNotice says why somebody can only take types out.
func reservedNotice(p feature.Project, own schemaform.Types) view.Block {
	out := view.Notice{Tone: view.Warning, Title: "It works by the rights of a chosen person", Body: "Where it is, users can find what a person may see whom a Jira admin chose. "}
	switch {
	case p.SiteAdmin:
		out.Body += "Admins of the project can take issue types out, and not add any."
	case own.None():
		out.Body += "Only a Jira admin can add issue types."
	default:
		out.Body += "You can take issue types out; only a Jira admin can add some."
	}
	return view.Block{Notice: &out}
}

// common names the types of which it shows in every project, as far as this one has them.
func common(p feature.Project, one feature.Placed) string {
	var names []string
	for _, t := range p.Types {
		if !one.Share.Common.All && one.Share.Common.Has(t.ID) {
			names = append(names, t.Name)
		}
	}
	return strings.Join(names, ", ")
}

func (s *Server) drawPlaces(ctx context.Context, p feature.Project) (*view.Page, error) {
	all, err := s.Features.PlacedIn(ctx, p)
	if err != nil {
		return nil, err
	}
	page := &view.Page{Title: s.AppName, Blocks: []view.Block{
		view.P("What Jira admins configured, and whether it shows in issues of " + p.Name + ". You can have it show in more or fewer of them. Other projects stay as they are."),
	}}
	if len(all) == 0 {
		page.Blocks = append(page.Blocks, view.Block{Empty: &view.Empty{
			Title: "Nothing is configured yet", Body: "Relations, panels and other things that show in issues are listed here once a Jira admin has made some, in the settings of apps.",
		}})
		return page, nil
	}
	everywhere := false
	for i, one := range all {
		if i == 0 || all[i-1].Plugin != one.Plugin || all[i-1].Type != one.Type {
			page.Blocks = append(page.Blocks, view.H(one.Feature+": "+strings.ToLower(one.Of.Plural)), view.Block{Table: &view.Table{
				Caption: one.Of.Plural + " in " + p.Name, RowHeads: true, Columns: []view.Column{{Title: one.Of.Title}, {Title: "Place"}, {Title: "Shows in issues of"}, {Title: ""}},
			}})
		}
		table := page.Blocks[len(page.Blocks)-1].Table
		table.Rows = append(table.Rows, placeRow(p, one))
		everywhere = everywhere || one.Share.Common.All
	}
	if everywhere {
		page.Blocks = append(page.Blocks, view.Muted("What shows in all projects cannot be taken out of one: it would have to name the others, and new projects would not have it. A Jira admin can do that."))
	}
	return page, nil
}

func placeRow(p feature.Project, one feature.Placed) view.Row {
	state := view.T(placeWords(p, one.Share))
	if one.Share.Hidden {
		state.Spans = append(state.Spans, view.Span{Text: " "}, view.Span{Text: "Hidden everywhere", Lozenge: true})
	}
	row := view.Row{Cells: []view.Cell{view.T(one.Label), view.T(one.Title), state, {}}}
	if !one.Share.Common.All {
		row.Cells[3].Buttons = []view.Button{{
			Label: "Change", View: "edit", Params: map[string]string{"plugin": string(one.Plugin), "type": one.Type, "id": one.ID, "path": one.Path},
		}}
	}
	return row
}

// placeWords say in which issues of the project something shows.
func placeWords(p feature.Project, share schemaform.Share) string {
	types := share.Common.With(share.Own)
	switch {
	case share.Common.All:
		return "All projects"
	case types.All:
		return "All types"
	}
	var names []string
	for _, t := range p.Types {
		if types.Has(t.ID) {
			names = append(names, t.Name)
		}
	}
	if n := len(types.IDs) - len(names); n > 0 && len(names) == 0 {
		return fmt.Sprintf("None: the project does not have the types that are named (%s)", strings.Join(types.IDs, ", "))
	}
	if len(names) == 0 {
		return "None"
	}
	return strings.Join(names, ", ")
}
