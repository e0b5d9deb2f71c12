package sandbox

import (
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// found is what a query found: a set, which costs little, and an order in which as much of it is listed as somebody asks for.
type found struct {
	set   index.Set
	order []index.Key
}

func (f found) count() int { return f.set.Len() }

// first lists the numbers of the first issues, at most limit.
func (f found) first(limit int) []uint32 { return index.Sort(f.set, limit, f.order...) }

// position finds an issue in the order, -1 for one that is not there. It looks among the first few before it sorts them all.
func (f found) position(id world.IssueID, few []uint32) int {
	n := id.Number()
	if !f.set.Has(n) {
		return -1
	}
	if at := indexOf(few, n); at >= 0 {
		return at
	}
	return indexOf(f.first(-1), n)
}

func indexOf(list []uint32, n uint32) int {
	for at, m := range list {
		if m == n {
			return at
		}
	}
	return -1
}
