package main

import (
	"context"
	"fmt"
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
	sides, err := firstSides(ctx)
	if err != nil {
		return nil, err
	}
	text, id := field(r, "lines"), field(r, "relation")
	form := importForm(sides)
	if form.Fields[0].Value = id; len(text) <= mostPrinted {
		form.Fields[1].Value = text
	}
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
		err = fmt.Errorf("there are no links in it. Choose a file with two issues in each line")
	}
	if err != nil {
		form.Fields[1].Error = capital(err.Error()) + "."
		return again()
	}
	if len(rows) > mostAtOnce || len(text) > mostPrinted {
		return p.takeIn(ctx, side, rows)
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
			Label: "Make " + linkCount(makes), Action: "import", Params: map[string]string{"relation": id}, State: []byte(state.String()), Primary: true,
		}}, buttons...)
	}
	out.Blocks = append(out.Blocks, view.Actions(buttons...), view.Block{Section: &view.Section{
		Title: "Change the lines", Name: "lines", Collapsed: true, Blocks: []view.Block{{Form: form}},
	}})
	return out, nil
}

// told says of entries how many would be made, and why the others are not.
func told(all []*entry) []view.Block {
	i := &intake{}
	for _, e := range all {
		switch {
		case e.result.What == relations.Made:
			i.Made++
		case e.result.What == relations.Nothing:
			i.There++
		case e.wrong != "":
			i.refuse(e.line, e.keys, e.wrong)
		default:
			i.refuse(e.line, e.keys, words(e.result))
		}
	}
	return toldOf(i.Made, i.There, i.Wrong, i.Shown)
}

// startImport begins the run that makes the links of a file.
func (p *plugin) startImport(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := firstSides(ctx)
	if err != nil {
		return nil, err
	}
	side := sideOf(sides, r.Params["relation"])
	if side == nil {
		return nil, invalid("The relation is gone. Choose another one.")
	}
	token := r.Params["rows"]
	if token == "" {
		if token, err = keep(ctx, r.State); err != nil {
			return nil, err
		}
	}
	n, err := store.Count(ctx, store.Query{Type: rowType, Prefix: []string{token}, Limit: mostPlanned})
	if err != nil {
		return nil, err
	}
	if n.Records == 0 {
		return nil, invalid("There is nothing to import any more. Read the file anew.")
	}
	total := int64(n.Records)
	if n.More {
		total = 0 // nobody counted
	}
	if _, err := job.Start(ctx, job.New{Job: importJob, Input: map[string]string{"relation": side.Relation, "rows": token}, Total: total}); err != nil {
		return nil, err
	}
	return p.pageWith(ctx, begun)
}

// keep remembers by ids what the page kept of a file.
func keep(ctx context.Context, state []byte) (string, error) {
	tokens, err := store.Tokens(ctx, 1)
	if err != nil {
		return "", err
	}
	rows, err := rowsOf(state, tokens[0])
	if err != nil {
		return "", err
	}
	_, err = store.Put(ctx, rows...)
	return tokens[0], err
}

// rowsOf reads what the page kept of a file. It comes from the browser.
func rowsOf(state []byte, token string) ([]store.Record, error) {
	var out []store.Record
	seen := map[string]bool{}
	for line := range strings.Lines(string(state)) {
		first, second, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if store.Validate(store.KindIssue, first) != nil || store.Validate(store.KindIssue, second) != nil || len(out) == mostAtOnce {
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
	chunk, err := chunkOf(ctx, s.Input["relation"])
	if err != nil {
		return nil, err
	}
	out := &job.Result{Counts: map[string]int64{}}
	var done []store.Record
	q := store.Query{Type: rowType, Prefix: []string{s.Input["rows"]}, IDs: true, Limit: chunk}
	for begun := p.now(); !out.Finished && len(done) < mostMoved && p.now().Sub(begun) < enough; {
		page, err := store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		q.Cursor, out.Finished = page.Next, page.Next == ""
		if len(page.Records) == 0 {
			continue
		}
		var pairs []relations.Pair
		for _, r := range page.Records {
			pairs = append(pairs, relations.Pair{Relation: s.Input["relation"], First: r.Fields["first"], Second: r.Fields["second"]})
			r.Rev = 0
			done = append(done, r)
		}
		whats, err := joinPairs(ctx, relations.Joining{Pairs: pairs, Batch: relations.BatchOf(s.Run)})
		if err != nil {
			return nil, err
		}
		for _, o := range whats {
			out.Counts[countOf(o.What)]++
		}
	}
	out.Done = int64(len(done))
	if len(done) == 0 {
		return out, nil
	}
	_, err = store.Write(ctx, store.Changes{Delete: done})
	return out, err
}

// chunkOf is how many links of a relation one change is about.
func chunkOf(ctx context.Context, relation string) (int, error) {
	sides, err := firstSides(ctx)
	if err != nil {
		return 0, err
	}
	if s := sideOf(sides, relation); s != nil && s.Native {
		return relations.MostNative, nil
	}
	return relations.MostPairs, nil
}
