package index

import "slices"

const pageLen = 512

// Array is an immutable sparse array; the zero value is all zero values. A new version shares the pages that it did not
// change.
type Array[T any] struct {
	owner *Owner
	pages []*page[T]
}

type page[T any] struct {
	owner *Owner
	at    [pageLen]T
}

// At returns the element n, or a zero value where nothing was put.
func (a *Array[T]) At(n uint32) (v T) {
	if p := n / pageLen; int(p) < len(a.pages) && a.pages[p] != nil {
		v = a.pages[p].at[n%pageLen]
	}
	return v
}

// Put sets the element n for o. The array itself must be o's.
func (a *Array[T]) Put(o *Owner, n uint32, v T) {
	if a.owner != o {
		a.owner, a.pages = o, slices.Clone(a.pages)
	}
	at := int(n / pageLen)
	if at >= len(a.pages) {
		a.pages = append(a.pages, make([]*page[T], at+1-len(a.pages))...)
	}
	p := a.pages[at]
	if p == nil {
		p = &page[T]{owner: o}
	} else if p.owner != o {
		c := *p
		c.owner = o
		p = &c
	}
	a.pages[at] = p
	p.at[n%pageLen] = v
}

// Len is one more than the largest number that may hold something.
func (a *Array[T]) Len() uint32 { return uint32(len(a.pages) * pageLen) }

// Each calls do for the elements of every page that exists, zero ones too, until it returns false.
func (a *Array[T]) Each(do func(n uint32, v T) bool) {
	for at, p := range a.pages {
		if p == nil {
			continue
		}
		for i, v := range p.at {
			if !do(uint32(at*pageLen+i), v) {
				return
			}
		}
	}
}
