package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui/graph"
)

const nodeWidth, nodeHeight = 180, 44

// samples are graphs of every form that is hard in a way of its own.
func samples() map[string]graph.Graph {
	out := map[string]graph.Graph{
		"nothing":                    {},
		"one node":                   {Nodes: 1},
		"one node with loops":        {Nodes: 1, Edges: []graph.Edge{{}, {Kind: 1}, {Kind: 1}}},
		"no edges":                   {Nodes: 40, Focus: 7},
		"edges into the void":        {Nodes: 2, Focus: 9, Edges: []graph.Edge{{0, 5, 0}, {-1, 0, 0}, {0, 1, 0}}},
		"a cycle":                    {Nodes: 7},
		"parallel edges":             {Nodes: 2, Edges: []graph.Edge{{0, 1, 0}, {0, 1, 1}, {1, 0, 0}, {1, 0, 2}, {0, 1, 0}}},
		"a hub, out":                 {Nodes: 200},
		"a hub, in":                  {Nodes: 200, Focus: 3},
		"a hub of many kinds":        {Nodes: 200},
		"two hubs that share leaves": {Nodes: 62},
		"a chain":                    {Nodes: 60, Focus: 30},
		"a grid":                     {Nodes: 100, Focus: 55},
		"all with all":               {Nodes: 24},
		"islands":                    {Nodes: 60},
		"a long ladder":              {Nodes: 401, Focus: 0},
	}
	for name, g := range out {
		edge := func(from, to, kind int) { g.Edges = append(g.Edges, graph.Edge{From: from, To: to, Kind: kind}) }
		for n := range g.Nodes {
			switch name {
			case "a cycle":
				edge(n, (n+1)%g.Nodes, 0)
			case "a hub, out":
				if n > 0 {
					edge(0, n, 0)
				}
			case "a hub, in":
				if n != 3 {
					edge(n, 3, 0)
				}
			case "a hub of many kinds":
				if n > 0 && n%2 == 0 {
					edge(0, n, n%7)
				} else if n > 0 {
					edge(n, 0, n%5)
				}
			case "two hubs that share leaves":
				if n > 1 {
					edge(0, n, 0)
					edge(n, 1, 1)
				}
			case "a chain":
				if n > 0 {
					edge(n-1, n, n%3)
				}
			case "a grid":
				if n%10 > 0 {
					edge(n-1, n, 0)
				}
				if n >= 10 {
					edge(n-10, n, 1)
				}
			case "all with all":
				for m := range n {
					edge(n, m, m%4)
				}
			case "a long ladder": // two chains away from the focus, with rungs
				if n > 2 {
					edge(n-2, n, 0)
					edge(n-1, n, n%2)
				} else if n == 2 {
					edge(2, 0, 0)
				} else if n == 1 {
					edge(0, 1, 0)
				}
			case "islands":
				if n%4 > 0 {
					edge(n, n-n%4, 0)
				}
			}
		}
		out[name] = g
	}
	for seed := range uint64(40) {
		nodes := 5 + int(seed)*5
		for _, dense := range []float64{0.6, 1.2, 3} {
			out[fmt.Sprintf("by chance %d, %g", seed, dense)] = chance(seed, nodes, int(float64(nodes)*dense))
		}
	}
	return out
}

func chance(seed uint64, nodes, edges int) graph.Graph {
	r := rand.New(rand.NewPCG(seed, 1))
	g := graph.Graph{Nodes: nodes, Focus: r.IntN(nodes)}
	for range edges {
		g.Edges = append(g.Edges, graph.Edge{From: r.IntN(nodes), To: r.IntN(nodes), Kind: r.IntN(6)})
	}
	return g
}

// points are places on a line, close enough to each other that no node lies between two.
func points(l graph.Line) []graph.Point {
	out := []graph.Point{l.Start}
	at := l.Start
	for _, s := range l.Steps {
		const parts = 64
		for i := 1; i <= parts; i++ {
			t := float64(i) / parts
			u := 1 - t
			by := func(a, b, c, d float64) float64 { return u*u*u*a + 3*u*u*t*b + 3*u*t*t*c + t*t*t*d }
			if s.Straight {
				by = func(a, _, _, d float64) float64 { return u*a + t*d }
			}
			out = append(out, graph.Point{X: by(at.X, s.C1.X, s.C2.X, s.To.X), Y: by(at.Y, s.C1.Y, s.C2.Y, s.To.Y)})
		}
		at = s.To
	}
	return out
}

