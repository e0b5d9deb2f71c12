package seeding_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/company"
	"github.com/pergola-platform/pergola/host/sandbox/seed/seedtest"
	"github.com/pergola-platform/pergola/host/sandbox/seeding"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const mia = "mia@pergola.example"

func TestCompanyLoadsWhole(t *testing.T) {
	want := &seedtest.Sink{}
	if err := seed.Copy(t.Context(), want, company.New(company.Config{})); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store, err := world.Open(world.Config{Dir: dir, Fill: seeding.Fill(t.Context(), company.New(company.Config{}), nil)})
	if err != nil {
		t.Fatal(err)
	}
	check(t, store.State(), want)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	t.Run("after a restart", func(t *testing.T) {
		if store, err = world.Open(world.Config{Dir: dir, Seed: world.Seed}); err != nil {
			t.Fatal(err)
		}
		check(t, store.State(), want)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("is not seeded again", func(t *testing.T) {
		_, err := world.Open(world.Config{Dir: dir, Fill: seeding.Fill(t.Context(), company.New(company.Config{}), nil)})
		if !errors.Is(err, world.ErrExists) {
			t.Errorf("error %v, want %v", err, world.ErrExists)
		}
	})
}

// check compares a site with the stream that it was made of.
func check(t *testing.T, st *world.State, want *seedtest.Sink) {
	t.Helper()
	counts, have := map[string]int{}, map[string]int{}
	for _, i := range want.Issues {
		counts[i.Project+" "+i.Type]++
		counts["comments"] += len(i.Comments)
		counts["changes"] += len(i.History)
		counts["worklogs"] += len(i.Worklogs)
		counts["watchers"] += len(i.Watchers)
		counts["voters"] += len(i.Voters)
		counts["remote links"] += len(i.RemoteLinks)
		counts["components"] += len(i.Components)
		counts["versions"] += len(i.Versions) + len(i.FixVersions)
		counts["organizations"] += len(i.Organizations)
		counts["estimates"] += i.Estimate + i.Remaining
		for _, a := range i.Attachments {
			counts["bytes"] += len(a.Content)
		}
		for _, c := range i.Comments {
			if c.VisibleTo != "" {
				counts["hidden"]++
			}
			if c.Internal {
				counts["internal"]++
			}
		}
		for _, l := range i.Worklogs {
			if l.VisibleTo != "" {
				counts["hidden"]++
			}
		}
		if i.Archived {
			counts["archived"]++
		}
		if i.Security != "" {
			counts["secret"]++
		}
		counts["fields"] += len(i.Fields)
		if len(i.Participants) > 0 {
			counts["fields"]++
		}
		if i.Parent != "" {
			counts["children"]++
		}
		if st.FindIssue(i.Key) == nil {
			t.Fatalf("issue %s is missing", i.Key)
		}
		if got := st.FindIssue(i.Key); i.ID != "" && string(got.ID) != i.ID || got.Summary != i.Summary || !got.Updated.Equal(i.Updated) {
			t.Errorf("issue %s is %s %q of %v, want %s %q of %v", i.Key, got.ID, got.Summary, got.Updated, i.ID, i.Summary, i.Updated)
		}
	}
	counts["links"] = 2 * len(want.Links)
	for n := range st.Index().All().All() {
		i := st.IssueAt(n)
		have[st.Project(i.Project).Key+" "+st.Type(i.Type).Name]++
		have["comments"] += len(st.Comments(i))
		have["changes"] += len(st.Histories(i))
		have["worklogs"] += len(st.Worklogs(i))
		have["watchers"] += len(i.Watchers)
		have["voters"] += len(i.Voters)
		have["remote links"] += len(i.Remote)
		have["components"] += len(i.Components)
		have["versions"] += len(i.Affects) + len(i.Fixes)
		have["organizations"] += len(i.Orgs)
		have["estimates"] += int(i.Estimate + i.Remaining)
		for _, a := range st.Attachments(i) {
			have["bytes"] += len(st.Content(a))
		}
		for _, c := range st.Comments(i) {
			if c.Visibility != nil {
				have["hidden"]++
			}
			if c.Internal {
				have["internal"]++
			}
		}
		for _, l := range st.Worklogs(i) {
			if l.Visibility != nil {
				have["hidden"]++
			}
		}
		if i.Archived {
			have["archived"]++
		}
		if i.Security != "" {
			have["secret"]++
		}
		have["fields"] += len(i.Custom)
		have["links"] += len(i.Links)
		if i.Parent != "" {
			have["children"]++
		}
	}
	for k, n := range counts {
		if n == 0 {
			delete(counts, k)
		}
	}
	for k, n := range have {
		if n == 0 {
			delete(have, k)
		}
	}
	if diff := cmp.Diff(counts, have); diff != "" {
		t.Errorf("-stream +site\n%s", diff)
	}
	for _, l := range want.Links {
		from, to := st.FindIssue(l.From), st.FindIssue(l.To)
		if !leads(from, to.ID, true) || !leads(to, from.ID, false) {
			t.Fatalf("link %s %s %s is not at both ends", l.From, l.Type, l.To)
		}
	}
}

func leads(i *world.Issue, to world.IssueID, out bool) bool {
	for _, l := range i.Links {
		if l.Other == to && l.Out == out {
			return true
		}
	}
	return false
}

func TestSeededSiteAnswersAsJiraDoes(t *testing.T) {
	site := sandboxtest.Start(t, func(c *sandbox.Config) {
		c.Fill = seeding.Fill(t.Context(), company.New(company.Config{}), nil)
	})
	for jql, want := range map[string]string{
		`key = OPS-1`: "OPS-1", `project = OPS AND summary ~ "ThinkPad" AND "Serial number" ~ "PF4X7K00A"`: "OPS-1",
	} {
		status, body := site.Do(mia, "POST", "/rest/api/3/search/jql", map[string]any{"jql": jql, "fields": []string{"summary"}})
		var found struct{ Issues []struct{ Key string } }
		if err := json.Unmarshal(body, &found); err != nil || status != 200 || len(found.Issues) != 1 || found.Issues[0].Key != want {
			t.Errorf("%s: status %d: %.300s", jql, status, body)
		}
	}
	for _, path := range []string{"/rest/api/3/issue/OPS-1", "/rest/api/3/issue/IT-1", "/rest/api/3/issue/LIC-1", "/rest/api/3/field", "/rest/api/3/project/search"} {
		if status, body := site.Do(mia, "GET", path, nil); status != 200 {
			t.Errorf("%s: status %d: %.300s", path, status, body)
		}
	}
	if login, page := site.Welcome(); login != "mia" || page != "/browse/OPS-1" {
		t.Errorf("visitors begin as %s at %s", login, page)
	}
}

// open fills a site from a file with that name and text.
func open(t *testing.T, name, text string) (*world.Store, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	content, err := seeding.Open(path)
	if err != nil {
		return nil, path, err
	}
	defer func() { _ = content.Close() }()
	store, err := world.Open(world.Config{Dir: t.TempDir(), Fill: seeding.Fill(t.Context(), content.Stream, nil)})
	if err == nil {
		t.Cleanup(func() { _ = store.Close() })
	}
	return store, path, err
}

const small = `{"format": 1, "users": [{"account": "a-1", "login": "mia", "name": "Mia", "kind": "admin"}], "issueTypes": [{"name": "Laptop"}],
 "statuses": [{"name": "In use", "category": "indeterminate"}],
 "projects": [{"key": "OPS", "name": "Assets", "lead": "mia", "issueTypes": ["Laptop"]}]}
{"project": "OPS", "type": "Laptop", "summary": "ThinkPad X1", "assignee": "mia"}
`

func TestSmallFileMakesASiteThatWorks(t *testing.T) {
	store, _, err := open(t, "site.ndjson", small)
	if err != nil {
		t.Fatal(err)
	}
	st := store.State()
	i := st.FindIssue("OPS-1")
	if i == nil || i.Summary != "ThinkPad X1" || i.Assignee != "a-1" || st.Status(i.Status).Name != "In use" {
		t.Fatalf("issue is %+v", i)
	}
	if !st.Can("a-1", world.Administer) || !st.CanDo("a-1", world.EditIssues, i) || len(st.TransitionsOf(i, "a-1")) != 1 {
		t.Error("Mia cannot work")
	}
}

func TestWrongFileIsToldWithLineAndWhatToWrite(t *testing.T) {
	_, path, err := open(t, "site.json", small+`{"project": "OPS", "type": "Laptop", "summary": "Framework 13", "assignee": "mai"}`)
	want := path + `:5: $.assignee: there is no user "mai"; write "mia"`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, _, err := open(t, "site.xml", ""); err == nil || !strings.Contains(err.Error(), ".csv") {
		t.Errorf("error %v, want one that names the formats", err)
	}
}

func TestFailedSeedLeavesNoSite(t *testing.T) {
	dir := t.TempDir()
	full := errors.New("full")
	fail := func(s *world.Store) error {
		if err := s.Change(world.Seed); err != nil {
			return err
		}
		return full
	}
	if _, err := world.Open(world.Config{Dir: dir, Fill: fail}); !errors.Is(err, full) {
		t.Fatalf("error %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "site.lock" {
		t.Errorf("%v is left, %v; want the lock", left, err)
	}
}

func TestCSVIsReadOverTheCompany(t *testing.T) {
	store, _, err := open(t, "export.csv", "Issue key,Issue Type,Status,Summary,Custom field (Serial number)\nOPS-7,Laptop,In use,ThinkPad X1,PF1\nNEW-2,Camera,Lent,Nikon Z6,\n")
	if err != nil {
		t.Fatal(err)
	}
	st := store.State()
	known, added := st.FindIssue("OPS-7"), st.FindIssue("NEW-2")
	if known == nil || added == nil || st.Type(known.Type).ID != "10001" || string(known.Custom[world.Serial]) != `"PF1"` || st.Type(added.Type).Name != "Camera" {
		t.Errorf("issues are %+v, %+v", known, added)
	}
	if st.IssueCount() != 2 {
		t.Errorf("%d issues", st.IssueCount())
	}
}
