package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
)

func TestLinksOfJirasOwnBecomeLinksOfTheRelation(t *testing.T) {
	for _, tt := range []struct{ name, more, want string }{
		{"as they are", "", "1001-2001 1001-2002 2001-1003"},
		{"turned", `, "direction": "reverse"`, "1003-2001 2001-1001 2002-1001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, 4)
			s.native(blocks, "1001", "2001")
			s.native(blocks, "1001", "2002")
			s.native(blocks, "2001", "1003")
			s.native("2", "1001", "1002")
			before := s.natives()
			params := map[string]string{"migration": s.migration(tt.more)}
			s.act("check", params)
			if err := s.WorkAll(); err != nil {
				t.Fatal(err)
			}
			if got := s.counts(); got != "done, made 3" || s.links.text() != "" {
				t.Errorf("dry run: %s, links %s", got, s.links.text())
			}
			s.act("migrate", params)
			if err := s.WorkAll(); err != nil {
				t.Fatal(err)
			}
			if got := s.links.text(); got != tt.want || s.counts() != "done, made 3" {
				t.Errorf("links %s, want %s; %s", got, tt.want, s.counts())
			}
			if s.natives() != before {
				t.Errorf("links of Jira's own changed: %s", s.natives())
			}
			if n := len(s.Records(passedType)) + len(s.Records(nativeType)); n != 0 {
				t.Errorf("%d records are left", n)
			}
		})
	}
}

func TestARunGoesThroughAllIssuesAndProjects(t *testing.T) {
	s := newSite(t, 250)
	for n := range 250 {
		s.native(blocks, strconv.Itoa(1001+n), strconv.Itoa(2001+n))
		s.native(blocks, strconv.Itoa(2001+n), strconv.Itoa(1001+n))
	}
	s.act("migrate", map[string]string{"migration": s.migration("")})
	// An issue at which the run stands is deleted, so that it goes through the project anew.
	if _, err := s.Work(); err != nil {
		t.Fatal(err)
	}
	for i := range s.Issues {
		if s.Issues[i].ID == "1100" {
			s.Issues[i].ProjectID = "30"
			break
		}
	}
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if n := len(s.links.made); n != 500 {
		t.Errorf("%d links; %s", n, s.counts())
	}
	if n := len(s.Records(passedType)); n != 0 {
		t.Errorf("%d projects are still remembered", n)
	}
}

func TestWhatCannotBeMovedIsCountedAndStaysInJira(t *testing.T) {
	s := newSite(t, 8)
	for n, why := range []string{relations.ByContext, relations.ByMaximum, relations.ByHidden, relations.ByRights, relations.ByRule, relations.ByGone, ""} {
		from, to := strconv.Itoa(1001+n), strconv.Itoa(2001+n)
		s.native(blocks, from, to)
		s.links.refuses[pair(from, to)] = why
	}
	s.links.made[pair("1008", "2008")] = 0
	s.native(blocks, "1008", "2008")
	s.act("migrate", map[string]string{"migration": s.migration(`, "remove": true`)})
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if got, want := s.counts(), "done, context 1, hidden 1, made 1, maximum 1, other 1, removed 2, rights 1, rule 1, there 1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := s.natives(), "1:1001-2001 1:1002-2002 1:1003-2003 1:1004-2004 1:1005-2005 1:1006-2006"; got != want {
		t.Errorf("in Jira are %s, want %s", got, want)
	}
}

