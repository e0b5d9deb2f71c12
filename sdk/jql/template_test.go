package jql_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk/jql"
)

func values(pairs map[string][]string) func(string) []string {
	return func(name string) []string { return pairs[name] }
}

func TestTemplatesExpand(t *testing.T) {
	known := values(map[string][]string{
		"issue.key": {"OPS-7"}, "issue.project": {"OPS"}, "issue.components": {"a", "b", "a", ""}, "link.parent_1-x": {"OPS-1"}, "user.accountId": {"5b:1"},
		"link.4Nk7.first": {"10001", "10002", "1 OR 1"}, "path.4Nk7": {"10003"}, "issue.id": {"10001"}, "issue.number": {"7"},
		"issue.summary": {`Laser* "printer" OR x`}, "issue.signs": {"*?-"},
	})
	for _, c := range []struct{ in, none, drop string }{
		{``, ``, ``},
		{`project = OPS`, `project = OPS`, `project = OPS`},
		{`ORDER BY created`, `ORDER BY created`, `ORDER BY created`},
		{`key={{issue.key}}`, `key="OPS-7"`, `key="OPS-7"`},
		{`key = {{ issue.key }}and project={{issue.project}}`, `key = "OPS-7" AND project="OPS"`, `key = "OPS-7" AND project="OPS"`},
		{`component in {{issue.components}}`, `component in ("a", "b")`, `component in ("a", "b")`},
		{`component in ({{issue.components}}, "c")`, `component in ("a", "b", "c")`, `component in ("a", "b", "c")`},
		{`key not in {{issue.key}}`, `key not in ("OPS-7")`, `key not in ("OPS-7")`},
		{`id in {{link.4Nk7.first}}`, `id in (10001, 10002, "1 OR 1")`, `id in (10001, 10002, "1 OR 1")`},
		{`id in ({{path.4Nk7}}, {{issue.id}})`, `id in (10003, 10001)`, `id in (10003, 10001)`},
		{`id != {{issue.id}} AND n = {{issue.number}} AND text ~ {{path.4Nk7}}`, `id != 10001 AND n = "7" AND text ~ "10003"`, `id != 10001 AND n = "7" AND text ~ "10003"`},
		{`summary ~ {{issue.summary}}`, `summary ~ "Laser printer or x"`, `summary ~ "Laser printer or x"`},
		{`issue in linkedIssues({{link.parent_1-x}}, "is part of")`, `issue in linkedIssues("OPS-1", "is part of")`, `issue in linkedIssues("OPS-1", "is part of")`},
		{`status was "To Do" by {{user.accountId}} before -1w`, `status was "To Do" by "5b:1" before -1w`, `status was "To Do" by "5b:1" before -1w`},
		{`status changed from "a" to {{issue.key}}`, `status changed from "a" to "OPS-7"`, `status changed from "a" to "OPS-7"`},
		{`issue.property[a.b].c = {{issue.key}} && cf[10010] is not empty`, `issue.property[a.b].c = "OPS-7" AND cf[10010] is not empty`, `issue.property[a.b].c = "OPS-7" AND cf[10010] is not empty`},
		{`! (a = 1 or b = {{issue.key}}) order by c desc, d`, `NOT (a = 1 OR b = "OPS-7") order by c desc, d`, `NOT (a = 1 OR b = "OPS-7") order by c desc, d`},
		{`created > startOfDay() and assignee = currentUser()`, `created > startOfDay() AND assignee = currentUser()`, `created > startOfDay() AND assignee = currentUser()`},

		{`key = {{issue.parent}}`, jql.None, ``},
		{`key = {{issue.parent}} ORDER BY key`, jql.None, `ORDER BY key`},
		{`a = 1 AND key = {{issue.parent}}`, jql.None, `a = 1`},
		{`a = 1 OR key = {{issue.parent}}`, jql.None, `a = 1`},
		{`a = 1 AND NOT key = {{issue.parent}}`, jql.None, `a = 1`},
		{`a = 1 AND NOT (key = {{issue.parent}} OR NOT (NOT key in ({{issue.parent}}, 1)))`, jql.None, `a = 1`},
		{`a = 1 AND (key = {{issue.parent}} OR b = {{issue.key}} OR c = 2)`, jql.None, `a = 1 AND (b = "OPS-7" OR c = 2)`},
		{`summary ~ {{issue.signs}} AND a = 1`, jql.None, `a = 1`},
		{`a in f({{issue.parent}}) OR b = 2`, jql.None, `b = 2`},
	} {
		parsed, err := jql.Parse(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		none, err1 := parsed.Expand(known, jql.NoResults)
		drop, err2 := parsed.Expand(known, jql.Drop)
		if none != c.none || drop != c.drop || err1 != nil || err2 != nil {
			t.Errorf("%s:\n%s, %v\n%s, %v\nwant\n%s\n%s", c.in, none, err1, drop, err2, c.none, c.drop)
		}
	}
}

func TestTemplatesSayWhatIsWrong(t *testing.T) {
	for in, want := range map[string]string{
		`key = "{{issue.key}}"`:              `character 8: a variable inside of quotes`,
		`key = 'ä {{issue.key}}'`:            `character 10: a variable inside of quotes`,
		`key = {{issue.key}`:                 `character 7: the variable is not closed`,
		`key = "OPS`:                         `character 7: the text is not closed; write another "`,
		`key = {{issue}}`:                    `there is no such variable`,
		`key = {{path.}}`:                    `there is no such variable`,
		`key = {{path.a b}}`:                 `there is no such variable`,
		`key = {{user.name}}`:                `there is no such variable`,
		`key = {{issue.a b}}`:                `there is no such variable`,
		`{{issue.key}} = 1`:                  `character 1: a variable stands for a value, not for a field`,
		`({{issue.key}})`:                    `character 2: a variable stands for a value, not for a field`,
		`a = 1 AND {{issue.key}}`:            `not for a field`,
		`cf[{{issue.key}}] = 1`:              `want a number or a name in [ ] instead of {{issue.key}}`,
		`a {{issue.key}} 1`:                  `want an operator such as = or in instead of {{issue.key}}`,
		`a = x{{issue.key}}`:                 `instead of {{issue.key}}`,
		`a = {{issue.key}}x`:                 `instead of x`,
		`a = {{issue.key}}{{issue.key}}`:     `instead of {{issue.key}}`,
		`a = {{issue.key}}()`:                `a variable is a value and no function`,
		`a in {{issue.key}} (1)`:             `a variable is a value and no function`,
		`a is {{issue.key}}`:                 `write = {{issue.key}}`,
		`a = 1 ORDER BY {{issue.key}}`:       `the order needs the names of fields`,
		`a = 1 b = 2`:                        `want AND, OR, ORDER BY or the end of the query instead of b`,
		`a = 1)`:                             `instead of )`,
		`(a = 1`:                             `want AND, OR or ) instead of the end of the query`,
		`a in (1, 2`:                         `want , or ) instead of the end of the query`,
		`a = f(1`:                            `want an argument or ) instead of the end of the query`,
		`a not 1`:                            `want IN behind NOT`,
		`a =`:                                `want a value instead of the end of the query`,
		`a = 1 AND`:                          `want the name of a field instead of the end of the query`,
		strings.Repeat("(", 60) + "a = 1":    `nested too deeply`,
		`a in ` + strings.Repeat("(", 60):    `nested too deeply`,
		strings.Repeat("not ", 60) + "a = 1": `nested too deeply`,
		strings.Repeat(" ", 17<<10):          `the query is too long`,
	} {
		_, err := jql.Parse(in)
		var wrong *jql.Error
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || wrong.At < 1 {
			t.Errorf("%.40s: %v, want %q", in, err, want)
		}
	}
}

func TestOneValueWhereOneCanStand(t *testing.T) {
	several := values(map[string][]string{"issue.components": {"a", "b"}})
	for _, in := range []string{`x = {{issue.components}}`, `y = 1 OR x ~ {{issue.components}}`, `x in f({{issue.components}})`} {
		parsed, err := jql.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parsed.Expand(several, jql.Drop)
		if wrong := (*jql.Error)(nil); !errors.As(err, &wrong) || !strings.Contains(wrong.Message, "write in {{issue.components}}") || wrong.At != strings.Index(in, "{{")+1 {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestTemplatesGoTogetherWithClauses(t *testing.T) {
	for in, want := range map[string]string{
		`a = 1 OR b = {{issue.key}} ORDER BY c`: `project = "OPS" AND (a = 1 OR b = "OPS-7")`,
		`a = 1 AND b = {{issue.key}}`:           `project = "OPS" AND a = 1 AND b = "OPS-7"`,
		`b = {{issue.none}} ORDER BY c`:         `project = "OPS"`,
		``:                                      `project = "OPS"`,
	} {
		parsed, err := jql.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parsed.Clause(values(map[string][]string{"issue.key": {"OPS-7"}}), jql.Drop)
		if diff := cmp.Diff(want, jql.And(jql.Field("project").Eq("OPS"), c).String()); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", in, err, diff)
		}
	}
}

func TestClausesOfNothing(t *testing.T) {
	everything := jql.Clause{}
	for _, c := range []struct {
		name, want string
		got        jql.Clause
	}{
		{"in none", jql.None, jql.Field("key").In()},
		{"not in none", "", jql.Field("key").NotIn()},
		{"contains no word", jql.None, jql.Field("text").Contains(`*"`)},
		{"and of nothing", "", jql.And()},
		{"or of nothing", jql.None, jql.Or()},
		{"or with everything", "", jql.Or(jql.Field("key").Eq("A-1"), everything)},
		{"not everything", jql.None, jql.Not(everything)},
		{"a field that says something", `"a\" = 1 OR b" = "x"`, jql.Field(`a" = 1 OR b`).Eq("x")},
		{"a custom field that is none", `"customfield_1] = 1 OR cf[2" = "x"`, jql.Field(`customfield_1] = 1 OR cf[2`).Eq("x")},
		{"comparisons", `duedate <= "2026-01-31" AND duedate >= "-7d" AND duedate < "1" AND duedate != "2"`,
			jql.And(jql.Field("duedate").LessEq("2026-01-31"), jql.Field("duedate").GreaterEq("-7d"), jql.Field("duedate").Less("1"), jql.Field("duedate").NotEq("2"))},
	} {
		if got := c.got.String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestValuesAndCallsMeanWhatWasQuoted(t *testing.T) {
	for _, text := range []string{`Laptop of an employee`, `a "b" \c`, "tab\tline\nand\r", "\u0001\u2028", "", "größer", `'`} {
		q := jql.Quote(text)
		parsed, err := jql.Parse("summary = " + q + " AND NOT issue in assetsWithLinks(" + q + ", first)")
		if err != nil {
			t.Fatal(err)
		}
		if v := parsed.Values(); len(v) != 1 || v[0] != text {
			t.Errorf("%s is read as %q", q, v)
		}
		if c := parsed.Calls(); len(c) != 1 || c[0].Name != "assetsWithLinks" || len(c[0].Arguments) != 2 || c[0].Arguments[0] != text || c[0].Arguments[1] != "first" {
			t.Errorf("%s is read as %q", q, c)
		}
	}
}
