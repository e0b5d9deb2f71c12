package ui_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// assets is a graph like those of a site's assets: people with devices, software on them, contracts and places.
func assets(n int) *view.Graph {
	g := &view.Graph{Label: "Relations of OPS-1 Mail server in Hamburg"}
	add := func(label, detail string, icon view.Icon, lozenge string, tone view.Tone) string {
		i := len(g.Nodes)
		id := fmt.Sprint(i)
		g.Nodes = append(g.Nodes, view.Node{
			ID: id, Label: fmt.Sprintf("OPS-%d %s", i+1, label), Detail: detail, IssueID: fmt.Sprint(10001 + i), Icon: icon, Lozenge: lozenge, Tone: tone, Focus: i == 0,
		})
		return id
	}
	link := func(from, label, to string, color view.Color) {
		g.Edges = append(g.Edges, view.Edge{From: from, To: to, Label: label, Color: color})
	}
	full := func() bool { return len(g.Nodes) >= n }
	root := add("Mail server in Hamburg", "Rack 4, unit 12", view.DeviceIcon, "in use", view.Success)
	owner := add("Anna Lindqvist", "Operations", view.PersonIcon, "", "")
	link(root, "is owned by", owner, view.Teal)
	site := add("Data centre Hamburg", "Hammerbrook, second floor", view.CompanyIcon, "", "")
	link(root, "stands in", site, view.Blue)
	contract := add("Support contract 2026", "Ends on 31 December", view.DocumentIcon, "expires soon", view.Warning)
	link(contract, "covers", root, view.Orange)
	mail := add("Mail for all of the company and its subsidiaries", "", view.ProjectIcon, "", "")
	link(mail, "runs on", root, view.Purple)
	g.Nodes[4].Expand = &view.Call{View: "graph", Params: map[string]string{"issue": "10005"}}
	software := []string{"Postfix", "Dovecot", "Rspamd", "ClamAV", "Grafana agent", "Backup client", "Monitoring probe"}
	for i := 0; !full(); i++ {
		host := add(fmt.Sprintf("Virtual machine %d", i+1), fmt.Sprintf("%d GB, Debian 13", 8<<(i%3)), view.DeviceIcon, []string{"in use", "in repair", "retired"}[i%3], []view.Tone{view.Success, view.Danger, view.Neutral}[i%3])
		if i%3 == 2 {
			link(mail, "runs on", host, view.Purple)
		} else {
			link(root, "hosts", host, view.Green)
		}
		for k := 0; k < 3+i%4 && !full(); k++ {
			s := add(software[(i+k)%len(software)], fmt.Sprintf("Version %d.%d", 2+k, i), view.StoryIcon, "", "")
			link(host, "has installed", s, view.Magenta)
		}
		if i%4 == 1 {
			link(host, "is owned by", owner, view.Teal)
		}
		if i%5 == 3 && !full() {
			bug := add("Login fails after the update", "Since Monday", view.BugIcon, "open", view.Danger)
			link(bug, "affects", host, view.Red)
		}
	}
	return g
}

// hub is a node with so many leaves.
func hub(n int) *view.Graph {
	g := &view.Graph{Label: "Devices of Anna", Nodes: []view.Node{{ID: "hub", Label: "OPS-1 Anna Lindqvist", IssueID: "10001", Focus: true, Icon: view.PersonIcon}}}
	for i := range n {
		id := fmt.Sprint(i)
		g.Nodes = append(g.Nodes, view.Node{ID: id, Label: fmt.Sprintf("OPS-%d Laptop", i+2), IssueID: fmt.Sprint(10002 + i), Icon: view.DeviceIcon})
		g.Edges = append(g.Edges, view.Edge{From: "hub", To: id, Label: []string{"uses", "answers for"}[i%3/2], Color: []view.Color{view.Teal, view.Orange}[i%3/2]})
	}
	return g
}

func graphPage(g *view.Graph) *view.Page {
	return &view.Page{Title: "Relations", Blocks: []view.Block{{Graph: g}}}
}

func drawn(t *testing.T, g *view.Graph) string {
	t.Helper()
	return fragment(t, ui.Shell{SiteURL: "https://acme.example"}, graphPage(g))
}

func TestGraphIsDrawnByTheRules(t *testing.T) {
	loops := &view.Graph{Nodes: []view.Node{{ID: "a", Label: "A"}}, Edges: []view.Edge{{From: "a", To: "a", Label: "l", Both: true}}}
	for _, g := range []*view.Graph{assets(5), assets(40), assets(200), hub(199), loops, {Nodes: make([]view.Node, 3)}} {
		checkRules(t, drawn(t, g))
	}
}

func TestGraphWithoutNodesIsNotDrawn(t *testing.T) {
	if got := drawn(t, &view.Graph{Label: "l", Edges: []view.Edge{{From: "a", To: "b", Label: "l"}}}); strings.Contains(got, "<svg") {
		t.Error(got)
	}
}

