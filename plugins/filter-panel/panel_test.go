package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/view"
)

const customer = "customfield_10010"

// site is a Jira site with the plugin: asset OPS-1 of Acme & Co, and incidents.
type site struct {
	*sdktest.Host
	*testing.T
}

func newSite(t *testing.T, incidents int) site {
	s := site{sdktest.Load(t, newPlugin(), "plugin.json"), t}
	s.Fields = []jira.Field{
		{ID: "summary", Name: "Summary", Type: "string"}, {ID: "status", Name: "Status", Type: "status"}, {ID: customer, Name: "Customer", Type: "option"},
		{ID: "customfield_10011", Name: "Hours", Type: "number"},
	}
	for i := range incidents {
		s.Issues = append(s.Issues, jira.Issue{ID: strconv.Itoa(20001 + i), Key: fmt.Sprint("IT-", i+1), Fields: map[string]jira.Value{
			"summary": {Text: fmt.Sprint("Incident ", i+1)}, "customfield_10011": {Text: "0.5", Kind: jira.NumberValue},
		}})
	}
	s.OnIssue(jira.Issue{ID: "10001", Key: "OPS-1", ProjectID: "10", IssueTypeID: "7", Fields: map[string]jira.Value{"summary": {Text: "Server"}, customer: {Text: `Acme" OR key = "X-1`, ID: "5"}}})
	s.Match = func(jql string, i *jira.Issue) bool { return i.ID != "10001" }
	return s
}

func (s site) configure(values string) string {
	s.Helper()
	id, err := s.Configure(panelType, values)
	if err != nil {
		s.Fatal(err)
	}
	return id
}

func (s site) view(name string, params map[string]string) *view.Page {
	s.Helper()
	page, err := s.View(sdk.Request{Name: name, Params: params})
	if err != nil {
		s.Fatal(err)
	}
	return page
}

func (s site) shows(page *view.Page, want ...string) {
	s.Helper()
	text := sdktest.Text(page)
	for _, w := range want {
		if !strings.Contains(text, w) {
			s.Errorf("no %q in\n%s", w, text)
		}
	}
}

func (s site) hides(page *view.Page, secret ...string) {
	s.Helper()
	text := sdktest.Text(page)
	for _, w := range secret {
		if strings.Contains(text, w) {
			s.Errorf("%q in\n%s", w, text)
		}
	}
}

func (s site) queries() []string {
	var out []string
	for _, q := range s.Searches() {
		out = append(out, q.JQL)
	}
	return out
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, newPlugin()) }

func TestWithoutPanelsThePageSaysWhoMakesThem(t *testing.T) {
	s := newSite(t, 0)
	s.shows(s.view("panel", nil), "No panel shows here", "Filter panels")
}

func TestWhoIsNotLoggedInIsAskedTo(t *testing.T) {
	s := newSite(t, 1)
	s.configure(`{"name": "Incidents", "jql": "project = IT"}`)
	s.Context.Account = ""
	s.shows(s.view("panel", nil), "Log in to see related issues")
}

func TestAPanelShowsWhatItsQueryFinds(t *testing.T) {
	s := newSite(t, 12)
	s.configure(`{"name": "Incidents of this customer", "jql": "project = IT AND cf[10010] = {{issue.` + customer + `}} ORDER BY created DESC", "columns": ["summary"], "sums": ["customfield_10011"], "pageSize": 5}`)
	page := s.view("panel", nil)
	s.shows(page, "section: Incidents of this customer [12]", "IT-1", "Incident 5", "6", "page 1 of 3, 12 in all", "Open in navigator")
	s.hides(page, "IT-6", "OPS-1")
	want := []string{`project = IT AND cf[10010] = "Acme\" OR key = \"X-1" AND NOT id in (10001) ORDER BY created DESC`}
	if diff := cmp.Diff(want, s.queries()); diff != "" {
		t.Error(diff)
	}
	page, err := s.Turn(page, "Incidents of this customer", 3)
	if err != nil {
		t.Fatal(err)
	}
	s.shows(page, "IT-12")
	if page, err = s.Sort(page, "Key"); err != nil {
		t.Fatal(err)
	}
	if page, err = s.Sort(page, "Key"); err != nil {
		t.Fatal(err)
	}
	s.shows(page, "IT-12")
	s.hides(page, "IT-2 ")
}