func TestTakingARunBackLeavesWhatUsersChanged(t *testing.T) {
	s := newSite(t, 6)
	for n := range 6 {
		s.native(blocks, strconv.Itoa(1001+n), strconv.Itoa(2001+n))
	}
	s.links.made[pair("1006", "2006")] = 0 // a user's
	before := s.natives()
	s.act("migrate", map[string]string{"migration": s.migration(`, "remove": true`)})
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if s.natives() != "" {
		t.Fatalf("in Jira are %s", s.natives())
	}
	delete(s.links.made, pair("1001", "2001")) // a user removed it
	s.links.made[pair("1002", "2002")] = 0     // and removed another one, and made it again
	s.native("2", "1001", "2001")
	run := s.Runs()[0].ID
	s.clock = time.UnixMilli(s.Runs()[0].Created).Add(time.Hour)
	page, err := s.View(sdk.Request{Name: "undo"})
	if err != nil || !strings.Contains(sdktest.Text(page), "Take back") {
		t.Fatalf("the page does not offer it: %v", err)
	}
	s.act("undo", map[string]string{"run": run})
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if got, want := s.counts(), "done, changed 2, restored 4, unmade 3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := s.links.text(), "1002-2002 1006-2006"; got != want {
		t.Errorf("links %s, want %s", got, want)
	}
	want := strings.NewReplacer("1:1001-2001 ", "", "1:1002-2002 ", "").Replace(before) + " 2:1001-2001"
	if got := s.natives(); got != want {
		t.Errorf("in Jira are %s, want %s", got, want)
	}
	if n := len(s.Records(nativeType)); n != 0 {
		t.Errorf("%d removed links are still remembered", n)
	}
	// A second time there is nothing to take back.
	if page, err = s.View(sdk.Request{Name: "undo"}); err != nil || !strings.Contains(sdktest.Text(page), "There is none now") {
		t.Errorf("the page offers it again: %v\n%s", err, sdktest.Text(page))
	}
	if _, err := s.Action(sdk.Request{Name: "undo", Params: map[string]string{"run": run}}); sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "taken back already") {
		t.Errorf("again: %v", err)
	}
	s.clock = s.clock.Add(31 * 24 * time.Hour)
	if _, err := s.Action(sdk.Request{Name: "undo", Params: map[string]string{"run": run}}); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("after a month: %v", err)
	}
}

