package sqlitestore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// disk is an ext4 file system on a disk that belongs to nobody else, on the machine that `make machine` makes.
type disk struct{ device, dir string }

func mountDisk(t *testing.T) *disk {
	t.Helper()
	device := os.Getenv("PERGOLA_MACHINE_DISK")
	if device == "" {
		t.Skip("it breaks the disk of a machine: make machine")
	}
	d := &disk{device, t.TempDir()}
	d.mount(t)
	t.Cleanup(func() { _ = syscall.Unmount(d.dir, 0) })
	if err := os.RemoveAll(d.store()); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *disk) store() string { return filepath.Join(d.dir, "store") }

func (d *disk) mount(t *testing.T) {
	t.Helper()
	if err := syscall.Mount(d.device, d.dir, "ext4", 0, "errors=remount-ro"); err != nil {
		t.Fatal(err)
	}
}

// anew unmounts and mounts the file system. Nothing may be open there.
func (d *disk) anew(t *testing.T) {
	t.Helper()
	if err := syscall.Unmount(d.dir, 0); err != nil {
		t.Fatal(err)
	}
	d.mount(t)
}

// writable does what `mount -o remount,rw` does.
func (d *disk) writable(t *testing.T) {
	t.Helper()
	if err := syscall.Mount(d.device, d.dir, "ext4", syscall.MS_REMOUNT, "errors=remount-ro"); err != nil {
		t.Fatal(err)
	}
}

// readOnly makes the kernel mount the file system read-only although files are open, as it does when a machine is about to go
// down, or a hypervisor takes the disk away.
func (d *disk) readOnly(t *testing.T) {
	t.Helper()
	if err := os.WriteFile("/proc/sysrq-trigger", []byte("u"), 0o200); err != nil {
		t.Fatal(err)
	}
	for { // the kernel does it when it comes to it
		var fs syscall.Statfs_t
		if err := syscall.Statfs(d.dir, &fs); err != nil {
			t.Fatal(err)
		}
		if fs.Flags&syscall.MS_RDONLY != 0 {
			return
		}
		runtime.Gosched()
	}
}

// fail makes ext4 find an error.
func (d *disk) fail(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("/sys/fs/ext4", filepath.Base(d.device), "trigger_fs_error"), []byte("test\n"), 0o200); err != nil {
		t.Fatal(err)
	}
}

// forget has the kernel keep nothing of files in memory, so that what a store touches next comes from the disk.
func forget(t *testing.T) {
	t.Helper()
	syscall.Sync()
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3\n"), 0o200); err != nil {
		t.Fatal(err)
	}
}

// What a store has done when its disk breaks: by then its journal grows, or begins anew at its front.
var histories = []struct {
	name string
	do   func(*testing.T, *sqlitestore.Store)
}{
	{"growing journal", func(*testing.T, *sqlitestore.Store) {}},
	{"nothing in memory", func(t *testing.T, _ *sqlitestore.Store) { forget(t) }},
	{"empty journal", func(t *testing.T, s *sqlitestore.Store) {
		if err := s.Scrub(t.Context()); err != nil {
			t.Fatal(err)
		}
		forget(t)
	}},
}

// fifty writes so many notes.
func fifty(t *testing.T, s *sqlitestore.Store) {
	t.Helper()
	for i := range 50 {
		if _, err := s.Write(t.Context(), note(strconv.Itoa(i), 10_000)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantRefused writes small and large notes, none of which may be acknowledged.
func wantRefused(t *testing.T, s *sqlitestore.Store) {
	t.Helper()
	for i, size := range []int{10, 10, 100_000, 10} {
		_, err := s.Write(t.Context(), note("refused"+strconv.Itoa(i), size))
		wantReadOnly(t, "Write", err)
	}
}

// Linux takes writes of files that were open when their file system turned read-only, and says of them that they are on the
// disk. A store that believes it acknowledges what the next loss of power takes away.
func TestMachineDiskThatTurnsReadOnlyTakesNothingUntilItIsMended(t *testing.T) {
	for _, history := range histories {
		t.Run(history.name, func(t *testing.T) {
			d := mountDisk(t)
			s := open(t, d.store(), sqlitestore.Config{})
			fifty(t, s)
			history.do(t, s)
			for round := range 2 { // twice may be luck
				d.readOnly(t)
				wantRefused(t, s)
				if err := s.Ping(t.Context()); err != nil {
					t.Errorf("Ping: %v", err)
				}
				wantNotes(t, s, 50+round)
				d.writable(t)
				if _, err := s.Write(t.Context(), note(fmt.Sprintf("mended%d", round), 10_000)); err != nil {
					t.Errorf("Write once it can be written again: %v", err)
				}
			}
			if err := s.Scrub(t.Context()); err != nil {
				t.Errorf("Scrub: %v", err)
			}
			wantNotes(t, s, 52)
			closeStore(t, s)
			d.anew(t)
			s = open(t, d.store(), sqlitestore.Config{})
			wantNotes(t, s, 52)
			closeStore(t, s)
			wantSound(t, d.store())
		})
	}
}

// After an error ext4 gives up its journal, and files that were open then are lost to whoever has them. Mounting it for writing
// again does not help, and it cannot be unmounted before the store is closed.
func TestMachineDiskThatFailsKeepsWhatWasAcknowledged(t *testing.T) {
	for _, history := range histories {
		t.Run(history.name, func(t *testing.T) {
			d := mountDisk(t)
			s := open(t, d.store(), sqlitestore.Config{})
			fifty(t, s)
			history.do(t, s)
			d.fail(t)
			wantRefused(t, s)
			wantNotes(t, s, 50)
			_ = syscall.Mount(d.device, d.dir, "ext4", syscall.MS_REMOUNT, "errors=remount-ro") // newer kernels refuse it
			wantRefused(t, s)
			wantNotes(t, s, 50)
			if err := syscall.Unmount(d.dir, 0); !errors.Is(err, syscall.EBUSY) {
				t.Errorf("unmount under an open store: %v, want EBUSY", err)
			}
			if err := s.Close(); err != nil {
				t.Logf("Close: %v", err)
			}
			d.anew(t)
			s = open(t, d.store(), sqlitestore.Config{})
			wantNotes(t, s, 50)
			if _, err := s.Write(t.Context(), note("again", 10)); err != nil {
				t.Error(err)
			}
			closeStore(t, s)
			wantSound(t, d.store())
		})
	}
}

func TestMachineFullDiskTakesWritesOnceThereIsRoom(t *testing.T) {
	d := mountDisk(t)
	s := open(t, d.store(), sqlitestore.Config{})
	fifty(t, s)
	written := 50
	for round := range 2 { // twice may be luck
		weight := ballast(t, d.dir)
		n, err := fillStore(t, s, fmt.Sprintf("round%d-", round))
		wantFull(t, "Write", err)
		written += n
		for range 3 {
			_, err := s.Write(t.Context(), note("refused", 100_000))
			wantFull(t, "Write again", err)
		}
		if err := s.Scrub(t.Context()); err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Scrub: %v", err)
		}
		wantNotes(t, s, written)
		if err := os.Remove(weight); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(t.Context(), note(fmt.Sprintf("mended%d", round), 100_000)); err != nil {
			t.Fatalf("Write after making room: %v", err)
		}
		written++
	}
	wantNotes(t, s, written)
	closeStore(t, s)
	d.anew(t)
	s = open(t, d.store(), sqlitestore.Config{})
	wantNotes(t, s, written)
	closeStore(t, s)
	wantSound(t, d.store())
}
