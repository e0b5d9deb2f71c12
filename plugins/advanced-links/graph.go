package main

import (
	"context"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

const (
	deepest   = 3   // steps from the issue
	mostNodes = 200 // of a graph
	perSide   = 50  // links of an issue and side that a graph follows
)

// graph draws what is linked to the issue, and to that, as far as the user asks.
func (p *plugin) graph(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	depth, err := strconv.Atoi(r.Params["depth"])
	if err != nil {
		depth = 1
	}
	depth = min(max(depth, 1), deepest)
	all, err := relations(ctx)
	if err != nil {
		return nil, err
	}
	w := &web{relations: all, nodes: map[string]*jira.Issue{}, seen: map[view.Edge]bool{}}
	if err := w.spread(ctx, r.Context.IssueID, depth); err != nil {
		return nil, err
	}
	out := &view.Page{Title: "Linked assets", Blocks: []view.Block{{Graph: w.drawing(r.Context.IssueID)}}}
	if w.hidden > 0 {
		out.Blocks = append(out.Blocks, view.Muted(hiddenWords(w.hidden)))
	}
	if w.cut {
		out.Blocks = append(out.Blocks, view.Muted("There is more than a graph can show. Look at the list of an issue for all its links."))
	}
	var buttons []view.Button
	if depth < deepest {
		buttons = append(buttons, view.Button{Label: "Show further links", View: "graph", Params: map[string]string{"depth": strconv.Itoa(depth + 1)}})
	}
	if depth > 1 {
		buttons = append(buttons, view.Button{Label: "Show fewer", View: "graph", Params: map[string]string{"depth": strconv.Itoa(depth - 1)}})
	}
	out.Blocks = append(out.Blocks, view.Actions(append(buttons, view.Button{Label: "Show as a list", View: "panel"})...))
	return out, nil
}

// web is what a graph has been found to be made of. A circle of links ends where it meets what is there.
type web struct {
	relations []relation
	nodes     map[string]*jira.Issue
	order     []string // ids of nodes, the nearest first
	edges     []view.Edge
	seen      map[view.Edge]bool
	hidden    int  // issues that the user may not see
	cut       bool // there was no room for more
}

// spread follows the links of an issue, a step at a time: each reads its issues at once.
func (w *web) spread(ctx context.Context, issue string, depth int) error {
	next := []string{issue}
	var edges []view.Edge // whose other ends are the next issues
	for step := 0; step <= depth && len(next) > 0; step++ {
		found, err := w.meet(ctx, next)
		if err != nil {
			return err
		}
		w.settle(edges)
		edges, next = nil, nil
		if step == depth {
			break
		}
		for _, i := range found {
			some, err := w.around(ctx, i)
			if err != nil {
				return err
			}
			edges = append(edges, some...)
		}
		for _, e := range edges {
			for _, id := range []string{e.From, e.To} {
				if w.nodes[id] == nil && !slices.Contains(next, id) {
					next = append(next, id)
				}
			}
		}
	}
	w.settle(edges)
	return nil
}

// settle keeps the links both of whose ends are there, each once.
func (w *web) settle(edges []view.Edge) {
	for _, e := range edges {
		if w.nodes[e.From] != nil && w.nodes[e.To] != nil && !w.seen[e] {
			w.seen[e] = true
			w.edges = append(w.edges, e)
		}
	}
}

// meet reads issues, as far as there is room for them.
func (w *web) meet(ctx context.Context, ids []string) ([]*jira.Issue, error) {
	if room := mostNodes - len(w.nodes); len(ids) > room {
		ids, w.cut = ids[:room], true
	}
	var out []*jira.Issue
	for some := range slices.Chunk(ids, jira.MaxIssues) {
		list, err := jira.Issues(ctx, some, "summary", "status")
		if err != nil {
			return nil, err
		}
		w.hidden += list.Hidden
		for i := range list.Issues {
			one := &list.Issues[i]
			w.nodes[one.ID] = one
			w.order, out = append(w.order, one.ID), append(out, one)
		}
	}
	return out, nil
}

// around returns the links of an issue.
func (w *web) around(ctx context.Context, i *jira.Issue) ([]view.Edge, error) {
	var out []view.Edge
	for _, s := range sidesOf(w.relations, i) {
		page, err := s.links(ctx, i.ID, "", perSide)
		if err != nil {
			return nil, err
		}
		w.cut = w.cut || page.next != ""
		for _, other := range page.ids {
			e := view.Edge{From: i.ID, To: other, Label: s.ends[first].label, Color: s.color}
			if s.end == second {
				e.From, e.To = other, i.ID
			}
			out = append(out, e)
		}
	}
	return out, nil
}

func (w *web) drawing(focus string) *view.Graph {
	g := &view.Graph{Label: "Linked assets", Edges: w.edges}
	for _, id := range w.order {
		i := w.nodes[id]
		g.Nodes = append(g.Nodes, view.Node{
			ID: id, Label: i.Key, Detail: i.Fields["summary"].Text, IssueID: id, Lozenge: i.Fields["status"].Text, Focus: id == focus,
		})
	}
	return g
}
