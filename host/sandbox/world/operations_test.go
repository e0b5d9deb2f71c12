package world_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// told is what the events of one change say: "version released 10000".
func told(t *testing.T, s *world.Store, do func(*world.Tx) error) []string {
	t.Helper()
	w := s.Watch()
	if err := s.ChangeAs(world.Mia, do); err != nil {
		t.Fatal(err)
	}
	c, err := w.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range c.Events {
		if e.By != world.Mia || !e.At.Equal(now) {
			t.Errorf("event %s is by %q at %v", e.Kind, e.By, e.At)
		}
		line := fmt.Sprintf("%s %s %s", e.Kind, e.Op, e.ID)
		if e.Into != "" {
			line += " into " + e.Into
		}
		out = append(out, line)
	}
	return out
}

func expect[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// refused asserts that a change is refused, and for what.
func refused(t *testing.T, s *world.Store, reason world.Reason, kind, id, field string, do func(*world.Tx) error) {
	t.Helper()
	err := s.Change(do)
	var r *world.Refusal
	if !errors.As(err, &r) || !errors.Is(err, world.ErrRefused) {
		t.Errorf("error %v, want a refusal of %s %s", err, kind, id)
		return
	}
	expect(t, r.Error(), world.Refusal{Reason: reason, Kind: kind, ID: id, Field: field, Why: r.Why}, *r)
}

func TestWorkAdjustsTheRemainingEstimate(t *testing.T) {
	for name, c := range map[string]struct {
		adjust               world.Adjust
		added, less, deleted int64 // remaining after each step
	}{
		"left":           {world.Adjust{}, 10000, 10000, 10000},
		"automatically":  {world.Adjust{How: world.Auto}, 6400, 8200, 10000},
		"to a new one":   {world.Adjust{How: world.SetNew, Seconds: 700}, 700, 700, 700},
		"by hand":        {world.Adjust{How: world.Manual, Seconds: 300}, 9700, 10000, 10300},
		"never below it": {world.Adjust{How: world.Manual, Seconds: 99999}, 0, 99999, 199998},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, "")
			id := s.State().FindIssue("OPS-1").ID
			change(t, s, func(tx *world.Tx) error {
				i := tx.EditIssue(string(id))
				i.Remaining = 10000
				return tx.PutIssue(i)
			})
			w := &world.Worklog{Author: world.Jonas, Seconds: 3600}
			step := func(what string, remaining, spent int64, do func(*world.Tx) error) {
				t.Helper()
				change(t, s, do)
				i := s.State().Issue(id)
				expect(t, what, []int64{remaining, spent}, []int64{i.Remaining, i.Spent})
			}
			step("added", c.added, 3600, func(tx *world.Tx) error { return tx.AddWorklogAdjusting(id, w, c.adjust) })
			step("shortened", c.less, 1800, func(tx *world.Tx) error {
				_, l := tx.Worklog(w.ID)
				l = world.Edit(l)
				l.Seconds = 1800
				return tx.PutWorklogAdjusting(l, c.adjust)
			})
			step("deleted", c.deleted, 0, func(tx *world.Tx) error { return tx.DeleteWorklogAdjusting(w.ID, c.adjust) })
		})
	}
	s := open(t, "")
	refused(t, s, world.Invalid, "worklog", "", "seconds", func(tx *world.Tx) error { return tx.AddWorklog("10100", &world.Worklog{}) })
}

func TestWatchingAndVotingIsNoUpdate(t *testing.T) {
	s := open(t, "")
	before := s.State().Issue("10100")
	expect(t, "events", []string{"watcher created " + string(world.Ada), "vote created " + string(world.Jonas)}, told(t, s, func(tx *world.Tx) error {
		return errors.Join(tx.AddWatcher("10100", world.Ada), tx.AddWatcher("10100", world.Ada), tx.AddVote("10100", world.Jonas))
	}))
	i := s.State().Issue("10100")
	expect(t, "watchers and voters", [][]world.AccountID{{world.Ada}, {world.Jonas}}, [][]world.AccountID{i.Watchers, i.Voters})
	if !i.Updated.Equal(before.Updated) || s.State().Index().Equal("watcher", string(world.Ada)).Len() != 1 {
		t.Error("it counts as updated, or is not found")
	}
	change(t, s, func(tx *world.Tx) error {
		return errors.Join(tx.RemoveWatcher("10100", world.Ada), tx.RemoveVote("10100", world.Jonas))
	})
	if i := s.State().Issue("10100"); len(i.Watchers)+len(i.Voters) != 0 {
		t.Errorf("left are %v and %v", i.Watchers, i.Voters)
	}
	refused(t, s, world.Invalid, "issue", "10100", "voters", func(tx *world.Tx) error { return tx.AddVote("10100", world.Mia) }) // she reported it
	refused(t, s, world.Missing, "user", "nobody", "", func(tx *world.Tx) error { return tx.AddWatcher("10100", "nobody") })
	refused(t, s, world.Missing, "issue", "7", "", func(tx *world.Tx) error { return tx.RemoveVote("7", world.Mia) })
}