// The links of an issue come from many others, so that what a dry run says in one step depends on what it said in those before, and on a step that is
// done twice.
func TestADryRunSaysWhatTheRunThenDoes(t *testing.T) {
	s := newSite(t, 260)
	s.links.most = 120
	s.links.made[pair("2002", "2001")] = 0
	for n := range 250 {
		s.native(blocks, strconv.Itoa(1001+n), "2001")
	}
	params := map[string]string{"migration": s.migration("")}
	s.act("check", params)
	asked := 0
	s.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
		if op == store.OpPut {
			asked++
		}
		return nil, sdk.Errorf(sdk.Unavailable, "the host is killed"), op == store.OpPut && asked == 2
	}
	for killed := 0; ; {
		r, err := s.Work()
		if r == nil {
			if killed != 1 {
				t.Errorf("killed %d times", killed)
			}
			break
		}
		if err != nil {
			killed++
			if err := s.retry(r.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	said := s.counts()
	s.act("migrate", params)
	if err := s.WorkAll(); err != nil {
		t.Fatal(err)
	}
	if did := s.counts(); did != said || did != "done, made 119, maximum 131" {
		t.Errorf("the dry run said %s, and the run did %s", said, did)
	}
	if n := len(s.Records(rowType)); n != 0 {
		t.Errorf("%d rows are left of the dry run", n)
	}
}

// The host dies after the n-th change that it made, and the step is done again.
func TestAStepThatIsDoneAgainMakesNoLinkTwice(t *testing.T) {
	for n := 1; n < 8; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := newSite(t, 120)
			for n := range 120 {
				s.native(blocks, strconv.Itoa(1001+n), strconv.Itoa(2001+n))
			}
			before := s.natives()
			s.act("migrate", map[string]string{"migration": s.migration(`, "remove": true`)})
			s.links.fails = n
			killed := 0
			finish := func() {
				for {
					r, err := s.Work()
					if r == nil {
						return
					}
					if err != nil {
						if killed++; killed > 1 {
							t.Fatal(err)
						}
						if err := s.retry(r.ID); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			finish()
			if len(s.links.made) != 120 || s.natives() != "" || !strings.HasPrefix(s.counts(), "done, made 120, removed 120") {
				t.Fatalf("%d links, %s; %s", len(s.links.made), s.natives(), s.counts())
			}
			s.clock = time.UnixMilli(s.Runs()[0].Created).Add(time.Hour)
			s.act("undo", map[string]string{"run": s.Runs()[0].ID})
			finish()
			if len(s.links.made) != 0 || s.natives() != before {
				t.Errorf("taken back: links %s, in Jira %s; %s", s.links.text(), s.natives(), s.counts())
			}
			if killed == 0 && n <= 6 {
				t.Error("nothing was killed")
			}
		})
	}
}

// The host dies between two links that it removes in Jira.
func TestAStepThatIsDoneAgainCountsWhatItRemovedOnce(t *testing.T) {
	s := newSite(t, 30)
	for n := range 30 {
		s.native(blocks, strconv.Itoa(1001+n), strconv.Itoa(2001+n))
	}
	s.act("migrate", map[string]string{"migration": s.migration(`, "remove": true`)})
	unlinks := 0
	s.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
		if op == jira.OpUnlink {
			unlinks++
		}
		return nil, sdk.Errorf(sdk.Unavailable, "the host is killed"), op == jira.OpUnlink && unlinks%11 == 0
	}
	for killed := 0; ; {
		r, err := s.Work()
		if r == nil {
			if killed != 2 {
				t.Errorf("killed %d times", killed)
			}
			break
		}
		if err != nil {
			killed++
			if err := s.retry(r.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := s.counts(); got != "done, made 30, removed 30" || s.natives() != "" {
		t.Errorf("%s; in Jira %s", got, s.natives())
	}
}

func TestAStepThatTakesLongEndsBehindAnIssueThatIsDone(t *testing.T) {
	s := newSite(t, 90)
	for n := range 30 {
		for m := range 3 { // so that the fiftieth link is none of an issue's last
			s.native(blocks, strconv.Itoa(1001+n), strconv.Itoa(2001+3*n+m))
		}
	}
	s.links.slow = func() { s.clock = s.clock.Add(enough) }
	s.act("migrate", map[string]string{"migration": s.migration("")})
	r, err := s.Work()
	if err != nil || r.Counts["made"] != 48 || r.Done != 16 {
		t.Errorf("the first step: %+v, %v; want the 48 links of 16 issues", r, err)
	}
	if err := s.WorkAll(); err != nil || s.counts() != "done, made 90" || len(s.links.made) != 90 {
		t.Errorf("%v: %s, %d links", err, s.counts(), len(s.links.made))
	}
}

func TestAMigrationThatWasChangedMeanwhileDoesNotGoOn(t *testing.T) {
	s := newSite(t, 2)
	id := s.migration("")
	s.act("migrate", map[string]string{"migration": id})
	if err := s.Reconfigure("migration", id, `{"name": "Blocks", "linkType": "2", "relation": "`+uses+`", "jql": "updated > -30d"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Work(); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("%v", err)
	}
}

func TestTheFirstLinksAreShownByTheirKeys(t *testing.T) {
	s := newSite(t, 3)
	s.native(blocks, "1001", "2001")
	s.native(blocks, "1002", "2002")
	s.links.refuses[pair("1002", "2002")] = relations.ByContext
	page, err := s.Action(sdk.Request{Name: "preview", Params: map[string]string{"migration": s.migration("")}})
	if err != nil {
		t.Fatal(err)
	}
	text := sdktest.Text(page)
	for _, want := range []string{"IT-1", "HR-2", "Will be made", "other projects or types"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	if len(s.links.made) > 0 {
		t.Error("a preview linked")
	}
}

func TestOnlyWhatCanBeGoneThroughIsSaved(t *testing.T) {
	s := newSite(t, 1)
	for _, tt := range []struct{ jql, relation, want string }{
		{"project = IT ORDER BY created", uses, "Leave ORDER BY out"},
		{"ORDER BY created", uses, "at least one condition"},
		{"project = {{issue.project}}", uses, "Write the values out"},
		{"project = (", uses, "character"},
		{"project = IT", "RelationOfJiraLink", "Jira’s own already"},
		{"project = IT OR (assignee is EMPTY)", uses, ""},
	} {
		v := &settings.Values{Strings: map[string]string{"jql": tt.jql, "relation": tt.relation}}
		verdict, err := s.Judge(config.Change{Name: "migration", Op: config.Save, Type: "migration", After: v})
		switch {
		case err != nil:
			t.Errorf("%s: %v", tt.jql, err)
		case tt.want == "" && len(verdict.Problems) > 0, tt.want != "" && (len(verdict.Problems) == 0 || !strings.Contains(verdict.Problems[0].Message, tt.want)):
			t.Errorf("%s: %+v, want %q", tt.jql, verdict.Problems, tt.want)
		}
	}
}

func TestWithoutAdvancedLinksTheRunWaits(t *testing.T) {
	s := newSite(t, 2)
	s.native(blocks, "1001", "2001")
	s.act("migrate", map[string]string{"migration": s.migration("")})
	s.Services = nil
	if _, err := s.Work(); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestHiddenLinksAreNotMoved(t *testing.T) {
	s := newSite(t, 2)
	s.native(blocks, "1001", "2001")
	s.native(blocks, "1001", "2002")
	s.May = func(permission, id string) bool { return permission != jira.BrowseProjects || id != "2001" }
	s.act("migrate", map[string]string{"migration": s.migration("")})
	if err := s.WorkAll(); err != nil || s.links.text() != "1001-2002" {
		t.Errorf("%v, links %s", err, s.links.text())
	}
}
