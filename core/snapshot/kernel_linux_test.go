package snapshot_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/pergola-platform/pergola/core/snapshot"
	"golang.org/x/sys/unix"
)

// forEachTracker runs a test with the strategies that trust the kernel.
func forEachTracker(t *testing.T, test func(t *testing.T, k kind)) {
	for _, k := range kinds(t) {
		if k.name == string(snapshot.PagemapScan) || k.name == string(snapshot.Pagemap) {
			t.Run(k.name, func(t *testing.T) { test(t, k) })
		}
	}
}

// noPagemap ends a test on a system that does not let a process see its own pages; in CI that would hide a strategy.
func noPagemap(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// Without this test a defect that makes the trial refuse a strategy would look like a system that has none of it.
func TestStrategiesThatTheKernelHasAreUsed(t *testing.T) {
	pagemap, err := os.Open("/proc/self/pagemap")
	if err != nil {
		noPagemap(t, err)
	}
	defer pagemap.Close()
	if _, err := pagemap.Read(make([]byte, 8)); err != nil {
		noPagemap(t, err)
	}
	have := []snapshot.Strategy{snapshot.Copy, snapshot.Pagemap}
	nothing := [12]uint64{0: 96} // a struct pm_scan_arg that asks for no addresses
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, pagemap.Fd(), 0xc0606610, uintptr(unsafe.Pointer(&nothing)))
	switch errno {
	case 0:
		have = append(have, snapshot.PagemapScan)
	case unix.ENOTTY: // before 6.7
	default:
		t.Logf("PAGEMAP_SCAN: %v", errno)
	}
	for _, s := range have {
		image, err := snapshot.TakeAs(s, noise(33, mib))
		if err != nil {
			t.Error(err)
			continue
		}
		if image.Strategy() != s {
			t.Errorf("asked for %q, got %q", s, image.Strategy())
		}
		if err := image.Close(); err != nil {
			t.Error(err)
		}
	}
	if got, want := snapshot.Probe().Strategy, have[len(have)-1]; got != want {
		t.Errorf("the probe found %q, want %q", got, want)
	}
}

func TestKernelThatStopsAnsweringIsNotTrusted(t *testing.T) {
	forEachTracker(t, func(t *testing.T, k kind) {
		want := noise(21, 4*mib)
		image := take(t, k, want)
		m := mapped(t, image, 4*mib)
		r := rand.New(rand.NewPCG(21, 21))
		scribble(r, m.Bytes())
		reset(t, m)
		if image.Fallbacks() != 0 {
			t.Fatal("a reset fell back before anything broke")
		}
		if err := image.Break(); err != nil {
			t.Fatal(err)
		}
		for round := range 50 {
			scribble(r, m.Bytes())
			reset(t, m)
			if !bytes.Equal(m.Bytes(), want) {
				t.Fatalf("round %d: the memory is not as it was", round)
			}
			if got := image.Fallbacks(); got != uint64(round+1) {
				t.Fatalf("%d fallbacks after %d resets", got, round+1)
			}
		}
	})
}

