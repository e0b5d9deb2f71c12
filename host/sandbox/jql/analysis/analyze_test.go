package analysis_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/jqltest"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

func parse(t *testing.T, text string) *syntax.Query {
	t.Helper()
	q, err := syntax.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

const formats = `Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.`

func TestMistakesAreToldInJirasWords(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{`project = OPS AND status changed AFTER -1w`, nil},
		{`universe = 42`, []string{"Field 'universe' does not exist or you do not have permission to view it."}},
		{`issue.property["a b"].c = 42`, []string{`Field 'issue.property["a b"].c' does not exist or you do not have permission to view it.`}},
		{`summary = test`, []string{"The operator '=' is not supported by the 'summary' field."}},
		{`text !~ test`, []string{"The operator '!~' is not supported by the 'text' field."}},
		{`labels was x`, []string{"The operator 'was' is not supported by the 'labels' field."}},
		{`attachments = x`, []string{"The operator '=' is not supported by the 'attachments' field."}},
		{`summary in test`, []string{`Operator 'in' does not support the non-list value '"test"' for field 'summary'.`}},
		{`assignee in currentUser()`, []string{"Operator 'in' does not support the non-list value 'currentUser()' for field 'assignee'."}},
		{`assignee = membersOf(staff)`, []string{"Operator '=' does not support the list value 'membersOf(staff)' for field 'assignee'."}},
		{`status = (Done, "To Do")`, []string{`Operator '=' does not support the list value '("Done", "To Do")' for field 'status'.`}},
		{`status is Done`, []string{"Operator 'is' does not support searching for non-empty values for field 'status'."}},
		{`created > EMPTY`, []string{"Operator '>' does not support the empty value representation 'EMPTY' for field 'created'."}},
		{`status in EMPTY`, []string{"Operator 'in' does not support the empty value representation 'EMPTY' for field 'status'."}},
		{`text ~ EMPTY`, []string{"The field 'text' does not support searching for EMPTY values."}},
		{`text ~ ""`, []string{"The field 'text' does not support searching for an empty string."}},
		{`text ~ "?x"`, []string{"The text query '?x' for field 'text' is not allowed to start with '?'."}},
		{`text ~ "AND"`, []string{"Unable to parse the text 'AND' for field 'text'."}},
		{`project = NOPE`, []string{"The value 'NOPE' does not exist for the field 'project'."}},
		{`project = 42`, []string{"A value with ID '42' does not exist for the field 'project'."}},
		{`key = NOPE-1`, []string{"An issue with key 'NOPE-1' does not exist for field 'key'."}},
		{`cf[10002] = Pink`, []string{"The option 'Pink' for field 'cf[10002]' does not exist."}},
		{`Team = Pink`, []string{"The option 'Pink' for field 'Team' does not exist."}},
		{`"Story Points" > many`, []string{"Value 'many' is invalid for the 'Story Points' field. Valid values include numbers."}},
		{`created >= yesterday`, []string{"Date value 'yesterday' for field 'created' is invalid. " + formats}},
		{`due = 2026-02-30`, []string{"Date value '2026-02-30' for field 'due' is invalid. " + formats}},
		{`assignee = noSuch(a, "b c")`, []string{`Unable to find JQL function 'noSuch(a, "b c")'.`}},
		{`key in watchedIssues()`, []string{"Unable to find JQL function 'watchedIssues()'."}},
		{`Team in openSprints()`, []string{"Unable to find JQL function 'openSprints()'."}},
		{`status = currentUser()`, []string{"A value provided by the function 'currentUser' is invalid for the field 'status'."}},
		{`due = currentUSER()`, []string{"A date for the field 'due' provided by the function 'currentUSER' is not valid."}},
		{`key = currentuser()`, []string{"A value provided by the function 'currentuser' for the field 'key' is not a valid issue key."}},
		{`"Story Points" = now()`, []string{"A value provided by the function 'now' for the field 'Story Points' is not a valid number."}},
		{`created > now(x)`, []string{"Function 'now' expected '0' arguments but received '1'."}},
		{`assignee in membersOf(a, b)`, []string{"Function 'membersOf' expected '1' arguments but received '2'."}},
		{`key in updatedBy()`, []string{"Function 'updatedBy' expected between '1' and '3' arguments but received '0'."}},
		{`key in linkedIssues()`, []string{"Incorrect number of arguments for function 'linkedIssues'. Usage: 'linkedIssues ( issuekey [, linkDescription ]* )'."}},
		{`Team in cascadeOption()`, []string{`Incorrect number of arguments specified for the function 'cascadeOption'. Usages: cascadeOption(parentOption), cascadeOption(parentOption, childOption), cascadeOption(parentOption, "None").`}},
		{`created > startOfDay(invalid)`, []string{"Duration for function 'startOfDay' should have the format (+/-)n(yMwdm), e.g -1M for 1 month earlier."}},
		{`assignee in membersOf(nobody)`, []string{"Function 'membersOf' can not generate a list of usernames for group 'nobody'; the group does not exist."}},
		{`key in linkedIssues(OPS-9)`, []string{"Issue 'OPS-9' could not be found in function 'linkedIssues'."}},
		{`created > currentLogin()`, []string{"the moment of the login is not kept"}},
		{`created > lastLogin()`, nil},
		{`status changed from fred`, []string{"The value 'fred' does not exist for the field 'status'."}},
		{`status changed after "20/12/10"`, []string{"Date value '20/12/10' for predicate 'after' is invalid. " + formats}},
		{`status changed after currentUser()`, []string{"A date for the predicate 'after' provided by the function 'currentUser' is not valid."}},
		{`status changed before (11, 12)`, []string{"The BEFORE predicate must be supplied with only 1 date value."}},
		{`status changed during 11`, []string{"The DURING predicate must be supplied with exactly 2 date values."}},
		{`assignee changed by bogus()`, []string{"Unable to find JQL function 'bogus()'."}},
		{`status changed after now(x)`, []string{"Function 'now' expected '0' arguments but received '1'."}},
		{`status changed by zoe`, []string{"The user 'zoe' does not exist and cannot be used in the 'by' predicate."}},
		{`project = OPS order by zzfield`, []string{"Field 'zzfield' does not exist or you do not have permission to view it."}},
		{`project = OPS order by labels`, []string{"Not able to sort using field 'labels'."}},
		{`project = A AND project = A or x = 1`, []string{"The value 'A' does not exist for the field 'project'.", "Field 'x' does not exist or you do not have permission to view it."}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			_, m := jqltest.Analyzer().Analyze(parse(t, tt.in), analysis.Strict)
			if diff := cmp.Diff(tt.want, m.Errors, cmpopts.EquateEmpty()); diff != "" || len(m.Warnings) > 0 {
				t.Errorf("(-want +got):\n%s%q", diff, m.Warnings)
			}
		})
	}
}

