package sdktest_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

// around is a plugin whose page is a graph; pressing a node's button names the node in the title.
func around(g *view.Graph) *sdk.Plugin {
	return &sdk.Plugin{ID: "example.around", Version: "0.1.0", Views: map[string]sdk.View{
		"graph": sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: "Around " + r.Params["issue"], Blocks: []view.Block{{Section: &view.Section{Title: "s", Blocks: []view.Block{{Graph: g}}}}}}, nil
		}),
	}}
}

func laptop() *view.Graph {
	expand := &view.Call{View: "graph", Params: map[string]string{"issue": "10002"}}
	return &view.Graph{Label: "Relations of OPS-7", Nodes: []view.Node{
		{ID: "7", Label: "OPS-7", Detail: "Laptop", IssueID: "10001", Lozenge: "in use", Tone: view.Success, Icon: view.DeviceIcon, Focus: true},
		{ID: "8", Label: "OPS-8", Expand: expand},
	}, Edges: []view.Edge{{From: "7", To: "8", Label: "belongs to", Color: view.Teal}, {From: "8", To: "7", Label: "is near", Both: true}}}
}

func TestGraphIsExpandedAndWrittenAsText(t *testing.T) {
	h := sdktest.New(around(laptop()))
	page, err := h.View(sdk.Request{Name: "graph", Params: map[string]string{"issue": "10001"}})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
Around 10001
section: s
  graph: Relations of OPS-7
  * OPS-7 <10001>: Laptop [IN USE]
  - OPS-8 (+)
    OPS-7 - belongs to -> OPS-8
    OPS-8 <- is near -> OPS-7
`, "\n")
	if diff := cmp.Diff(want, sdktest.Text(page)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p, err := h.Expand(page, "OPS-8"); err != nil || p.Title != "Around 10002" {
		t.Errorf("expanded: %+v, %v", p, err)
	}
	if _, err := h.Expand(page, "OPS-7"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a node that does not expand: %v", err)
	}
}

func TestGraphThatBreaksARuleIsFound(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		change     func(g *view.Graph)
	}{
		{"no label", "has no label", func(g *view.Graph) { g.Label = "" }},
		{"a node without an id", "needs both", func(g *view.Graph) { g.Nodes[1].ID = "" }},
		{"two nodes of one id", "of another one", func(g *view.Graph) { g.Nodes[1].ID = "7" }},
		{"an icon of its own", "has the icon", func(g *view.Graph) { g.Nodes[0].Icon = "moon" }},
		{"a button that leads nowhere", "does not have", func(g *view.Graph) { g.Nodes[1].Expand.View = "moon" }},
		{"an edge without a label", "edge 0 has no label", func(g *view.Graph) { g.Edges[0].Label = "" }},
		{"a color of its own", "has the color", func(g *view.Graph) { g.Edges[0].Color = "moon" }},
		{"an edge into the void", `names the node "9"`, func(g *view.Graph) { g.Edges[1].To = "9" }},
		{"too many nodes", "the host draws 500", func(g *view.Graph) { g.Nodes = slices.Repeat(g.Nodes, 251) }},
	} {
		g := laptop()
		tt.change(g)
		_, err := sdktest.New(around(g)).View(sdk.Request{Name: "graph"})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q in it", tt.name, err, tt.want)
		}
	}
}