func TestAVariableWithoutValueFindsNothingOrIsLeftOut(t *testing.T) {
	s := newSite(t, 3)
	s.OnIssue(jira.Issue{ID: "10001", Key: "OPS-1", ProjectID: "10", IssueTypeID: "7"})
	s.configure(`{"name": "a", "jql": "project = IT AND cf[10010] = {{issue.` + customer + `}}", "empty": "No incidents. Well done."}`)
	s.shows(s.view("panel", nil), "No incidents. Well done.")
	if q := s.queries(); len(q) > 0 {
		t.Errorf("it asks %v", q)
	}
	s.configure(`{"name": "b", "jql": "project = IT AND cf[10010] = {{issue.` + customer + `}}", "without": "drop"}`)
	s.configure(`{"name": "c", "jql": "cf[10010] = {{issue.` + customer + `}}", "without": "drop"}`)
	s.view("panel", nil)
	if diff := cmp.Diff([]string{"project = IT AND NOT id in (10001)"}, s.queries()); diff != "" {
		t.Error(diff)
	}
}

func TestPanelsShowWhereTheAdminSays(t *testing.T) {
	s := newSite(t, 1)
	for name, more := range map[string]string{
		"everywhere": ``, "here": `, "contexts": [{"projects": ["99"]}, {"projects": ["10"], "types": ["7"]}]`, "type alone": `, "contexts": [{"types": ["7"]}]`,
		"other project": `, "contexts": [{"projects": ["11"]}]`, "other pair": `, "contexts": [{"projects": ["10"], "types": ["8"]}, {"projects": ["11"], "types": ["7"]}]`, "draft": `, "shown": false`,
	} {
		s.configure(`{"name": "` + name + `", "jql": "project = IT"` + more + `}`)
	}
	page := s.view("panel", nil)
	s.shows(page, "everywhere", "section: here", "type alone")
	s.hides(page, "other", "draft")
}

func TestPanelsStandByPosition(t *testing.T) {
	s := newSite(t, 1)
	s.configure(`{"name": "later", "jql": "project = IT", "position": 2}`)
	s.configure(`{"name": "sooner", "jql": "project = IT", "position": 1}`)
	text := sdktest.Text(s.view("panel", nil))
	if strings.Index(text, "sooner") > strings.Index(text, "later") {
		t.Errorf("wrong order:\n%s", text)
	}
}

func TestAPanelThatWaitsAsksJiraWhenItIsOpened(t *testing.T) {
	s := newSite(t, 2)
	s.configure(`{"name": "first", "jql": "project = IT", "collapsed": true}`)
	s.configure(`{"name": "second", "jql": "project = IT", "collapsed": true}`)
	page := s.view("panel", nil)
	if q := s.queries(); len(q) > 0 {
		t.Errorf("it asks %v", q)
	}
	for n, name := range []string{"first", "second"} {
		var err error
		if page, err = s.Press(page, "Show "+name); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(sdktest.Text(page), "| IT-1"); got != n+1 {
			t.Errorf("%d panels are open, want %d:\n%s", got, n+1, sdktest.Text(page))
		}
	}
}

func TestAnErrorOfOnePanelLeavesTheOthers(t *testing.T) {
	s := newSite(t, 2)
	s.configure(`{"name": "broken", "jql": "project = GONE"}`)
	s.configure(`{"name": "whole", "jql": "project = IT"}`)
	s.Answer = func(op string, body []byte) (msgp.Marshaler, error, bool) {
		if op == jira.OpSearch && strings.Contains(string(body), "GONE") {
			return nil, sdk.Errorf(sdk.Invalid, "the secret GONE does not exist"), true
		}
		return nil, nil, false
	}
	page := s.view("panel", nil)
	s.shows(page, "This panel cannot be shown", "IT-1")
	s.hides(page, "secret")
}

