package main

import (
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

func TestAdminsSeeADraftBesideTheIssueTheyChoose(t *testing.T) {
	s := newSite(t, 12)
	id := s.configure(`{"name": "Incidents", "jql": "project = IT AND cf[10010] = {{issue.` + customer + `}}", "shown": false, "pageSize": 5}`)
	page := s.view("preview", nil)
	if got := page.Blocks[0].Form.Fields[0].Options[0].Label; got != "Incidents (not shown yet)" {
		t.Error(got)
	}
	page, err := s.SubmitAll(page, "preview", map[string][]string{"panel": {id}, "issue": {"10001"}})
	if err != nil {
		t.Fatal(err)
	}
	s.shows(page, "Users do not see this panel beside OPS-1", "cf[10010] =", "IT-5", "page 1 of 3")
	if page, err = s.Turn(page, "Incidents", 2); err != nil {
		t.Fatal(err)
	}
	s.shows(page, "IT-6", "OPS-1 Server")
}

func TestThePreviewSaysWhatJiraSays(t *testing.T) {
	s := newSite(t, 1)
	id := s.configure(`{"name": "broken", "jql": "project = GONE"}`)
	s.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
		return nil, sdk.Errorf(sdk.Invalid, "the project GONE does not exist"), op == jira.OpSearch
	}
	s.shows(s.view("preview", map[string]string{"panel": id, "issue": "10001"}), "the project GONE does not exist", "Users see this panel beside OPS-1.")
}

func TestThePreviewIsForAdmins(t *testing.T) {
	s := newSite(t, 1)
	id := s.configure(`{"name": "Incidents", "jql": "project = IT"}`)
	s.May = func(permission, _ string) bool { return permission != jira.Administer }
	page := s.view("preview", map[string]string{"panel": id, "issue": "10001"})
	s.shows(page, "For admins of Jira")
	s.hides(page, "Incidents", "IT-1")
	got, err := s.Suggest(sdk.Request{Name: "issues", Params: map[string]string{"q": "incident", "field": "issue"}})
	if err != nil || len(got.Choices) > 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestThePreviewSaysWhatIsMissing(t *testing.T) {
	s := newSite(t, 1)
	s.shows(s.view("preview", nil), "There are no panels yet")
	id := s.configure(`{"name": "Incidents", "jql": "project = IT"}`)
	s.shows(s.view("preview", map[string]string{"panel": "gone", "issue": "10001"}), "This panel is gone")
	s.shows(s.view("preview", map[string]string{"panel": id}), "Choose an issue.")
	s.shows(s.view("preview", map[string]string{"panel": id, "issue": "99"}), "This issue is gone, or you may not see it.")
}

func TestThePickerFindsByKeyAndWordsAndBearsUnknownKeys(t *testing.T) {
	s := newSite(t, 3)
	refuse := false
	s.Answer = func(op string, body []byte) (msgp.Marshaler, error, bool) {
		return nil, sdk.Errorf(sdk.Invalid, "no such issue"), op == jira.OpSearch && refuse && strings.Contains(string(body), "issuekey")
	}
	for _, refuse = range []bool{false, true} {
		got, err := s.Suggest(sdk.Request{Name: "issues", Params: map[string]string{"q": "it-2", "field": "issue"}})
		if err != nil || len(got.Choices) != 3 {
			t.Errorf("refused %v: %v, %v", refuse, got, err)
		}
	}
	q := s.queries()
	if want := `"issuekey" = "IT-2" OR (summary ~ "it 2" OR summary ~ "it 2*") ORDER BY updated DESC`; q[0] != want {
		t.Errorf("got %s\nwant %s", q[0], want)
	}
}
