package world_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

var now = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func seed() (*world.State, error) { return world.Seed(now) }

func noSeed() (*world.State, error) { return nil, errors.New("seeded although there is a snapshot") }

func open(t testing.TB, dir string) *world.Store {
	t.Helper()
	s, err := world.Open(dir, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMain also is the process that TestChangesSurviveKill kills: it changes an issue again and again, and says so after
// each change.
func TestMain(m *testing.M) {
	dir := os.Getenv("WORLD_TEST_CHANGE_FOREVER")
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := world.Open(dir, noSeed)
	for n := 1; err == nil; n++ {
		err = s.Change(func(st *world.State) error {
			st.FindIssue("OPS-1").Summary = fmt.Sprint("change ", n)
			return nil
		})
		if err == nil {
			fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestChangesSurviveKill(t *testing.T) {
	for round := range 3 {
		dir := t.TempDir()
		open(t, dir)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "WORLD_TEST_CHANGE_FOREVER="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
				t.Fatal(err)
			}
			if last == 5+round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed
		if last < 5 {
			t.Fatalf("the process made %d changes only", last)
		}
		s, err := world.Open(dir, noSeed)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		if _, err := fmt.Sscanf(s.State().FindIssue("OPS-1").Summary, "change %d", &got); err != nil {
			t.Fatal(err)
		}
		// The last change may be on disk although nobody heard of it.
		if got != last && got != last+1 {
			t.Errorf("change %d was confirmed, the snapshot holds change %d", last, got)
		}
	}
}

func TestHalfWrittenSnapshotIsIgnored(t *testing.T) {
	dir := t.TempDir()
	want := open(t, dir).State()
	if err := os.WriteFile(filepath.Join(dir, "site.json.next"), []byte(`{"format":1,"iss`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := world.Open(dir, noSeed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asJSON(t, want), asJSON(t, s.State())); diff != "" {
		t.Errorf("state after the crash (-want +got):\n%s", diff)
	}
	if err := s.Change(func(st *world.State) error { st.Title = "later"; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := open(t, dir).State().Title; got != "later" {
		t.Errorf("title %q after a change over the half-written file", got)
	}
}

func TestUnreadableSnapshotIsAnError(t *testing.T) {
	for name, content := range map[string]string{"garbage": "{", "another format": `{"format": 99}`} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "site.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := world.Open(dir, seed); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one that names %s", err, path)
			}
			if raw, _ := os.ReadFile(path); string(raw) != content {
				t.Error("the unreadable file was written over")
			}
		})
	}
}

func TestRefusedChangeChangesNothing(t *testing.T) {
	s := open(t, t.TempDir())
	before := s.State()
	refused := errors.New("no")
	err := s.Change(func(st *world.State) error {
		st.FindIssue("OPS-1").Summary = "gone"
		st.DeleteIssue(st.FindIssue("OPS-2"))
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("error %v, want %v", err, refused)
	}
	if s.State() != before || s.State().FindIssue("OPS-2") == nil {
		t.Error("the state changed")
	}
}

func TestReadersKeepTheirState(t *testing.T) {
	s := open(t, t.TempDir())
	old := s.State()
	summary := old.FindIssue("OPS-1").Summary
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for range 5 {
				if err := s.Change(func(st *world.State) error {
					st.FindIssue("OPS-1").Summary = fmt.Sprint("writer ", n)
					return nil
				}); err != nil {
					t.Error(err)
				}
				_ = s.State().FindIssue("OPS-1").Summary
			}
		})
	}
	wg.Wait()
	if got := old.FindIssue("OPS-1").Summary; got != summary {
		t.Errorf("an old state changed: %q", got)
	}
}

func TestSnapshotIsForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	open(t, dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "site.json"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestMoveKeepsTheIDAndTheOldKey(t *testing.T) {
	s := open(t, t.TempDir())
	id := s.State().FindIssue("OPS-1").ID
	move := func(to string) {
		t.Helper()
		if err := s.Change(func(st *world.State) error {
			st.MoveIssue(st.FindIssue(string(id)), st.FindProject(to), now)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	move("FAC")
	moved := s.State().FindIssue("OPS-1")
	if moved == nil || moved.ID != id || !strings.HasPrefix(moved.Key, "FAC-") {
		t.Fatalf("OPS-1 leads to %+v", moved)
	}
	if got := s.State().Type(moved.Type).Name; got != "Room" {
		t.Errorf("type %q, want one of the new project's", got)
	}
	first := moved.Key
	move("HR")
	for _, key := range []string{"OPS-1", first, s.State().Issues[id].Key, string(id)} {
		if got := s.State().FindIssue(key); got == nil || got.ID != id {
			t.Errorf("%s does not lead to the issue", key)
		}
	}
	if err := s.Change(func(st *world.State) error { st.DeleteIssue(st.Issues[id]); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := s.State().FindIssue("OPS-1"); got != nil {
		t.Errorf("OPS-1 leads to %s after the issue was deleted", got.Key)
	}
}

func TestPermissionsOfTheSeededPeople(t *testing.T) {
	st := open(t, t.TempDir()).State()
	tests := []struct {
		who     world.AccountID
		project string
		see     bool
		edit    bool
		remove  bool
	}{
		{world.Mia, "OPS", true, true, true},
		{world.Mia, "HR", true, true, true},
		{world.Jonas, "OPS", true, true, false},
		{world.Jonas, "HR", true, true, false},
		{world.Ada, "OPS", true, false, false},
		{world.Ada, "FAC", true, false, false},
		{world.Ada, "HR", false, false, false},
		{"nobody", "OPS", false, false, false},
		{"", "OPS", false, false, false},
	}
	for _, tt := range tests {
		p := st.FindProject(tt.project)
		for permission, want := range map[string]bool{world.BrowseProjects: tt.see, world.EditIssues: tt.edit, world.DeleteIssues: tt.remove} {
			if got := st.CanIn(tt.who, permission, p); got != want {
				t.Errorf("%q in %s: %s is %v, want %v", tt.who, tt.project, permission, got, want)
			}
		}
	}
	if st.Can(world.Jonas, world.Administer) || !st.Can(world.Mia, world.Administer) {
		t.Error("want Mia, and not Jonas, to administer the site")
	}
}

func TestSeedIsWhole(t *testing.T) {
	st := open(t, t.TempDir()).State()
	if len(st.Issues) < 60 || len(st.Projects) != 3 || len(st.Categories) != 2 {
		t.Errorf("%d issues, %d projects, %d categories", len(st.Issues), len(st.Projects), len(st.Categories))
	}
	for _, i := range st.Issues {
		p := st.Project(i.Project)
		if p == nil || st.Type(i.Type) == nil || st.Status(i.Status) == nil || st.User(i.Reporter) == nil {
			t.Errorf("%s refers to something that is not there", i.Key)
		}
		if i.Updated.Before(i.Created) || i.Updated.After(now) {
			t.Errorf("%s: created %v, updated %v", i.Key, i.Created, i.Updated)
		}
		for id := range i.Custom {
			if st.Field(id) == nil {
				t.Errorf("%s has a value of the unknown field %s", i.Key, id)
			}
		}
	}
}

func BenchmarkChange(b *testing.B) {
	s := open(b, b.TempDir())
	for b.Loop() {
		if err := s.Change(func(st *world.State) error { st.FindIssue("OPS-1").Updated = now; return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