func TestAPanelOfVeryManySaysThatThereAreMore(t *testing.T) {
	s := newSite(t, 620)
	s.configure(`{"name": "many", "jql": "project = IT", "sums": ["customfield_10011"]}`)
	page := s.view("panel", nil)
	s.shows(page, "more than 500", "There are yet others, which are not shown here and not summed.")
	if n := len(s.Searches()); n != 5 {
		t.Errorf("%d requests", n)
	}
}

func TestFieldsThatAreGoneBreakNothing(t *testing.T) {
	s := newSite(t, 2)
	s.configure(`{"name": "a", "jql": "project = IT AND cf[9] = {{issue.customfield_9}}", "without": "drop", "columns": ["customfield_9", "summary"], "sort": [{"field": "customfield_8"}], "sums": ["customfield_7"]}`)
	s.shows(s.view("panel", nil), "Incident 1")
}

func TestTheGuardRefusesWhatCannotBeAsked(t *testing.T) {
	s := newSite(t, 0)
	for in, want := range map[string]string{
		`project = `:              "character",
		`project = {{issue}}`:     "there is no such variable",
		`id in {{link.x}}`:        "write {{link.RELATION.first}}",
		`ORDER BY created`:        "Write at least one condition",
		`summary ~ {{user.name}}`: "there is no such variable",
	} {
		if _, err := s.Configure(panelType, `{"name": "a", "jql": "`+in+`"}`); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
	if _, err := s.Configure(panelType, `{"name": "a", "jql": "project = IT", "sums": ["summary"]}`); err == nil || !strings.Contains(err.Error(), "does not hold numbers") {
		t.Error(err)
	}
}

func TestASearchingUserFindsAndTheUserSeesOnlyTheirOwn(t *testing.T) {
	s := newSite(t, 5)
	s.configure(`{"name": "Incidents", "jql": "project = IT", "searchAs": "712020:bot", "sums": ["customfield_10011"]}`)
	s.Accounts = map[string]func(permission, id string) bool{"712020:bot": func(string, string) bool { return true }}
	s.May = func(_, id string) bool { return id != "20002" && id != "20003" }
	page := s.view("panel", nil)
	s.shows(page, "IT-1", "IT-5", "1.5", "2 more that you may not see, and that the sums leave out.")
	s.hides(page, "IT-2", "Incident 3", "20002")
	if q := s.Searches(); len(q) != 1 || q[0].As != "712020:bot" {
		t.Errorf("searches: %+v", q)
	}
}

func TestASearchingUserWhoIsGoneIsSaid(t *testing.T) {
	s := newSite(t, 5)
	s.configure(`{"name": "Incidents", "jql": "project = IT", "searchAs": "712020:gone"}`)
	page := s.view("panel", nil)
	s.shows(page, "An admin of Jira has to choose another one.")
	s.hides(page, "IT-1")
}

func TestWhatIsLinkedIsPartOfTheQuery(t *testing.T) {
	s := newSite(t, 3)
	s.Services = map[string]sdk.Service{relations.Links: service.Mux{relations.OpLinked: service.Handle(
		func(_ context.Context, _ *service.Request, q *relations.LinkedQuestion) (*relations.LinkedList, error) {
			return &relations.LinkedList{Issues: []relations.Linked{{IssueID: q.IssueIDs[0], Others: []string{"777", "888"}}}}, nil
		})}}
	s.configure(`{"name": "linked", "jql": "parent in {{link.rel1.first}}"}`)
	s.shows(s.view("panel", nil), "IT-1")
	if diff := cmp.Diff([]string{`parent in (777, 888) AND NOT id in (10001)`}, s.queries()); diff != "" {
		t.Error(diff)
	}
}

func TestAPanelWhoseServiceIsMissingLeavesTheOthers(t *testing.T) {
	s := newSite(t, 3)
	s.configure(`{"name": "linked", "jql": "parent in {{link.rel1.first}}"}`)
	s.configure(`{"name": "whole", "jql": "project = {{issue.project}}"}`)
	page := s.view("panel", nil)
	s.shows(page, "This panel cannot be shown", "IT-1")
	if diff := cmp.Diff([]string{`project = 10 AND NOT id in (10001)`}, s.queries()); diff != "" {
		t.Error(diff)
	}
}
