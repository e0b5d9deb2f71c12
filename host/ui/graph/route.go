package graph

import (
	"cmp"
	"math"
	"slices"
)

const (
	bulge = 44 // how far a line goes out whose ends stand in one column
	lanes = 3  // of lines of different kinds in the gap above a row of a block
	lane  = 4  // how far they are apart
)

// outward is the side of a node that looks away from the root.
func outward(level int) int {
	if level < 0 {
		return -1
	}
	return 1
}

// end is one of the ends of edges of one kind at a side of a node.
type end struct{ node, side, kind, way int }

// The ways of an end: where an edge begins, where it ends, and the same of one whose ends are at one node.
const (
	begins = iota
	ends
	loopBegins
	loopEnds
)

// route draws the lines.
func (p *part) route() {
	p.lines = map[int]Line{}
	ports := p.ports()
	for _, i := range p.edges {
		e := p.g.Edges[i]
		from, to := p.level[e.From], p.level[e.To]
		switch {
		case e.From == e.To:
			side := outward(from)
			a, b := ports[end{e.From, side, e.Kind, loopBegins}], ports[end{e.From, side, e.Kind, loopEnds}]
			p.lines[i] = p.arc(from, Point{p.side(e.From, side), a}, Point{p.side(e.From, side), b})
		case from == to:
			side := outward(from)
			a, b := ports[end{e.From, side, e.Kind, begins}], ports[end{e.To, side, e.Kind, ends}]
			p.lines[i] = p.arc(from, Point{p.side(e.From, side), a}, Point{p.side(e.To, side), b})
		case from < to:
			p.lines[i] = p.line(e.From, e.To, e.Kind, ports[end{e.From, 1, e.Kind, begins}], ports[end{e.To, -1, e.Kind, ends}])
		default:
			l := p.line(e.To, e.From, e.Kind, ports[end{e.To, 1, e.Kind, ends}], ports[end{e.From, -1, e.Kind, begins}])
			l.Reversed = true
			p.lines[i] = l
		}
	}
}

// ports says at which height the edges of each kind begin and end at the sides of nodes: those with ends higher up above the others.
func (p *part) ports() map[end]float64 {
	type mean struct {
		end
		sum float64
		n   int
	}
	found := map[end]*mean{}
	var all []*mean
	add := func(e end, other int) {
		m := found[e]
		if m == nil {
			m = &mean{end: e}
			found[e] = m
			all = append(all, m)
		}
		m.sum += p.corner[other].Y
		m.n++
	}
	for _, i := range p.edges {
		e := p.g.Edges[i]
		from, to := p.level[e.From], p.level[e.To]
		a, b := 1, -1
		switch {
		case e.From == e.To:
			add(end{e.From, outward(from), e.Kind, loopBegins}, e.To)
			add(end{e.To, outward(to), e.Kind, loopEnds}, e.From)
			continue
		case from == to:
			a, b = outward(from), outward(to)
		case from > to:
			a, b = -1, 1
		}
		add(end{e.From, a, e.Kind, begins}, e.To)
		add(end{e.To, b, e.Kind, ends}, e.From)
	}
	slices.SortStableFunc(all, func(a, b *mean) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.side, b.side), cmp.Compare(a.sum/float64(a.n), b.sum/float64(b.n)),
			cmp.Compare(a.kind, b.kind), cmp.Compare(a.way, b.way))
	})
	out := map[end]float64{}
	for i := 0; i < len(all); {
		n := 1
		for i+n < len(all) && all[i+n].node == all[i].node && all[i+n].side == all[i].side {
			n++
		}
		step := 0.0
		if n > 1 {
			step = min(12, (p.c.NodeHeight-12)/float64(n-1))
		}
		for k := range n {
			out[all[i+k].end] = p.corner[all[i+k].node].Y + p.c.NodeHeight/2 + (float64(k)-float64(n-1)/2)*step
		}
		i += n
	}
	return out
}

// side is the x of a side of a node.
func (p *part) side(n, side int) float64 {
	if side < 0 {
		return p.corner[n].X
	}
	return p.corner[n].X + p.c.NodeWidth
}

// line draws the line from the left one of two nodes to the right one: level where it crosses a column, curved between two columns.
func (p *part) line(l, r, kind int, from, to float64) Line {
	pen := pen{Line: Line{Start: Point{p.side(l, 1), from}, Leaves: 1, Comes: -1}}
	pen.at = pen.Start
	first, last := p.level[l]-p.lowest, p.level[r]-p.lowest
	if y, ok := p.channel(l, kind, 1); ok {
		pen.curve(Point{pen.at.X + p.c.inner(), y})
	}
	pen.straight(Point{p.columns[first].to, pen.at.Y})
	bend := p.bends[[2]int{l, r}]
	for c := first + 1; c < last; c++ {
		pen.curve(Point{p.columns[c].from, p.all[bend].y})
		pen.straight(Point{p.columns[c].to, p.all[bend].y})
		bend++
	}
	goal := Point{p.side(r, -1), to}
	if y, ok := p.channel(r, kind, -1); ok {
		pen.curve(Point{p.columns[last].from, y})
		pen.straight(Point{goal.X - p.c.inner(), y})
		pen.curve(goal)
	} else {
		pen.curve(Point{p.columns[last].from, to})
		pen.straight(goal)
	}
	if -p.level[l] > p.level[r] { // the words stand at the end that is farther from the root
		pen.Label, pen.Side = pen.Start, 1
	} else {
		pen.Label, pen.Side = goal, -1
	}
	return pen.Line
}

// channel is the height of the gap between rows in which a line runs to that side of a node in a block, if others of its row stand
// there: above it towards the root, below it away from the root.
func (p *part) channel(n, kind, side int) (float64, bool) {
	it := &p.all[p.of[n]]
	col := slices.Index(it.nodes, n) % it.cols
	inwards := side != outward(it.level)
	if inwards && col == 0 || !inwards && col == it.cols-1 {
		return 0, false
	}
	by := float64((kind%lanes - 1) * lane)
	if inwards {
		return p.corner[n].Y - p.c.RowGap/2 + by, true
	}
	return p.corner[n].Y + p.c.NodeHeight + p.c.RowGap/2 + by, true
}

// arc draws a line whose ends stand in one column: out on the side away from the root, and back.
func (p *part) arc(level int, from, to Point) Line {
	side := outward(level)
	column := p.columns[level-p.lowest]
	edge := column.to
	if side < 0 {
		edge = column.from
	}
	pen := pen{Line: Line{Start: from, Leaves: side, Comes: side}, at: from}
	pen.straight(Point{edge, from.Y})
	out := min(bulge, 16+math.Abs(to.Y-from.Y)/8) * float64(side)
	pen.Steps = append(pen.Steps, Step{C1: Point{edge + out*4/3, from.Y}, C2: Point{edge + out*4/3, to.Y}, To: Point{edge, to.Y}})
	pen.straight(to)
	pen.Label, pen.Side = Point{edge + out, (from.Y + to.Y) / 2}, 0
	return pen.Line
}

type pen struct {
	Line
	at Point
}

// straight draws a straight line, if it is one at all.
func (p *pen) straight(to Point) {
	if to != p.at {
		p.Steps = append(p.Steps, Step{Straight: true, C1: p.at, C2: to, To: to})
		p.at = to
	}
}

// curve draws a curve that is level at both ends.
func (p *pen) curve(to Point) {
	half := (to.X - p.at.X) / 2
	p.Steps = append(p.Steps, Step{C1: Point{p.at.X + half, p.at.Y}, C2: Point{to.X - half, to.Y}, To: to})
	p.at = to
}