func TestGraphHasALinkALegendAndATableForWhatItDraws(t *testing.T) {
	got := drawn(t, assets(5))
	for part, n := range map[string]int{
		`class="graph-node" href="https://acme.example/browse/OPS-`: 5, `<g class="graph-edge`: 4, `type="checkbox"`: 4, "<tr>": 5, "graph-spot focus": 1,
		`data-call="view/graph"`: 1, ">Show what is linked to OPS-5 Mail for all of the company and its subsidiaries</title>": 1,
		">runs on</text>": 1, "<td>runs on</td>": 1, `class="graph-head"`: 8, `class="graph-edge tint orange"`: 1, ">EXPIRES SOON</text>": 1,
		"5 nodes and 4 relations.": 1,
	} {
		if have := strings.Count(got, part); have != n {
			t.Errorf("%q stands there %d times, want %d", part, have, n)
		}
	}
	// Whoever sees no colours tells the kinds apart by their dashes.
	if n := strings.Count(got, "stroke-dasharray"); n != 6 {
		t.Errorf("%d dashed lines in drawing and legend, want 6", n)
	}
}

func TestLinkOfANodeWithoutAnAddressCanBePressed(t *testing.T) {
	got := fragment(t, ui.Shell{}, graphPage(assets(5)))
	if n := strings.Count(got, `<a class="graph-node" role="link" tabindex="0" data-issue="1000`); n != 5 {
		t.Errorf("%d links: %s", n, got)
	}
}

func TestIssuesOfAGraphAreLookedUp(t *testing.T) {
	g := assets(5)
	g.Nodes[3].Label = "Support contract"
	if got := ui.IssueIDs(graphPage(g)); !slices.Equal(got, []string{"10004"}) {
		t.Errorf("%v", got)
	}
}

func TestNodesOfOneIDAreOneAndEdgesIntoTheVoidNone(t *testing.T) {
	got := drawn(t, &view.Graph{Label: "l", Nodes: []view.Node{{ID: "a", Label: "First"}, {ID: "a", Label: "Second"}}, Edges: []view.Edge{{From: "a", To: "b", Label: "l"}}})
	if strings.Contains(got, "Second") || !strings.Contains(got, "First") || strings.Contains(got, "graph-edge") || strings.Contains(got, "cut short") {
		t.Error(got)
	}
}

func TestGraphIsCutAtItsBounds(t *testing.T) {
	g := hub(view.MaxGraphNodes)
	for range view.MaxGraphEdges {
		g.Edges = append(g.Edges, view.Edge{From: "hub", To: "1", Label: "repairs"})
	}
	got := drawn(t, g)
	if n := strings.Count(got, `class="graph-spot`); n != view.MaxGraphNodes {
		t.Errorf("%d nodes", n)
	}
	if n := strings.Count(got, `class="graph-edge`); n > view.MaxGraphEdges || n < view.MaxGraphEdges-2 {
		t.Errorf("%d edges", n)
	}
	if !strings.Contains(got, "cut short") {
		t.Error("the page does not say that it is cut")
	}
	if got := drawn(t, hub(view.MaxGraphNodes-1)); strings.Contains(got, "cut short") {
		t.Error("a graph within the bounds is cut")
	}
}

func TestLongWordsAreCutAndStayInTheTitle(t *testing.T) {
	long := strings.Repeat("漢字とかな", 40)
	got := drawn(t, &view.Graph{Label: "l", Nodes: []view.Node{{ID: "a", Label: long, Detail: long, Lozenge: long}}})
	if !strings.Contains(got, "<title>"+long+", "+long+", "+long) || strings.Contains(got, `">`+long+"</text>") || !strings.Contains(got, "漢字とかな漢字とかな漢字と…</text>") {
		t.Errorf("%.3000s", got)
	}
}

func BenchmarkGraphOf200(b *testing.B) {
	r := newRenderer(b)
	p := graphPage(assets(200))
	for b.Loop() {
		if err := r.Fragment(discard{}, ui.Shell{}, p); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Forty times the same words hide what they stand beside, and the legend says them once.
func TestLinesThatAllSayOneThingDoNotRepeatIt(t *testing.T) {
	words := func(spokes int, also ...view.Edge) int {
		g := &view.Graph{Label: "l", Nodes: []view.Node{{ID: "hub", Label: "Hub"}}, Edges: also}
		for i := range spokes {
			id := strconv.Itoa(i)
			g.Nodes = append(g.Nodes, view.Node{ID: id, Label: id})
			g.Edges = append(g.Edges, view.Edge{From: "hub", To: id, Label: "uses"})
		}
		return strings.Count(drawn(t, g), `class="graph-words"`)
	}
	if few, many, mixed := words(4), words(13), words(13, view.Edge{From: "1", To: "2", Label: "repairs"}); few == 0 || many != 0 || mixed == 0 {
		t.Errorf("of few lines %d carry words, of many that say the same %d, of many that do not %d", few, many, mixed)
	}
}
