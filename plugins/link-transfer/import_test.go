package main

import (
	"fmt"
	"slices"
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

// Lines that one issue takes no more of lie far apart: they are asked about in several questions.
func TestACheckCountsTheLinksOfTheLinesBefore(t *testing.T) {
	const n = 70
	s := newSite(t, n)
	s.links.most = 2 // an issue at the second end
	s.links.made[pair("1070", "2001")] = 0
	var file strings.Builder
	for round := range 3 {
		for line := range n {
			fmt.Fprintf(&file, "IT-%d,HR-%d\n", (line+round)%n+1, line+1)
		}
	}
	page := s.paste(file.String())
	s.shows(page, "Would be made: 139. Are there already: 0. Cannot be made: 71.", "| 71 | IT-2 and HR-1 |")
	if _, err := s.Press(page, "Make 139 links"); err != nil {
		t.Fatal(err)
	}
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if got := s.counts(); got != "done, made 139" {
		t.Errorf("the run did otherwise: %s", got)
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
		file := s.exported(page, map[string]string{"by": tt.by, "separator": tt.separator}, "Save 2 links")
		if diff := cmp.Diff(tt.want, string(file.Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.by, diff)
		}
	}
}

// exported has the admin read links, wait until all are read, and save them.
func (s *site) exported(page *view.Page, form map[string]string, save string) *sdk.Attachment {
	s.Helper()
	read, err := s.Submit(page, "export", form)
	if err != nil {
		s.Fatal(err)
	}
	if read, err = s.Finish(read); err != nil {
		s.Fatal(err)
	}
	file, err := s.Save(read, save)
	if err != nil {
		s.Fatalf("%v; the page says:\n%s", err, sdktest.Text(read))
	}
	return file
}

// manyIssues are issues of the site beside those of the first two projects: MANY-1 and so on, with the ids 100001 and up.
func (s *site) manyIssues(n int) {
	for n := range n {
		s.Issues = append(s.Issues, jira.Issue{ID: itoa(100_001 + n), Key: "MANY-" + itoa(n+1), ProjectID: "30"})
	}
}

func TestAllLinksOfALargeRelationAreSavedInOneFile(t *testing.T) {
	const n = 2600
	s := newSite(t, 2)
	s.manyIssues(n)
	for n := range n {
		s.links.made[pair("1001", itoa(100_001+n))] = 0
	}
	s.links.made[pair("1002", "777")] = 0
	page, err := s.View(sdk.Request{Name: "transfer"})
	if err != nil {
		t.Fatal(err)
	}
	file := string(s.exported(page, map[string]string{"relation": uses}, "Save 2600 links").Body)
	if got := strings.Count(file, "'=Uses,IT-1,MANY-"); got != n || !strings.Contains(file, "MANY-2600\r\n# 1 link left out") {
		t.Errorf("%d links of %d; the end is %q", got, n, file[len(file)-100:])
	}
	// What is saved can be imported: every line is one.
	rows, err := parseTable(file)
	if err != nil || len(rows) != n {
		t.Errorf("%d rows are read, and %v", len(rows), err)
	}
}

func TestAnExportIsBoundedByJQL(t *testing.T) {
	s := newSite(t, 3)
	s.links.made[pair("1001", "2001")] = 0
	s.links.made[pair("2001", "1001")] = 0
	page, err := s.View(sdk.Request{Name: "transfer"})
	if err != nil {
		t.Fatal(err)
	}
	s.Match = func(q string, i *jira.Issue) bool {
		return !strings.Contains(q, "(project = HR) AND ") || i.ProjectID == "20"
	}
	file := string(s.exported(page, map[string]string{"relation": uses, "jql": "project = HR"}, "Save 1 link").Body)
	if strings.Contains(file, "IT-1,HR-1") || !strings.Contains(file, "HR-1,IT-1") {
		t.Errorf("the file says %q", file)
	}
	wrong, err := s.Submit(page, "export", map[string]string{"jql": "project = HR ORDER BY key"})
	if err != nil {
		t.Fatal(err)
	}
	s.shows(wrong, "Leave ORDER BY out")
}

func TestWhatTheBrowserKeptOfAnExportIsCheckedAgain(t *testing.T) {
	s := newSite(t, 1)
	whole := outlet{Walk: 1, Names: []string{"a"}, Over: true}
	whole.Links.add(named{0, "IT-1", "HR-1"})
	good := whole.state()
	other := whole
	other.Links.Prefixes = []string{"<b>", "HR-"}
	strange := other.state()
	other = whole
	other.Names = nil
	nameless := other.state()
	for name, state := range map[string][]byte{"none": nil, "cut": good[:len(good)-1], "more": append(slices.Clone(good), 1), "a prefix": strange, "a relation": nameless} {
		if _, err := s.File(sdk.Request{Name: "links", State: state}); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.File(sdk.Request{Name: "links", State: good}); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

// A large file goes through the browser in several calls, one of them twice as after a break; what is said of it is what the run does.
func TestALargeFileIsCheckedInSeveralCallsAndMadeByARun(t *testing.T) {
	const n = 1300
	s := newSite(t, 2)
	s.manyIssues(n)
	s.links.most = 2 // an issue at the second end
	s.links.made[pair("100001", "2001")] = 0
	s.links.slow = func() { s.clock = s.clock.Add(time.Second) }
	var file strings.Builder
	file.WriteString("first,second\n")
	for n := range n {
		fmt.Fprintf(&file, "IT-1,MANY-%d\n", n+1)
	}
	file.WriteString("IT-2,HR-1\nIT-1,HR-1\nIT-1,MANY-7\nIT-1,GONE-1\nno key,HR-1\nIT-2,\n")
	page := s.paste(file.String())
	var next *view.Next
	for calls := 0; ; calls++ {
		next = nil
		for _, b := range page.Blocks {
			if b.Progress != nil {
				next = b.Progress.Next
			}
		}
		if next == nil {
			if calls < 3 {
				t.Errorf("there were %d calls", calls)
			}
			break
		}
		for range 2 {
			var err error
			if page, err = s.Action(sdk.Request{Name: next.Action, State: next.State}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.shows(page, "Would be made: 1301. Are there already: 0. Cannot be made: 5.", "GONE-1 is not there", "NO KEY is no key of an issue", "An issue is missing", "takes no more", "A line before says the same")
	if len(s.links.made) != 1 || len(s.Runs()) != 0 {
		t.Fatal("a check makes something")
	}
	if _, err := s.Press(page, "Make 1301 links"); err != nil {
		t.Fatal(err)
	}
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if got := s.counts(); got != "done, made 1301" || len(s.links.made) != 1302 || len(s.Records(rowType)) != 0 {
		t.Errorf("%s; %d links; %d rows are left", got, len(s.links.made), len(s.Records(rowType)))
	}
}