func TestModesDecideWhatBecomesOfMistakes(t *testing.T) {
	q := parse(t, `project = NOPE AND summary = x`)
	const value, operator = "The value 'NOPE' does not exist for the field 'project'.", "The operator '=' is not supported by the 'summary' field."
	for mode, want := range map[analysis.Mode]analysis.Messages{
		analysis.Strict: {Errors: []string{value, operator}},
		analysis.Warn:   {Errors: []string{operator}, Warnings: []string{value}},
		analysis.Ignore: {},
	} {
		if _, got := jqltest.Analyzer().Analyze(q, mode); !cmp.Equal(want, got) {
			t.Errorf("mode %d: %q", mode, got)
		}
	}
}

func TestUnboundedQueriesAreRefused(t *testing.T) {
	if err := analysis.Bounded(parse(t, `ORDER BY created`)); err == nil || err.Error() != "Unbounded JQL queries are not allowed here. Please add a search restriction to your query." {
		t.Error(err)
	}
	if err := analysis.Bounded(parse(t, `created > -1d`)); err != nil {
		t.Error(err)
	}
}

func TestQueriesMeanWhatJiraMeans(t *testing.T) {
	status := func(values ...string) plan.Node { return plan.Equal{Field: "status", Values: values} }
	assignee := plan.Exists{Field: "assignee"}
	tests := []struct {
		in   string
		want plan.Node
	}{
		{``, plan.And{}},
		{`status = done`, status("Done")},
		{`status in (done, "to do")`, status("Done", "To Do")},
		{`assignee != EMPTY`, plan.And{assignee, assignee}},
		{`assignee is EMPTY`, plan.Not{Of: assignee}},
		{`NOT assignee is EMPTY`, assignee},
		{`NOT assignee = currentUser()`, plan.And{assignee, plan.Not{Of: plan.Equal{Field: "assignee", Values: []string{"mia"}}}}},
		{`NOT (status = done OR assignee is not EMPTY)`, plan.And{plan.Exists{Field: "status"}, plan.Not{Of: status("Done")}, plan.Not{Of: assignee}}},
		{`"Story Points" >= 2 AND "Story Points" <= 5`, plan.Range{Field: "customfield_10001", Low: 2, High: 5, Single: true}},
		{`key in linkedIssues(OPS-1)`, plan.Equal{Field: "issuekey", Values: []string{"OPS-2", "FAC-3"}}},
		{`NOT status changed`, plan.Not{Of: plan.Changed{Field: "status", Change: plan.Change{Since: inf(-1), Till: inf(1)}}}},
		{`status was not in (Done, EMPTY)`, plan.Not{Of: plan.Was{Field: "status", Past: plan.Past{Values: []string{"Done", ""}, Since: inf(-1), Till: inf(1)}}}},
	}
	for _, tt := range tests {
		got, m := jqltest.Analyzer().Analyze(parse(t, tt.in), analysis.Strict)
		if diff := cmp.Diff(tt.want, got.Where); diff != "" || len(m.Errors) > 0 {
			t.Errorf("%s (-want +got):\n%s%q", tt.in, diff, m.Errors)
		}
	}
}