func inside(p, corner graph.Point) bool {
	const skin = 0.5
	return p.X > corner.X+skin && p.X < corner.X+nodeWidth-skin && p.Y > corner.Y+skin && p.Y < corner.Y+nodeHeight-skin
}

func TestNoTwoNodesOverlapAndAllLieInTheDrawing(t *testing.T) {
	for name, g := range samples() {
		d := graph.Lay(g, graph.Config{})
		for n, a := range d.Nodes {
			if a.X < 0 || a.Y < 0 || a.X+nodeWidth > d.Width+1e-6 || a.Y+nodeHeight > d.Height+1e-6 || math.IsNaN(a.X+a.Y) {
				t.Errorf("%s: node %d at %v lies outside of %g by %g", name, n, a, d.Width, d.Height)
			}
			for m, b := range d.Nodes[:n] {
				if math.Abs(a.X-b.X) < nodeWidth+8 && math.Abs(a.Y-b.Y) < nodeHeight+8 {
					t.Fatalf("%s: nodes %d and %d are at %v and %v", name, m, n, b, a)
				}
			}
		}
	}
}

func TestLinesMeetTheirNodesAndCrossNoOther(t *testing.T) {
	for name, g := range samples() {
		d := graph.Lay(g, graph.Config{})
		for i, e := range g.Edges {
			l := d.Lines[i]
			if min(e.From, e.To) < 0 || max(e.From, e.To) >= g.Nodes {
				if len(l.Steps) > 0 {
					t.Errorf("%s: edge %d leads nowhere and has a line", name, i)
				}
				continue
			}
			first, last := e.From, e.To
			if l.Reversed {
				first, last = last, first
			}
			meets := func(p graph.Point, n, side int) bool {
				x := d.Nodes[n].X
				if side > 0 {
					x += nodeWidth
				}
				return math.Abs(p.X-x) < 1e-6 && p.Y > d.Nodes[n].Y && p.Y < d.Nodes[n].Y+nodeHeight
			}
			if !meets(l.Start, first, l.Leaves) || !meets(l.End(), last, l.Comes) {
				t.Fatalf("%s: edge %d (%v) runs from %v to %v; its nodes are at %v and %v", name, i, e, l.Start, l.End(), d.Nodes[first], d.Nodes[last])
			}
			for _, p := range points(l) {
				if p.X < 0 || p.Y < 0 || p.X > d.Width || p.Y > d.Height {
					t.Fatalf("%s: edge %d leaves the drawing at %v", name, i, p)
				}
				for n, corner := range d.Nodes {
					if inside(p, corner) {
						t.Fatalf("%s: edge %d (%v) crosses node %d at %v", name, i, e, n, p)
					}
				}
			}
		}
	}
}

