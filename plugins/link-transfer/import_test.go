package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

// paste has the admin check lines.
func (s *site) paste(lines string) *view.Page {
	s.Helper()
	page, err := s.View(sdk.Request{Name: "transfer"})
	if err != nil {
		s.Fatal(err)
	}
	if page, err = s.Submit(page, "read", map[string]string{"relation": uses, "lines": lines}); err != nil {
		s.Fatal(err)
	}
	return page
}

func (s *site) shows(page *view.Page, want ...string) {
	s.Helper()
	text := sdktest.Text(page)
	for _, w := range want {
		if !strings.Contains(text, w) {
			s.Errorf("the page does not show %q:\n%s", w, text)
		}
	}
}

func TestAFileIsCheckedLineByLineThenMadeAndTakenBack(t *testing.T) {
	s := newSite(t, 5)
	s.refuseKeys("IT-77", "HR-88")
	s.links.made[pair("1001", "2001")] = 0
	s.links.refuses[pair("1004", "2004")] = relations.ByMaximum
	page := s.paste("relation;first;second\n=Uses;IT-1;HR-1\n;IT-2;HR-2\n;1003;2003\nOther;IT-1;HR-2\n;IT-77;HR-1\n;IT-1;HR-88\n;IT-2;HR-2\n;IT-4;HR-4\n;;HR-1\n;<b>what a strange cell to be in a file;HR-1\n")
	s.shows(page, "Would be made: 2. Are there already: 1. Cannot be made: 7.",
		"It is of another relation", "IT-77 is not there, or you may not see it", "HR-88 is not there", "Line 3 says the same", "IT-4 and HR-4", "takes no more links", "An issue is missing", "is no key of an issue")
	if len(s.links.made) != 1 || len(s.Records(rowType)) != 0 {
		t.Fatal("a check keeps or makes something")
	}
	if _, err := s.Press(page, "Make 2 links"); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Records(rowType)); n != 2 {
		t.Errorf("%d rows wait", n)
	}
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if got := s.links.text(); got != "1001-2001 1002-2002 1003-2003" || s.counts() != "done, made 2" {
		t.Errorf("links %s; %s", got, s.counts())
	}
	if n := len(s.Records(rowType)); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	s.clock = time.UnixMilli(s.Runs()[0].Created).Add(time.Hour)
	s.act("undo", map[string]string{"run": s.Runs()[0].ID})
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if got := s.links.text(); got != "1001-2001" {
		t.Errorf("taken back: links %s", got)
	}
}

// refuseKeys has Jira refuse queries with keys that are not there, as it does.
func (s *site) refuseKeys(keys ...string) {
	s.Answer = refusing(keys)
}

func TestWhatThePageKeptIsCheckedAgain(t *testing.T) {
	s := newSite(t, 2)
	for _, state := range []string{"", "IT-1 HR-1\n", "1001\n", "1001 2001 \n", strings.Repeat("1001 2001\n", 1) + "x"} {
		if _, err := s.Action(sdk.Request{Name: "import", Params: map[string]string{"relation": uses}, State: []byte(state)}); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%q: %v", state, err)
		}
	}
	if n := len(s.Records(rowType)) + len(s.Runs()); n != 0 {
		t.Errorf("%d rows and runs", n)
	}
}

func TestAnIssueThatWasMovedIsFoundByItsOldKey(t *testing.T) {
	s := newSite(t, 3)
	old := s.Match
	s.Match = func(q string, i *jira.Issue) bool {
		return old(q, i) || i.Key == "IT-2" && strings.Contains(q, `"OLD-9"`)
	}
	s.shows(s.paste("OLD-9,HR-1\nIT-1,HR-2"), "Would be made: 2.")
}

func TestAFileHoldsWhatTheAdminMaySee(t *testing.T) {
	s := newSite(t, 4)
	for _, p := range []relations.Pair{pair("1001", "2001"), pair("1002", "2002"), pair("1003", "2003")} {
		s.links.made[p] = 0
	}
	s.May = func(permission, id string) bool { return permission != jira.BrowseProjects || id != "2002" }
	page, err := s.View(sdk.Request{Name: "transfer"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ by, separator, want string }{
		{"keys", "semicolon", "\ufeffrelation;first;second\r\n'=Uses;IT-1;HR-1\r\n'=Uses;IT-3;HR-3\r\n# 1 link left out: an issue is gone, or you may not see it.\r\n"},
		{"ids", "tab", "\ufeffrelation\tfirst\tsecond\r\n'=Uses\t1001\t2001\r\n'=Uses\t1003\t2003\r\n# 1 link left out: an issue is gone, or you may not see it.\r\n"},
	} {
		files, err := s.Submit(page, "parts", map[string]string{"by": tt.by, "separator": tt.separator})
		if err != nil {
			t.Fatal(err)
		}
		file, err := s.Save(files, "Save links from 1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(file.Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.by, diff)
		}
	}
}

func TestALargeRelationIsSavedInSeveralFiles(t *testing.T) {
	s := newSite(t, 2)
	for n := range mostExported + 10 {
		s.links.made[pair("1001", itoa(100_000+n))] = 0
	}
	page, err := s.View(sdk.Request{Name: "transfer"})
	if err != nil {
		t.Fatal(err)
	}
	files, err := s.Submit(page, "parts", map[string]string{"relation": uses})
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for label, left := range map[string]string{"Save links from 1": "# 2000 links left out", "Save links from 2001": "# 10 links left out"} {
		file, err := s.Save(files, label)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(file.Body), left) {
			t.Errorf("%s: %s", label, file.Body)
		}
		lines++
	}
	if lines != 2 {
		t.Error(lines)
	}
}