func TestTrialRefusesStrategiesThatLie(t *testing.T) {
	for _, tt := range []struct {
		name string
		lie  func(dst []byte, pages int) int
		want string // "" for no error
	}{
		{"the truth", func(_ []byte, pages int) int { return pages }, ""},
		{"a page too many", func(_ []byte, pages int) int { return pages + 1 }, "finds"},
		{"none", func([]byte, int) int { return 0 }, "finds"},
		{"a page missed", func(dst []byte, pages int) int { dst[0]++; return pages }, "misses"},
		{"the last page missed", func(dst []byte, pages int) int { dst[len(dst)-1]++; return pages }, "misses"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := snapshot.TryLiar(tt.lie)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestEntriesOfPagemapMeanWhatTheKernelSays(t *testing.T) {
	const file, swapped, present = 1 << 61, 1 << 62, 1 << 63
	for _, tt := range []struct {
		name  string
		entry uint64
		want  bool
	}{
		{"not touched", 0, false},
		{"the file's", present | file, false},
		{"written", present, true},
		{"written, with all the other bits", present | 1<<61 - 1, true},
		{"written and swapped out", swapped | 0x1234, true},
		{"the file's, on its way to another frame", swapped | file, false},
		{"soft-dirty without a page", 1 << 55, false},
	} {
		if got := snapshot.Private(tt.entry); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestImageIsSealed(t *testing.T) {
	image, err := snapshot.TakeAs(snapshot.Copy, noise(23, mib))
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	fd := image.Descriptor()
	if _, err := unix.Pwrite(fd, []byte("x"), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("write: %v, want EPERM", err)
	}
	for _, size := range []int64{0, 2 * mib} {
		if err := unix.Ftruncate(fd, size); !errors.Is(err, unix.EPERM) {
			t.Errorf("truncate to %d: %v, want EPERM", size, err)
		}
	}
	if _, err := unix.Mmap(fd, 0, mib, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); !errors.Is(err, unix.EPERM) {
		t.Errorf("map to write: %v, want EPERM", err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %x, %v: a child would inherit the image", flags, err)
	}
}

func TestFreeLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand memories")
	}
	forEachKind(t, func(t *testing.T, k kind) {
		if k.name == "heap" {
			t.Skip("there is only what the collector frees")
		}
		cycle := func() {
			image, err := k.take(make([]byte, 4*snapshot.PageSize))
			if err != nil {
				t.Fatal(err)
			}
			for i := range 100 {
				m, err := image.Map(64 * mib)
				if err != nil {
					t.Fatal(err)
				}
				m.Bytes()[i]++
				if i%2 == 0 {
					m.Reallocate(8 * snapshot.PageSize)
				}
				if _, err := m.Reset(); err != nil && !errors.Is(err, snapshot.ErrGrown) {
					t.Fatal(err)
				}
				m.Free()
			}
			if err := image.Close(); err != nil {
				t.Fatal(err)
			}
		}
		cycle()
		files := len(entries(t, "/proc/self/fd"))
		if n := mappings(t); n != 0 {
			t.Errorf("%d mappings of images after one cycle", n)
		}
		size := addresses(t)
		for range 100 {
			cycle()
		}
		if after := mappings(t); after != 0 {
			t.Errorf("%d mappings of images are left", after)
		}
		if after := len(entries(t, "/proc/self/fd")); after != files {
			t.Errorf("%d open files, %d before", after, files)
		}
		// Each reserves 64 MiB, so that one in a thousand left behind would show. Go's own heap may grow by less.
		if after := addresses(t); after > size+512*mib {
			t.Errorf("%d MiB of addresses, %d before", after/mib, size/mib)
		}
	})
}

func entries(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// mappings counts the mappings of images that this process has.
func mappings(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(maps, []byte("memfd:pergola-snapshot"))
}

// addresses is how many bytes of address space this process has.
func addresses(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[0])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func TestAdviceToTheKernelChangesNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		advice int
	}{
		{"private pages are paged out", unix.MADV_PAGEOUT}, // to swap, where there is some
		{"private pages are cold", unix.MADV_COLD},
		{"huge pages are wanted", unix.MADV_HUGEPAGE},
		{"huge pages are made", unix.MADV_COLLAPSE},
		{"equal pages are merged", unix.MADV_MERGEABLE},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forEachTracker(t, func(t *testing.T, k kind) {
				want := noise(25, 8*mib)
				m := mapped(t, take(t, k, want), 8*mib)
				page := os.Getpagesize()
				for round := range 4 {
					if err := unix.Madvise(m.Bytes(), tt.advice); err != nil {
						t.Logf("the kernel does not take the advice: %v", err) // and that is fine
					}
					for at := 0; at < len(want); at += 64 * page {
						m.Bytes()[at+round] ^= 0xff
					}
					if err := unix.Madvise(m.Bytes(), tt.advice); err != nil {
						t.Logf("the kernel does not take the advice: %v", err)
					}
					if got, least := reset(t, m), len(want)/(64*page); got != least {
						t.Errorf("restored %d pages where %d were written", got, least)
					}
					if !bytes.Equal(m.Bytes(), want) {
						t.Fatal("the memory is not as it was")
					}
				}
			})
		})
	}
}

func TestChildrenDoNotMatter(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		want := noise(27, 2*mib)
		m := mapped(t, take(t, k, want), 2*mib)
		r := rand.New(rand.NewPCG(27, 27))
		for range 3 {
			scribble(r, m.Bytes())
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			child.Env = append(os.Environ(), raceWithoutWait)
			if out, err := child.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			scribble(r, m.Bytes())
			reset(t, m)
			if !bytes.Equal(m.Bytes(), want) {
				t.Fatal("the memory is not as it was")
			}
		}
	})
}
