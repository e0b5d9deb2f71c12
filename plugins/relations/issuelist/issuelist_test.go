package issuelist_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/plugins/relations/issuelist"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

var known = []jira.Field{
	{ID: "summary", Name: "Summary", Type: "string"}, {ID: "status", Name: "Status", Type: "status"}, {ID: "customfield_1", Name: "Price", Type: "number"},
	{ID: "duedate", Name: "Due", Type: "date"}, {ID: "description", Name: "Description", Type: "string"},
}

func issue(n int, fields map[string]jira.Value) jira.Issue {
	if fields["summary"].Text == "" {
		fields["summary"] = jira.Value{Text: fmt.Sprint("Laptop ", n)}
	}
	return jira.Issue{ID: fmt.Sprint(10000 + n), Key: fmt.Sprint("IT-", n), Fields: fields}
}

func price(text string) map[string]jira.Value {
	return map[string]jira.Value{"customfield_1": {Text: text, Kind: jira.NumberValue}}
}

func list(look issuelist.Look, issues ...jira.Issue) issuelist.List {
	return issuelist.List{Look: look, Name: "laptops", Label: "Laptops", Issues: issues, Known: known, Call: view.Call{View: "panel", Params: map[string]string{"side": "a"}}}
}

// text draws a list as a page that keeps the rules of sdk/view.
func text(t *testing.T, l issuelist.List) string {
	t.Helper()
	page := &view.Page{Title: "page", Blocks: l.Blocks()}
	plugin := &sdk.Plugin{Views: map[string]sdk.View{"panel": nil}, Actions: map[string]sdk.Action{"remove": sdk.ActionFunc(nil)}}
	plugin.Views["panel"] = sdk.ViewFunc(nil)
	if wrong := sdktest.Check(plugin, page); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	return strings.TrimPrefix(sdktest.Text(page), "page\n")
}

// keys are those of the rows of a table, in their order.
func keys(l issuelist.List) []string {
	var out []string
	for _, b := range l.Blocks() {
		if b.Table != nil {
			for _, r := range b.Table.Rows {
				out = append(out, r.Cells[0].Spans[0].Text)
			}
		}
	}
	return out
}

