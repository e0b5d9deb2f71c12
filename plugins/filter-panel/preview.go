package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/view"
)

// chosen is what an admin previews.
type chosen struct{ panel, issue string }

// previewPage shows the form, and a panel whose page or order is asked for.
func previewPage(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	return preview(ctx, r, chosen{r.Params["panel"], r.Params["issue"]})
}

// previewForm shows the panel that the form names.
func previewForm(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	first := func(name string) string {
		if all := r.Form[name]; len(all) > 0 {
			return all[0]
		}
		return ""
	}
	return preview(ctx, r, chosen{first("panel"), first("issue")})
}

func preview(ctx context.Context, r *sdk.Request, c chosen) (*view.Page, error) {
	out := &view.Page{Title: "Panel preview"}
	if may, err := administers(ctx, r); err != nil || !may {
		out.Blocks = []view.Block{{Empty: &view.Empty{Title: "For admins of Jira", Body: "Admins see here what a filter panel shows for an issue, before users do."}}}
		return out, err
	}
	all, err := panels(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		out.Blocks = []view.Block{{Empty: &view.Empty{Title: "There are no panels yet", Body: "Write one under Apps, Pergola, Filter panels. Leave “Show it in issues” out until you have seen it here."}}}
		return out, nil
	}
	form := form(all, c)
	out.Blocks = []view.Block{{Form: form}}
	at := slices.IndexFunc(all, func(p panel) bool { return p.id == c.panel })
	switch {
	case c.panel == "" && c.issue == "":
		return out, nil
	case at < 0:
		form.Error = "This panel is gone. Choose another one."
		return out, nil
	case c.issue == "":
		form.Fields[1].Error = "Choose an issue."
		return out, nil
	}
	i, known, err := here(ctx, c.issue)
	if sdk.CodeOf(err) == sdk.NotFound {
		form.Fields[1].Error = "This issue is gone, or you may not see it."
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	form.Fields[1].Chosen = []view.Choice{choice(i)}
	d := drawing{
		panel: all[at], issue: i, known: known, context: r.Context, sorted: r.Params["sort"], admin: true,
		call: view.Call{View: "preview", Params: map[string]string{"panel": c.panel, "issue": c.issue}},
	}
	d.page, _ = strconv.Atoi(r.Params["page"])
	out.Blocks = append(out.Blocks, d.explained(ctx)...)
	blocks, badge := d.blocks(ctx)
	out.Blocks = append(out.Blocks, view.Block{Section: &view.Section{Title: d.name, Name: d.sectionName(), Badge: badge, Blocks: blocks}})
	return out, nil
}

// explained says whether users see the panel beside the issue, and which query is asked.
func (d drawing) explained(ctx context.Context) []view.Block {
	where := view.Muted("Users see this panel beside " + d.issue.Key + ".")
	if !d.holds(d.issue) {
		where = view.Muted("Users do not see this panel beside " + d.issue.Key + ", since it is for other projects or types, or not shown yet.")
	}
	query, err := d.asked(ctx)
	if err != nil {
		return []view.Block{where}
	}
	if query == "" {
		return []view.Block{where, view.Muted("A variable of the query has no value in this issue, so nothing is asked.")}
	}
	return []view.Block{where, {Text: &view.Text{Spans: []view.Span{{Text: query, Code: true}}}}}
}

func administers(ctx context.Context, r *sdk.Request) (bool, error) {
	if r.Context.Account == "" {
		return false, nil
	}
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.Administer}})
	if err != nil {
		return false, err
	}
	return rights.Globally(jira.Administer), nil
}

func form(all []panel, c chosen) *view.Form {
	which := view.Field{Name: "panel", Label: "Panel", Kind: view.SelectField, Required: true, Value: c.panel}
	for _, p := range all {
		label := p.name
		if !p.shown {
			label += " (not shown yet)"
		}
		which.Options = append(which.Options, view.Option{Value: p.id, Label: label})
	}
	return &view.Form{Action: "preview", Submit: "Preview", Fields: []view.Field{
		which, {Name: "issue", Label: "Beside the issue", Kind: view.PickerField, Suggest: "issues", Required: true},
	}}
}

func choice(i *jira.Issue) view.Choice {
	return view.Choice{Value: i.ID, Label: i.Key + " " + i.Fields["summary"].Text}
}

// suggest offers issues by key or words of the summary, those that changed last first.
func suggest(ctx context.Context, r *sdk.Request) (*view.Choices, error) {
	if may, err := administers(ctx, r); err != nil || !may {
		return &view.Choices{}, err
	}
	text := strings.TrimSpace(r.Params["q"])
	words := jql.Field("updated").GreaterEq("-30d")
	if text != "" {
		words = jql.Field("summary").Typed(text)
	}
	where := words
	if key := strings.ToUpper(text); relations.IsKey(key) {
		where = jql.Or(jql.Field("issuekey").Eq(key), words)
	}
	s := jira.Search{JQL: jql.OrderBy(where, jql.Field("updated").Desc()), Fields: []string{"summary"}, Limit: 20}
	found, err := jira.Find(ctx, s)
	if sdk.CodeOf(err) == sdk.Invalid {
		s.JQL = jql.OrderBy(words, jql.Field("updated").Desc()) // Jira refuses the key of an issue that is not there
		found, err = jira.Find(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	out := &view.Choices{More: found.Next != ""}
	for i := range found.Issues {
		out.Choices = append(out.Choices, choice(&found.Issues[i]))
	}
	return out, nil
}
