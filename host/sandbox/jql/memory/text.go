package memory

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/words"
)

// Word is where a word of the field's text fits the pattern.
func (ix *Index) Word(id plan.FieldID, pattern string) Set {
	f := ix.fields[id]
	if f == nil {
		return Set{}
	}
	if !strings.ContainsAny(pattern, "*?") {
		return f.words[pattern]
	}
	var found []Set
	for w, s := range f.words {
		if words.Fits(pattern, w) {
			found = append(found, s)
		}
	}
	return union(found)
}

// Phrase is where the words follow each other in the field's text.
func (ix *Index) Phrase(id plan.FieldID, phrase []string) Set {
	f := ix.fields[id]
	if f == nil || len(phrase) == 0 {
		return Set{}
	}
	out := ix.all
	for _, w := range phrase {
		out = out.And(f.words[w])
	}
	var ids []plan.ID
	for i := range out.All() {
		if follow(words.Of(f.texts[i]), phrase) {
			ids = append(ids, i)
		}
	}
	return setOf(ids)
}

// follow says whether the phrase stands somewhere in text.
func follow(text, phrase []string) bool {
	for i := 0; i+len(phrase) <= len(text); i++ {
		if slices.Equal(text[i:i+len(phrase)], phrase) {
			return true
		}
	}
	return false
}

// Probe tests ranges, words and phrases on single issues.
func (ix *Index) Probe(n plan.Node) func(plan.ID) bool {
	switch n := n.(type) {
	case plan.Range:
		return ix.probeRange(n)
	case plan.Word:
		return ix.probeText(n.Field, func(text []string) bool {
			return slices.ContainsFunc(text, func(w string) bool { return words.Fits(n.Pattern, w) })
		})
	case plan.Phrase:
		return ix.probeText(n.Field, func(text []string) bool { return follow(text, n.Words) })
	}
	return nil
}

func (ix *Index) probeRange(n plan.Range) func(plan.ID) bool {
	f := ix.fields[n.Field]
	return func(id plan.ID) bool {
		if f == nil || int(id) >= len(f.places) {
			return false
		}
		in := func(p float64) bool { return n.Low <= p && p <= n.High }
		return in(f.places[id]) || slices.ContainsFunc(f.more[id], in)
	}
}

func (ix *Index) probeText(id plan.FieldID, holds func([]string) bool) func(plan.ID) bool {
	f := ix.fields[id]
	return func(id plan.ID) bool {
		return f != nil && int(id) < len(f.texts) && holds(words.Of(f.texts[id]))
	}
}
