package jql_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/jql"
)

// show writes a parsed query in a form that has every parenthesis.
func show(q *jql.Query) string {
	var out strings.Builder
	if q.Where != nil {
		out.WriteString(expr(q.Where))
	}
	for _, s := range q.Order {
		fmt.Fprintf(&out, " <%s %v>", s.Field, s.Desc)
	}
	return strings.TrimSpace(out.String())
}

func expr(e jql.Expr) string {
	switch e := e.(type) {
	case jql.And:
		return "(" + expr(e.Left) + " & " + expr(e.Right) + ")"
	case jql.Or:
		return "(" + expr(e.Left) + " | " + expr(e.Right) + ")"
	case jql.Not:
		return "!" + expr(e.Of)
	case jql.Clause:
		var values []string
		for _, o := range e.Operands {
			text := o.Text
			if o.Quoted {
				text = "‹" + text + "›"
			}
			if o.Function {
				text += "()"
			}
			values = append(values, text)
		}
		return strings.TrimSpace("[" + e.Field + " " + string(e.Op) + " " + strings.Join(values, ",") + "]")
	}
	return "?"
}

func TestParse(t *testing.T) {
	tests := []struct{ in, want string }{
		{``, ``},
		{`  `, ``},
		{`project = OPS`, `[project = OPS]`},
		{`project=OPS`, `[project = OPS]`},
		{`key != OPS-1`, `[key != OPS-1]`},
		{`a = 1 and b = 2 or c = 3`, `(([a = 1] & [b = 2]) | [c = 3])`},
		{`a = 1 AND (b = 2 OR c = 3)`, `([a = 1] & ([b = 2] | [c = 3]))`},
		{`a = 1 && b = 2 || c = 3`, `(([a = 1] & [b = 2]) | [c = 3])`},
		{`NOT a = 1 AND b = 2`, `(![a = 1] & [b = 2])`},
		{`!(a = 1) or not not b = 2`, `(![a = 1] | !![b = 2])`},
		{`key in (OPS-1, "OPS-2")`, `[key in OPS-1,‹OPS-2›]`},
		{`key NOT IN (1)`, `[key not in 1]`},
		{`summary ~ "two words"`, `[summary ~ ‹two words›]`},
		{`summary !~ 'it\'s "so"'`, `[summary !~ ‹it's "so"›]`},
		{`cf[10001] ~ x`, `[cf[10001] ~ x]`},
		{`"Serial number" ~ x`, `[Serial number ~ x]`},
		{`assignee = currentUser()`, `[assignee = currentUser()]`},
		{`assignee in (currentUser(), ada)`, `[assignee in currentUser(),ada]`},
		{`fixVersion in releasedVersions()`, `[fixVersion in releasedVersions()]`},
		{`location is EMPTY`, `[location is ]`},
		{`location is not null`, `[location is not ]`},
		{`price >= 10.5 and price < 20`, `([price >= 10.5] & [price < 20])`},
		{`created > 2026-01-31`, `[created > 2026-01-31]`},
		{`project = "ORDER BY"`, `[project = ‹ORDER BY›]`},
		{`project = OPS ORDER BY key DESC, created, summary asc`, `[project = OPS] <key true> <created false> <summary false>`},
		{`order by updated`, `<updated false>`},
		{"a = 1\n  and b = 2", `([a = 1] & [b = 2])`},
		{`summary ~ "Ümläut ✓"`, `[summary ~ ‹Ümläut ✓›]`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			q, err := jql.Parse(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, show(q)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrorsAreJirasWords(t *testing.T) {
	tests := []struct{ in, want string }{
		{`project`, `Expecting operator but got the end of the query. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'. (line 1, character 8)`},
		{`project =`, `Expecting either a value, list or function but got the end of the query. (line 1, character 10)`},
		{`project = AND`, `Expecting either a value, list or function but got 'AND'. You must surround 'AND' in quotation marks to use it as a value. (line 1, character 11)`},
		{`project = OPS key = 1`, `Expecting either 'OR' or 'AND' but got 'key'. (line 1, character 15)`},
		{`(project = OPS`, `Expecting ')' before the end of the query. (line 1, character 15)`},
		{`key in OPS-1`, `Expecting '(' but got 'OPS-1'. (line 1, character 8)`},
		{`key in (OPS-1`, `Expecting either ',' or ')' but got the end of the query. (line 1, character 14)`},
		{`key in ()`, `Expecting either a value, list or function but got ')'. (line 1, character 9)`},
		{`summary ~ "open`, `The quoted string 'open' has not been completed. (line 1, character 11)`},
		{`summary ~ what?`, `The character '?' is a reserved JQL character. You must enclose it in a string or use the escape '\u003f' instead. (line 1, character 15)`},
		{"a = 1 and\n  = 2", `Expecting a field name but got '='. You must surround '=' in quotation marks to use it as a field name. (line 2, character 3)`},
		{`location is HERE`, `Expecting either 'EMPTY' or 'NULL' but got 'HERE'. (line 1, character 13)`},
		{`a = 1 order by`, `Expecting a field name but got the end of the query. (line 1, character 15)`},
		{`a = 1 order by key desc desc`, `Expecting either 'OR' or 'AND' but got 'desc'. (line 1, character 25)`},
		{`a = f(1)`, `Expecting ')' but got '1'. (line 1, character 7)`},
		{`a | b`, `The character '|' is a reserved JQL character. You must enclose it in a string or use the escape '\u007c' instead. (line 1, character 3)`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			_, err := jql.Parse(tt.in)
			var e *jql.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want a *jql.Error", err)
			}
			if diff := cmp.Diff("Error in the JQL Query: "+tt.want, e.Message); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	for name, in := range map[string]string{
		"parentheses": strings.Repeat("(", 5000) + "a = 1" + strings.Repeat(")", 5000),
		"negations":   strings.Repeat("not ", 5000) + "a = 1",
		"length":      `a = "` + strings.Repeat("x", 70000) + `"`,
	} {
		if _, err := jql.Parse(in); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`project = OPS AND (key in (1, "2") or not summary ~ 'x') ORDER BY key desc`, `a is not empty`, `!a = f()`, `"`, `a=1 order by`, "\xff", `cf[1] >= 2026-01-01`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		q, err := jql.Parse(in)
		if err != nil {
			var e *jql.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v is no *jql.Error", err)
			}
			return
		}
		// What a query says does not depend on how it was spaced.
		again, err := jql.Parse("\n " + in + " ")
		if err != nil || show(again) != show(q) {
			t.Errorf("with spaces around: %v, %v", again, err)
		}
		jql.Match(q.Where, func(jql.Clause) bool { return true })
	})
}