func TestFiltersStandForTheirQuery(t *testing.T) {
	for in, same := range map[string]string{
		`filter = "My doors"`:                 `summary ~ door AND assignee = currentUser()`,
		`project = OPS AND filter in (10000)`: `project = OPS AND summary ~ door AND assignee = currentUser()`,
		`NOT filter != 10000`:                 `summary ~ door AND assignee = currentUser()`,
		`fixVersion ~ "1.*"`:                  `fixVersion in (1.0, 1.1)`,
	} {
		got, m := jqltest.Analyzer().Analyze(parse(t, in), analysis.Strict)
		want, _ := jqltest.Analyzer().Analyze(parse(t, same), analysis.Strict)
		if diff := cmp.Diff(want, got); diff != "" || len(m.Errors) > 0 {
			t.Errorf("%s (-want +got):\n%s%q", in, diff, m)
		}
	}
	denied, _ := jqltest.Analyzer().Analyze(parse(t, `filter != 10000`), analysis.Strict)
	if _, ok := denied.Where.(plan.Not); !ok {
		t.Errorf("a filter that is denied leaves %+v, want all that it does not find", denied.Where)
	}
	endless, _ := jqltest.Analyzer().Analyze(parse(t, `filter = Endless`), analysis.Strict)
	if diff := cmp.Diff(plan.Node(plan.Or{}), endless.Where); diff != "" {
		t.Errorf("a filter that asks for itself (-want +got):\n%s", diff)
	}
	_, m := jqltest.Analyzer().Analyze(parse(t, `filter = nope`), analysis.Strict)
	if !cmp.Equal(m.Errors, []string{"The value 'nope' does not exist for the field 'filter'."}) {
		t.Errorf("%q", m)
	}
}

func TestOrderFollowsTheFieldWhereNoDirectionIsGiven(t *testing.T) {
	q, _ := jqltest.Analyzer().Analyze(parse(t, `ORDER BY priority, priority ASC, created`), analysis.Strict)
	want := []plan.Order{{Field: "priority", Desc: true}, {Field: "priority"}, {Field: "created"}}
	if diff := cmp.Diff(want, q.Order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// withApps is the site with functions of apps.
type withApps struct{ jqltest.Site }

func (withApps) Fragment(f syntax.Field, op syntax.Operator, fn syntax.Operand) (string, error) {
	switch fn.Text {
	case "blocked":
		return `status = "To Do" AND assignee is EMPTY`, nil
	case "endless":
		return f.String() + " " + string(op) + " " + fn.String(), nil
	case "broken":
		return `status =`, nil
	}
	return "", analysis.ErrUnknown
}

func TestFunctionsOfAppsReplaceTheirClause(t *testing.T) {
	a := jqltest.Analyzer()
	a.Environment = withApps{}
	for _, tt := range []struct{ in, same, message string }{
		{`key in blocked()`, `status = "To Do" AND assignee is EMPTY`, ""},
		{`NOT key in blocked()`, `status != "To Do" OR assignee is not EMPTY`, ""},
		{`key in endless()`, `NOT project is EMPTY AND NOT project is not EMPTY`, ""},
		{`key in broken()`, ``, "Error in JQL Query: Expecting either a value, list or function before the end of the query."},
		{`key in other()`, ``, "Unable to find JQL function 'other()'."},
	} {
		got, m := a.Analyze(parse(t, tt.in), analysis.Strict)
		if tt.message != "" {
			if !cmp.Equal(m.Errors, []string{tt.message}) {
				t.Errorf("%s: %q", tt.in, m)
			}
			continue
		}
		want, _ := a.Analyze(parse(t, tt.same), analysis.Strict)
		if tt.in == `key in endless()` {
			want.Where = plan.Or{}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(m.Errors) > 0 {
			t.Errorf("%s (-want +got):\n%s%q", tt.in, diff, m)
		}
	}
}

func FuzzAnalyze(f *testing.F) {
	for _, s := range []string{`project = OPS`, `status changed during (-1d, now()) by (mia)`, `created = "2026-01-01" and due < 4w`, `summary ~ "a OR b"`, `key > OPS-1 order by created`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		q, err := syntax.Parse(in)
		if err != nil {
			return
		}
		for _, mode := range []analysis.Mode{analysis.Strict, analysis.Warn, analysis.Ignore} {
			if got, _ := jqltest.Analyzer().Analyze(q, mode); got.Where == nil {
				t.Error("no plan")
			}
		}
	})
}
