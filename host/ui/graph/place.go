package graph

import "math"

// shape is how much wider than high a drawing should be.
const shape = 1.1

const (
	bendHeight = 8
	bendWeight = 3   // a line that passes by should be straight, more than a node in the middle of its neighbours
	mostWider  = 160 // how much wider the gap between columns gets by the lines in it
	// towering is from how many rows on a drawing is looked at a part at a time. Then what is next to the root stands close around it, and is seen
	// with it: in the middle of what it leads to it would be screens away.
	towering = 24
)

// inner is the gap between the columns of a block.
func (c Config) inner() float64 { return max(24, c.RowGap*1.5) }

// place finds how high blocks should be for a drawing of a good shape, and places everything.
func (p *part) place(c Config) {
	p.c = c
	best, least := 0, math.Inf(1)
	heights := []int{1000, 40, 28, 20, 15, 11, 8, 6, 4, 3, 2, 1}
	for _, most := range heights {
		p.arrange(most)
		if score := max(p.width/shape, p.height); score < least {
			best, least = most, score
		}
	}
	p.arrange(best)
	p.corner = map[int]Point{}
	for i := range p.all {
		it := &p.all[i]
		for k, n := range it.nodes {
			p.corner[n] = Point{p.cell(it, k%it.cols), it.y - it.h/2 + float64(k/it.cols)*(c.NodeHeight+c.RowGap)}
		}
	}
}

// cell is where the nodes of a block's column begin; column 0 is that next to the root.
func (p *part) cell(it *item, col int) float64 {
	by := float64(col) * (p.c.NodeWidth + p.c.inner())
	column := p.columns[it.level-p.lowest]
	if it.level < 0 {
		return column.to - p.c.NodeWidth - by
	}
	return column.from + by
}

// arrange gives every item its size and place, with blocks of so many rows at most.
func (p *part) arrange(most int) {
	for i := range p.all {
		it := &p.all[i]
		n := len(it.nodes)
		if n == 0 {
			it.w, it.h = 0, bendHeight
			continue
		}
		it.cols = (n + most - 1) / most
		it.rows = (n + it.cols - 1) / it.cols
		it.cols = (n + it.rows - 1) / it.rows
		it.w = float64(it.cols)*(p.c.NodeWidth+p.c.inner()) - p.c.inner()
		it.h = float64(it.rows)*(p.c.NodeHeight+p.c.RowGap) - p.c.RowGap
	}
	p.across()
	p.down()
}

// across gives every column its place.
func (p *part) across() {
	p.columns = p.columns[:0]
	x := p.margin(0, -1)
	for l, layer := range p.layers {
		w, links := 0.0, 0
		for _, i := range layer {
			w = max(w, p.all[i].w)
			links += len(p.right[i])
		}
		p.columns = append(p.columns, span{x, x + w})
		x += w
		if l < len(p.layers)-1 {
			x += p.c.ColumnGap + min(mostWider, float64(links)*0.8)
		}
	}
	p.width = x + p.margin(len(p.layers)-1, 1)
}

// margin is the room on that side of an outermost column for lines that begin and end in it.
func (p *part) margin(layer, side int) float64 {
	for _, i := range p.edges {
		e := p.g.Edges[i]
		if l := p.level[e.From]; l == p.level[e.To] && l-p.lowest == layer && outward(l) == side {
			return bulge * 4 / 3
		}
	}
	return 0
}

// down places the items of each column below each other, in their order: each as near as it can to the middle of its neighbours,
// first of those towards the root, then of those away from it, at last of all.
func (p *part) down() {
	for _, layer := range p.layers {
		y := 0.0
		for k, i := range layer {
			if k > 0 {
				y += p.apart(layer[k-1], i)
			}
			p.all[i].y = y
		}
		for _, i := range layer {
			p.all[i].y -= y / 2
		}
	}
	middle := -p.lowest
	for round := range 8 {
		last := round >= 6
		for d := range len(p.layers) {
			k := d // from the middle outwards, in turn on either side
			if round%2 == 1 {
				k = len(p.layers) - 1 - d
			}
			for _, l := range []int{middle - k, middle + k} {
				if l < 0 || l >= len(p.layers) || k == 0 && l != middle {
					continue
				}
				inner, outer := p.left, p.right
				if l < middle {
					inner, outer = outer, inner
				}
				switch {
				case last || k == 0:
					p.settle(p.layers[l], inner, outer)
				case round%2 == 0:
					p.settle(p.layers[l], inner)
				default:
					p.settle(p.layers[l], outer)
				}
			}
		}
	}
	if top, bottom := p.extent(); bottom-top > towering*(p.c.NodeHeight+p.c.RowGap) {
		for k := 1; k <= max(middle, len(p.layers)-1-middle); k++ {
			if l := middle + k; l < len(p.layers) {
				p.settle(p.layers[l], p.left)
			}
			if l := middle - k; l >= 0 {
				p.settle(p.layers[l], p.right)
			}
		}
	}
	top, bottom := p.extent()
	top, bottom = top-p.c.RowGap, bottom+p.c.RowGap // where the lines of a block run
	for i := range p.all {
		p.all[i].y -= top
	}
	p.height = bottom - top
}

// extent is from where to where the items reach.
func (p *part) extent() (top, bottom float64) {
	top, bottom = math.Inf(1), math.Inf(-1)
	for i := range p.all {
		top, bottom = min(top, p.all[i].y-p.all[i].h/2), max(bottom, p.all[i].y+p.all[i].h/2)
	}
	return top, bottom
}

// apart is how far the middles of two items above each other must be from each other.
func (p *part) apart(a, b int) float64 {
	gap := p.c.RowGap
	if len(p.all[a].nodes) == 0 && len(p.all[b].nodes) == 0 {
		gap = 0
	}
	return (p.all[a].h+p.all[b].h)/2 + gap
}

// settle moves the items of a column to the middle of their neighbours, as far as their order and sizes let it: with the least sum of
// squares. Without the sizes that is isotonic regression, which pooling adjacent violators solves; so they are taken off first.
func (p *part) settle(layer []int, neighbours ...[][]int) {
	type pool struct {
		sum, weight float64
		n           int
	}
	var pools []pool
	off := make([]float64, len(layer))
	for k, i := range layer {
		if k > 0 {
			off[k] = off[k-1] + p.apart(layer[k-1], i)
		}
		want, weight, n := p.all[i].y, 0.2, 0
		sum := 0.0
		for _, side := range neighbours {
			for _, m := range side[i] {
				sum += p.all[m].y
				n++
			}
		}
		if n > 0 {
			want, weight = sum/float64(n), 1
		}
		if len(p.all[i].nodes) == 0 {
			weight *= bendWeight
		}
		pools = append(pools, pool{(want - off[k]) * weight, weight, 1})
		for len(pools) > 1 {
			a, b := pools[len(pools)-2], pools[len(pools)-1]
			if a.sum/a.weight <= b.sum/b.weight {
				break
			}
			pools = append(pools[:len(pools)-2], pool{a.sum + b.sum, a.weight + b.weight, a.n + b.n})
		}
	}
	k := 0
	for _, pl := range pools {
		for range pl.n {
			p.all[layer[k]].y = pl.sum/pl.weight + off[k]
			k++
		}
	}
}
