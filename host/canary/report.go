package canary

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Report says what was searched and what was found.
type Report struct {
	Sources  []Source
	Hits     []Hit    // sorted by place
	Skipped  []string // what has no content of its own, with the reason
	Problems []string // what could not be searched; a report with problems proves nothing
	Bytes    int64    // of all sources
	Unpacked int64    // bytes that came out of compressed data, encodings and databases, and were searched too
	Forms    []string // that a canary is found in without unpacking
}

// Source is a file or other piece of what was searched.
type Source struct {
	Path string
	Size int64
	Kind string // such as "database", "log" or "file"
}

// Hit is a canary where it must not be, with how often it stands there. It does not hold the canary's value.
type Hit struct {
	Path   string
	Within string // what had to be unpacked to see it, from the outside in, such as "gzip/base64"; "" for nothing
	Offset int64  // of the first one in the file; of the packed data's beginning where it is within something
	Canary string // its name
	Form   string
	Count  int
}

// String is the hit for a person.
func (h Hit) String() string {
	within := ""
	if h.Within != "" {
		within = " within " + h.Within
	}
	return fmt.Sprintf("%s: %s, as %s%s at byte %d (%d times)", h.Path, h.Canary, h.Form, within, h.Offset, h.Count)
}

// Leaks counts the canaries that were found.
func (r Report) Leaks() int { return len(r.Found()) }

// Found lists the names of the canaries that were found, each once.
func (r Report) Found() []string {
	names := map[string]bool{}
	for _, h := range r.Hits {
		names[h.Canary] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// String sums up what was searched, by kind, and lists what was found.
func (r Report) String() string {
	var b strings.Builder
	type sum struct {
		files int
		bytes int64
	}
	kinds := map[string]sum{}
	for _, s := range r.Sources {
		k := kinds[s.Kind]
		kinds[s.Kind] = sum{k.files + 1, k.bytes + s.Size}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(&b, "%-10s %5d, %11d bytes\n", kind, kinds[kind].files, kinds[kind].bytes)
	}
	fmt.Fprintf(&b, "%-10s        %11d bytes\n", "unpacked", r.Unpacked)
	fmt.Fprintf(&b, "forms: %s\n", strings.Join(r.Forms, ", "))
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "skipped %s\n", s)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "not searched: %s\n", p)
	}
	for _, h := range r.Hits {
		fmt.Fprintf(&b, "LEAK %s\n", h)
	}
	return b.String()
}

// hits gathers hits at the same place.
type hits map[Hit]*Hit

func (all hits) add(h Hit) {
	key := h
	key.Offset = 0
	if old := all[key]; old != nil {
		old.Count++
		old.Offset = min(old.Offset, h.Offset)
		return
	}
	h.Count = 1
	all[key] = &h
}

func (all hits) sorted() []Hit {
	out := make([]Hit, 0, len(all))
	for _, h := range all {
		out = append(out, *h)
	}
	slices.SortFunc(out, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Canary, b.Canary),
			cmp.Compare(a.Within, b.Within), cmp.Compare(a.Form, b.Form))
	})
	return out
}
