package world_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// dump is everything that a state knows and finds.
func dump(t *testing.T, st *world.State) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, st)), &out); err != nil {
		t.Fatal(err)
	}
	withoutRows(out["issue"])
	out["index"] = dumpIndex(st.Index())
	for n := range st.Index().All().All() {
		i := st.IssueAt(n)
		if found := st.FindIssue(i.Key); found == nil || found.ID != i.ID {
			t.Errorf("%s does not lead to issue %s", i.Key, i.ID)
		}
		for _, a := range st.Attachments(i) {
			out["content "+string(a.ID)] = string(st.Content(a))
		}
	}
	return out
}

// withoutRows takes out where something lies on disk.
func withoutRows(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "bytes")
		for _, each := range v {
			withoutRows(each)
		}
	case []any:
		for _, each := range v {
			withoutRows(each)
		}
	}
}

func dumpIndex(x *index.Index) map[string]string {
	out := map[string]string{}
	set := func(s index.Set) string { return fmt.Sprint(slices.Collect(s.All())) }
	terms, words, columns := x.Fields()
	for kind, fields := range map[string][]string{"term": terms, "word": words} {
		for _, f := range fields {
			values := x.Values(f)
			if kind == "word" {
				values = x.Words(f)
			}
			if values.Len() == 0 {
				continue
			}
			out[kind+" "+f] = set(values.Present())
			for v, s := range values.From("") {
				out[kind+" "+f+" "+v] = set(s)
			}
		}
	}
	for _, f := range columns {
		c := x.Column(f)
		if c.Present().Empty() {
			continue
		}
		var list []string
		for n := range c.Ascending() {
			list = append(list, fmt.Sprint(n, " ", c.Value(n)))
		}
		out["column "+f] = strings.Join(list, ", ")
	}
	return out
}

// something does one random change of each sort that there is, as far as the site has what it takes.
func something(r *rand.Rand) func(*world.Tx) error {
	return func(tx *world.Tx) error {
		all := slices.Collect(tx.Index().All().All())
		pick := func() *world.Issue { return tx.IssueAt(all[r.IntN(len(all))]) }
		i, other := pick(), pick()
		text := func() json.RawMessage { return world.TextDocument(sentence(r, 3)) }
		switch r.IntN(20) {
		case 0:
			_, err := tx.AddIssue(&world.Issue{Project: "10000", Type: "10001", Summary: sentence(r, 3), Reporter: world.Mia})
			return err
		case 1, 2:
			e := tx.EditIssue(string(i.ID))
			e.Summary, e.Status, e.Labels = sentence(r, 3), world.StatusID(fmt.Sprint(10000+r.IntN(4))), []string{words[r.IntN(5)]}
			e.Custom[world.Price] = json.RawMessage(fmt.Sprint(r.IntN(100)))
			return tx.PutIssue(e)
		case 3:
			return tx.AddComment(i.ID, &world.Comment{Author: world.Mia, Body: text()})
		case 4:
			for _, c := range tx.Comments(i) {
				c = world.Edit(c)
				c.Body = text()
				return tx.PutComment(c)
			}
		case 5:
			for _, c := range tx.Comments(i) {
				return tx.DeleteComment(c.ID)
			}
		case 6:
			return tx.MoveIssue(i.ID, world.ProjectID(fmt.Sprint(10000+r.IntN(3))))
		case 7:
			if len(all) > 30 {
				return tx.DeleteIssue(i.ID)
			}
		case 8:
			if i.ID != other.ID {
				_, err := tx.AddLink("10000", i.ID, other.ID)
				return err
			}
		case 9:
			for _, l := range i.Links {
				return tx.DeleteLink(l.ID)
			}
		case 10:
			return tx.AddAttachment(i.ID, &world.Attachment{Name: "a.txt", Type: "text/plain"}, []byte(sentence(r, 5)))
		case 11:
			return tx.AddWorklog(i.ID, &world.Worklog{Author: world.Mia, Seconds: 1 + int64(r.IntN(1000))})
		case 12:
			_, err := tx.SetIssueProperty(i.ID, "state", json.RawMessage(fmt.Sprintf(`{"a":{"b":%q}}`, words[r.IntN(5)])))
			return err
		case 13:
			p := world.Edit(tx.Project("10002"))
			p.Key = fmt.Sprint("FAC", r.IntN(3))
			return tx.Put(p)
		case 14:
			for _, a := range tx.Attachments(i) {
				return tx.DeleteAttachment(a.ID)
			}
		case 15:
			return errors.Join(tx.AddWatcher(i.ID, world.Jonas), tx.RemoveWatcher(other.ID, world.Jonas), tx.RemoveVote(i.ID, world.Ada))
		case 16:
			_, _, err := tx.PutRemoteLink(i.ID, world.RemoteLink{GlobalID: words[r.IntN(3)], Object: json.RawMessage(`{"title":"t"}`)})
			return err
		case 17:
			for _, w := range tx.Worklogs(i) {
				return tx.DeleteWorklogAdjusting(w.ID, world.Adjust{How: world.Auto})
			}
		case 18:
			v := &world.Version{Project: "10000", Name: sentence(r, 4)}
			if tx.Versions.First(func(o *world.Version) bool { return o.Name == v.Name }) != nil {
				return nil
			}
			if err := tx.Put(v); err != nil || i.Project != "10000" {
				return err
			}
			e := tx.EditIssue(string(i.ID))
			e.Fixes = []world.VersionID{v.ID}
			return tx.PutIssue(e)
		case 19:
			if list := tx.VersionsOf("10000"); len(list) > 1 {
				return errors.Join(tx.MoveVersion(list[1].ID, world.FirstPlace), tx.MergeVersion(list[0].ID, list[1].ID))
			}
		}
		return nil
	}
}

