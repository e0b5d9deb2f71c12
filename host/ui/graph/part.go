package graph

import (
	"fmt"
	"slices"
)

// part is what hangs together, and its layout so far.
type part struct {
	g          Graph
	neighbours [][]int // of every node of the graph
	nodes      []int
	edges      []int
	root       int

	level map[int]int // of a node: steps from the root, negative on its left
	all   []item
	of    map[int]int    // the item of a node
	bends map[[2]int]int // the first of the bends between two nodes, the left one first; the others follow it

	lowest int     // level of the first column
	layers [][]int // items of each column, from above
	right  [][]int // of an item: the items of the next column to which it has lines
	left   [][]int

	c             Config
	columns       []span // x of each column
	corner        map[int]Point
	lines         map[int]Line
	width, height float64
}

// item is what stands in a column: a node, a block of nodes with the same neighbours, or the bend of a line that passes by.
type item struct {
	level      int
	nodes      []int
	cols, rows int
	w, h, y    float64 // y: of its middle
}

type span struct{ from, to float64 }

// mostBends is how many columns lines may have to pass for a layout with two sides.
const mostBends = 400

// levels puts the root in the middle and the others on its sides. Where many lines would have to cross from side to side, there is
// only the right one: then no line skips a column at all.
func (p *part) levels() {
	p.level = map[int]int{p.root: 0}
	out := map[int]bool{}
	for _, i := range p.edges {
		if e := p.g.Edges[i]; e.From == p.root {
			out[e.To] = true
		}
	}
	queue := []int{p.root}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, m := range p.neighbours[n] {
			if _, seen := p.level[m]; seen {
				continue
			}
			switch {
			case n == p.root && out[m]:
				p.level[m] = 1
			case n == p.root:
				p.level[m] = -1
			case p.level[n] > 0:
				p.level[m] = p.level[n] + 1
			default:
				p.level[m] = p.level[n] - 1
			}
			queue = append(queue, m)
		}
	}
	across, bends := 0, 0
	for _, i := range p.edges {
		if e := p.g.Edges[i]; p.level[e.From]*p.level[e.To] < 0 {
			across++
			bends += max(p.level[e.From]-p.level[e.To], p.level[e.To]-p.level[e.From]) - 1
		}
	}
	if across*10 > len(p.edges) || bends > mostBends {
		for n, l := range p.level {
			p.level[n] = max(l, -l)
		}
	}
}

// items makes the items and the links between them.
func (p *part) items() {
	p.of, p.bends = map[int]int{}, map[[2]int]int{}
	loop := map[int]bool{}
	for _, i := range p.edges {
		if e := p.g.Edges[i]; e.From == e.To {
			loop[e.From] = true
		}
	}
	kinds := p.kinds()
	blocks := map[string]int{}
	for _, n := range p.nodes {
		p.lowest = min(p.lowest, p.level[n])
		key := ""
		if n != p.root && !loop[n] && p.alike(n) {
			key = fmt.Sprint(p.level[n], p.neighbours[n])
			if at, ok := blocks[key]; ok {
				p.all[at].nodes = append(p.all[at].nodes, n)
				p.of[n] = at
				continue
			}
			blocks[key] = len(p.all)
		}
		p.of[n] = len(p.all)
		p.all = append(p.all, item{level: p.level[n], nodes: []int{n}})
	}
	for _, i := range p.all { // in a block, nodes of one kind of relation stand together
		slices.SortStableFunc(i.nodes, func(a, b int) int { return slices.Compare(kinds[a], kinds[b]) })
	}
	p.left, p.right = make([][]int, len(p.all)), make([][]int, len(p.all))
	for _, i := range p.edges {
		e := p.g.Edges[i]
		l, r := e.From, e.To
		if p.level[l] > p.level[r] {
			l, r = r, l
		}
		if p.level[l] == p.level[r] {
			continue
		}
		pair := [2]int{l, r}
		if _, done := p.bends[pair]; done {
			continue
		}
		p.bends[pair] = len(p.all)
		at := p.of[l]
		for level := p.level[l] + 1; level < p.level[r]; level++ {
			p.all = append(p.all, item{level: level})
			p.left, p.right = append(p.left, nil), append(p.right, nil)
			p.link(at, len(p.all)-1)
			at = len(p.all) - 1
		}
		p.link(at, p.of[r])
	}
	highest := 0
	for _, i := range p.all {
		highest = max(highest, i.level)
	}
	p.layers = make([][]int, highest-p.lowest+1)
	for i, it := range p.all {
		p.layers[it.level-p.lowest] = append(p.layers[it.level-p.lowest], i)
	}
}

// alike says whether a node can stand in one block with others of the same neighbours: these are in the columns next to its own.
func (p *part) alike(n int) bool {
	for _, m := range p.neighbours[n] {
		if d := p.level[m] - p.level[n]; d != 1 && d != -1 {
			return false
		}
	}
	return true
}

// kinds are the kinds of each node's edges, sorted.
func (p *part) kinds() map[int][]int {
	out := map[int][]int{}
	for _, i := range p.edges {
		e := p.g.Edges[i]
		out[e.From], out[e.To] = append(out[e.From], e.Kind), append(out[e.To], e.Kind)
	}
	for _, k := range out {
		slices.Sort(k)
	}
	return out
}

func (p *part) link(l, r int) {
	if !slices.Contains(p.right[l], r) {
		p.right[l], p.left[r] = append(p.right[l], r), append(p.left[r], l)
	}
}

// move writes a part that is laid out into the drawing.
func (p *part) move(x, y float64, out *Drawing) {
	by := func(at Point) Point { return Point{at.X + x, at.Y + y} }
	for n, at := range p.corner {
		out.Nodes[n] = by(at)
	}
	for i, l := range p.lines {
		l.Start, l.Label = by(l.Start), by(l.Label)
		for s := range l.Steps {
			st := &l.Steps[s]
			st.C1, st.C2, st.To = by(st.C1), by(st.C2), by(st.To)
		}
		out.Lines[i] = l
	}
	for _, layer := range p.layers {
		for _, i := range layer {
			it := &p.all[i]
			for row := range it.rows {
				for col := range it.cols {
					if it.level < 0 {
						col = it.cols - 1 - col
					}
					if at := row*it.cols + col; at < len(it.nodes) {
						out.Order = append(out.Order, it.nodes[at])
					}
				}
			}
		}
	}
}
