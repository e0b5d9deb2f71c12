package main

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/plugins/relations/issuelist"
	"github.com/pergola-platform/pergola/plugins/relations/variables"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// related draws the panels that show in an issue.
func related(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	out := &view.Page{Title: "Related issues"}
	if r.Context.Account == "" {
		out.Blocks = []view.Block{{Empty: &view.Empty{Title: "Log in to see related issues", Body: "They show to users who are logged in to Jira."}}}
		return out, nil
	}
	all, err := panels(ctx)
	if err != nil {
		return nil, err
	}
	i, known, err := here(ctx, r.Context.IssueID)
	if err != nil {
		return nil, err
	}
	opened := strings.Split(r.Params["open"], ",")
	all = slices.DeleteFunc(all, func(p panel) bool { return !p.holds(i) })
	values := read(ctx, r, all, opened)
	for _, p := range all {
		d := drawing{
			panel: p, issue: i, known: known, values: values, context: r.Context,
			call: view.Call{View: "panel", Params: map[string]string{"panel": p.id, "open": r.Params["open"]}},
		}
		if p.id == r.Params["panel"] {
			d.page, _ = strconv.Atoi(r.Params["page"])
			d.sorted = r.Params["sort"]
		}
		out.Blocks = append(out.Blocks, d.section(ctx, opened))
	}
	if len(out.Blocks) == 0 {
		out.Blocks = []view.Block{{Empty: &view.Empty{Title: "No panel shows here", Body: "A Jira admin says under Apps, Pergola, Filter panels what shows beside which issues."}}}
	}
	return out, nil
}

// here reads the issue at hand and the site's fields.
func here(ctx context.Context, id string) (*jira.Issue, []jira.Field, error) {
	known, err := jira.Fields(ctx)
	if err != nil {
		return nil, nil, err
	}
	i, err := jira.Get(ctx, id, "summary")
	return i, known, err
}

// waits says whether a panel is not drawn before the user asks for it.
func (p panel) waits(opened []string) bool { return p.collapsed && !slices.Contains(opened, p.id) }

// read asks for the variables of all panels that are drawn, at once. It returns nil where that fails: each panel then asks for its own, so that
// what one of them cannot have is missing in that one alone.
func read(ctx context.Context, r *sdk.Request, all []panel, opened []string) variables.Values {
	var templates []*variables.Template
	for _, p := range all {
		if p.template != nil && !p.waits(opened) {
			templates = append(templates, p.template)
		}
	}
	values, err := variables.Read(ctx, place(r.Context), templates...)
	if err != nil {
		return nil
	}
	return values
}

func place(c sdk.Context) variables.Place {
	return variables.Place{IssueID: c.IssueID, Account: c.Account}
}

func isKnown(known []jira.Field, id string) bool {
	return slices.ContainsFunc(known, func(f jira.Field) bool { return f.ID == id })
}

// drawing is a panel that is drawn for an issue.
type drawing struct {
	panel
	issue   *jira.Issue
	known   []jira.Field
	values  variables.Values // nil where they are not read yet
	context sdk.Context
	call    view.Call
	page    int
	sorted  string
	admin   bool // says what is wrong in Jira's words
}

// section draws the panel, and of one that is not asked for yet a button that does.
func (d drawing) section(ctx context.Context, opened []string) view.Block {
	s := &view.Section{Title: d.name, Name: d.sectionName()}
	if d.waits(opened) {
		params := map[string]string{"open": strings.Trim(strings.Join(append(opened, d.id), ","), ",")}
		s.Blocks = []view.Block{view.Actions(view.Button{Label: "Show " + d.name, View: "panel", Params: params})}
		return view.Block{Section: s}
	}
	s.Blocks, s.Badge = d.blocks(ctx)
	return view.Block{Section: s}
}

// blocks runs the query. What is wrong with one panel is said in its place, and leaves the others as they are.
func (d drawing) blocks(ctx context.Context) (blocks []view.Block, badge string) {
	query, err := d.asked(ctx)
	if err != nil {
		return d.failed(err), ""
	}
	list := issuelist.List{
		Look: d.Look, Name: d.sectionName(), Label: d.name, Known: d.known, Ordered: true, Empty: d.empty, Page: d.page, Sorted: d.sorted, Call: d.call,
	}
	if query == "" {
		return list.Blocks(), "0"
	}
	fields := slices.DeleteFunc(d.Fields(), func(id string) bool { return !isKnown(d.known, id) })
	got, err := d.find(ctx, query, fields)
	if err != nil {
		return d.failed(err), ""
	}
	list.Issues, list.Hidden, list.More = got.issues, got.hidden, got.more
	blocks = append(list.Blocks(), view.Block{Text: &view.Text{Spans: []view.Span{{
		Text: "Open in navigator", Href: d.context.SiteURL + "/issues/?jql=" + url.QueryEscape(query),
	}}}})
	badge = strconv.Itoa(len(list.Issues))
	if list.More {
		badge = "more than " + badge
	}
	return blocks, badge
}

// asked is the panel's query for the issue.
func (d drawing) asked(ctx context.Context) (string, error) {
	if d.problem != nil {
		return "", d.problem
	}
	if d.values == nil {
		var err error
		if d.values, err = variables.Read(ctx, place(sdk.Context{IssueID: d.issue.ID, Account: d.context.Account}), d.template); err != nil {
			return "", err
		}
	}
	return d.query(d.issue.ID, d.values)
}

func (d drawing) failed(err error) []view.Block {
	n := &view.Notice{Tone: view.Warning, Title: "This panel cannot be shown", Body: "Try again in a moment. If it stays so, tell an admin of Jira."}
	switch sdk.CodeOf(err) {
	case sdk.NotFound, sdk.PermissionDenied:
		if d.searchAs != "" {
			n.Body = "The account that searches for it is gone or may not be used any more. An admin of Jira has to choose another one."
		}
	case sdk.Invalid:
		n.Body = "Jira does not take its query for this issue. An admin of Jira finds out why on the page Panel preview."
	case sdk.Exhausted:
		n.Body = "Too much is asked at this moment, or too much is linked here to search by it. Reload the page a little later."
	}
	if d.admin {
		n.Body = err.Error()
	}
	return []view.Block{{Notice: n}}
}

func (d drawing) sectionName() string { return relations.SectionName("panel", d.id) }
