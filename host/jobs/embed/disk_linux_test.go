package embed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// mountAlone says that this process has its mounts for itself.
const mountAlone = "PERGOLA_TEST_MOUNT_ALONE"

// alone runs the calling test once more, in a process whose mounts nobody else sees and which end with it. It returns true
// there, and false in the process that only waits for the result.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(mountAlone) != "" {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mountAlone+"=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if id := os.Geteuid(); id != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	switch exit := (*exec.ExitError)(nil); {
	case err != nil && !errors.As(err, &exit):
		t.Skipf("this system lets nobody mount: %v", err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case bytes.Contains(out, []byte("--- SKIP: "+t.Name()+" ")):
		t.Skipf("%s", out)
	}
	return false
}

// mountTmpfs mounts a file system of so many bytes in memory, and returns where.
func mountTmpfs(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		t.Skipf("no tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A full disk makes the server give up; once there is room, it goes on with all that it acknowledged.
func TestAServerOnAFullDiskGoesOnOnceThereIsRoom(t *testing.T) {
	if !alone(t) {
		return
	}
	dir := mountTmpfs(t, 24<<20)
	s := start(t, filepath.Join(dir, "queue"), discard)
	kv := bucket(t, s)
	fill := filepath.Join(dir, "fill")
	if err := os.WriteFile(fill, make([]byte, 20<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	put := func(n int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := kv.Put(ctx, fmt.Sprint("k", n), bytes.Repeat([]byte{'.'}, 64<<10))
		return err
	}
	acked := 0
	for put(acked) == nil {
		if acked++; acked > 1000 {
			t.Fatal("the disk does not get full")
		}
	}
	if acked == 0 {
		t.Fatal("nothing was acknowledged before the disk was full")
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	kv = bucket(t, s)
	if err := put(acked); err != nil {
		t.Errorf("with room on the disk: %v", err)
	}
	for n := range acked {
		if _, err := kv.Get(t.Context(), fmt.Sprint("k", n)); err != nil {
			t.Errorf("write %d of %d was acknowledged and is lost: %v", n, acked, err)
		}
	}
}

// The host notices by itself that its queue stands still.
func TestRunsGoOnAfterTheDiskOfTheirQueueWasFull(t *testing.T) {
	if !alone(t) {
		return
	}
	raw, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	dir := mountTmpfs(t, 24<<20)
	j, err := jobs.Open(t.Context(), jobs.Config{Store: raw, Keys: sealtest.Keeper(t, raw), Log: discard, Dir: filepath.Join(dir, "queue"), Lease: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close(context.Background())
	if err := j.Register(jobs.Kind{Name: "once", Step: func(context.Context, jobs.Step) (jobs.Next, error) { return jobs.Next{Done: true}, nil }}); err != nil {
		t.Fatal(err)
	}
	if err := j.Work(); err != nil {
		t.Fatal(err)
	}
	fill := filepath.Join(dir, "fill")
	if err := os.WriteFile(fill, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	full := func() {
		f, err := os.OpenFile(fill, os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for { // to the last byte
			if _, err := f.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}
	begin := func() jobs.RunID {
		id, err := j.Start(t.Context(), "acme", jobs.Request{Kind: "once"})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	id := begin()
	deadline := time.Now().Add(20 * time.Second)
	for full(); j.Healthy() == nil; full() {
		if time.Now().After(deadline) {
			t.Fatal("a full disk does not hurt the queue")
		}
		id = begin() // what is left of the last page is written full by it
		time.Sleep(20 * time.Millisecond)
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		r, err := j.Run(t.Context(), "acme", id)
		if err != nil {
			t.Fatal(err)
		}
		if r.State == jobs.Done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("with room on the disk the run is %s; the queue: %v", r.State, j.Healthy())
		}
	}
}
