package plan

import (
	"cmp"
	"slices"
)

// Find returns the issues of visible for which where holds.
func Find[S Set[S]](ix Searcher[S], visible S, where Node) S {
	f := finder[S]{ix: ix}
	f.prober, _ = any(ix).(Prober)
	return f.within(visible, Simplify(where))
}

type finder[S Set[S]] struct {
	ix     Searcher[S]
	prober Prober // nil where the index is none
}

// probeLimit is how many issues are tested one by one rather than met with a set that must first be built.
const probeLimit = 2048

// within returns the issues of acc for which n holds.
func (f finder[S]) within(acc S, n Node) S {
	switch n := n.(type) {
	case And:
		return f.and(acc, n)
	case Or:
		return f.or(acc, n)
	case Not:
		return acc.AndNot(f.within(acc, n.Of))
	}
	if cost(n) > ready && f.prober != nil && acc.Len() <= probeLimit {
		if holds := f.prober.Probe(n); holds != nil {
			var out []ID
			for id := range acc.All() {
				if holds(id) {
					out = append(out, id)
				}
			}
			return f.ix.Of(out)
		}
	}
	return acc.And(f.set(n))
}

// and narrows acc node by node: first by the sets that the index has ready, the smallest first, then by what costs more.
func (f finder[S]) and(acc S, nodes And) S {
	nodes = slices.Clone(nodes)
	slices.SortStableFunc(nodes, func(a, b Node) int { return cmp.Compare(cost(a), cost(b)) })
	first := 0
	for first < len(nodes) && cost(nodes[first]) == ready {
		first++
	}
	sets := make([]S, first)
	for i, n := range nodes[:first] {
		sets[i] = f.set(n)
	}
	slices.SortStableFunc(sets, func(a, b S) int { return cmp.Compare(a.Len(), b.Len()) })
	for _, s := range sets {
		if acc = acc.And(s); acc.Len() == 0 {
			return acc
		}
	}
	for _, n := range nodes[first:] {
		if acc = f.within(acc, n); acc.Len() == 0 {
			return acc
		}
	}
	return acc
}

func (f finder[S]) or(acc S, nodes Or) S {
	out := f.ix.Of(nil)
	for _, n := range nodes {
		out = out.Or(f.within(acc, n))
	}
	return out
}

// set asks the index for a node that is neither And, Or nor Not.
func (f finder[S]) set(n Node) S {
	switch n := n.(type) {
	case Equal:
		return f.ix.Equal(n.Field, n.Values)
	case Range:
		return f.ix.Range(n.Field, n.Low, n.High)
	case Exists:
		return f.ix.Exists(n.Field)
	case Word:
		return f.ix.Word(n.Field, n.Pattern)
	case Phrase:
		return f.ix.Phrase(n.Field, n.Words)
	case Was:
		return f.ix.Was(n.Field, n.Past)
	case Changed:
		return f.ix.Changed(n.Field, n.Change)
	}
	panic("plan: unknown node")
}

// The costs of a node, from a set that lies ready to one that must be put together from many issues.
const (
	ready = iota
	few   // a union of some sets
	built
	searched
)

func cost(n Node) int {
	switch n := n.(type) {
	case Equal:
		if len(n.Values) > 16 {
			return few
		}
		return ready
	case Exists:
		return ready
	case Word:
		return few
	case Range:
		return built
	case Phrase, Was, Changed:
		return searched
	case Not:
		return max(few, cost(n.Of))
	case And: // its cheapest part decides
		c := searched
		for _, n := range n {
			c = min(c, cost(n))
		}
		return max(few, c)
	case Or:
		c := few
		for _, n := range n {
			c = max(c, cost(n))
		}
		return c
	}
	return searched
}
