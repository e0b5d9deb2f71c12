package syntax_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

func TestParsePrintsCanonicalForm(t *testing.T) {
	tests := []struct{ in, want string }{
		{``, ``},
		{`  `, ``},
		{`project=OPS`, `project = OPS`},
		{`a=b&c=d&&e=f`, `a = b AND c = d AND e = f`},
		{`a=b|c=d||e=f`, `a = b OR c = d OR e = f`},
		{`a = 1 and b = 2 oR c = 3`, `a = 1 AND b = 2 OR c = 3`},
		{`a = 1 AND (b = 2 OR c = 3)`, `a = 1 AND (b = 2 OR c = 3)`},
		{`a = 1 AND (b = 2 AND c = 3)`, `a = 1 AND (b = 2 AND c = 3)`},
		{`((a = 1))`, `a = 1`},
		{`! (a = x or ! b > f()) & c="d"`, `NOT (a = x OR NOT b > f()) AND c = d`},
		{`not ! a = 1`, `NOT NOT a = 1`},
		{`language   IN    (   java, c     , "python 2")`, `language in (java, c, "python 2")`},
		{`pri NoT In(java)`, `pri not in (java)`},
		{`pri iN((java), duke)`, `pri in ((java), duke)`},
		{`pri ~ ("stuff", 12)`, `pri ~ (stuff, 12)`},
		{`pri is not stuff`, `pri is not stuff`},
		{`x is null or y = EMPTY`, `x is EMPTY OR y = EMPTY`},
		{`x = "null"`, `x = "null"`},
		{`priority = "12345"`, `priority = "12345"`},
		{`priority = -12345`, `priority = -12345`},
		{`version= 1.2.3`, `version = 1.2.3`},
		{`key in (one-1, -1, 1-1)`, `key in (one-1, -1, 1-1)`},
		{`Cf  [ 0005 ] = x`, `cf[5] = x`},
		{`"cf[0005]" = x`, `"cf[0005]" = x`},
		{`"Component[Dropdown]" = x`, `"Component[Dropdown]" = x`},
		{`10245948 = abc order by 10245948`, `10245948 = abc ORDER BY 10245948`},
		{`issue.property[x] = x`, `issue.property[x] = x`},
		{`ISSUE.property ["issue.status"].a".b c" = x`, `ISSUE.property[issue.status]".a.b c" = x`},
		{`issue.property['-@.,@'].x > 2 order by issue.property[k].v desc`, `issue.property["-@.,@"].x > 2 ORDER BY issue.property[k].v DESC`},
		{`prior\'ty\ x = v`, `"prior'ty x" = v`},
		{`b = \ `, `b = " "`},
		{`b = "a\tb\nc\u0007\u00e4\\"`, `b = "a\tb\nc\u0007ä\\"`},
		{`b = "\ud83d\ude00"`, `b = 😀`},
		{"newline = \"hello\nworld\"", `newline = "hello\nworld"`},
		{`a = 'say "hi"'`, `a = "say \"hi\""`},
		{`a In f(Major, "x y", -65784, '7')`, `a in f(Major, "x y", -65784, 7)`},
		{`a <= "affected versions"(   )`, `a <= "affected versions"()`},
		{`a = 4759879()`, `a = 4759879()`},
		{`due < endOfMonth("+1")`, `due < endOfMonth("+1")`},
		{`created >= -1d AND due = "2026/01/31 12:00"`, `created >= -1d AND due = "2026/01/31 12:00"`},
		{`status was not in ("To Do") by currentUser() during (-1w, now())`, `status was not in ("To Do") BY currentUser() DURING (-1w, now())`},
		{`status CHANGED`, `status changed`},
		{`status CHANGED from "To Do" to Done on 2026-01-31`, `status changed FROM "To Do" TO Done ON 2026-01-31`},
		{`a was EMPTY before x or b = c`, `a was EMPTY BEFORE x OR b = c`},
		{`order by a, cf[7] asc,"b c" desc`, `ORDER BY a, cf[7] ASC, "b c" DESC`},
		{`"order" = "by" ORDER BY x`, `"order" = "by" ORDER BY x`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			q, err := syntax.Parse(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, q.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

const operators = `The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'.`

const escapes = `The valid escape sequences are \', \", \t, \n, \r, \\, '\ ' and \uXXXX.`

func TestParseErrorsAreJirasWords(t *testing.T) {
	tests := []struct{ in, want string }{
		{`comment ~ 'test`, `The quoted string 'test' has not been completed. (line 1, character 11)`},
		{"priority=\"test\nword", `The quoted string 'test word' has not been completed. (line 1, character 10)`},
		{`comment ~ '`, `The quoted string has not been completed. (line 1, character 11)`},
		{`comme\unt ~ 'test`, `'\un' is an illegal JQL escape sequence. ` + escapes + ` (line 1, character 6)`},
		{"status =\n\n\n\n\n\n \\c", `'\c' is an illegal JQL escape sequence. ` + escapes + ` (line 7, character 2)`},
		{"status =\n\n\n\n\\", `The escape sequence has not been completed. ` + escapes + ` (line 5, character 1)`},
		{"status =\n\n\n\n'\\u'", `'\u'' is an illegal JQL escape sequence. ` + escapes + ` (line 5, character 2)`},
		{`mine{www = qwwr`, `The character '{' is a reserved JQL character. You must enclose it in a string or use the escape '\u007b' instead. (line 1, character 5)`},
		{`minewww = qwwr}`, `The character '}' is a reserved JQL character. You must enclose it in a string or use the escape '\u007d' instead. (line 1, character 15)`},
		{"minewww =\u007fqwwr", `The character 'U+007F' on line 1 at position 10 must be escaped. Use the escape '\u007f' instead. (line 1, character 10)`},
		{"mqwwr=\"\u007f this is broken\"", `The character 'U+007F' on line 1 at position 8 must be escaped. Use the escape '\u007f' instead. (line 1, character 8)`},
		{"  \t  \n\r\f   ", `The character 'U+000C' on line 2 at position 2 must be escaped. Use the escape '\u000c' instead. (line 2, character 2)`},
		{`aaaaa=-3482094382084092840932809482`, `'-3482094382084092840932809482' is not a valid number. Numbers must be between -9,223,372,036,854,775,808 and 9,223,372,036,854,775,807. (line 1, character 7)`},
		{`cf[1002020202002020202020202020020202822]=a`, `'1002020202002020202020202020020202822' is not a valid number. Numbers must be between -9,223,372,036,854,775,808 and 9,223,372,036,854,775,807. (line 1, character 4)`},
		{`a =b order`, `Expecting 'by' before the end of the query.`},
		{`a =b order summary`, `Expecting 'by' but got 'summary'. (line 1, character 12)`},
		{`a =b order by`, `Expecting a field name at the end of the query.`},
		{`a =b order by asc`, `Expecting a field name but got 'asc'. You must surround 'asc' in quotation marks to use it as a field name. (line 1, character 15)`},
		{`a =b order by ajsks blah`, `Expecting either 'ASC' or 'DESC' but got 'blah'. (line 1, character 21)`},
		{`order by a desc d`, `Expecting ',' but got 'd'. (line 1, character 17)`},
		{`a =b order by "" desc`, `A field name cannot be empty. (line 1, character 15)`},
		{`'' = c`, `A field name cannot be empty. (line 1, character 1)`},
		{"summary ~ bad and \n\\  ~ cool", `A field name cannot be empty. (line 2, character 1)`},
		{`a = ""()`, `A function name cannot be empty. (line 1, character 5)`},
		{`a`, `Expecting operator before the end of the query. ` + operators},
		{`a blah >`, `Expecting operator but got 'blah'. ` + operators + ` (line 1, character 3)`},
		{`a =a and j not is empty`, `Expecting 'IN' but got 'is'. (line 1, character 16)`},
		{`a =a and j is ! empty`, `Expecting 'NOT' but got '!'. (line 1, character 15)`},
		{`cf`, `Expecting '[' before the end of the query.`},
		{`a = b and not (cf = 6)`, `Expecting '[' but got '='. (line 1, character 19)`},
		{`cf[`, `Expecting a custom field id (a positive number) before the end of the query.`},
		{`cf[] = 1`, `Expecting a custom field id (a positive number) but got ']'. (line 1, character 4)`},
		{`cf[-29829] = `, `Expecting a custom field id (a positive number) but got '-29829'. (line 1, character 4)`},
		{`cf[29829 = world`, `Expecting ']' but got '='. (line 1, character 10)`},
		{`cf[29829`, `Expecting ']' before the end of the query.`},
		{`issue.property[x.1] unresolved = b`, `Expecting operator but got 'unresolved'. ` + operators + ` (line 1, character 21)`},
		{`a = func(`, `Expecting ')' before the end of the query.`},
		{`a = func(, and not (a = x)`, `Expecting ')' but got ','. (line 1, character 10)`},
		{`bas=func(bad,)`, `Function argument must be specified. (line 1, character 14)`},
		{`bas=func(bad,`, `Expecting a function argument at the end of the query.`},
		{`k = func(!`, `Expecting a function argument but got '!'. You must surround '!' in quotation marks to use it as an argument. (line 1, character 10)`},
		{`k = func(abc, jk!)`, `Expecting ')' or ',' but got '!'. (line 1, character 17)`},
		{`(a=b and c = d`, `Expecting ')' before the end of the query.`},
		{`b in ((12, (288)`, `Expecting ')' before the end of the query.`},
		{`abc IN ((foo) abc = a`, `Expecting ')' but got 'abc'. (line 1, character 15)`},
		{`a in (b c)`, `Expecting ',' or ')' but got 'c'. (line 1, character 9)`},
		{`a=b !c=d`, `Expecting either 'OR' or 'AND' but got '!'. (line 1, character 5)`},
		{`a=b,b`, `Expecting either 'OR' or 'AND' but got ','. (line 1, character 4)`},
		{`abc in (foo))`, `Expecting either 'OR' or 'AND' but got ')'. (line 1, character 13)`},
		{`a = ((c,d), d, e, f, yyy) and`, `Expecting a field name at the end of the query.`},
		{`, a = b`, `Expecting a field name but got ','. You must surround ',' in quotation marks to use it as a field name. (line 1, character 1)`},
		{`[brenden] = a`, `Expecting a field name but got '['. Did you mean 'cf['? (line 1, character 1)`},
		{`a not was "Open"`, `Expecting 'IN' but got 'was'. (line 1, character 7)`},
		{`summary ~ select`, `'select' is a reserved JQL word. You must surround it in quotation marks to use it in a query. (line 1, character 11)`},
	}
	for _, tt := range tests {
		checkError(t, tt.in, "Error in the JQL Query: "+tt.want)
	}
}

func TestParseErrorsWithAnotherPrefixOrNone(t *testing.T) {
	tests := []struct{ in, want string }{
		{`a=`, `Error in JQL Query: Expecting either a value, list or function before the end of the query.`},
		{`a=(a,`, `Error in JQL Query: Expecting either a value, list or function before the end of the query.`},
		{`a was`, `Error in JQL Query: Expecting either a value, list or function before the end of the query.`},
		{`a = b and c = = d`, `Error in JQL Query: Expecting either a value, list or function but got '='. You must surround '=' in quotation marks to use it as a value. (line 1, character 15)`},
		{`a=(a,(,bad))`, `Error in JQL Query: Expecting either a value, list or function but got ','. You must surround ',' in quotation marks to use it as a value. (line 1, character 7)`},
		{`project = OR`, `Error in JQL Query: Expecting either a value, list or function but got 'OR'. You must surround 'OR' in quotation marks to use it as a value. (line 1, character 11)`},
		{`abc ~ ()`, `Error in JQL Query: Expecting either a value, list or function but got ')'. You must surround ')' in quotation marks to use it as a value. (line 1, character 8)`},
		{`status = "Open" by admin`, `The EQUALS operator does not support the use of the by "admin" predicate.`},
		{`fixVersion changed 4 by x`, `The CHANGED operator does not support the use of values without predicates. You must prefix the 4 value with a suitable predicate.`},
	}
	for _, tt := range tests {
		checkError(t, tt.in, tt.want)
	}
}

func checkError(t *testing.T, in, want string) {
	t.Helper()
	t.Run(in, func(t *testing.T) {
		q, err := syntax.Parse(in)
		var e *syntax.Error
		if !errors.As(err, &e) {
			t.Fatalf("%v, error %v, want a *syntax.Error", q, err)
		}
		if diff := cmp.Diff(want, e.Message); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestEveryReservedWordMustBeQuoted(t *testing.T) {
	for _, w := range syntax.ReservedWords() {
		if q, err := syntax.Parse("a = " + w); err == nil && w != "empty" && w != "null" {
			t.Errorf("%s was accepted as %v", w, q)
		}
		if _, err := syntax.Parse("a = '" + w + "'"); err != nil {
			t.Errorf("%s in quotes: %v", w, err)
		}
	}
}

func TestParseLimits(t *testing.T) {
	for name, in := range map[string]string{
		"parentheses": strings.Repeat("(", 5000) + "a = 1" + strings.Repeat(")", 5000),
		"negations":   strings.Repeat("not ", 5000) + "a = 1",
		"lists":       "a in " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000),
		"length":      `a = "` + strings.Repeat("x", 70000) + `"`,
	} {
		if _, err := syntax.Parse(in); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPositionsPointIntoTheQuery(t *testing.T) {
	const in = "ä = 1 AND\n NOT status was Done BY f(x)"
	q, err := syntax.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	not := q.Where.(*syntax.And).Clauses[1].(*syntax.Not)
	c := not.Clause.(*syntax.Clause)
	for _, tt := range []struct {
		at           syntax.Pos
		line, column int
		text         string
	}{
		{q.Where.Position(), 1, 1, "ä"},
		{not.At, 2, 2, "NOT"},
		{c.Position(), 2, 6, "status"},
		{c.OpAt, 2, 13, "was"},
		{c.Operand.At, 2, 17, "Done"},
		{c.Predicates[0].At, 2, 22, "BY"},
		{c.Predicates[0].Operand.At, 2, 25, "f(x)"},
	} {
		if tt.at.Line != tt.line || tt.at.Column != tt.column || !strings.HasPrefix(in[tt.at.Offset:], tt.text) {
			t.Errorf("%s is said to stand at %+v", tt.text, tt.at)
		}
	}
}