func TestQuietChangeIsToldToNobody(t *testing.T) {
	s := open(t, "")
	w := s.Watch()
	change(t, s, func(tx *world.Tx) error {
		i := tx.EditIssue("OPS-1")
		i.Labels = []string{"quiet"}
		return tx.PutQuietly(i)
	})
	c, err := w.Next(t.Context())
	if err != nil || len(c.Events) != 0 || c.State.Index().Equal("labels", "quiet").Len() != 1 {
		t.Errorf("events %v, error %v", c.Events, err)
	}
}

func TestRemoteLinkIsKnownByItsGlobalID(t *testing.T) {
	s := open(t, "")
	link := func(title string) world.RemoteLink {
		return world.RemoteLink{GlobalID: "system=wiki&id=1", Object: json.RawMessage(`{"title":"` + title + `","url":"https://wiki.example/1"}`)}
	}
	change(t, s, func(tx *world.Tx) error {
		l, made, err := tx.PutRemoteLink("10100", link("Setup"))
		again, madeAgain, err2 := tx.PutRemoteLink("10100", link("Set up"))
		if !made || madeAgain || l.ID != again.ID {
			t.Errorf("made %v and %v, ids %s and %s", made, madeAgain, l.ID, again.ID)
		}
		return errors.Join(err, err2)
	})
	i := s.State().Issue("10100")
	l := i.RemoteLinkTo("system=wiki&id=1")
	if len(i.Remote) != 1 || l == nil || i.RemoteLink(l.ID) == nil || string(l.Object) != string(link("Set up").Object) {
		t.Fatalf("links are %v", i.Remote)
	}
	items := s.State().Histories(i)[0].Items
	expect(t, "changelog", `This issue links to "Set up"`, items[len(items)-1].ToString)
	refused(t, s, world.Missing, "remoteLink", "1", "", func(tx *world.Tx) error {
		_, _, err := tx.PutRemoteLink("10100", world.RemoteLink{ID: "1", Object: json.RawMessage(`{}`)})
		return err
	})
	expect(t, "events", []string{"remoteLink deleted " + l.ID}, told(t, s, func(tx *world.Tx) error { return tx.DeleteRemoteLink("10100", l.ID) }))
	if len(s.State().Issue("10100").Remote) != 0 {
		t.Error("still there")
	}
}

// withVersions makes the versions 1 to 4 of OPS; OPS-1 is fixed in 1 and affected by it, and a field names it, too.
func withVersions(t *testing.T) (*world.Store, map[string]world.VersionID) {
	t.Helper()
	s, ids := open(t, ""), map[string]world.VersionID{}
	change(t, s, func(tx *world.Tx) error {
		for n := range 4 {
			v := &world.Version{Project: "10000", Name: fmt.Sprint(n + 1)}
			if err := tx.Put(v); err != nil {
				return err
			}
			ids[v.Name] = v.ID
		}
		f := tx.NewField()
		f.Name, f.Kind = "Tested with", world.VersionOf
		if err := tx.Put(f); err != nil {
			return err
		}
		i := tx.EditIssue("OPS-1")
		i.Fixes, i.Affects = []world.VersionID{ids["1"]}, []world.VersionID{ids["1"]}
		i.Custom[f.ID], _ = json.Marshal(i.Fixes)
		return tx.PutIssue(i)
	})
	return s, ids
}

func names(s *world.Store) (out []string) {
	for _, v := range s.State().VersionsOf("10000") {
		out = append(out, v.Name)
	}
	return out
}

