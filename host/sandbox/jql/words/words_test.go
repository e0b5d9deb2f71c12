package words_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/words"
)

func TestOf(t *testing.T) {
	got := words.Of("Zu groß: foo_bar, well-known 3.14 (Ümläut)")
	want := []string{"zu", "groß", "foo_bar", "well", "known", "3", "14", "ümläut"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFits(t *testing.T) {
	for _, tt := range []struct {
		pattern, word string
		want          bool
	}{
		{"door", "door", true}, {"door", "doors", false}, {"door*", "doors", true}, {"door*", "door", true}, {"d?or", "door", true},
		{"d?or", "dor", false}, {"*or", "door", true}, {"d*o*r", "dooor", true}, {"d*x", "door", false}, {"ü?", "üß", true},
		{"*", "", true}, {"", "", true}, {"?", "", false}, {"a*b*c", "aXbXbc", true},
	} {
		if got := words.Fits(tt.pattern, tt.word); got != tt.want {
			t.Errorf("%q fits %q: %v", tt.word, tt.pattern, got)
		}
	}
}

func TestQuery(t *testing.T) {
	w := func(p string) plan.Node { return plan.Word{Field: "f", Pattern: p} }
	ph := func(p ...string) plan.Node { return plan.Phrase{Field: "f", Words: p} }
	for _, tt := range []struct {
		in   string
		want plan.Node
	}{
		{"Door", w("door")},
		{"front door", plan.And{w("front"), w("door")}},
		{"+front AND +door", plan.And{w("front"), w("door")}},
		{`"front door"`, ph("front", "door")},
		{`"door"`, w("door")},
		{"well-known", ph("well", "known")},
		{"epi*", w("epi*")},
		{"a OR b c", plan.Or{w("a"), plan.And{w("b"), w("c")}}},
		{"(a OR b) -c", plan.And{plan.Or{w("a"), w("b")}, plan.Not{Of: w("c")}}},
		{"NOT a", plan.Not{Of: w("a")}},
		{`"open`, w("open")},
		{"!!", plan.Or{}},
		{"AND", nil}, {"a OR", nil}, {"(a", nil}, {"a)", nil}, {"", nil}, {"-", nil},
	} {
		got, err := words.Query("f", tt.in)
		if (err != nil) != (tt.want == nil) {
			t.Errorf("%s: error %v", tt.in, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" && err == nil {
			t.Errorf("%s (-want +got):\n%s", tt.in, diff)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{`a OR "b c" -(d*)`, `"`, "((", "a-b?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if n, err := words.Query("f", in); err == nil && n == nil {
			t.Error("neither a node nor an error")
		}
	})
}
