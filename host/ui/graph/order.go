package graph

import (
	"cmp"
	"slices"
)

// sweeps is how often the columns are sorted from left to right and back. More than a dozen rarely finds anything.
const sweeps = 12

// sort puts the items of each column into an order with few crossings.
func (p *part) sort() {
	place := make([]float64, len(p.all)) // of an item in its column, from 0 to 1
	note := func(layer []int) {
		for i, it := range layer {
			place[it] = (float64(i) + 0.5) / float64(len(layer))
		}
	}
	for _, l := range p.layers {
		note(l)
	}
	by := func(layer []int, next [][]int) {
		at := map[int]float64{}
		for _, it := range layer {
			at[it] = place[it]
			if n := len(next[it]); n > 0 {
				sum := 0.0
				for _, m := range next[it] {
					sum += place[m]
				}
				at[it] = sum / float64(n)
			}
		}
		slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(at[a], at[b]) })
		note(layer)
	}
	middle := -p.lowest
	for i := middle + 1; i < len(p.layers); i++ {
		by(p.layers[i], p.left)
	}
	for i := middle - 1; i >= 0; i-- {
		by(p.layers[i], p.right)
	}
	best, fewest := p.copied(), p.crossings()
	for range sweeps {
		if fewest == 0 {
			break
		}
		for i := 1; i < len(p.layers); i++ {
			by(p.layers[i], p.left)
		}
		for i := len(p.layers) - 2; i >= 0; i-- {
			by(p.layers[i], p.right)
		}
		if n := p.crossings(); n < fewest {
			best, fewest = p.copied(), n
		}
	}
	p.layers = best
}

func (p *part) copied() [][]int {
	out := make([][]int, len(p.layers))
	for i, l := range p.layers {
		out[i] = slices.Clone(l)
	}
	return out
}

// crossings counts how often lines between neighbouring columns cross. Of two lines sorted by their left ends, those cross whose right
// ends stand the other way round: so it counts inversions, with a Fenwick tree.
// W. Barth, M. Jünger, P. Mutzel: Simple and Efficient Bilayer Cross Counting, 2002.
func (p *part) crossings() int {
	place := make([]int, len(p.all))
	for _, l := range p.layers {
		for i, it := range l {
			place[it] = i
		}
	}
	total := 0
	for l := range len(p.layers) - 1 {
		size := len(p.layers[l+1])
		tree, n := make([]int, size+1), 0
		for _, from := range p.layers[l] {
			ends := slices.Clone(p.right[from])
			slices.SortFunc(ends, func(a, b int) int { return cmp.Compare(place[a], place[b]) })
			for _, to := range ends {
				below := 0
				for i := place[to] + 1; i > 0; i -= i & -i {
					below += tree[i]
				}
				total += n - below
			}
			for _, to := range ends {
				for i := place[to] + 1; i <= size; i += i & -i {
					tree[i]++
				}
				n++
			}
		}
	}
	return total
}