func TestTheSameGraphGivesTheSameDrawing(t *testing.T) {
	first := samples()
	for name, g := range samples() {
		if d := cmp.Diff(graph.Lay(first[name], graph.Config{}), graph.Lay(g, graph.Config{})); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestEachNodeIsReadOnce(t *testing.T) {
	for name, g := range samples() {
		order := slices.Sorted(slices.Values(graph.Lay(g, graph.Config{}).Order))
		for i := range g.Nodes {
			if len(order) != g.Nodes || order[i] != i {
				t.Errorf("%s: the order is %v", name, order)
				break
			}
		}
	}
}

func TestWhatPointsToTheFocusStandsOnItsLeft(t *testing.T) {
	g := graph.Graph{Nodes: 6, Focus: 2, Edges: []graph.Edge{{0, 2, 0}, {1, 2, 0}, {2, 3, 1}, {2, 4, 1}, {5, 3, 0}}}
	d := graph.Lay(g, graph.Config{})
	for n, want := range []int{-1, -1, 0, 1, 1, 1} {
		if got := d.Nodes[n].X - d.Nodes[2].X; got != 0 && math.Signbit(got) != (want < 0) || got == 0 && want != 0 {
			t.Errorf("node %d is %g away from the focus, want %d", n, got, want)
		}
	}
	if d.Nodes[5].X <= d.Nodes[3].X {
		t.Error("a node two steps away does not stand behind its neighbour")
	}
}

func TestAHubWithManyLeavesIsNotATower(t *testing.T) {
	for _, name := range []string{"a hub, out", "a hub, in", "a hub of many kinds", "two hubs that share leaves", "no edges", "islands"} {
		d := graph.Lay(samples()[name], graph.Config{})
		if ratio := d.Width / d.Height; ratio < 0.5 || ratio > 3 {
			t.Errorf("%s is %g by %g", name, d.Width, d.Height)
		}
	}
}

// A tree of 8 by 8 by 2: what is next to the root would be screens away from it, in the middle of what it leads to.
func TestNeighboursOfTheFocusStandAroundItHoweverMuchThereIs(t *testing.T) {
	for _, inwards := range []bool{false, true} {
		g := graph.Graph{Nodes: 201}
		for n := 1; n < g.Nodes; n++ {
			from := 0
			switch {
			case n > 72:
				from = 9 + (n-73)/2
			case n > 8:
				from = 1 + (n-9)/8
			}
			if e := (graph.Edge{From: from, To: n}); inwards {
				g.Edges = append(g.Edges, graph.Edge{From: e.To, To: e.From})
			} else {
				g.Edges = append(g.Edges, e)
			}
		}
		d := graph.Lay(g, graph.Config{})
		for n := 1; n <= 8; n++ {
			if away := math.Abs(d.Nodes[n].Y - d.Nodes[0].Y); away > 4*(nodeHeight+16) {
				t.Errorf("node %d is %g away from the focus", n, away)
			}
		}
		if d.Height > 70*(nodeHeight+16) { // 64 nodes of one column, and no more for the 128 of the next one
			t.Errorf("it is %g high", d.Height)
		}
	}
}

func TestATreeIsDrawnWithoutCrossings(t *testing.T) {
	g := graph.Graph{Nodes: 121}
	for n := 1; n < g.Nodes; n++ {
		g.Edges = append(g.Edges, graph.Edge{From: (n - 1) / 3, To: n})
	}
	d := graph.Lay(g, graph.Config{})
	for i := range g.Edges { // in a tree the children of a node that stands higher stand higher
		for k := range g.Edges[:i] {
			a, b := g.Edges[k], g.Edges[i]
			if d.Nodes[a.From].X == d.Nodes[b.From].X && (d.Nodes[a.From].Y-d.Nodes[b.From].Y)*(d.Nodes[a.To].Y-d.Nodes[b.To].Y) < 0 {
				t.Fatalf("edges %v and %v cross", a, b)
			}
		}
	}
}

func BenchmarkLay(b *testing.B) {
	for _, bench := range []struct {
		name string
		g    graph.Graph
	}{
		{"200 nodes, 600 edges by chance", chance(1, 200, 600)}, {"hub of 199", samples()["a hub, out"]}, {"500 nodes, 2000 edges by chance", chance(2, 500, 2000)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				graph.Lay(bench.g, graph.Config{})
			}
		})
	}
}

func FuzzLay(f *testing.F) {
	f.Add(uint8(3), uint8(0), []byte{0, 1, 0, 1, 2, 1, 2, 2, 0})
	f.Add(uint8(0), uint8(9), []byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, nodes, focus uint8, edges []byte) {
		g := graph.Graph{Nodes: int(nodes), Focus: int(focus)}
		for e := range slices.Chunk(edges[:min(len(edges), 600)], 3) {
			if len(e) == 3 {
				g.Edges = append(g.Edges, graph.Edge{From: int(e[0]), To: int(e[1]), Kind: int(e[2])})
			}
		}
		d := graph.Lay(g, graph.Config{})
		for n, a := range d.Nodes {
			for m, b := range d.Nodes[:n] {
				if math.Abs(a.X-b.X) < nodeWidth && math.Abs(a.Y-b.Y) < nodeHeight {
					t.Fatalf("nodes %d and %d overlap", m, n)
				}
			}
		}
	})
}
