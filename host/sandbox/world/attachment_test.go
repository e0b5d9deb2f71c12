package world_test

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const large = 10 << 20

// attach adds a large file to OPS-1 and returns its id.
func attach(t *testing.T, s *world.Store, fill byte) world.AttachmentID {
	t.Helper()
	a := &world.Attachment{Name: "scan.bin", Type: "application/octet-stream", Author: world.Mia}
	change(t, s, func(tx *world.Tx) error {
		return tx.AddAttachment(tx.FindIssue("OPS-1").ID, a, bytes.Repeat([]byte{fill}, large))
	})
	return a.ID
}

// holds says whether the site has the attachment with all its bytes.
func holds(st *world.State, id world.AttachmentID, fill byte) bool {
	_, a := st.Attachment(id)
	return a != nil && a.Size == large && bytes.Equal(st.Content(a), bytes.Repeat([]byte{fill}, large))
}

// largeRows counts the files that lie in a closed site, and heap the bytes that memory holds.
func largeRows(t *testing.T, dir string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, world.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM part WHERE length(body) >= ?`, large).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestLargeFilesComeAndGo(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			s := open(t, dir)
			w := s.Watch() // holds on to the events
			first, second := attach(t, s, 'a'), attach(t, s, 'b')
			if !holds(s.State(), first, 'a') || !holds(s.State(), second, 'b') {
				t.Error("the bytes differ")
			}
			c, err := w.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if told := c.Events[0].New.(*world.Attachment); !bytes.Equal(c.State.Content(told), bytes.Repeat([]byte{'a'}, large)) {
				t.Error("an event's attachment leads to other bytes")
			}
			before := s.State()
			change(t, s, func(tx *world.Tx) error { return tx.DeleteAttachment(first) })
			if _, a := s.State().Attachment(first); a != nil || !holds(s.State(), second, 'b') || !holds(before, first, 'a') {
				t.Error("the wrong one is gone")
			}
			if dir == "" {
				return
			}
			runtime.KeepAlive(w)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir)
			if !holds(s.State(), second, 'b') {
				t.Error("lost at a restart")
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if n := largeRows(t, dir); n != 1 {
				t.Errorf("%d files on disk, want the one that was not deleted", n)
			}
		})
	}
}

func TestLargeFilesOnDiskDoNotStayInMemory(t *testing.T) {
	s := open(t, t.TempDir())
	w := s.Watch()
	before := heap()
	for n := range 5 {
		attach(t, s, byte('a'+n))
	}
	if more := heap() - before; more > large {
		t.Errorf("five files of %d bytes left %d in memory", large, more)
	}
	runtime.KeepAlive(w)
	runtime.KeepAlive(s)
}

func TestSnapshotsHaveTheFiles(t *testing.T) {
	for name, dir := range map[string]string{"of memory": "", "of disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			s := open(t, dir)
			id := attach(t, s, 'x')
			snap := s.Snapshot()
			change(t, s, func(tx *world.Tx) error { return tx.DeleteAttachment(id) })
			path := filepath.Join(t.TempDir(), world.FileName)
			if err := snap.WriteFile(path); err != nil {
				t.Fatal(err)
			}
			for how, cfg := range map[string]world.Config{
				"in memory": {From: snap}, "on disk": {From: snap, Dir: t.TempDir()}, "from a file": {Dir: filepath.Dir(path), Seed: noSeed},
			} {
				other, err := world.Open(cfg)
				if err != nil {
					t.Fatal(err)
				}
				if !holds(other.State(), id, 'x') {
					t.Errorf("%s: not there", how)
				}
				change(t, other, func(tx *world.Tx) error { return tx.DeleteAttachment(id) })
				if err := other.Restore(snap); err != nil {
					t.Fatal(err)
				}
				if !holds(other.State(), id, 'x') {
					t.Errorf("%s: not there after Restore", how)
				}
				if err := other.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestEmptyFileCanBeKept(t *testing.T) {
	s := open(t, t.TempDir())
	a := &world.Attachment{Name: "empty.txt", Type: "text/plain"}
	change(t, s, func(tx *world.Tx) error { return tx.AddAttachment(tx.FindIssue("OPS-1").ID, a, nil) })
	if _, kept := s.State().Attachment(a.ID); kept == nil || kept.Size != 0 || len(s.State().Content(kept)) != 0 {
		t.Errorf("kept %+v", kept)
	}
}
