package world_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func TestVisibleIsWhatOneSees(t *testing.T) {
	s, r := open(t, ""), rand.New(rand.NewPCG(11, 12))
	change(t, s, func(tx *world.Tx) error {
		holder := func(kind world.HolderKind, value string) world.Holder { return world.Holder{Kind: kind, Value: value} }
		hr := world.Edit(tx.PermissionSchemes.Get("10001"))
		hr.Grants = append(hr.Grants, world.Grant{ID: "a", Permission: world.BrowseProjects, Holder: holder(world.ByAssignee, "")})
		levels := &world.SecurityScheme{ID: "10000", Name: "Levels", Levels: []world.SecurityLevel{
			{ID: "1", Name: "Reporters", Members: []world.Holder{holder(world.ByReporter, ""), holder(world.ByGroup, "site-admins")}},
			{ID: "2", Name: "Owners", Members: []world.Holder{holder(world.ByUserField, string(world.Owner))}},
			{ID: "3", Name: "Nobody"},
		}}
		archived := &world.Project{Key: "OLD", Name: "Old", Lead: world.Mia, Types: []world.TypeID{"10001"}, Permissions: "10000", Workflow: "10000"}
		err := errors.Join(tx.Put(hr), tx.Put(levels), tx.Put(archived))
		for n := range tx.Index().All().All() {
			i := tx.EditIssue(string(tx.IssueAt(n).ID))
			i.Security = []world.LevelID{"", "", "1", "2", "3"}[r.IntN(5)]
			i.Reporter = []world.AccountID{world.Mia, world.Jonas, world.Ada}[r.IntN(3)]
			if r.IntN(3) == 0 {
				i.Assignee = world.Ada
			}
			i.Archived = r.IntN(10) == 0
			err = errors.Join(err, tx.PutIssue(i))
		}
		return err
	})
	st := s.State()
	for _, who := range []world.AccountID{world.Mia, world.Jonas, world.Ada, "nobody"} {
		var want []uint32
		for n := range st.Index().All().All() {
			if i := st.IssueAt(n); st.Sees(who, i) && !i.Archived {
				want = append(want, n)
			}
		}
		if diff := cmp.Diff(want, slices.Collect(st.Visible(who).All()), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
		if who == world.Ada && (len(want) == 0 || len(want) == st.IssueCount()) {
			t.Errorf("%s sees %d issues, which shows nothing", who, len(want))
		}
	}
}

func TestArchivedProjectIsFrozen(t *testing.T) {
	s := open(t, "")
	change(t, s, func(tx *world.Tx) error {
		p := world.Edit(tx.FindProject("OPS"))
		p.Archived = true
		return tx.Put(p)
	})
	st := s.State()
	i := st.FindIssue("OPS-1")
	if !st.Sees(world.Mia, i) || st.CanDo(world.Mia, world.EditIssues, i) || st.Visible(world.Mia).Has(i.ID.Number()) {
		t.Error("want an issue of an archived project to be seen, and neither changed nor found")
	}
	if err := s.Change(func(tx *world.Tx) error {
		_, err := tx.AddIssue(&world.Issue{Project: i.Project, Type: i.Type, Summary: "x"})
		return err
	}); !errors.Is(err, world.ErrRefused) {
		t.Errorf("error %v of a new issue", err)
	}
}

func TestChangelogSaysWhatChanged(t *testing.T) {
	s := open(t, "")
	if err := s.ChangeAs(world.Jonas, func(tx *world.Tx) error {
		i := tx.EditIssue("OPS-11")
		i.Status, i.Assignee = "10001", world.Ada
		i.Custom[world.Location] = json.RawMessage(`"10011"`)
		return tx.PutIssue(i)
	}); err != nil {
		t.Fatal(err)
	}
	st := s.State()
	got := st.Histories(st.FindIssue("OPS-11"))
	want := []*world.History{{ID: "10000", Author: world.Jonas, Created: now, Items: []world.ChangeItem{
		{Field: "status", FieldType: "jira", FieldID: "status", From: "10000", FromString: "In stock", To: "10001", ToString: "In use"},
		{Field: "assignee", FieldType: "jira", FieldID: "assignee", To: string(world.Ada), ToString: "Ada Guest"},
		{Field: "Location", FieldType: "custom", FieldID: world.Location, From: "10010", FromString: "Berlin HQ", To: "10011", ToString: "Hamburg office"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changelog (-want +got):\n%s", diff)
	}
	if !st.Index().Equal("was:status", "10000").Has(st.FindIssue("OPS-11").ID.Number()) {
		t.Error("nothing remembers the status that it was in")
	}
}

func TestDeletedThingsLeaveNothingBehind(t *testing.T) {
	s := open(t, t.TempDir())
	change(t, s, talked)
	change(t, s, func(tx *world.Tx) error {
		i := tx.EditIssue("OPS-1")
		for v := range tx.Versions.All() {
			i.Fixes = append(i.Fixes, v.ID)
		}
		for c := range tx.Components.All() {
			i.Components = append(i.Components, c.ID)
		}
		return tx.PutIssue(i)
	})
	change(t, s, func(tx *world.Tx) error {
		return errors.Join(tx.Delete(&world.Version{ID: "10000"}), tx.Delete(&world.Component{ID: "10000"}), tx.Delete(&world.Field{ID: world.Price}))
	})
	st := s.State()
	if i := st.FindIssue("OPS-1"); len(i.Fixes)+len(i.Components) > 0 || i.Custom[world.Price] != nil {
		t.Errorf("OPS-1 has %v, %v and %s of things that are gone", i.Fixes, i.Components, i.Custom[world.Price])
	}
	if issue, c := st.Comment("10000"); issue == nil || c.Author != world.Mia {
		t.Fatal("the comment is not found")
	}
	if err := s.Change(func(tx *world.Tx) error { return tx.Delete(&world.Status{ID: "10001"}) }); !errors.Is(err, world.ErrRefused) {
		t.Errorf("error %v for the status of issues", err)
	}
	change(t, s, func(tx *world.Tx) error { return tx.Delete(tx.FindProject("OPS")) })
	st = s.State()
	issue, comment := st.Comment("10000")
	if st.FindIssue("OPS-1") != nil || st.FindProject("OPS") != nil || issue != nil || comment != nil || !st.Index().Equal("project", "10000").Empty() ||
		!st.Index().Word("comment", "word", false).Empty() {
		t.Error("something is left of the deleted project")
	}
	if i, _ := st.Link("10000"); i != nil {
		t.Error("a link is left")
	}
}

func TestKeysAreOnesOwn(t *testing.T) {
	s := open(t, "")
	for name, e := range map[string]world.Entity{
		"a taken key":       &world.Project{Key: "HR", Permissions: "10000"},
		"no capitals":       &world.Project{Key: "hr2", Permissions: "10000"},
		"no scheme":         &world.Project{Key: "NEW"},
		"a taken login":     &world.User{Account: "x", Login: "mia"},
		"a taken name":      &world.Status{Name: "in use"},
		"a user without id": &world.User{Name: "x"},
	} {
		if err := s.Change(func(tx *world.Tx) error { return tx.Put(e) }); !errors.Is(err, world.ErrRefused) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	change(t, s, func(tx *world.Tx) error {
		p := world.Edit(tx.FindProject("OPS"))
		p.Key = "ASSETS"
		return tx.Put(p)
	})
	st := s.State()
	if i := st.FindIssue("OPS-1"); i == nil || i.Key != "ASSETS-1" || st.FindIssue("ASSETS-1").ID != i.ID {
		t.Error("a project's old key does not lead to its issues")
	}
}

// format1 is a small site as it was kept before there was a database.
const format1 = `{"format":1,"title":"Old site","users":[{"account":"712020:5f3c1e0a-mia-admin","login":"mia","name":"Mia Admin","groups":["a"]}],
"global":{"ADMINISTER":["a"]},"categories":[{"id":"10000","name":"C","description":""}],"issueTypes":[{"id":"10001","name":"Laptop","description":"","glyph":"laptop"}],
"statuses":[{"id":"10000","name":"In stock","category":"new"}],"fields":[{"id":"customfield_10001","number":10001,"name":"Serial","kind":"text"}],
"projects":[{"id":"10000","key":"OPS","name":"Assets","description":"","lead":"712020:5f3c1e0a-mia-admin","category":"10000","types":["10001"],
"grants":{"BROWSE_PROJECTS":["a"],"EDIT_ISSUES":["a"]},"nextKey":3}],
"issues":{"10100":{"id":"10100","key":"OPS-2","project":"10000","type":"10001","status":"10000","summary":"A laptop","reporter":"712020:5f3c1e0a-mia-admin",
"created":"2026-01-01T00:00:00Z","updated":"2026-01-02T00:00:00Z","custom":{"customfield_10001":"SN-1"},"properties":{"p":{"n":1}}}},
"moved":{"HR-1":"10100"},"nextIssue":10101,"apps":{},"installKey":{"id":"k","pem":"p"},"sessionKey":"AAEC"}`

func TestSiteOfFormat1IsTakenOver(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "site.json"), []byte(format1), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, err := world.Open(world.Config{Dir: dir, Seed: noSeed, Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		st := s.State()
		i := st.FindIssue("HR-1")
		if i == nil || i.Key != "OPS-2" || i.Summary != "A laptop" || string(i.Properties["p"]) != `{"n":1}` || !st.CanDo(world.Mia, world.EditIssues, i) ||
			st.Title != "Old site" || st.Login("mia") == nil || !st.Index().Word("customfield_10001", "sn", false).Has(10100) {
			t.Fatalf("the issue is %+v", i)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "site.json.old")); err != nil {
		t.Error("the old file is not kept")
	}
}