func TestEveryWayToStartGivesTheSameState(t *testing.T) {
	world.SmallCopies(t, 40)
	dir, r := t.TempDir(), rand.New(rand.NewPCG(5, 6))
	s := open(t, dir)
	change(t, s, func(tx *world.Tx) error {
		return tx.Put(&world.IndexedProperty{ID: "p", App: "app", Entity: "issue", Key: "state", Path: "a.b", Type: "string"})
	})
	again := func(how string) {
		t.Helper()
		want := dump(t, s.State())
		copied := t.TempDir()
		for _, name := range []string{"site.db", "site.db-wal", "site.index"} {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if errors.Is(err, os.ErrNotExist) || name == "site.index" && how == "without the copy of the indexes" {
				continue
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(copied, name), raw, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, dump(t, open(t, copied).State())); diff != "" {
			t.Fatalf("%s (-want +got):\n%.3000s", how, diff)
		}
	}
	for range 6 {
		for range 60 {
			change(t, s, something(r))
		}
		again("after a kill")
		again("without the copy of the indexes")
	}
	want := dump(t, s.State())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if diff := cmp.Diff(want, dump(t, s.State())); diff != "" {
		t.Errorf("after a close (-want +got):\n%.3000s", diff)
	}
	if s.State().Index().Equal("property:state.a.b", words[0]).Empty() {
		t.Error("no property was indexed")
	}
}

func TestSnapshotIsWhereOthersBegin(t *testing.T) {
	for name, dir := range map[string]string{"of memory": "", "of disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			s, r := open(t, dir), rand.New(rand.NewPCG(7, 8))
			for range 100 {
				change(t, s, something(r))
			}
			snap, want := s.Snapshot(), dump(t, s.State())
			for range 50 {
				change(t, s, something(r))
			}
			path := filepath.Join(t.TempDir(), world.FileName)
			if err := snap.WriteFile(path); err != nil {
				t.Fatal(err)
			}
			others := map[string]world.Config{
				"in memory": {From: snap}, "on disk": {From: snap, Dir: t.TempDir()}, "from a file": {Dir: filepath.Dir(path)},
			}
			for how, cfg := range others {
				other, err := world.Open(cfg)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, dump(t, other.State())); diff != "" {
					t.Errorf("%s (-want +got):\n%.2000s", how, diff)
				}
				for range 50 {
					change(t, other, something(r))
				}
				if err := other.Restore(snap); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, dump(t, other.State())); diff != "" {
					t.Errorf("%s, restored (-want +got):\n%.2000s", how, diff)
				}
				change(t, other, something(r))
				if err := other.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestOldReadersKeepWhatTheySee(t *testing.T) {
	world.SmallCopies(t, 10)
	s, r := open(t, t.TempDir()), rand.New(rand.NewPCG(9, 10))
	var states []*world.State
	var dumps []map[string]any
	for range 10 {
		states, dumps = append(states, s.State()), append(dumps, dump(t, s.State()))
		for range 30 {
			change(t, s, something(r))
		}
	}
	for n, st := range states {
		if diff := cmp.Diff(dumps[n], dump(t, st)); diff != "" {
			t.Fatalf("state %d changed:\n%.2000s", n, diff)
		}
	}
}

func TestWatchersSeeEveryChangeInOrder(t *testing.T) {
	s := open(t, "")
	w := s.Watch()
	refused := errors.New("no")
	for n := range 20 {
		change(t, s, rename("OPS-1", fmt.Sprint(n)))
		if err := s.Change(func(tx *world.Tx) error { return errors.Join(rename("OPS-1", "refused")(tx), refused) }); !errors.Is(err, refused) {
			t.Fatal(err)
		}
	}
	for n := range 20 {
		c, err := w.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Events) != 1 || c.Events[0].Kind != "issue" || c.Events[0].Op != world.Updated || c.Events[0].Issue.Summary != fmt.Sprint(n) ||
			c.State.FindIssue("OPS-1").Summary != fmt.Sprint(n) || c.Events[0].History.Items[0].Field != "summary" {
			t.Fatalf("commit %d: %+v", n, c.Events)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after the last commit", err)
	}
}

func TestIssuesThatAreReadTogetherAreTheSame(t *testing.T) {
	dir := t.TempDir()
	from, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	for _, together := range []bool{false, true} {
		s, err := world.Open(world.Config{Dir: dir, From: from, Clock: clock}) // nothing is in its cache
		if err != nil {
			t.Fatal(err)
		}
		from = nil
		st := s.State()
		if together {
			st.Warm(append([]uint32{1 << 30}, slices.Collect(st.Index().All().All())...)) // the first of them is none
		}
		got := dump(t, st)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); together && diff != "" {
			t.Error(diff)
		}
		want = got
	}
}
