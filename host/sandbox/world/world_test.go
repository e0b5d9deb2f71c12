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

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

var now = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func noSeed(*world.Tx) error { return errors.New("seeded although there is a site") }

// seeded is a fresh site. Making its RSA key takes longer than most tests.
var seeded = sync.OnceValues(func() (*world.Snapshot, error) {
	s, err := world.Open(world.Config{Seed: world.Seed, Clock: clock})
	if err != nil {
		return nil, err
	}
	return s.Snapshot(), nil
})

// open opens the site in a directory, or in memory. A new one is the seeded one.
func open(t testing.TB, dir string) *world.Store {
	t.Helper()
	from, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	s, err := world.Open(world.Config{Dir: dir, From: from, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func change(t testing.TB, s *world.Store, do func(*world.Tx) error) {
	t.Helper()
	if err := s.Change(do); err != nil {
		t.Fatal(err)
	}
}

func rename(id, summary string) func(*world.Tx) error {
	return func(tx *world.Tx) error {
		i := tx.EditIssue(id)
		i.Summary = summary
		return tx.PutIssue(i)
	}
}

// TestMain also is the process that TestChangesSurviveKill kills: it changes an issue again and again, and says so after
// each change.
func TestMain(m *testing.M) {
	dir := os.Getenv("WORLD_TEST_CHANGE_FOREVER")
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := world.Open(world.Config{Dir: dir, Seed: noSeed})
	for n := 1; err == nil; n++ {
		err = s.Change(rename("OPS-1", fmt.Sprint("change ", n)))
		if err == nil {
			fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// changer starts that process, and returns what it says.
func changer(t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "WORLD_TEST_CHANGE_FOREVER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func TestSecondProcessIsLockedOutUntilTheFirstIsKilled(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	cmd, lines := changer(t, dir)
	if !lines.Scan() {
		t.Fatal("the other process did not change anything")
	}
	for how, cfg := range map[string]world.Config{
		"open": {Dir: dir, Seed: noSeed}, "fill": {Dir: dir, Fill: func(*world.Store) error { return errors.New("filled although it is open") }},
	} {
		_, err := world.Open(cfg)
		if want := fmt.Sprintf("process %d holds", cmd.Process.Pid); !errors.Is(err, world.ErrLocked) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", how, err, want)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // until it is gone
	}
	_ = cmd.Wait() // killed
	s := open(t, dir)
	if _, err := world.Open(world.Config{Dir: dir, Seed: noSeed}); !errors.Is(err, world.ErrLocked) {
		t.Errorf("a second time in one process: error %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestChangesSurviveKill(t *testing.T) {
	for round := range 3 {
		dir := t.TempDir()
		if err := open(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
		cmd, lines := changer(t, dir)
		last := 0
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
		s := open(t, dir)
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

func TestUnreadableSiteIsAnError(t *testing.T) {
	for name, content := range map[string]string{"site.json": "{", "site.db": strings.Repeat("no database ", 100)} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := world.Open(world.Config{Dir: dir, Seed: noSeed}); err == nil || !strings.Contains(err.Error(), path) {
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
	err := s.Change(func(tx *world.Tx) error {
		if err := errors.Join(rename("OPS-1", "gone")(tx), tx.DeleteIssue(tx.FindIssue("OPS-2").ID)); err != nil {
			return err
		}
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
				if err := s.Change(rename("OPS-1", fmt.Sprint("writer ", n))); err != nil {
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
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "site.db"): 0o600} {
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
		change(t, s, func(tx *world.Tx) error { return tx.MoveIssue(id, tx.FindProject(to).ID) })
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
	for _, key := range []string{"OPS-1", first, s.State().Issue(id).Key, string(id)} {
		if got := s.State().FindIssue(key); got == nil || got.ID != id {
			t.Errorf("%s does not lead to the issue", key)
		}
	}
	change(t, s, func(tx *world.Tx) error { return tx.DeleteIssue(id) })
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
	if st.IssueCount() < 60 || st.Projects.Len() != 3 || st.Categories.Len() != 2 {
		t.Errorf("%d issues, %d projects, %d categories", st.IssueCount(), st.Projects.Len(), st.Categories.Len())
	}
	for n := range st.Index().All().All() {
		i := st.IssueAt(n)
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

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