func TestSortingGoesByWhatAValueIs(t *testing.T) {
	date := func(text string, at int64) map[string]jira.Value {
		return map[string]jira.Value{"duedate": {Text: text, Kind: jira.DateValue, At: at}}
	}
	in := func(status, category string) map[string]jira.Value {
		return map[string]jira.Value{"status": {Text: status, Kind: jira.StatusValue, Category: category}}
	}
	for _, tt := range []struct {
		name, sorted string
		issues       []jira.Issue
		want         []string
	}{
		{"numbers by value", "customfield_1", []jira.Issue{issue(1, price("10")), issue(2, price("9.5")), issue(3, price("-3"))}, []string{"IT-3", "IT-2", "IT-1"}},
		{"what is empty comes last", "customfield_1", []jira.Issue{issue(1, map[string]jira.Value{}), issue(2, price("2")), issue(3, price("1"))}, []string{"IT-3", "IT-2", "IT-1"}},
		{"and the other way as well", "-customfield_1", []jira.Issue{issue(1, map[string]jira.Value{}), issue(2, price("2")), issue(3, price("3"))}, []string{"IT-3", "IT-2", "IT-1"}},
		{"alike by key", "-customfield_1", []jira.Issue{issue(10, price("1")), issue(9, price("1"))}, []string{"IT-9", "IT-10"}},
		{"keys by number", "issuekey", []jira.Issue{issue(10, price("1")), issue(9, price("1"))}, []string{"IT-9", "IT-10"}},
		{"dates by time", "duedate", []jira.Issue{issue(1, date("b", 1)), issue(2, date("a", 2))}, []string{"IT-1", "IT-2"}},
		{"statuses by how far they are", "status", []jira.Issue{issue(1, in("Approved", "done")), issue(2, in("Waiting", "new")), issue(3, in("Broken", "indeterminate"))}, []string{"IT-2", "IT-3", "IT-1"}},
		{"text without regard to case", "summary", []jira.Issue{issue(1, map[string]jira.Value{"summary": {Text: "b"}}), issue(2, map[string]jira.Value{"summary": {Text: "A"}})}, []string{"IT-2", "IT-1"}},
		{"a field that is no column", "description", []jira.Issue{issue(2, price("1")), issue(1, price("2"))}, []string{"IT-1", "IT-2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := list(issuelist.Look{Style: issuelist.Table, Columns: []string{"summary", "status", "customfield_1", "duedate"}}, tt.issues...)
			l.Sorted = tt.sorted
			if diff := cmp.Diff(tt.want, keys(l)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOrderOfTheLookTakesSeveralFields(t *testing.T) {
	look := issuelist.Look{Style: issuelist.Table, Columns: []string{"summary"}, Sort: []issuelist.Order{{Field: "customfield_1", Descending: true}, {Field: "summary"}}}
	named := func(n int, name, p string) jira.Issue {
		return issue(n, map[string]jira.Value{"summary": {Text: name}, "customfield_1": price(p)["customfield_1"]})
	}
	l := list(look, named(1, "b", "1"), named(2, "a", "1"), named(3, "c", "2"))
	if diff := cmp.Diff([]string{"IT-3", "IT-2", "IT-1"}, keys(l)); diff != "" {
		t.Error(diff)
	}
}

func TestSumsAreOfAllRowsAndNotOfThePage(t *testing.T) {
	look := issuelist.Look{Style: issuelist.Table, Columns: []string{"summary"}, Sums: []string{"customfield_1", "summary", "customfield_9"}, PageSize: 2}
	l := list(look, issue(1, price("0.1")), issue(2, price("0.2")), issue(3, price("100")))
	l.Hidden = 3
	got := text(t, l)
	for _, want := range []string{"100.3", "3 more that you may not see, and that the sums leave out.", "page 1 of 2, 3 in all"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "IT-3") {
		t.Errorf("a page of two shows a third:\n%s", got)
	}
}

func TestColumnsThatAreGoneAreLeftOut(t *testing.T) {
	l := list(issuelist.Look{Style: issuelist.Compact, Columns: []string{"customfield_9", "status", "issuekey", "status"}}, issue(1, map[string]jira.Value{"status": {Text: "In use"}}))
	if got, want := text(t, l), "| Key ^ | Status |\n"; !strings.Contains(got, "Status") || strings.Contains(got, "customfield_9") || strings.Count(got, "Status") != 1 {
		t.Errorf("got\n%s\nwant a heading like %s", got, want)
	}
}

func TestSortingKeepsParamsAndTurns(t *testing.T) {
	l := list(issuelist.Look{Style: issuelist.Table, Columns: []string{"summary"}}, issue(1, price("1")))
	l.Sorted = "summary"
	columns := l.Blocks()[0].Table.Columns
	if diff := cmp.Diff(map[string]string{"side": "a", "sort": "-summary"}, columns[1].Sort.Params); diff != "" || columns[1].Sorted != view.Ascending {
		t.Error(columns[1].Sorted, diff)
	}
	if diff := cmp.Diff(map[string]string{"side": "a", "sort": "issuekey"}, columns[0].Sort.Params); diff != "" {
		t.Error(diff)
	}
}

func TestEveryStyleDrawsWhatItShould(t *testing.T) {
	one := issue(1, map[string]jira.Value{
		"status": {Text: "In use", Kind: jira.StatusValue, Category: jira.StatusInProgress}, "customfield_1": {Text: "900", Kind: jira.NumberValue},
		"description": {Text: "first line\nsecond " + strings.Repeat("long ", 60)},
	})
	two := issue(2, price("100"))
	columns := []string{"summary", "status", "customfield_1", "description"}
	for _, style := range []string{issuelist.Rows, issuelist.Table, issuelist.Compact, issuelist.Cards, issuelist.Count, ""} {
		t.Run(style, func(t *testing.T) {
			l := list(issuelist.Look{Style: style, Columns: columns, Sums: []string{"customfield_1"}}, one, two)
			l.Buttons = func(i *jira.Issue) []view.Button {
				return []view.Button{{Label: "Remove", Action: "remove", Params: map[string]string{"issue": i.ID}}}
			}
			got := text(t, l)
			want := []string{"1000", "IT-1", "IT-2", "Laptop 1", "[IN USE]", "900", "Price", "first line second long", "…", "(Remove)"}
			if style == issuelist.Count {
				want = []string{"2 issues", "Sum of Price: 1000"}
			}
			for _, w := range want {
				if !strings.Contains(got, w) {
					t.Errorf("no %q in\n%s", w, got)
				}
			}
			if strings.Contains(got, strings.Repeat("long ", 30)) {
				t.Errorf("a long text is not cut:\n%s", got)
			}
		})
	}
}

func TestNothingToShowSaysWhy(t *testing.T) {
	l := list(issuelist.Look{})
	l.Empty = "Nothing is linked yet."
	if got := text(t, l); got != "Nothing is linked yet.\n" {
		t.Errorf("%q", got)
	}
	l.Hidden = 2
	if got := text(t, l); got != "2 more that you may not see.\n" {
		t.Errorf("%q", got)
	}
	l.Hidden, l.More = 0, true
	if got := text(t, l); !strings.Contains(got, "There are yet others") {
		t.Errorf("%q", got)
	}
}

func TestPagesThatDoNotExistAreTheNearest(t *testing.T) {
	for page, want := range map[int]string{-4: "IT-1", 0: "IT-1", 2: "IT-3", 99: "IT-5"} {
		l := list(issuelist.Look{Style: issuelist.Table, PageSize: 2}, issue(1, price("1")), issue(2, price("1")), issue(3, price("1")), issue(4, price("1")), issue(5, price("1")))
		l.Page = page
		if got := keys(l); len(got) == 0 || got[0] != want {
			t.Errorf("page %d begins with %v, want %s", page, got, want)
		}
	}
}

func TestFieldsAreThoseThatTheLookNeeds(t *testing.T) {
	look := issuelist.Look{Columns: []string{"duedate", "issuekey"}, Sums: []string{"customfield_1"}, Sort: []issuelist.Order{{Field: "created"}, {Field: "duedate"}}}
	if diff := cmp.Diff([]string{"summary", "status", "duedate", "customfield_1", "created"}, look.Fields()); diff != "" {
		t.Error(diff)
	}
}

func TestTheOrderOfAQueryIsKeptUntilAnotherIsAskedFor(t *testing.T) {
	l := list(issuelist.Look{Style: issuelist.Table}, issue(3, price("1")), issue(1, price("1")), issue(2, price("1")))
	l.Ordered = true
	if diff := cmp.Diff([]string{"IT-3", "IT-1", "IT-2"}, keys(l)); diff != "" {
		t.Error(diff)
	}
	l.Sorted = "-issuekey"
	if diff := cmp.Diff([]string{"IT-3", "IT-2", "IT-1"}, keys(l)); diff != "" {
		t.Error(diff)
	}
}
