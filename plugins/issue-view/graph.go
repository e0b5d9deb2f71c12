package main

import (
	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// mostNodes is how many issues a graph shows and stays readable.
const mostNodes = 200

// graph draws the issues around that in which the panel is; cut says that there are more than it shows.
func (s *site) graph(focus string, part *relations.Part, seen []jira.Issue) (block view.Block, cut bool) {
	g := &view.Graph{Label: part.Label}
	here := node(s.issues[focus])
	here.ID, here.Focus = focus, true
	if here.Label == "" {
		here.Label = "This issue" // gone or hidden since the panel was opened
	}
	g.Nodes = append(g.Nodes, here)
	for n, i := range seen {
		if n == mostNodes-1 {
			return view.Block{Graph: g}, true
		}
		if i.ID == focus {
			continue
		}
		g.Nodes = append(g.Nodes, node(i))
		g.Edges = append(g.Edges, view.Edge{From: focus, To: i.ID, Label: part.Label})
	}
	return view.Block{Graph: g}, false
}

func node(i jira.Issue) view.Node {
	status := i.Fields["status"]
	n := view.Node{ID: i.ID, IssueID: i.ID, Label: i.Key, Detail: i.Fields["summary"].Text, Lozenge: status.Text}
	switch status.Category {
	case jira.StatusInProgress:
		n.Tone = view.Info
	case jira.StatusDone:
		n.Tone = view.Success
	}
	return n
}
