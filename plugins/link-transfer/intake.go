package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// The bounds of a call that looks lines up, which has ten seconds.
const (
	mostLookedUp = 200
	looking      = 3 * time.Second
)

// intake is a large file on its way: its lines are looked up and judged a few with each call, and what can be linked waits as ids.
type intake struct {
	Relation string
	Rows     string // the token under which they wait
	Lines    packed // that are not looked up yet
	Total    int
	Made     int
	There    int
	Wrong    int
	Shown    []wrong
}

// wrong is a line that makes no link.
type wrong struct {
	Line   int
	Issues string
	Why    string
}

func (i *intake) refuse(line int, issues, why string) {
	if i.Wrong++; len(i.Shown) < mostShown {
		i.Shown = append(i.Shown, wrong{line, issues, why})
	}
}

// takeIn begins with a large file: what is no link at first sight is put aside.
func (p *plugin) takeIn(ctx context.Context, side *relations.Side, rows []row) (*view.Page, error) {
	tokens, err := store.Tokens(ctx, 1)
	if err != nil {
		return nil, err
	}
	i := &intake{Relation: side.Relation, Rows: tokens[0], Total: len(rows)}
	for _, r := range rows {
		why := r.wrong(side)
		if why == "" && !i.Lines.add(named{r.line, r.first, r.second}) {
			why = "A number is too large for an issue"
		}
		if why != "" {
			i.refuse(r.line, "", why)
		}
	}
	return p.lookUp(ctx, i, side)
}

func (i *intake) state() []byte {
	var p pen
	p.text(i.Relation)
	p.text(i.Rows)
	for _, n := range []int{i.Total, i.Made, i.There, i.Wrong, len(i.Shown)} {
		p.number(int64(n))
	}
	for _, w := range i.Shown {
		p.number(int64(w.Line))
		p.text(w.Issues)
		p.text(w.Why)
	}
	i.Lines.write(&p)
	return p
}

// goOnReading looks up some more.
func (p *plugin) goOnReading(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	e := &eye{rest: r.State}
	i := &intake{Relation: e.text(), Rows: e.text(), Total: e.count(), Made: e.count(), There: e.count(), Wrong: e.count()}
	for n := e.count(); n > 0 && !e.failed; n-- {
		i.Shown = append(i.Shown, wrong{e.count(), e.text(), e.text()})
	}
	if i.Lines.read(e); !e.done() || len(i.Shown) > mostShown || store.Validate(store.KindToken, i.Rows) != nil {
		return nil, invalid("The page is not as it was made. Read the file anew.")
	}
	sides, err := firstSides(ctx)
	if err != nil {
		return nil, err
	}
	side := sideOf(sides, i.Relation)
	if side == nil {
		return nil, invalid("The relation is gone. Choose another one.")
	}
	return p.lookUp(ctx, i, side)
}

// lookUp looks up and judges lines until the call is over.
func (p *plugin) lookUp(ctx context.Context, i *intake, side *relations.Side) (*view.Page, error) {
	plan, err := newPlan(ctx, i.Rows, i.Relation)
	if err != nil {
		return nil, err
	}
	plan.keep = true
	for begun := p.now(); len(i.Lines.Rows) > 0 && p.now().Sub(begun) < looking; {
		some, ok := i.Lines.take(mostLookedUp)
		if !ok {
			return nil, invalid("The page is not as it was made. Read the file anew.")
		}
		if err := i.judge(ctx, plan, side, some); err != nil {
			return nil, err
		}
	}
	out := &view.Page{Title: "Link transfer", Blocks: []view.Block{view.H("Import into “" + side.Name + "”")}}
	if len(i.Lines.Rows) > 0 {
		out.Blocks = append(out.Blocks, view.Block{Progress: &view.Progress{
			Label: "Lines checked", Done: min(i.Made+i.There+i.Wrong, i.Total), Total: i.Total, Next: &view.Next{Action: "look", State: i.state()}, Cancel: "home",
		}}, view.Muted("Keep this page open. Nothing is made before you have seen what would be."))
		return out, nil
	}
	out.Blocks = append(out.Blocks, toldOf(i.Made, i.There, i.Wrong, i.Shown)...)
	buttons := []view.Button{{Label: "Back", View: "transfer"}}
	if i.Made > 0 {
		buttons = append([]view.Button{{
			Label: "Make " + linkCount(i.Made), Action: "import", Params: map[string]string{"relation": i.Relation, "rows": i.Rows}, Primary: true,
		}}, buttons...)
	}
	out.Blocks = append(out.Blocks, view.Actions(buttons...))
	return out, nil
}

// judge looks lines up, and says what would become of them. One that says what another one said before counts as wrong.
func (i *intake) judge(ctx context.Context, plan *plan, side *relations.Side, some []named) error {
	var rows []row
	for _, l := range some {
		rows = append(rows, row{line: l.tag, first: l.first, second: l.second})
	}
	all, err := entries(ctx, rows, *side)
	if err != nil {
		return err
	}
	open := all[:0:0]
	plan.lines = map[relations.Pair]int{}
	for _, e := range all {
		if e.wrong != "" {
			i.refuse(e.line, e.keys, e.wrong)
			continue
		}
		r, err := store.Get(ctx, rowType, store.JoinID(plan.token, e.pair.First, e.pair.Second))
		switch {
		case err == nil && r.Fields["line"] != strconv.Itoa(e.line): // the same line again is of a call that is made again
			i.refuse(e.line, e.keys, "A line before says the same")
			continue
		case err != nil && sdk.CodeOf(err) != sdk.NotFound:
			return err
		}
		open, plan.lines[e.pair] = append(open, e), e.line
	}
	for n := 0; n < len(open); n += relations.MostPairs {
		chunk := open[n:min(n+relations.MostPairs, len(open))]
		var pairs []relations.Pair
		for _, e := range chunk {
			pairs = append(pairs, e.pair)
		}
		out, err := plan.judge(ctx, pairs)
		if err != nil {
			return err
		}
		for k, e := range chunk {
			switch out[k].What {
			case relations.Made:
				i.Made++
			case relations.Nothing:
				i.There++
			default:
				i.refuse(e.line, e.keys, words(out[k]))
			}
		}
	}
	return nil
}

// wrong says why a row can be no link of a relation, before anything is looked up; "" where it may be one.
func (r *row) wrong(relation *relations.Side) string {
	switch {
	case r.relation != "" && !strings.EqualFold(r.relation, relation.Name) && r.relation != relation.Relation:
		return "It is of another relation"
	case r.first == "" || r.second == "":
		return "An issue is missing"
	case !names(r.first):
		return unknown(r.first)
	case !names(r.second):
		return unknown(r.second)
	}
	return ""
}

// toldOf says how many links would be made, and why others are not.
func toldOf(makes, there, wrong int, shown []wrong) []view.Block {
	out := []view.Block{{Text: &view.Text{Spans: []view.Span{{Text: fmt.Sprintf("Would be made: %d. Are there already: %d. Cannot be made: %d.", makes, there, wrong), Strong: true}}}}}
	if wrong == 0 {
		return out
	}
	t := &view.Table{Caption: "Lines that make no link", Columns: []view.Column{{Title: "Line", Number: true}, {Title: "Issues"}, {Title: "Why"}}}
	for _, w := range shown {
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{view.T(fmt.Sprint(w.Line)), view.T(w.Issues), view.T(w.Why)}})
	}
	out = append(out, view.Block{Table: t})
	if n := wrong - len(shown); n > 0 {
		out = append(out, view.Muted(fmt.Sprintf("And %d more.", n)))
	}
	return out
}
