// Package index finds issues: sets of issue numbers by the value of a field, by a word in its text, and by ranges and orders
// of numbers. Everything is immutable once it is read; a [Writer] makes the next version, which shares what did not change
// with the one before. It knows nothing of Jira: fields and values are names.
//
//	open := x.Equal("statusCategory", "done").And(x.Range("updated", from, to))
//	newest := index.Sort(open, 50, index.Key{Column: x.Column("updated"), Desc: true})
//
// Why not a bitmap library: their copy-on-write marks the shared parts in the source, which readers cannot do without a lock.
package index

import (
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tidwall/btree"
)

// Index is one version of the indexes. It is safe for concurrent use.
type Index struct {
	all     Set
	terms   map[string]*Values
	words   map[string]*Values
	columns map[string]*Column
}

// New returns an empty index.
func New() *Index {
	return &Index{terms: map[string]*Values{}, words: map[string]*Values{}, columns: map[string]*Column{}}
}

// Values are the values of one field, each with the issues that have it.
type Values struct {
	owner   *Owner
	present Set
	tree    *btree.Map[string, Set]
}

// Equal are the issues that have the value.
func (v *Values) Equal(value string) Set {
	if v == nil {
		return Set{}
	}
	s, _ := v.tree.Get(value)
	return s
}

// Present are the issues that have a value.
func (v *Values) Present() Set {
	if v == nil {
		return Set{}
	}
	return v.present
}

// From yields the values from one on, in the order of their bytes, each with its issues.
func (v *Values) From(first string) iter.Seq2[string, Set] {
	return func(yield func(string, Set) bool) {
		if v != nil {
			v.tree.Ascend(first, yield)
		}
	}
}

// Len counts the different values.
func (v *Values) Len() int {
	if v == nil {
		return 0
	}
	return v.tree.Len()
}

// Fields are the names of fields with values, words and numbers.
func (x *Index) Fields() (terms, words, columns []string) {
	return slices.Sorted(maps.Keys(x.terms)), slices.Sorted(maps.Keys(x.words)), slices.Sorted(maps.Keys(x.columns))
}

// Words are those of a field, each with its issues.
func (x *Index) Words(field string) *Values { return x.words[field] }

// All are the numbers of all issues.
func (x *Index) All() Set { return x.all }

// Values are those of a field; nil, which is empty, for a field that no issue has.
func (x *Index) Values(field string) *Values { return x.terms[field] }

// Column are the numbers of a field; nil, which is empty, for a field that no issue has.
func (x *Index) Column(field string) *Column { return x.columns[field] }

// Equal are the issues that have the value in the field.
func (x *Index) Equal(field, value string) Set { return x.terms[field].Equal(value) }

// Present are the issues that have any value, number or word in the field.
func (x *Index) Present(field string) Set {
	return x.terms[field].Present().Or(x.columns[field].Present()).Or(x.words[field].Present())
}

// Range are the issues with a number from one value to another in the field, both included.
func (x *Index) Range(field string, from, to int64) Set { return x.columns[field].Range(from, to) }

// Word are the issues with a word in the field, or with a word that begins so. Words are those of [Words].
func (x *Index) Word(field, word string, prefix bool) Set {
	v := x.words[field]
	if !prefix || v == nil {
		return v.Equal(word)
	}
	var out Set
	for w, s := range v.From(word) {
		if !strings.HasPrefix(w, word) {
			break
		}
		out = out.Or(s)
	}
	return out
}

// Float is a number that orders as f does.
func Float(f float64) int64 {
	b := int64(math.Float64bits(f + 0)) // -0 becomes 0
	return b ^ int64(uint64(b>>63)>>1)
}

// Doc is what is indexed of an issue. The order of its parts and repetitions do not matter.
type Doc struct {
	Terms   []Term
	Words   []Term
	Numbers []Number
}

// Term is a value, or a word, of a field.
type Term struct{ Field, Value string }

// Number is a number of a field.
type Number struct {
	Field string
	Value int64
}

// Term adds a value; an empty one is none.
func (d *Doc) Term(field, value string) {
	if value != "" {
		d.Terms = append(d.Terms, Term{field, value})
	}
}

