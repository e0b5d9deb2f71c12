package snapshot_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/pergola-platform/pergola/core/snapshot"
	"golang.org/x/sys/unix"
)

// filtered is the variable that makes the test binary a process under a seccomp filter, and names the calls it forbids.
const filtered = "PERGOLA_TEST_FORBID"

func TestMain(m *testing.M) {
	if forbidden := os.Getenv(filtered); forbidden != "" {
		if err := underFilter(forbidden); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// raceWithoutWait lets a child under the race detector end at once; it would wait a second for reports of others.
const raceWithoutWait = "GORACE=atexit_sleep_ms=0"

// outcome is what a process under a filter found.
type outcome struct {
	Strategy snapshot.Strategy
	Refused  int
	Mapped   bool
	Equal    bool // after every reset and trim
	Grows    bool
	Late     uint64 // fallbacks
}

func underFilter(forbidden string) error {
	var calls []string
	if err := json.Unmarshal([]byte(forbidden), &calls); err != nil {
		return err
	}
	if err := forbid(calls); err != nil {
		return err
	}
	report := snapshot.Probe()
	want := noise(31, mib)
	image, err := snapshot.Take(want)
	if err != nil {
		return err
	}
	m, err := image.Map(4 * mib)
	if err != nil {
		return err
	}
	out := outcome{Strategy: report.Strategy, Refused: len(report.Refused), Mapped: m.Mapped(), Equal: image.Strategy() == report.Strategy}
	r := rand.New(rand.NewPCG(31, 31))
	for range 50 {
		scribble(r, m.Bytes())
		if _, err := m.Reset(); err != nil {
			return err
		}
		out.Equal = out.Equal && bytes.Equal(m.Bytes(), want)
	}
	m.Bytes()[9]++
	if err := m.Trim(); err != nil {
		return err
	}
	out.Equal = out.Equal && bytes.Equal(m.Bytes(), want)
	out.Grows = m.Reallocate(2*mib) != nil
	out.Equal = out.Equal && bytes.Equal(m.Bytes()[:mib], want)
	out.Late = image.Fallbacks()
	return json.NewEncoder(os.Stdout).Encode(out)
}

// forbid makes system calls of all threads fail with EPERM, as container runtimes do. The filter is in the kernel's BPF.
func forbid(calls []string) error {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		answer = unix.BPF_RET | unix.BPF_K

		number, argument1 = 0, 24 // offsets in struct seccomp_data; the low half of the argument
		scan              = 0xc0606610
	)
	refuse := unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}
	var filter []unix.SockFilter
	for _, call := range calls {
		filter = append(filter, unix.SockFilter{Code: load, K: number})
		switch call {
		case "ioctl PAGEMAP_SCAN":
			filter = append(filter,
				unix.SockFilter{Code: equal, K: unix.SYS_IOCTL, Jf: 3},
				unix.SockFilter{Code: load, K: argument1},
				unix.SockFilter{Code: equal, K: scan, Jf: 1},
				refuse)
		case "pread":
			filter = append(filter, unix.SockFilter{Code: equal, K: unix.SYS_PREAD64, Jf: 1}, refuse)
		case "madvise":
			filter = append(filter, unix.SockFilter{Code: equal, K: unix.SYS_MADVISE, Jf: 1}, refuse)
		case "mprotect":
			filter = append(filter, unix.SockFilter{Code: equal, K: unix.SYS_MPROTECT, Jf: 1}, refuse)
		case "memfd_create":
			filter = append(filter, unix.SockFilter{Code: equal, K: unix.SYS_MEMFD_CREATE, Jf: 1}, refuse)
		}
	}
	filter = append(filter, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}

	runtime.LockOSThread() // the promise below is the thread's, and the filter spreads it to the others
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	return nil
}

func TestProbeFallsBackUnderSeccomp(t *testing.T) {
	if snapshot.Probe().Strategy != snapshot.PagemapScan {
		t.Skip("this kernel has not all strategies")
	}
	for _, tt := range []struct {
		name   string
		forbid []string
		want   outcome
	}{
		{"nothing", []string{}, outcome{snapshot.PagemapScan, 0, true, true, true, 0}},
		{"the scan", []string{"ioctl PAGEMAP_SCAN"}, outcome{snapshot.Pagemap, 1, true, true, true, 0}},
		{"the reading", []string{"pread"}, outcome{snapshot.PagemapScan, 0, true, true, true, 0}},
		{"both", []string{"ioctl PAGEMAP_SCAN", "pread"}, outcome{snapshot.Copy, 2, true, true, true, 0}},
		{"trimming", []string{"madvise"}, outcome{snapshot.PagemapScan, 0, true, true, true, 1}},
		{"growth", []string{"mprotect"}, outcome{snapshot.PagemapScan, 0, true, true, false, 0}},
		{"memfds", []string{"memfd_create"}, outcome{snapshot.Copy, 3, false, true, true, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls, err := json.Marshal(tt.forbid)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), filtered+"="+string(calls), raceWithoutWait)
			cmd.Stderr = os.Stderr
			stdout, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got outcome
			if err := json.Unmarshal(stdout, &got); err != nil {
				t.Fatalf("%v: %s", err, stdout)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
