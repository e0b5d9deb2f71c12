package syntax_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// samePlace compares queries without their positions; an empty list is as good as none.
var samePlace = cmp.Options{cmpopts.IgnoreTypes(syntax.Pos{}), cmpopts.EquateEmpty()}

func TestPrintedQueryParsesToItself(t *testing.T) {
	for seed := range uint64(3000) {
		g := generator{rand.New(rand.NewPCG(seed, 1))}
		want := g.query()
		text := want.String()
		got, err := syntax.Parse(text)
		if err != nil {
			t.Fatalf("seed %d, %s: %v", seed, text, err)
		}
		if diff := cmp.Diff(want, got, samePlace); diff != "" {
			t.Fatalf("seed %d, %s (-want +got):\n%s", seed, text, diff)
		}
	}
}

// generator makes queries that are hard to print.
type generator struct{ *rand.Rand }

func (g generator) query() *syntax.Query {
	q := &syntax.Query{}
	if g.IntN(10) > 0 {
		q.Where = g.node(3)
	}
	for range g.IntN(3) {
		q.OrderBy = append(q.OrderBy, syntax.Sort{Field: g.field(), Direction: []syntax.Direction{"", "ASC", "DESC"}[g.IntN(3)]})
	}
	return q
}

func (g generator) node(depth int) syntax.Node {
	kind := g.IntN(6)
	if depth == 0 || kind > 2 {
		return g.clause()
	}
	if kind == 2 {
		return &syntax.Not{Clause: g.node(depth - 1)}
	}
	var clauses []syntax.Node
	for range 2 + g.IntN(2) {
		clauses = append(clauses, g.node(depth-1))
	}
	if kind == 1 {
		return &syntax.Or{Clauses: clauses}
	}
	return &syntax.And{Clauses: clauses}
}

var everyOperator = []syntax.Operator{"=", "!=", "~", "!~", "<", "<=", ">", ">=", "in", "not in", "is", "is not", "was", "was not", "was in", "was not in", "changed"}

func (g generator) clause() syntax.Node {
	c := &syntax.Clause{Field: g.field(), Op: everyOperator[g.IntN(len(everyOperator))]}
	if c.Op != syntax.Changed {
		c.Operand = g.operand(2)
	}
	if c.Op.History() {
		for range g.IntN(3) {
			words := []syntax.PredicateWord{"AFTER", "BEFORE", "DURING", "ON", "BY", "FROM", "TO"}
			c.Predicates = append(c.Predicates, syntax.Predicate{Word: words[g.IntN(len(words))], Operand: g.operand(1)})
		}
	}
	return c
}

func (g generator) field() syntax.Field {
	f := syntax.Field{Name: g.text(1)}
	for range max(0, g.IntN(5)-3) {
		p := syntax.Property{Key: g.text(0)}
		if g.IntN(2) == 0 {
			if p.Path = g.text(1); p.Path[0] == '.' {
				p.Path = "x" + p.Path
			}
		}
		f.Property = append(f.Property, p)
	}
	return f
}

func (g generator) operand(depth int) syntax.Operand {
	switch kind := syntax.Kind(1 + g.IntN(5)); {
	case kind == syntax.Number:
		return syntax.Operand{Kind: kind, Text: []string{"0", "-7", "10001"}[g.IntN(3)]}
	case kind == syntax.Empty:
		return syntax.Operand{Kind: kind}
	case kind == syntax.Function:
		o := syntax.Operand{Kind: kind, Text: g.text(1)}
		for range g.IntN(3) {
			o.Args = append(o.Args, g.text(0))
		}
		return o
	case kind == syntax.List && depth > 0:
		o := syntax.Operand{Kind: kind}
		for range 1 + g.IntN(3) {
			o.List = append(o.List, g.operand(depth-1))
		}
		return o
	}
	return syntax.Operand{Kind: syntax.Text, Text: g.text(0)}
}

