package sdktest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// Expand presses the button of the node with that label, in whichever graph of the page it stands.
//
// Since: v0.5
func (h *Host) Expand(page *view.Page, node string) (*view.Page, error) {
	for b := range blocks(page.Blocks) {
		if b.Graph == nil {
			continue
		}
		for _, n := range b.Graph.Nodes {
			if n.Label == node && n.Expand != nil {
				return h.follow(*n.Expand, nil)
			}
		}
	}
	return nil, sdk.Errorf(sdk.NotFound, "the page has no node %q that expands", node)
}

func (c *checker) graph(at string, g *view.Graph) {
	if g.Label == "" {
		c.add(at, "has no label")
	}
	if len(g.Nodes) > view.MaxGraphNodes || len(g.Edges) > view.MaxGraphEdges {
		c.add(at, "has %d nodes and %d edges; the host draws %d and %d", len(g.Nodes), len(g.Edges), view.MaxGraphNodes, view.MaxGraphEdges)
	}
	nodes := map[string]bool{}
	for i, n := range g.Nodes {
		here := fmt.Sprintf("%s node %d", at, i)
		if n.ID == "" || n.Label == "" {
			c.add(here, "has the id %q and the label %q; it needs both", n.ID, n.Label)
		}
		if nodes[n.ID] {
			c.add(here, "has the id %q of another one", n.ID)
		}
		nodes[n.ID] = true
		c.icon(here, n.Icon)
		if n.Expand != nil {
			c.call(here, n.Expand)
		}
	}
	for i, e := range g.Edges {
		here := fmt.Sprintf("%s edge %d", at, i)
		if e.Label == "" {
			c.add(here, "has no label")
		}
		if !slices.Contains(colors, e.Color) {
			c.add(here, "has the color %q, which is none of sdk/view", e.Color)
		}
		for _, end := range []string{e.From, e.To} {
			if !nodes[end] {
				c.add(here, "names the node %q, which is not there", end)
			}
		}
	}
}

// graph writes the nodes, then the edges by the labels of their nodes.
func (w *writer) graph(g *view.Graph) {
	w.line("graph: %s", g.Label)
	labels := map[string]string{}
	for _, n := range g.Nodes {
		text := "- " + n.Label
		if n.Focus {
			text = "* " + n.Label
		}
		if n.IssueID != "" {
			text += " <" + n.IssueID + ">"
		}
		if n.Detail != "" {
			text += ": " + n.Detail
		}
		if n.Lozenge != "" {
			text += " [" + strings.ToUpper(n.Lozenge) + "]"
		}
		if n.Expand != nil {
			text += " (+)"
		}
		w.line("%s", text)
		labels[n.ID] = n.Label
	}
	for _, e := range g.Edges {
		from, to := "-", "->"
		if e.Both {
			from = "<-"
		}
		w.line("  %s %s %s %s %s", labels[e.From], from, e.Label, to, labels[e.To])
	}
}
