package syntax_test

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/sdk/jql"
)

var figures = flag.Bool("figures", false, "print how many cases were judged")

// shape is what a query asks, without the texts that it compares with.
func shape(n syntax.Node) string {
	switch n := n.(type) {
	case *syntax.And:
		return shapes("and", n.Clauses)
	case *syntax.Or:
		return shapes("or", n.Clauses)
	case *syntax.Not:
		return shapes("not", []syntax.Node{n.Clause})
	case *syntax.Clause:
		out := fmt.Sprintf("%s %s %s", n.Field, n.Op, operandShape(n.Operand))
		for _, p := range n.Predicates {
			out += fmt.Sprintf(" %s %s", p.Word, operandShape(p.Operand))
		}
		return out
	}
	return "everything"
}

func shapes(kind string, all []syntax.Node) string {
	var parts []string
	for _, n := range all {
		parts = append(parts, shape(n))
	}
	return kind + "(" + strings.Join(parts, "; ") + ")"
}

func operandShape(o syntax.Operand) string {
	switch o.Kind {
	case syntax.List:
		var parts []string
		for _, item := range o.List {
			parts = append(parts, operandShape(item))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case syntax.Function:
		return fmt.Sprintf("%s/%d", o.Text, len(o.Args))
	case syntax.Text:
		return "text"
	case syntax.Number:
		return "number"
	}
	return o.String()
}

// texts are the texts of a query, where a value may stand.
func texts(n syntax.Node) (out []string) {
	operand := func(o syntax.Operand) {
		out = append(append(out, o.Text), o.Args...)
		for _, item := range o.Flat() {
			out = append(out, item.Text)
		}
	}
	switch n := n.(type) {
	case *syntax.And:
		for _, c := range n.Clauses {
			out = append(out, texts(c)...)
		}
	case *syntax.Or:
		for _, c := range n.Clauses {
			out = append(out, texts(c)...)
		}
	case *syntax.Not:
		return texts(n.Clause)
	case *syntax.Clause:
		operand(n.Operand)
		for _, p := range n.Predicates {
			operand(p.Operand)
		}
	}
	return out
}

var templates = []string{
	`key = {{issue.key}}`, `key={{issue.key}}and project={{issue.key}}`, `project in {{issue.key}} ORDER BY key`, `project in ({{issue.key}}, "x", {{issue.key}})`,
	`summary ~ {{issue.key}} OR NOT (a = {{issue.key}} AND b != 1)`, `issue in linkedIssues({{issue.key}}, "is part of")`, `status was {{issue.key}} by {{issue.key}} after {{issue.key}}`,
	`status changed from {{issue.key}} to ({{issue.key}}, "y")`, `issue.property[a.b].c >= {{issue.key}}`, `cf[10010] not in {{issue.key}} && d is not empty`, `"a \"b" !~ {{issue.key}}`,
	`a = '\' x' and b = {{issue.key}}`, `a = \u0022 and b = {{issue.key}}`, `a = x\" and b = {{issue.key}}`, `a = b\\ and c = {{issue.key}}`,
	`id in {{link.4Nk7.first}} AND id not in ({{path.4Nk7}}, 7)`, `id = {{issue.id}} OR text ~ {{path.4Nk7}}`,
}

var injections = []string{
	`"`, `'`, `\`, `\"`, `\\"`, `" OR project = HR OR key = "`, `') OR (a = '`, `") OR ("`, "x\" ORDER BY rank", `EMPTY`, `null`, `currentUser()`, `membersOf("admins")`, `cf[10010]`,
	`{{issue.key}}`, `}}`, `{{`, "\n", "\r\n AND 1 = 1", "\t", "\x00", "\x1b[0m", "\x7f", "\u0085", "\u2028", "\u2029", "\ufdd0", "\ufffe", "\uffff", "\ufffd", "\xff\" OR a = \"", "\xc0\xaf",
	`\u0022 OR a = \u0022`, `\u005c`, `\u`, `10001`, `-1`, `-7d`, `AND`, `order by x`, `,`, `(`, `)`, `,"x"`, `; drop`, `#`, `/* */`, `--`, `＂`, "“x”", "\u202e\"", "🙂\"", `a OR b`, `-a +b`, `*`, `"a b"~5`, ` `, `  x  `,
	`\ `, `a\`, strings.Repeat(`\`, 7), strings.Repeat(`"`, 8),
}

// judge expands a template with a value and with a harmless one, and compares what the two ask.
func judge(t *testing.T, template string, evil []string) (judged bool) {
	t.Helper()
	parsed, err := jql.Parse(template)
	if err != nil || len(parsed.Variables()) == 0 {
		return false
	}
	harmless := make([]string, len(evil))
	for i := range harmless {
		if harmless[i] = fmt.Sprintf("harmless%d", i); evil[i] != "" && strings.Trim(evil[i], "0123456789") == "" && len(evil[i]) < 20 {
			harmless[i] = strconv.Itoa(100 + i) // an id stays one
		}
	}
	expand := func(values []string, empty jql.Empty) (string, error) {
		return parsed.Expand(func(string) []string { return values }, empty)
	}
	good, err := expand(harmless, jql.NoResults)
	if err != nil {
		return false // several values where one can stand
	}
	want, err := syntax.Parse(good)
	if err != nil {
		return false // nothing that Jira takes, whatever the value
	}
	bad, err := expand(evil, jql.NoResults)
	if err != nil {
		t.Errorf("%q with %q: %v", template, evil, err)
		return true
	}
	if bad == jql.None { // a search for text without a word
		return true
	}
	got, err := syntax.Parse(bad)
	if err != nil {
		t.Errorf("%q with %q is refused: %v\n%s", template, evil, err, bad)
		return true
	}
	if diff := cmp.Diff(shape(want.Where)+fmt.Sprint(len(want.OrderBy)), shape(got.Where)+fmt.Sprint(len(got.OrderBy))); diff != "" {
		t.Errorf("%q with %q asks for something else (-harmless +value):\n%s\n%s", template, evil, diff, bad)
	}
	// And what stands there is the value, not something like it, unless it was a search for its words.
	there := strings.Join(texts(got.Where), "\x00")
	for _, v := range evil {
		if !strings.Contains(there, strings.ToValidUTF8(v, "\ufffd")) && utf8.ValidString(v) && !strings.Contains(template, "~") {
			t.Errorf("%q with %q lost the value: %q", template, v, there)
		}
	}
	return true
}

func TestNoValueChangesWhatATemplateAsks(t *testing.T) {
	cases := 0
	for _, template := range templates {
		for i, v := range injections {
			for _, values := range [][]string{{v}, {v, injections[(i+1)%len(injections)] + "2"}} {
				if judge(t, template, values) {
					cases++
				}
			}
		}
	}
	if want := len(templates) * len(injections); cases < want {
		t.Errorf("%d cases were judged, want %d and more", cases, want)
	}
	cases += judgeAnswers(t)
	if *figures {
		fmt.Printf("figure jql_injection_cases %d\n", cases)
	}
}

// answers are such as plugins give to functions in JQL, with an argument in them.
var answers = map[string]func(v string) jql.Clause{
	"linked": func(v string) jql.Clause {
		links := jql.Property("acme.links", "links")
		return jql.And(links.NotEmpty(), links.In("R:second:"+v, v), jql.Field("key").NotIn(v))
	},
	"not linked": func(v string) jql.Clause {
		links := jql.Property("acme.links", "links")
		return jql.Or(links.Empty(), links.NotIn("R:second:"+v), jql.Field("key").In(v, "A-1"))
	},
	"a function of Jira's": func(v string) jql.Clause { return jql.Field("issue").InFunction("linkedIssues", v, "blocks", v) },
	"denied": func(v string) jql.Clause {
		return jql.And(jql.Field("issue").NotInFunction("linkedIssues", "A-1", v), jql.Field("issue").NotInFunction("linkedIssues", v))
	},
	"a type of links": func(v string) jql.Clause {
		return jql.Or(jql.Field("issueLinkType").Empty(), jql.Field("issueLinkType").NotEq(v))
	},
}

// judgeAnswers puts hostile arguments into answers, and answers into a query as a host does, and says how many it judged.
func judgeAnswers(t *testing.T) (cases int) {
	t.Helper()
	around := func(c jql.Clause) string { return "project = OPS AND (" + c.String() + ") AND key != A-2" }
	for name, answer := range answers {
		want, err := syntax.Parse(around(answer("harmless")))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range injections {
			cases++
			text := around(answer(v))
			got, err := syntax.Parse(text)
			if err != nil {
				t.Errorf("%s with %q is refused: %v\n%s", name, v, err, text)
				continue
			}
			if diff := cmp.Diff(shape(want.Where), shape(got.Where)); diff != "" || len(got.OrderBy) > 0 {
				t.Errorf("%s with %q asks for something else (-harmless +value):\n%s\n%s", name, v, diff, text)
			}
			if there := strings.Join(texts(got.Where), "\x00"); utf8.ValidString(v) && !strings.Contains(there, v) {
				t.Errorf("%s with %q lost the value: %q", name, v, there)
			}
		}
	}
	return cases
}

func TestNoValueChangesWhatABuilderAsks(t *testing.T) {
	for _, v := range injections {
		ask := func(v string) jql.Clause {
			return jql.Or(jql.And(jql.Field("project").Eq(v), jql.Field("x").In(v, "y"), jql.Field("x").Greater(v)), jql.Not(jql.And(jql.Field("a").NotIn(v), jql.Field("b").Empty())), jql.IDs(v, "7"))
		}
		got, err := syntax.Parse(jql.OrderBy(ask(v), jql.Field("customfield_10010").Desc()))
		if err != nil {
			t.Errorf("%q: %v", v, err)
			continue
		}
		want, err := syntax.Parse(jql.OrderBy(ask("harmless"), jql.Field("customfield_10010").Desc()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Trim(v, "0123456789") == "" { // an id, which IDs takes
			continue
		}
		if diff := cmp.Diff(shape(want.Where), shape(got.Where)); diff != "" {
			t.Errorf("%q (-harmless +value):\n%s", v, diff)
		}
		// A field is whatever name it was given, and nothing more.
		if strings.TrimSpace(v) == "" {
			continue // of which there is no field
		}
		named, err := syntax.Parse(jql.Field(v).Eq("x").String())
		if err != nil {
			t.Errorf("field %q: %v", v, err)
			continue
		}
		if c, ok := named.Where.(*syntax.Clause); !ok || c.Op != syntax.Equals || c.Operand.Text != "x" {
			t.Errorf("field %q makes %s", v, named)
		}
		for _, f := range []jql.FieldName{jql.Property(v, "links"), jql.Property("acme.links", v)} {
			property, err := syntax.Parse(f.Eq("x").String())
			if err != nil {
				t.Errorf("property %q: %v", v, err)
				continue
			}
			if c, ok := property.Where.(*syntax.Clause); !ok || c.Op != syntax.Equals || c.Operand.Text != "x" {
				t.Errorf("property %q makes %s", v, property)
			}
		}
		if called := jql.Field("issue").InFunction(v, "x").String(); called != jql.None && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("function %q makes %s", v, called)
		}
	}
}

func FuzzNoValueChangesWhatATemplateAsks(f *testing.F) {
	for i, v := range injections {
		f.Add(templates[i%len(templates)], v, injections[(i+7)%len(injections)])
	}
	f.Fuzz(func(t *testing.T, template, first, second string) {
		if first == "" || len(first)+len(second)+len(template) > 4<<10 {
			return // no value is none, and Jira's own limit is for Jira to say
		}
		judge(t, template, []string{first})
		if second != "" && strings.ToValidUTF8(second, "\ufffd") != strings.ToValidUTF8(first, "\ufffd") {
			judge(t, template, []string{first, second})
		}
	})
}