func TestVersionsAreOrderedAndMoved(t *testing.T) {
	s, ids := withVersions(t)
	for _, c := range []struct {
		name string
		do   func(*world.Tx) error
		want []string
	}{
		{"as they were made", func(tx *world.Tx) error { return nil }, []string{"1", "2", "3", "4"}},
		{"first", func(tx *world.Tx) error { return tx.MoveVersion(ids["3"], world.FirstPlace) }, []string{"3", "1", "2", "4"}},
		{"last", func(tx *world.Tx) error { return tx.MoveVersion(ids["3"], world.LastPlace) }, []string{"1", "2", "4", "3"}},
		{"earlier", func(tx *world.Tx) error { return tx.MoveVersion(ids["4"], world.Earlier) }, []string{"1", "4", "2", "3"}},
		{"later", func(tx *world.Tx) error { return tx.MoveVersion(ids["1"], world.Later) }, []string{"4", "1", "2", "3"}},
		{"behind one before it", func(tx *world.Tx) error { return tx.MoveVersionAfter(ids["3"], ids["4"]) }, []string{"4", "3", "1", "2"}},
		{"behind one after it", func(tx *world.Tx) error { return tx.MoveVersionAfter(ids["4"], ids["2"]) }, []string{"3", "1", "2", "4"}},
	} {
		change(t, s, c.do)
		expect(t, c.name, c.want, names(s))
	}
	expect(t, "events", []string{"version moved " + string(ids["4"])}, told(t, s, func(tx *world.Tx) error { return tx.MoveVersion(ids["4"], world.FirstPlace) }))
	refused(t, s, world.Invalid, "version", string(ids["4"]), "position", func(tx *world.Tx) error { return tx.MoveVersion(ids["4"], "Middle") })
}

func TestReleaseLeavesWhatIsNotDoneToAnotherVersion(t *testing.T) {
	s, ids := withVersions(t)
	got := told(t, s, func(tx *world.Tx) error { return tx.ReleaseVersion(ids["1"], "", ids["2"]) })
	expect(t, "events", []string{"issue updated 10100", "version released " + string(ids["1"])}, got)
	v, i := s.State().Versions.Get(ids["1"]), s.State().Issue("10100")
	expect(t, "day", "2026-11-20", v.Release)
	expect(t, "fixed in", []world.VersionID{ids["2"]}, i.Fixes)
	for _, c := range []struct {
		want string
		do   func(*world.Tx) error
	}{
		{"unreleased", func(tx *world.Tx) error { return tx.UnreleaseVersion(ids["1"]) }},
		{"archived", func(tx *world.Tx) error { return tx.ArchiveVersion(ids["1"], true) }},
		{"restored", func(tx *world.Tx) error { return tx.ArchiveVersion(ids["1"], false) }},
	} {
		expect(t, c.want, []string{"version " + c.want + " " + string(ids["1"])}, told(t, s, c.do))
	}
	refused(t, s, world.Invalid, "version", string(ids["1"]), "release", func(tx *world.Tx) error { return tx.ReleaseVersion(ids["1"], "soon", "") })
}

func TestMergedVersionIsReplacedEverywhere(t *testing.T) {
	s, ids := withVersions(t)
	got := told(t, s, func(tx *world.Tx) error { return tx.MergeVersion(ids["1"], ids["2"]) })
	expect(t, "events", []string{"issue updated 10100", fmt.Sprintf("version deleted %s into %s", ids["1"], ids["2"])}, got)
	i, want := s.State().Issue("10100"), []world.VersionID{ids["2"]}
	expect(t, "fixed in, affects", [][]world.VersionID{want, want}, [][]world.VersionID{i.Fixes, i.Affects})
	if f, a, c := s.State().VersionIssues(ids["2"]); f.Len() != 1 || a.Len() != 1 || c.Len() != 1 {
		t.Errorf("%d, %d and %d issues have it", f.Len(), a.Len(), c.Len())
	}
	change(t, s, func(tx *world.Tx) error { return tx.DeleteVersion(ids["2"], "", ids["3"]) })
	i = s.State().Issue("10100")
	expect(t, "after a deletion", [][]world.VersionID{{}, {ids["3"]}}, [][]world.VersionID{i.Fixes, i.Affects})
	refused(t, s, world.Invalid, "version", string(ids["3"]), "id", func(tx *world.Tx) error { return tx.MergeVersion(ids["3"], ids["3"]) })
}

