package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

var begun = &view.Flag{Tone: view.Success, Title: "The run has begun", Body: "It goes on when you leave this page."}

// page is the page for admins.
func (p *plugin) page(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
	return p.pageWith(ctx, nil)
}

func (p *plugin) pageWith(ctx context.Context, flag *view.Flag) (*view.Page, error) {
	sides, err := firstSides(ctx)
	if err != nil {
		return nil, err
	}
	page := &view.Page{Title: "Link transfer", Flag: flag}
	if len(sides) == 0 {
		page.Blocks = []view.Block{{Empty: &view.Empty{Title: "There is no relation yet", Body: "Write one under Apps, Pergola, Relations. Then links can be moved to it."}}}
		return page, nil
	}
	migrations, err := migrationBlocks(ctx, sides)
	if err != nil {
		return nil, err
	}
	page.Blocks = append(page.Blocks, migrations...)
	page.Blocks = append(page.Blocks, view.H("Import"), view.Block{Form: importForm(sides)},
		view.Block{Runs: &view.Runs{Job: importJob, Unit: "links", None: "Nothing was imported yet."}},
		view.H("Export"), view.Block{Form: exportForm(sides)},
		view.H("Take back"), view.Muted("Runs can be taken back for 30 days."), view.Actions(view.Button{Label: "Show the runs", View: "undo"}))
	return page, nil
}

// migrationBlocks lists the migrations with what can be done with them.
func migrationBlocks(ctx context.Context, sides []relations.Side) ([]view.Block, error) {
	all, err := config.List(ctx, migrationType)
	if err != nil {
		return nil, err
	}
	out := []view.Block{view.H("Move links of Jira’s own to a relation")}
	if len(all) == 0 {
		return append(out, view.Block{Empty: &view.Empty{Title: "There is no migration yet", Body: "Write one under Apps, Pergola, Migrations: which links, of which issues, and to which relation. Nothing is moved before you say so here."}}), nil
	}
	t := &view.Table{Caption: "Migrations", Columns: []view.Column{{Title: "Migration"}, {Title: "Relation"}, {Title: "Issues"}, {Title: ""}}, RowHeads: true}
	for _, d := range all {
		m := newMigration(d.ID, d.Rev, &d.Values)
		name := "gone"
		if s := sideOf(sides, m.relation); s != nil {
			name = s.Name
		}
		params := map[string]string{"migration": m.id}
		confirm := "Make links of the relation “" + name + "” of all links that the migration is about?"
		if m.remove {
			confirm += " Jira’s links go then."
		}
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{
			view.T(m.name), view.T(name), {Spans: []view.Span{{Text: m.query, Code: true}}},
			{Buttons: []view.Button{
				{Label: "Show the first", Action: "preview", Params: params},
				{Label: "Dry run", Action: "check", Params: params},
				{Label: "Move links", Action: "migrate", Params: params, Confirm: confirm},
			}},
		}})
	}
	return append(out, view.Block{Table: t},
		view.Block{Heading: &view.Heading{Level: 3, Text: "Dry runs"}}, view.Block{Runs: &view.Runs{Job: checkJob, Unit: "issues", None: "There was no dry run yet."}},
		view.Block{Heading: &view.Heading{Level: 3, Text: "Moves"}}, view.Block{Runs: &view.Runs{Job: migrateJob, Unit: "issues", None: "Nothing was moved yet."}}), nil
}

func (p *plugin) startCheck(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	return p.start(ctx, checkJob, r.Params["migration"])
}

func (p *plugin) startMigration(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	return p.start(ctx, migrateJob, r.Params["migration"])
}

// start begins a run of a migration as it is now.
func (p *plugin) start(ctx context.Context, name, id string) (*view.Page, error) {
	m, err := loadMigration(ctx, id)
	if err != nil {
		return nil, err
	}
	token, err := store.Tokens(ctx, 1)
	if err != nil {
		return nil, err
	}
	if _, err := job.Start(ctx, job.New{Job: name, Input: map[string]string{"migration": m.id, "revision": fmt.Sprint(m.rev), "pass": token[0]}}); err != nil {
		return nil, err
	}
	return p.pageWith(ctx, begun)
}

// firstSides are the first ends of the relations.
func firstSides(ctx context.Context) ([]relations.Side, error) {
	all, err := relations.Sides(ctx, "")
	if err != nil {
		return nil, err
	}
	if all == nil {
		return nil, absent()
	}
	return slices.DeleteFunc(all.Sides, func(s relations.Side) bool { return s.End.End != relations.First }), nil
}

func sideOf(sides []relations.Side, id string) *relations.Side {
	for n := range sides {
		if sides[n].Relation == id {
			return &sides[n]
		}
	}
	return nil
}

func importForm(sides []relations.Side) *view.Form {
	return &view.Form{Action: "read", Submit: "Check the lines", Fields: []view.Field{
		relationField(sides, false),
		{Name: "lines", Label: "File", Kind: view.FileField, Required: true, Help: "Choose a CSV file, or paste its lines: the key of the issue at the first end, and of the one at the second, with a comma, semicolon or tab between them. " +
			"A first line can name the columns: relation, first, second. At most " + mostWords + " links. Nothing is made before you have seen what would be."},
	}}
}

func exportForm(sides []relations.Side) *view.Form {
	return &view.Form{Action: "export", Submit: "Read the links", Fields: []view.Field{
		relationField(sides, true),
		{Name: "by", Label: "Issues by", Kind: view.SelectField, Value: "keys", Options: []view.Option{{Value: "keys", Label: "Keys"}, {Value: "ids", Label: "Ids"}}},
		{Name: "separator", Label: "Separator", Kind: view.SelectField, Value: "comma", Options: []view.Option{
			{Value: "comma", Label: "Comma"}, {Value: "semicolon", Label: "Semicolon"}, {Value: "tab", Label: "Tab"},
		}},
		{Name: "jql", Label: "Issues", Kind: view.TextAreaField, Help: "JQL that finds the issues at the first end whose links are saved, such as project = IT. Empty means all."},
	}}
}

func relationField(sides []relations.Side, all bool) view.Field {
	f := view.Field{Name: "relation", Label: "Relation", Kind: view.SelectField, Required: !all}
	if all {
		f.Options = append(f.Options, view.Option{Label: "All"})
	}
	for _, s := range sides {
		f.Options = append(f.Options, view.Option{Value: s.Relation, Label: s.Name})
	}
	return f
}

func back() view.Block { return view.Actions(view.Button{Label: "Back", View: "transfer"}) }

// field returns a field of a form.
func field(r *sdk.Request, name string) string {
	if all := r.Form[name]; len(all) > 0 {
		return all[0]
	}
	return ""
}

func linkCount(n int) string {
	if n == 1 {
		return "1 link"
	}
	return fmt.Sprintf("%d links", n)
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// messageOf is what a user reads of an error.
func messageOf(err error) string {
	var e *sdk.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "Something went wrong. Try again."
}
