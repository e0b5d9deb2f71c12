package seed

import (
	"fmt"
	"slices"
	"strings"
)

// suggest says what to write instead of name: the one that looks like it, or what there is.
func suggest(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("write %q", near)
	}
	switch {
	case len(known) == 0:
		return "leave it out"
	case len(known) > 12:
		return fmt.Sprintf("write one of %d there are, such as %s", len(known), quoted(known[:8]))
	}
	return "write one of " + quoted(known)
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}

// nearest returns the known name that a person may have meant, "" for none.
func nearest(name string, known []string) string {
	best, distance := "", 1+min(2, len(name)/3)
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
		if d := edits(strings.ToLower(name), strings.ToLower(k), distance); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// edits counts the letters to add, remove, replace or swap with the next, or returns limit where there are at least that
// many.
func edits(a, b string, limit int) int {
	if max(len(a), len(b))-min(len(a), len(b)) >= limit {
		return limit
	}
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := row[j]
			if a[i] != b[j] {
				cost++
			}
			next[j+1] = min(cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		if slices.Min(next) >= limit {
			return limit
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