func TestComponentDecidesWhoGetsAnIssue(t *testing.T) {
	s := open(t, "")
	var ids []world.ComponentID
	change(t, s, func(tx *world.Tx) error {
		for _, c := range []world.Component{
			{Name: "a", Lead: world.Jonas, AssigneeType: world.ComponentLead}, {Name: "b", AssigneeType: world.ProjectLead},
			{Name: "c", AssigneeType: world.Unassigned}, {Name: "d"}, {Name: "e", AssigneeType: world.ComponentLead},
		} {
			c.Project = "10000"
			if err := tx.Put(&c); err != nil {
				return err
			}
			ids = append(ids, c.ID)
		}
		return nil
	})
	st := s.State()
	for n, want := range []string{"Jonas COMPONENT_LEAD", "Mia PROJECT_LEAD", " UNASSIGNED", " PROJECT_DEFAULT", " PROJECT_DEFAULT"} {
		who, how := st.ComponentAssignee(st.Components.Get(ids[n]))
		name := map[world.AccountID]string{world.Jonas: "Jonas", world.Mia: "Mia"}[who]
		expect(t, string(ids[n]), want, name+" "+how)
	}
	p := st.Project("10000")
	expect(t, "first that says", world.Mia, st.DefaultAssignee(p, []world.ComponentID{ids[3], ids[1], ids[0]}))
	expect(t, "none", "", st.DefaultAssignee(p, nil))

	change(t, s, func(tx *world.Tx) error {
		i := tx.EditIssue("OPS-1")
		i.Components = ids[:2]
		return tx.PutIssue(i)
	})
	got := told(t, s, func(tx *world.Tx) error { return tx.DeleteComponent(ids[0], ids[2]) })
	expect(t, "events", []string{"issue updated 10100", fmt.Sprintf("component deleted %s into %s", ids[0], ids[2])}, got)
	expect(t, "components", []world.ComponentID{ids[2], ids[1]}, s.State().Issue("10100").Components)
	refused(t, s, world.Taken, "component", "", "name", func(tx *world.Tx) error { return tx.Put(&world.Component{Project: "10000", Name: "B"}) })
	refused(t, s, world.Invalid, "component", "", "assigneeType", func(tx *world.Tx) error {
		return tx.Put(&world.Component{Project: "10000", Name: "x", AssigneeType: "ANYBODY"})
	})
}

func TestFilterIsSeenByThoseItIsSharedWith(t *testing.T) {
	s := open(t, "")
	for _, c := range []struct {
		share world.Share
		sees  []world.AccountID // of Mia, Jonas, Ada, and nobody
	}{
		{world.Share{Kind: world.ToUser, Value: string(world.Ada)}, []world.AccountID{world.Mia, world.Ada}},
		{world.Share{Kind: world.ToGroup, Value: "jira-users"}, []world.AccountID{world.Mia, world.Jonas}},
		{world.Share{Kind: world.ToProject, Project: "10000"}, []world.AccountID{world.Mia, world.Jonas, world.Ada}},
		{world.Share{Kind: world.ToProject, Project: "10001"}, []world.AccountID{world.Mia, world.Jonas}},
		{world.Share{Kind: world.ToEverybody}, []world.AccountID{world.Mia, world.Jonas, world.Ada}},
		{world.Share{Kind: world.ToWorld}, []world.AccountID{world.Mia, world.Jonas, world.Ada, ""}},
	} {
		f := &world.Filter{Name: c.share.Kind + string(c.share.Project), Owner: world.Mia, JQL: "project = OPS", Shares: []world.Share{c.share}}
		change(t, s, func(tx *world.Tx) error { return tx.Put(f) })
		var sees []world.AccountID
		for _, who := range []world.AccountID{world.Mia, world.Jonas, world.Ada, ""} {
			if s.State().SeesFilter(who, f) {
				sees = append(sees, who)
			}
		}
		expect(t, f.Name, c.sees, sees)
		if s.State().EditsFilter(world.Ada, f) || !s.State().EditsFilter(world.Mia, f) || f.Shares[0].ID == "" {
			t.Errorf("%s: others than the owner edit it, or its share has no id", f.Name)
		}
	}
	first := s.State().Filters.List()[0]
	change(t, s, func(tx *world.Tx) error {
		return errors.Join(tx.MarkFilter(first.ID, world.Ada, true), tx.MarkFilter(first.ID, world.Jonas, true))
	})
	expect(t, "Ada's favourites", 1, len(s.State().Favourites(world.Ada)))
	expect(t, "Jonas's, who does not see it", 0, len(s.State().Favourites(world.Jonas)))
	refused(t, s, world.Taken, "filter", "", "name", func(tx *world.Tx) error {
		return tx.Put(&world.Filter{Name: first.Name, Owner: world.Mia})
	})
}

