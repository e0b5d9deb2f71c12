package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

const rowType = "row" // of records

// mostShown bounds the lines of a table that says what is wrong, or what would be done.
const mostShown = 50

// read says what would become of the lines of a file. Nothing of them is kept: what can be linked waits as ids in the page.
func (p *plugin) read(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := ownSides(ctx)
	if err != nil {
		return nil, err
	}
	text, id := field(r, "lines"), field(r, "relation")
	form := importForm(sides)
	form.Fields[0].Value, form.Fields[1].Value = id, text
	again := func() (*view.Page, error) {
		return &view.Page{Title: "Link transfer", Blocks: []view.Block{view.H("Import"), {Form: form}, back()}}, nil
	}
	side := sideOf(sides, id)
	if side == nil {
		form.Fields[0].Error = "Choose a relation."
		return again()
	}
	rows, err := parseTable(text)
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("there are no links in it. Paste the lines of a file, each with two issues")
	}
	if err != nil {
		form.Fields[1].Error = capital(err.Error()) + "."
		return again()
	}
	all, err := entries(ctx, rows, *side)
	if err == nil {
		err = judge(ctx, all)
	}
	if sdk.CodeOf(err) == sdk.Invalid {
		form.Error = messageOf(err)
		return again()
	}
	if err != nil {
		return nil, err
	}
	out := &view.Page{Title: "Link transfer", Blocks: []view.Block{view.H("Import into “" + side.Name + "”")}}
	out.Blocks = append(out.Blocks, told(all)...)
	var state strings.Builder
	makes := 0
	for _, e := range all {
		if e.result.What == relations.Made {
			makes++
			fmt.Fprintf(&state, "%s %s\n", e.pair.First, e.pair.Second)
		}
	}
	buttons := []view.Button{{Label: "Back", View: "transfer"}}
	if makes > 0 {
		buttons = append([]view.Button{{
			Label: "Make " + plural(makes, "link"), Action: "import", Params: map[string]string{"relation": id}, State: []byte(state.String()), Primary: true,
		}}, buttons...)
	}
	out.Blocks = append(out.Blocks, view.Actions(buttons...), view.Block{Section: &view.Section{
		Title: "Change the lines", Name: "lines", Collapsed: true, Blocks: []view.Block{{Form: form}},
	}})
	return out, nil
}

// told says of entries how many would be made, and why the others are not.
func told(all []*entry) []view.Block {
	makes, there := 0, 0
	t := &view.Table{Caption: "Lines that make no link", Columns: []view.Column{{Title: "Line", Number: true}, {Title: "Issues"}, {Title: "Why"}}}
	for _, e := range all {
		switch e.result.What {
		case relations.Made:
			makes++
			continue
		case relations.Nothing:
			there++
			continue
		}
		why := e.wrong
		if why == "" {
			why = words(e.result)
		}
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{view.T(strconv.Itoa(e.line)), view.T(e.keys), view.T(why)}})
	}
	wrong := len(t.Rows)
	out := []view.Block{{Text: &view.Text{Spans: []view.Span{{Text: fmt.Sprintf("Would be made: %d. Are there already: %d. Cannot be made: %d.", makes, there, wrong), Strong: true}}}}}
	if wrong == 0 {
		return out
	}
	if wrong > mostShown {
		t.Rows = t.Rows[:mostShown]
	}
	out = append(out, view.Block{Table: t})
	if wrong > mostShown {
		out = append(out, view.Muted(fmt.Sprintf("And %d more.", wrong-mostShown)))
	}
	return out
}

// startImport begins the run that makes the links of a file.
func (p *plugin) startImport(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := ownSides(ctx)
	if err != nil {
		return nil, err
	}
	side := sideOf(sides, r.Params["relation"])
	if side == nil {
		return nil, invalid("The relation is gone. Choose another one.")
	}
	token, err := store.Tokens(ctx, 1)
	if err != nil {
		return nil, err
	}
	rows, err := rowsOf(r.State, token[0])
	if err != nil {
		return nil, err
	}
	for n := 0; n < len(rows); n += 500 {
		if _, err := store.Put(ctx, rows[n:min(n+500, len(rows))]...); err != nil {
			return nil, err
		}
	}
	if _, err := job.Start(ctx, job.New{Job: importJob, Input: map[string]string{"relation": side.Relation, "rows": token[0]}, Total: int64(len(rows))}); err != nil {
		return nil, err
	}
	return p.pageWith(ctx, begun)
}

// rowsOf reads what the page kept of a file. It comes from the browser.
func rowsOf(state []byte, token string) ([]store.Record, error) {
	var out []store.Record
	seen := map[string]bool{}
	for line := range strings.Lines(string(state)) {
		first, second, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if store.Validate(store.KindIssue, first) != nil || store.Validate(store.KindIssue, second) != nil || len(out) == mostRows {
			return nil, invalid("The page is not as it was made. Read the file anew.")
		}
		if !seen[line] {
			seen[line] = true
			out = append(out, store.Record{Type: rowType, Fields: map[string]string{"rows": token, "first": first, "second": second}})
		}
	}
	if len(out) == 0 {
		return nil, invalid("There is nothing to import. Read the file anew.")
	}
	return out, nil
}

// importStep makes a few links of a file, and forgets them. What is killed before it forgets finds the links made.
func (p *plugin) importStep(ctx context.Context, s *job.Step) (*job.Result, error) {
	page, err := store.List(ctx, store.Query{Type: rowType, Prefix: []string{s.Input["rows"]}, IDs: true, Limit: relations.MostPairs})
	if err != nil {
		return nil, err
	}
	out := &job.Result{Counts: map[string]int64{}, Finished: page.Next == "", Done: int64(len(page.Records))}
	if len(page.Records) == 0 {
		return out, nil
	}
	var pairs []relations.Pair
	for n, r := range page.Records {
		pairs = append(pairs, relations.Pair{Relation: s.Input["relation"], First: r.Fields["first"], Second: r.Fields["second"]})
		page.Records[n].Rev = 0
	}
	whats, err := joinPairs(ctx, relations.Joining{Pairs: pairs, Batch: relations.BatchOf(s.Run)})
	if err != nil {
		return nil, err
	}
	for _, o := range whats {
		out.Counts[countOf(o.What)]++
	}
	_, err = store.Write(ctx, store.Changes{Delete: page.Records})
	return out, err
}
