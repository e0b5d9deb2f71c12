// Package graph says where the nodes and lines of a graph are drawn. It knows boxes of one size and lines between them, no words,
// colours or markup: host/ui draws what it answers.
//
// The focus stands in the middle; what is reached over a line that leaves it stands on its right, what is reached over one that comes
// in on its left, a column for each step away. So no line skips a column on its own side. Within a column the order is sought that
// has few crossings (barycentres, K. Sugiyama et al. 1981), and each node stands as near as it can to the middle of what it is linked
// to (least squares under the order, by pooling adjacent violators). Nodes of the same neighbours become one block of several rows
// and columns, for a hub with two hundred of them must not be two hundred rows high. Lines run between columns and in the gaps
// between rows, never across a node.
//
// The same graph gives the same drawing, always: there is no chance in it.
//
// Start with [Lay].
package graph

import (
	"cmp"
	"math"
	"slices"
)

// Graph is what is laid out. The zero value is a graph of nothing.
type Graph struct {
	// Nodes is how many there are; they are named by their numbers, from 0.
	Nodes int
	// Focus is the node in the middle. Where it is none of them, the node with most neighbours is.
	Focus int
	Edges []Edge
}

// Edge goes from a node to a node. An edge that names a node which is not there has no line.
type Edge struct {
	From, To int
	// Kind is what kind of relation it is. Edges of one kind that end at the same side of a node do so in one point.
	Kind int
}

// Config holds sizes, all in the units of the drawing. The zero value is ready for text of 13 pixels.
type Config struct {
	NodeWidth, NodeHeight float64 // default 180 and 44
	RowGap                float64 // between two nodes above each other; default 16
	ColumnGap             float64 // between two columns, at least; default 80
}

func (c Config) defaults() Config {
	for _, d := range []struct {
		value *float64
		or    float64
	}{{&c.NodeWidth, 180}, {&c.NodeHeight, 44}, {&c.RowGap, 16}, {&c.ColumnGap, 80}} {
		if !(*d.value > 0) || *d.value > 1000 {
			*d.value = d.or
		}
	}
	return c
}

// Point is a place; y grows downwards.
type Point struct{ X, Y float64 }

// Step is a part of a line: a cubic Bézier curve to a point, or a straight line there.
type Step struct {
	Straight bool
	C1, C2   Point
	To       Point
}

// Line is the line of an edge. It begins and ends level at the side of a node.
type Line struct {
	Start Point
	Steps []Step // none: the edge has no line
	// Reversed says that the line begins at the edge's To.
	Reversed bool
	// Label is where the edge's words can begin (Side 1), end (Side -1) or be centred (Side 0).
	Label Point
	Side  int
	// Leaves and Comes say to which side of its first and last node the line is: 1 for the right.
	Leaves, Comes int
}

// End is where the line ends.
func (l *Line) End() Point {
	if len(l.Steps) == 0 {
		return l.Start
	}
	return l.Steps[len(l.Steps)-1].To
}

// Drawing says where everything is. Nothing has negative coordinates.
type Drawing struct {
	Width, Height float64
	Nodes         []Point // top left corners
	Lines         []Line  // one for each edge
	// Order is the nodes as one reads them: column by column of what hangs together.
	Order []int
}

// Lay lays a graph out.
func Lay(g Graph, c Config) Drawing {
	c = c.defaults()
	g.Nodes = max(g.Nodes, 0)
	out := Drawing{Nodes: make([]Point, g.Nodes), Lines: make([]Line, len(g.Edges))}
	var parts []*part
	for _, p := range split(g) {
		p.levels()
		p.items()
		p.sort()
		p.place(c)
		p.route()
		parts = append(parts, p)
	}
	pack(parts, c, &out)
	return out
}

// split returns what hangs together, that with the focus first, then by size.
func split(g Graph) []*part {
	neighbours := make([][]int, g.Nodes)
	edges := make([][]int, g.Nodes) // of a node, each edge at one of its ends
	for i, e := range g.Edges {
		if e.From < 0 || e.To < 0 || e.From >= g.Nodes || e.To >= g.Nodes {
			continue
		}
		edges[e.From] = append(edges[e.From], i)
		if e.From != e.To {
			neighbours[e.From] = append(neighbours[e.From], e.To)
			neighbours[e.To] = append(neighbours[e.To], e.From)
		}
	}
	for i := range neighbours {
		slices.Sort(neighbours[i])
		neighbours[i] = slices.Compact(neighbours[i])
	}
	var out []*part
	seen := make([]bool, g.Nodes)
	for first := range g.Nodes {
		if seen[first] {
			continue
		}
		seen[first] = true
		p := &part{g: g, neighbours: neighbours, nodes: []int{first}, root: first}
		for i := 0; i < len(p.nodes); i++ {
			n := p.nodes[i]
			p.edges = append(p.edges, edges[n]...)
			if n == g.Focus || p.root != g.Focus && len(neighbours[n]) > len(neighbours[p.root]) {
				p.root = n
			}
			for _, m := range neighbours[n] {
				if !seen[m] {
					seen[m] = true
					p.nodes = append(p.nodes, m)
				}
			}
		}
		slices.Sort(p.edges)
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b *part) int {
		if d := boolean(b.root == g.Focus) - boolean(a.root == g.Focus); d != 0 {
			return d
		}
		return cmp.Compare(len(b.nodes), len(a.nodes))
	})
	return out
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pack puts the parts into rows below each other, as wide as the widest of them or as a page is.
func pack(parts []*part, c Config, out *Drawing) {
	area, wide := 0.0, 4*(c.NodeWidth+c.ColumnGap)
	gap := 2 * c.RowGap
	for _, p := range parts {
		area += (p.width + gap) * (p.height + gap)
		wide = max(wide, p.width)
	}
	wide = max(wide, math.Sqrt(area*shape))
	x, y, row := 0.0, 0.0, 0.0
	for _, p := range parts {
		if x > 0 && x+p.width > wide {
			x, y, row = 0, y+row+gap, 0
		}
		p.move(x, y, out)
		out.Width, out.Height = max(out.Width, x+p.width), max(out.Height, y+p.height)
		x, row = x+p.width+gap, max(row, p.height)
	}
}