func TestProjectIsMadeArchivedTrashedAndRestored(t *testing.T) {
	s := open(t, "")
	p := &world.Project{Key: "NEW", Name: "New", Lead: world.Jonas}
	expect(t, "made", []string{"project created 10003"}, told(t, s, func(tx *world.Tx) error { return tx.AddProject(p) }))
	kept := s.State().FindProject("NEW")
	if kept == nil || len(kept.Types) != 7 || kept.Workflow == "" || kept.Permissions == "" || !s.State().InRole(world.Jonas, "10003", kept) {
		t.Fatalf("made %+v", kept)
	}
	for _, c := range []struct {
		want string
		do   func(*world.Tx, world.ProjectID) error
	}{
		{"archived", (*world.Tx).ArchiveProject}, {"restored", (*world.Tx).RestoreProject}, {"trashed", (*world.Tx).TrashProject},
	} {
		expect(t, c.want, []string{"project " + c.want + " 10003"}, told(t, s, func(tx *world.Tx) error { return c.do(tx, p.ID) }))
	}
	refused(t, s, world.Frozen, "project", "10003", "", func(tx *world.Tx) error {
		_, err := tx.AddIssue(&world.Issue{Project: p.ID, Type: "10001", Summary: "x"})
		return err
	})
	refused(t, s, world.Taken, "project", "", "name", func(tx *world.Tx) error {
		return tx.AddProject(&world.Project{Key: "OTHER", Name: "New", Lead: world.Mia})
	})
	refused(t, s, world.Taken, "project", "", "key", func(tx *world.Tx) error {
		return tx.AddProject(&world.Project{Key: "OPS", Name: "Other", Lead: world.Mia})
	})
	refused(t, s, world.Invalid, "project", "", "lead", func(tx *world.Tx) error {
		return tx.AddProject(&world.Project{Key: "OTHER", Name: "Other", Lead: "nobody"})
	})
}

func TestDeletedProjectIsNamedNowhere(t *testing.T) {
	s := open(t, "")
	const id = world.ProjectID("10002")
	change(t, s, func(tx *world.Tx) error {
		desk := &world.Desk{Project: id, Portal: "Help"}
		screen := &world.Screen{Name: "s"}
		err := errors.Join(tx.Put(desk), tx.Put(screen))
		f := world.Edit(tx.Field(world.Price))
		f.Contexts = []world.Context{{ID: "1", Name: "here", Projects: []world.ProjectID{id}}, {ID: "2", Name: "there", Projects: []world.ProjectID{id, "10000"}}}
		return errors.Join(err, tx.Put(f), tx.Put(&world.RequestType{Desk: desk.ID, Type: "10006", Name: "Move"}),
			tx.Put(&world.ScreenUse{Project: id, Screen: screen.ID}), tx.Put(&world.Version{Project: id, Name: "1"}), tx.Put(&world.Component{Project: id, Name: "c"}),
			tx.Put(&world.Filter{Name: "f", Owner: world.Mia, Shares: []world.Share{{Kind: world.ToProject, Project: id}}}))
	})
	change(t, s, func(tx *world.Tx) error { return tx.Delete(tx.Project(id)) })
	st := s.State()
	left := []int{st.Desks.Len(), st.RequestTypes.Len(), st.ScreenUses.Len(), st.Versions.Len(), st.Components.Len(), len(st.Filters.List()[0].Shares)}
	expect(t, "left", []int{0, 0, 0, 0, 0, 0}, left)
	expect(t, "contexts", []world.Context{{ID: "2", Name: "there", Projects: []world.ProjectID{"10000"}}}, st.Field(world.Price).Contexts)
	if st.FindIssue("FAC-1") != nil || !st.Index().Equal("project", string(id)).Empty() {
		t.Error("issues are left")
	}
}

func TestArchivedIssueTakesItsSubtasksAlong(t *testing.T) {
	s := open(t, "")
	change(t, s, func(tx *world.Tx) error {
		sub := &world.IssueType{Name: "Part", Level: -1}
		if err := tx.Put(sub); err != nil {
			return err
		}
		_, err := tx.AddIssue(&world.Issue{Project: "10000", Type: sub.ID, Parent: "10100", Summary: "Part"})
		return err
	})
	got := told(t, s, func(tx *world.Tx) error { return tx.ArchiveIssue("10100", true) })
	expect(t, "events", []string{"issue archived 10160", "issue archived 10100"}, got)
	expect(t, "archived", 2, s.State().Index().Equal("archived", "true").Len())
	change(t, s, func(tx *world.Tx) error { return tx.ArchiveIssue("10100", false) })
	expect(t, "archived", 0, s.State().Index().Equal("archived", "true").Len())
}

