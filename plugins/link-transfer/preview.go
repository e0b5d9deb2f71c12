package main

import (
	"context"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/view"
)

// mostLooked bounds the pages of issues that are looked through for the first links.
const mostLooked = 5

// preview shows what would become of the first links of a migration, by keys as they are read now.
func (p *plugin) preview(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	m, err := loadMigration(ctx, r.Params["migration"])
	if err != nil {
		return nil, err
	}
	scope, err := m.scope()
	if err != nil {
		return nil, err
	}
	all, more, err := m.first(ctx, scope)
	if err != nil {
		return nil, err
	}
	out := &view.Page{Title: "Link transfer", Blocks: []view.Block{view.H("First links of “" + m.name + "”")}}
	if len(all) == 0 {
		body := "No issue that the query finds has such a link at this end, or you may not see the other one."
		if more {
			body = "None of the first issues has such a link. A dry run goes through all of them."
		}
		out.Blocks = append(out.Blocks, view.Block{Empty: &view.Empty{Title: "There are no links", Body: body}}, back())
		return out, nil
	}
	if err := join(ctx, all, 0, true); err != nil {
		return nil, err
	}
	var pairs []relations.Pair
	for _, l := range all {
		pairs = append(pairs, l.pair)
	}
	keys, err := keysOf(ctx, pairs)
	if err != nil {
		return nil, err
	}
	t := &view.Table{Caption: "First links", Columns: []view.Column{{Title: "First end"}, {Title: "Second end"}, {Title: "What becomes of it"}}}
	for _, l := range all {
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{
			{Spans: []view.Span{{Text: keys[l.pair.First], IssueID: l.pair.First}}}, {Spans: []view.Span{{Text: keys[l.pair.Second], IssueID: l.pair.Second}}}, view.T(words(l.Outcome)),
		}})
	}
	out.Blocks = append(out.Blocks, view.Block{Table: t})
	if more {
		out.Blocks = append(out.Blocks, view.Muted("There are more. A dry run counts all of them."))
	}
	out.Blocks = append(out.Blocks, back())
	return out, nil
}

// first returns the first links that a migration is about; more says that there may be others.
func (m *migration) first(ctx context.Context, scope jql.Clause) (all []*moving, more bool, err error) {
	s := jira.Search{JQL: jql.OrderBy(scope, jql.Field("key").Asc()), Fields: []string{"summary"}, Limit: jira.MaxIssues}
	for range mostLooked {
		found, err := jira.Find(ctx, s)
		if err != nil {
			return nil, false, err
		}
		if len(found.Issues) > 0 {
			some, err := m.moves(ctx, &stretch{issues: found.Issues})
			if err != nil {
				return nil, false, err
			}
			all = append(all, some...)
		}
		if len(all) > mostShown {
			return all[:mostShown], true, nil
		}
		if s.Cursor = found.Next; s.Cursor == "" {
			return all, false, nil
		}
	}
	return all, true, nil
}