// text is a string of at least so many characters that are not blank.
func (g generator) text(least int) string {
	whole := []string{"status", "issue.property", "cf[10001]", "cf[007]", "cf", "order", "select", "-12", "12", "Epic Link", "-1d", "a.b"}
	if g.IntN(2) == 0 {
		return whole[g.IntN(len(whole))]
	}
	chars := []rune("ab1 .-'\"\\\n\r\t\u0001\ufdd0=!~()[]{},&|ä😀")
	var out []rune
	for range g.IntN(5) {
		out = append(out, chars[g.IntN(len(chars))])
	}
	if least > 0 {
		out = slices.Insert(out, 0, 'q')
	}
	return string(out)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`project = OPS AND (key in (1, "2") or not summary ~ 'x') ORDER BY key desc`, `a is not empty`, `!a = f(-1, "x")`, `"`,
		`a=1 order by`, "\xff", `cf[1] >= 2026-01-01`, `issue.property[a].b.c = "\u0041"`, `s was not in (a) by f() during (x, -1d)`,
		`s changed from a to b`, `a\ b = \u00e4`, "a = 'x\ny' | b = c", `\ud800=\udc00`, `a[b].c[d].e = 1`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		q, err := syntax.Parse(in)
		if err != nil {
			var e *syntax.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v is no *syntax.Error", err)
			}
			if e.Pos.Offset < 0 || e.Pos.Offset > len(in) || e.Pos.Line < 1 || e.Pos.Column < 1 {
				t.Fatalf("%v stands at %+v, outside the query", err, e.Pos)
			}
			return
		}
		printed := q.String()
		again, err := syntax.Parse(printed)
		if err != nil {
			if len(printed) > 60<<10 {
				return // escapes made it too long
			}
			t.Fatalf("printed as %s: %v", printed, err)
		}
		if diff := cmp.Diff(q, again, samePlace); diff != "" {
			t.Fatalf("printed as %s (-first +again):\n%s", printed, diff)
		}
		if again.String() != printed {
			t.Fatalf("printed as %s, then as %s", printed, again)
		}
		if _, err := json.Marshal(q); err != nil || !utf8.ValidString(printed) {
			t.Fatalf("as JSON: %v, valid text: %v", err, utf8.ValidString(printed))
		}
	})
}

func TestQueryAsJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{``, `{}`},
		{`summary ~ test ORDER BY updated DESC, key`, `{"where":{"field":{"name":"summary","encodedName":"summary"},"operator":"~","operand":{"value":"test","encodedValue":"test"}},"orderBy":{"fields":[{"field":{"name":"updated","encodedName":"updated"},"direction":"desc"},{"field":{"name":"key","encodedName":"key"}}]}}`},
		{`NOT (a = 1 OR b is EMPTY)`, `{"where":{"operator":"not","clauses":[{"operator":"or","clauses":[{"field":{"name":"a","encodedName":"a"},"operator":"=","operand":{"value":"1","encodedValue":"1"}},{"field":{"name":"b","encodedName":"b"},"operator":"is","operand":{"keyword":"empty"}}]}]}}`},
		{`issue.property["spaces here"].value in ("Service requests", Incidents)`, `{"where":{"field":{"name":"issue.property[spaces here].value","encodedName":"issue.property[\"spaces here\"].value","property":[{"entity":"issue","key":"spaces here","path":"value"}]},"operator":"in","operand":{"values":[{"value":"Service requests","encodedValue":"\"Service requests\""},{"value":"Incidents","encodedValue":"Incidents"}],"encodedOperand":"(\"Service requests\", Incidents)"}}}`},
		{`status CHANGED AFTER startOfMonth(-1M)`, `{"where":{"field":{"name":"status","encodedName":"status"},"operator":"changed","predicates":[{"operator":"after","operand":{"function":"startOfMonth","arguments":["-1M"],"encodedOperand":"startOfMonth(-1M)"}}]}}`},
		{`status was Done`, `{"where":{"field":{"name":"status","encodedName":"status"},"operator":"was","operand":{"value":"Done","encodedValue":"Done"},"predicates":[]}}`},
	}
	for _, tt := range tests {
		q, err := syntax.Parse(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestFieldsAndFunctionsAreCollected(t *testing.T) {
	q, err := syntax.Parse(`a in (f(), (g(1))) AND NOT b was c BY h() ORDER BY d`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for f := range q.Fields() {
		got = append(got, f.Name)
	}
	for o := range q.Functions() {
		got = append(got, o.String())
	}
	if diff := cmp.Diff([]string{"a", "b", "d", "f()", "g(1)", "h()"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReplaceChangesACopy(t *testing.T) {
	const in = `project in (A, (B, EMPTY)) AND NOT (x changed BY f() OR y = A) ORDER BY z`
	q, err := syntax.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	got := q.Replace(func(f syntax.Field, o syntax.Operand) syntax.Operand {
		if f.Name == "project" && o.Text == "A" || o.Kind == syntax.Function {
			return syntax.Operand{Kind: syntax.Number, Text: "10000"}
		}
		return o
	})
	if want := `project in (10000, (B, EMPTY)) AND NOT (x changed BY 10000 OR y = A) ORDER BY z`; got.String() != want || q.String() != in {
		t.Errorf("%s became %s", q, got)
	}
}