func TestDeletedUserLeavesOnlyAnAccount(t *testing.T) {
	s := open(t, "")
	refused(t, s, world.InUse, "user", string(world.Jonas), "", func(tx *world.Tx) error { return tx.DeleteUser(world.Jonas) }) // leads FAC
	change(t, s, func(tx *world.Tx) error {
		p, org := world.Edit(tx.Project("10000")), &world.Organization{UUID: "u", Name: "o", Members: []world.AccountID{world.Ada}}
		p.Actors = map[world.RoleID][]world.Holder{"10002": {{Kind: world.ByUser, Value: string(world.Ada)}, {Kind: world.ByGroup, Value: "guests"}}}
		return errors.Join(tx.Put(p), tx.Put(org), tx.AddWatcher("10100", world.Ada))
	})
	got := told(t, s, func(tx *world.Tx) error { return tx.DeleteUser(world.Ada) })
	if !slices.Contains(got, "user deleted "+string(world.Ada)) {
		t.Errorf("events %v", got)
	}
	st := s.State()
	expect(t, "user", &world.User{Account: world.Ada, Name: "Former user", Groups: []string{}, Changed: now, Closed: true, Deleted: true}, st.User(world.Ada))
	expect(t, "actors", []world.Holder{{Kind: world.ByGroup, Value: "guests"}}, st.Project("10000").Actors["10002"])
	if st.Login("ada") != nil || len(st.Issue("10100").Watchers) != 0 || len(st.Organizations.List()[0].Members) != 0 || len(st.Members("guests")) != 0 {
		t.Error("something is left")
	}
}

func TestEventsTellWhatAppsHearOf(t *testing.T) {
	s := open(t, "")
	var file world.AttachmentID
	var work world.WorklogID
	for _, c := range []struct {
		name string
		want []string
		do   func(*world.Tx) error
	}{
		{"user made", []string{"user created u"}, func(tx *world.Tx) error { return tx.Put(&world.User{Account: "u", Name: "U"}) }},
		{"user renamed", []string{"user updated u"}, func(tx *world.Tx) error { return tx.RenameUser("u", "V") }},
		{"user deleted", []string{"user deleted u"}, func(tx *world.Tx) error { return tx.DeleteUser("u") }},
		{"type made", []string{"issueType created 10008"}, func(tx *world.Tx) error { return tx.Put(&world.IssueType{Name: "T"}) }},
		{"type deleted", []string{"issueType deleted 10008"}, func(tx *world.Tx) error { return tx.Delete(tx.Type("10008")) }},
		{"version made", []string{"version created 10000"}, func(tx *world.Tx) error { return tx.Put(&world.Version{Project: "10000", Name: "v"}) }},
		{"file added", []string{"attachment created 10000"}, func(tx *world.Tx) error {
			a := &world.Attachment{Name: "a"}
			err := tx.AddAttachment("10100", a, []byte("x"))
			file = a.ID
			return err
		}},
		{"file deleted", []string{"attachment deleted 10000"}, func(tx *world.Tx) error { return tx.DeleteAttachment(file) }},
		{"work added", []string{"issue updated 10100", "worklog created 10000"}, func(tx *world.Tx) error {
			w := &world.Worklog{Seconds: 60}
			err := tx.AddWorklog("10100", w)
			work = w.ID
			return err
		}},
		{"work deleted", []string{"issue updated 10100", "worklog deleted 10000"}, func(tx *world.Tx) error { return tx.DeleteWorklog(work) }},
		{"project changed", []string{"project updated 10000"}, func(tx *world.Tx) error {
			p := world.Edit(tx.Project("10000"))
			p.Description = "other"
			return tx.Put(p)
		}},
	} {
		expect(t, c.name, c.want, told(t, s, c.do))
	}
}

// An app reads of what type a link was that went with its type.
func TestLinkEventHasItsType(t *testing.T) {
	s := open(t, "")
	change(t, s, func(tx *world.Tx) error {
		_, err := tx.AddLink("10000", "10100", "10101")
		return err
	})
	w := s.Watch()
	change(t, s, func(tx *world.Tx) error { return tx.Delete(tx.LinkTypes.Get("10000")) })
	c, err := w.Next(t.Context())
	if err != nil || len(c.Events) != 2 || c.Events[0].Kind != "link" || c.Events[0].LinkType == nil || c.Events[0].LinkType.Name != "Blocks" {
		t.Errorf("events %+v, error %v", c.Events, err)
	}
}
