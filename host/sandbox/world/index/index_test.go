package index_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// model is an index without cleverness.
type model map[uint32]*index.Doc

func (m model) find(ok func(*index.Doc) bool) []uint32 {
	var out []uint32
	for _, n := range slices.Sorted(maps.Keys(m)) {
		if ok(m[n]) {
			out = append(out, n)
		}
	}
	return out
}

func has(value string) func(*index.Doc) bool {
	return func(d *index.Doc) bool { return slices.Contains(d.Terms, index.Term{Field: "f", Value: value}) }
}

func (m model) value(n uint32) (int64, bool) {
	if len(m[n].Numbers) == 0 {
		return 0, false
	}
	return m[n].Numbers[0].Value, true
}

func randomDoc(r *rand.Rand) *index.Doc {
	d := &index.Doc{}
	d.Term("f", fmt.Sprint("v", r.IntN(3)))
	if r.IntN(2) == 0 {
		d.Term("f", fmt.Sprint("rare", r.IntN(3000)))
	}
	if r.IntN(4) > 0 {
		d.Number("c", int64(r.IntN(2000)-1000))
	}
	d.Text("t", fmt.Sprintf("Word%d and word%d", r.IntN(10), r.IntN(3000)))
	return d
}

func same(t *testing.T, what string, got index.Set, want []uint32) {
	t.Helper()
	if list := slices.Collect(got.All()); !slices.Equal(list, want) {
		t.Fatalf("%s: %d members, want %d", what, len(list), len(want))
	}
	if got.Len() != len(want) {
		t.Fatalf("%s: Len %d, want %d", what, got.Len(), len(want))
	}
	back := slices.Collect(got.Backward())
	slices.Reverse(back)
	if !slices.Equal(back, want) {
		t.Fatalf("%s: backward differs", what)
	}
}

func (m model) check(t *testing.T, x *index.Index) {
	t.Helper()
	same(t, "all", x.All(), m.find(func(*index.Doc) bool { return true }))
	v0 := m.find(has("v0"))
	same(t, "equal", x.Equal("f", "v0"), v0)
	same(t, "and", x.Equal("f", "v0").And(x.Range("c", 0, 500)), m.find(func(d *index.Doc) bool {
		return has("v0")(d) && len(d.Numbers) > 0 && d.Numbers[0].Value >= 0 && d.Numbers[0].Value <= 500
	}))
	same(t, "or", x.Equal("f", "v0").Or(x.Equal("f", "v1")), m.find(func(d *index.Doc) bool { return has("v0")(d) || has("v1")(d) }))
	same(t, "without", x.All().Without(x.Equal("f", "v0")), m.find(func(d *index.Doc) bool { return !has("v0")(d) }))
	for i := range 4 {
		value := fmt.Sprint("rare", i)
		same(t, value, x.Equal("f", value), m.find(has(value)))
		same(t, "v1 and "+value, x.Equal("f", "v1").Or(x.Equal("f", value)).Without(x.Equal("f", "v1")),
			m.find(func(d *index.Doc) bool { return has(value)(d) && !has("v1")(d) }))
	}
	number := func(from, to int64) func(*index.Doc) bool {
		return func(d *index.Doc) bool {
			return len(d.Numbers) > 0 && d.Numbers[0].Value >= from && d.Numbers[0].Value <= to
		}
	}
	for _, r := range [][2]int64{{-10, 10}, {math.MinInt64, 0}, {1, math.MaxInt64}, {5, 4}, {999, 999}, {2000, 3000}} {
		same(t, fmt.Sprint("range ", r), x.Range("c", r[0], r[1]), m.find(number(r[0], r[1])))
	}
	same(t, "word", x.Word("t", "word7", false), m.find(func(d *index.Doc) bool {
		return slices.Contains(d.Words, index.Term{Field: "t", Value: "word7"})
	}))
	same(t, "prefix", x.Word("t", "w", true), m.find(func(*index.Doc) bool { return true }))
}

func TestIndexAgreesWithModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m, x := model{}, index.New()
	type version struct {
		x *index.Index
		m model
	}
	var old []version
	for step := range 4 {
		w := x.Edit(&index.Owner{})
		for range 30000 {
			n := uint32(r.IntN(150000))
			var before, after *index.Doc
			before = m[n]
			if before == nil || r.IntN(3) > 0 {
				after = randomDoc(r)
			}
			w.Update(n, before, after)
			if after == nil {
				delete(m, n)
			} else {
				m[n] = after
			}
		}
		x = w.Index()
		m.check(t, x)
		if step%2 == 0 {
			old = append(old, version{x, maps.Clone(m)})
		}
	}
	for _, v := range old {
		v.m.check(t, v.x)
	}
	w := x.Edit(&index.Owner{})
	for n, d := range m {
		w.Update(n, d, nil)
	}
	if x = w.Index(); !x.All().Empty() || x.Values("f").Len() != 0 || !x.Range("c", math.MinInt64, math.MaxInt64).Empty() {
		t.Error("something is left of an index without issues")
	}
}

func TestSortAgreesWithModel(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	m := model{}
	w := index.New().Edit(&index.Owner{})
	for n := range uint32(20000) {
		m[n] = randomDoc(r)
		w.Update(n, nil, m[n])
	}
	x := w.Index()
	buckets := []index.Set{x.Equal("f", "v2"), x.Equal("f", "v0")}
	buckets[1] = buckets[1].Without(buckets[0])
	present := buckets[0].Or(buckets[1])
	bucket := func(n uint32) int {
		switch {
		case has("v2")(m[n]):
			return 0
		case has("v0")(m[n]):
			return 1
		}
		return 2
	}
	compare := func(a, b uint32) int {
		va, oka := m.value(a)
		vb, okb := m.value(b)
		switch {
		case oka && okb:
			return cmp.Compare(va, vb)
		case oka:
			return -1
		case okb:
			return 1
		}
		return 0
	}
	for _, desc := range []bool{false, true} {
		sign := map[bool]int{false: 1, true: -1}[desc]
		for name, set := range map[string]index.Set{"many": x.Equal("f", "v1"), "few": x.Equal("f", "rare7"), "some": x.Range("c", 0, 30), "all": x.All()} {
			for _, limit := range []int{-1, 0, 1, 50, 3000} {
				for order, want := range map[string]func(a, b uint32) int{
					"column":          func(a, b uint32) int { return cmp.Or(sign*compare(a, b), cmp.Compare(a, b)) },
					"bucket, column":  func(a, b uint32) int { return cmp.Or(bucket(a)-bucket(b), sign*compare(a, b), cmp.Compare(a, b)) },
					"column, buckets": func(a, b uint32) int { return cmp.Or(sign*compare(a, b), bucket(a)-bucket(b), cmp.Compare(a, b)) },
				} {
					column := index.Key{Column: x.Column("c"), Desc: desc}
					keys := map[string][]index.Key{"column": {column}, "bucket, column": {{Buckets: buckets, Present: present}, column}, "column, buckets": {column, {Buckets: buckets, Present: present}}}[order]
					list := slices.SortedFunc(set.All(), want)
					if limit >= 0 {
						list = list[:min(limit, len(list))]
					}
					if got := index.Sort(set, limit, keys...); !slices.Equal(got, list) {
						t.Fatalf("%s by %s, descending %v, limit %d: differs", name, order, desc, limit)
					}
				}
			}
		}
	}
}

func TestFloatKeepsTheOrder(t *testing.T) {
	list := []float64{math.Inf(-1), -1e300, -2.5, -1, -1e-300, 0, 1e-300, 1, 2.5, 1e300, math.Inf(1)}
	for i := range list[1:] {
		if index.Float(list[i]) >= index.Float(list[i+1]) {
			t.Errorf("%v does not come before %v", list[i], list[i+1])
		}
	}
	if index.Float(math.Copysign(0, -1)) != index.Float(0) {
		t.Error("the two zeros differ")
	}
}
