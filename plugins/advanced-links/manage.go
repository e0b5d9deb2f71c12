package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// manage is the page for admins: which relations can be searched, and the runs that write their index.
func (p *plugin) manage(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
	return p.manageWith(ctx, nil)
}

func (p *plugin) manageWith(ctx context.Context, flag *view.Flag) (*view.Page, error) {
	all, err := relations(ctx)
	if err != nil {
		return nil, err
	}
	page := &view.Page{Title: "Advanced links", Flag: flag}
	add := func(b ...view.Block) { page.Blocks = append(page.Blocks, b...) }
	add(view.H("Search by links"))
	searchable := searchables(all)
	if len(searchable) == 0 {
		add(view.Block{Empty: &view.Empty{
			Title: "No relation is searchable",
			Body:  "Switch on “Searchable with JQL” in a relation whose links are kept by this feature, and come back here to have its links indexed.",
		}}, checks(), view.Muted("There are no links to compare. A check looks for issues that JQL still finds by links of relations that were searchable, among those that you may see; a repair takes these links out."))
	} else {
		table, err := p.searchTable(ctx, all)
		if err != nil {
			return nil, err
		}
		add(table, examples(firstSearchable(all)),
			view.Actions(
				append([]view.Button{{Label: "Index all links", Action: "index", Params: map[string]string{"how": howWrite}, Primary: true}}, checks().Buttons.Buttons...)...,
			),
			view.Muted("Links that come and go are indexed by themselves within seconds. Index all links once after a relation was made searchable. A check compares what stands in Jira with the links. It also looks for issues whose links are gone, among those that you may see."))
	}
	add(
		view.Block{Heading: &view.Heading{Level: 3, Text: "Indexing runs"}},
		view.Block{Runs: &view.Runs{Job: indexJob, Unit: "links", None: "Nothing was indexed or checked yet.", Then: "manage"}},
		view.Block{Heading: &view.Heading{Level: 3, Text: "Issues whose links are gone"}},
		view.Block{Runs: &view.Runs{Job: leftJob, Unit: "issues", None: "Nobody looked for them yet: a check does."}},
		view.Block{Section: &view.Section{Title: "What changes by itself", Name: "refresh", Collapsed: true, Blocks: []view.Block{
			{Runs: &view.Runs{Job: refreshJob, Unit: "issues", None: "No link of a searchable relation has come or gone yet."}},
		}}},
	)
	return page, nil
}

func checks() view.Block {
	return view.Actions(
		view.Button{Label: "Check", Action: "index", Params: map[string]string{"how": howCheck}},
		view.Button{Label: "Check and repair", Action: "index", Params: map[string]string{"how": howRepair}},
	)
}

// searchTable lists the searchable relations with what JQL takes.
func (p *plugin) searchTable(ctx context.Context, all []relation) (view.Block, error) {
	t := &view.Table{Caption: "Searchable relations", Columns: []view.Column{{Title: "Relation"}, {Title: "JQL for issues that have links"}, {Title: "All links indexed"}, {Title: ""}}}
	for _, r := range all {
		if !r.searchable || r.native {
			continue
		}
		at := view.T("never")
		if done, err := store.Get(ctx, indexedType, store.JoinID(r.id, "index")); err == nil {
			at = view.T(strings.Replace(done.Fields["at"][:len("2026-01-31T12:00")], "T", " ", 1) + " UTC")
		} else if sdk.CodeOf(err) != sdk.NotFound {
			return view.Block{}, err
		} else {
			at.Spans[0].Lozenge, at.Spans[0].Tone = true, view.Warning
		}
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{
			view.T(r.name),
			{Spans: []view.Span{{Text: clause(side{r, first}), Code: true}, {Text: " or "}, {Text: clause(side{r, second}), Code: true}}},
			at,
			{Buttons: []view.Button{{Label: "Index", Action: "index", Params: map[string]string{"how": howWrite, "relation": r.id}}}},
		}})
	}
	return view.Block{Table: t}, nil
}

// clause finds the issues that have links at a side.
func clause(s side) string { return jqlName + ` = "` + s.token() + `"` }

// firstSearchable is a relation for examples: there is one.
func firstSearchable(all []relation) relation {
	return all[slices.IndexFunc(all, func(r relation) bool { return r.searchable && !r.native })]
}

// examples are what users write in Jira's search.
func examples(r relation) view.Block {
	name := jql.Quote(r.name)
	code := func(text string) view.Span { return view.Span{Text: text, Code: true} }
	return view.Block{Text: &view.Text{Spans: []view.Span{
		{Text: "Users write names instead: "}, code("issue in linkedAssets(" + name + `, "KEY-1")`), {Text: ", "}, code("issue in assetsWithLinks(" + name + ")"),
		{Text: " or "}, code("issue in assetsWithoutLinks(" + name + ")"), {Text: ", each with an end of the relation where it matters."},
	}}}
}

// startIndex begins a run, of a relation or of all. A check has another one with it, which looks at the issues that no link leads to. Where no relation
// is searchable there are no links to go through, and the page says so.
func (p *plugin) startIndex(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	how := cmp.Or(r.Params["how"], howWrite)
	searchable, err := allSearchable(ctx)
	if err != nil {
		return nil, err
	}
	input := map[string]string{"how": how}
	if id := r.Params["relation"]; id != "" {
		if _, ok := searchable[id]; !ok {
			return p.manageWith(ctx, &view.Flag{Tone: view.Warning, Title: "Nothing was begun", Body: "The relation is gone, or not searchable any more."})
		}
		input["relation"] = id
	}
	begun := &view.Flag{Tone: view.Success, Title: "The run has begun", Body: "It goes on when you leave this page."}
	switch {
	case len(searchable) > 0:
		if _, err := job.Start(ctx, job.New{Job: indexJob, Input: input}); err != nil {
			return nil, err
		}
	case how == howWrite:
		return p.manageWith(ctx, &view.Flag{Tone: view.Warning, Title: "Nothing was begun", Body: "No relation is searchable any more, so there are no links to index."})
	default:
		begun.Body = "No relation is searchable, so it only looks for issues whose links are gone. " + begun.Body
	}
	if how != howWrite {
		if _, err := job.Start(ctx, job.New{Job: leftJob, Input: map[string]string{"how": how}}); err != nil {
			return nil, err
		}
	}
	return p.manageWith(ctx, begun)
}