// Number adds a number.
func (d *Doc) Number(field string, value int64) { d.Numbers = append(d.Numbers, Number{field, value}) }

// Text adds the words of a text.
func (d *Doc) Text(field, text string) {
	for w := range Words(text) {
		d.Words = append(d.Words, Term{field, w})
	}
}

// Writer makes the next version of an index. It is for one goroutine.
type Writer struct {
	o *Owner
	x *Index
}

// Edit returns a writer that begins with x, and makes what it changes for o. x itself stays as it is.
func (x *Index) Edit(o *Owner) *Writer {
	return &Writer{o, &Index{all: x.all, terms: maps.Clone(x.terms), words: maps.Clone(x.words), columns: maps.Clone(x.columns)}}
}

// Index is the version so far. It may be read between changes, and by others once its writer is done.
func (w *Writer) Index() *Index { return w.x }

// Update replaces what is indexed of an issue. before must be what the last update gave it; nil is an issue that is not there.
func (w *Writer) Update(n uint32, before, after *Doc) {
	if (before == nil) != (after == nil) {
		if after != nil {
			w.x.all = w.x.all.add(w.o, n)
		} else {
			w.x.all = w.x.all.remove(w.o, n)
		}
	}
	was, is := &Doc{}, &Doc{}
	if before != nil {
		was = before
	}
	if after != nil {
		is = after
	}
	w.update(w.x.terms, n, was.Terms, is.Terms)
	w.update(w.x.words, n, was.Words, is.Words)
	for _, v := range was.Numbers {
		if !slices.ContainsFunc(is.Numbers, func(o Number) bool { return o.Field == v.Field }) {
			w.column(v.Field).drop(n)
		}
	}
	for _, v := range is.Numbers {
		w.column(v.Field).put(n, v.Value)
	}
}

func (w *Writer) update(in map[string]*Values, n uint32, was, is []Term) {
	was, is = sorted(was), sorted(is)
	for i, j := 0, 0; i < len(was) || j < len(is); {
		switch c := compareAt(was, i, is, j); {
		case c == 0:
			i, j = i+1, j+1
		case c < 0: // gone
			v := w.values(in, was[i].Field)
			s, _ := v.tree.Get(was[i].Value)
			if s = s.remove(w.o, n); s.Empty() {
				v.tree.Delete(was[i].Value)
			} else {
				v.tree.Set(was[i].Value, s)
			}
			if !hasField(is, was[i].Field) {
				v.present = v.present.remove(w.o, n)
			}
			i++
		default: // new
			v := w.values(in, is[j].Field)
			s, ok := v.tree.Get(is[j].Value)
			value := is[j].Value
			if !ok {
				value = strings.Clone(value) // a word must not hold on to its text
			}
			v.tree.Set(value, s.add(w.o, n))
			v.present = v.present.add(w.o, n)
			j++
		}
	}
}

func compareTerms(a, b Term) int {
	if c := strings.Compare(a.Field, b.Field); c != 0 {
		return c
	}
	return strings.Compare(a.Value, b.Value)
}

func compareAt(a []Term, i int, b []Term, j int) int {
	switch {
	case i == len(a):
		return 1
	case j == len(b):
		return -1
	}
	return compareTerms(a[i], b[j])
}

func sorted(terms []Term) []Term {
	terms = slices.Clone(terms)
	slices.SortFunc(terms, compareTerms)
	return slices.Compact(terms)
}

// hasField searches sorted terms.
func hasField(terms []Term, field string) bool {
	at, _ := slices.BinarySearchFunc(terms, field, func(t Term, f string) int { return strings.Compare(t.Field, f) })
	return at < len(terms) && terms[at].Field == field
}

func (w *Writer) values(in map[string]*Values, field string) *Values {
	v := in[field]
	switch {
	case v == nil:
		v = &Values{owner: w.o, tree: &btree.Map[string, Set]{}}
	case v.owner != w.o:
		v = &Values{owner: w.o, present: v.present, tree: v.tree.Copy()}
	}
	in[field] = v
	return v
}

func (w *Writer) column(field string) *Column {
	c := w.x.columns[field].edit(w.o)
	w.x.columns[field] = c
	return c
}
