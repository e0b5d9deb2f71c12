package jobs_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/sdk"
)

// Store and queue lie on one disk, as in a host. It turns read-only under them, and back.
func TestMachineDiskThatTurnsReadOnlyStopsRunsUntilItIsMended(t *testing.T) {
	device := os.Getenv("PERGOLA_MACHINE_DISK")
	if device == "" {
		t.Skip("it breaks the disk of a machine: make machine")
	}
	dir := t.TempDir()
	s := &site{T: t, dir: filepath.Join(dir, "jobs")}
	s.must(syscall.Mount(device, dir, "ext4", 0, ""))
	t.Cleanup(func() { s.must(syscall.Unmount(dir, 0)) })
	for _, name := range []string{"jobs", "store"} {
		s.must(os.RemoveAll(filepath.Join(dir, name)))
	}
	s.openStore(filepath.Join(dir, "store"))

	step := make(chan struct{})
	var steps tally
	j := s.host(nil, counting(nil), jobs.Kind{Name: "slow", Step: func(_ context.Context, st jobs.Step) (jobs.Next, error) {
		steps.note(st.ID)
		<-step
		return jobs.Next{Done: st.Number == 2, Add: 1}, nil
	}})
	before := s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
	s.untilState(j, before, jobs.Done)
	under := s.start(j, jobs.Request{Kind: "slow"})
	step <- struct{}{}
	s.until(j, under, "got to its second step", func(r jobs.Run) bool { return r.Step == 1 })

	s.must(os.WriteFile("/proc/sysrq-trigger", []byte("u"), 0o200))
	for readOnly := false; !readOnly; runtime.Gosched() { // the kernel does it when it comes to it
		var fs syscall.Statfs_t
		s.must(syscall.Statfs(dir, &fs))
		readOnly = fs.Flags&syscall.MS_RDONLY != 0
	}
	for range 3 {
		if _, err := j.Start(t.Context(), acme, jobs.Request{Kind: "count", Input: []byte("3")}); sdk.CodeOf(err) != sdk.Unavailable {
			t.Errorf("a start is answered with %v", err)
		}
	}
	step <- struct{}{} // the second step is done, and cannot be committed
	if r, err := j.Run(t.Context(), acme, under); err != nil || r.Step != 1 {
		t.Errorf("the run is %+v, %v", r, err)
	}
	s.must(syscall.Mount(device, dir, "ext4", syscall.MS_REMOUNT, ""))

	s.until(j, under, "got to its last step", func(r jobs.Run) bool { return r.Step == 2 })
	close(step)
	if r := s.untilState(j, under, jobs.Done); r.Done != 3 {
		t.Errorf("done %d, want 3", r.Done)
	}
	s.untilState(j, s.start(j, jobs.Request{Kind: "count", Input: []byte("3")}), jobs.Done)
	s.untilState(j, before, jobs.Done)
	for id, n := range steps.done {
		if n != 1 {
			t.Errorf("step %s was done %d times", id, n)
		}
	}
}
