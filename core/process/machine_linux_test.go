package process_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/sdk"
)

// Tests of this file see what the kernel makes of the files that the driver writes. They run where `make machine` has made a
// machine for them.
const hierarchy = "/sys/fs/cgroup"

func onMachine(t *testing.T) {
	t.Helper()
	if os.Getenv("PERGOLA_MACHINE") == "" {
		t.Skip("it changes the cgroups of a whole machine: make machine")
	}
}

// What a plugin does to use up more than it may.
const (
	hoard  = "hoard"  // fills a file in memory with Params["mib"] MiB, which are no memory of the process's own
	swarm  = "swarm"  // starts programs until that is refused, at most Params["most"]; the title is how many
	burn   = "burn"   // computes on two threads for Params["ms"] milliseconds; the title is how many milliseconds of CPU time that took
	escape = "escape" // starts a program in a session of its own; the title is its number
)

// greedy are the views of a plugin that does so.
func greedy(add func(name string, f func(r *sdk.Request) (string, error))) {
	number := func(r *sdk.Request, name string) int {
		n, _ := strconv.Atoi(r.Params[name])
		return n
	}
	add(hoard, func(r *sdk.Request) (string, error) {
		fd, err := unix.MemfdCreate("hoard", unix.MFD_CLOEXEC)
		if err != nil {
			return "", err
		}
		file := os.NewFile(uintptr(fd), "hoard")
		defer func() { _ = file.Close() }()
		mib := bytes.Repeat([]byte{1}, 1<<20)
		for range number(r, "mib") {
			if _, err := file.Write(mib); err != nil {
				return "", err
			}
		}
		return "hoarded", nil
	})
	add(swarm, func(r *sdk.Request) (string, error) {
		var all []*exec.Cmd
		defer func() {
			for _, cmd := range all {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}
		}()
		for range number(r, "most") {
			cmd := exec.Command("/bin/sleep", "300")
			if err := cmd.Start(); err != nil {
				return strconv.Itoa(len(all)), nil // that is what the view is for
			}
			all = append(all, cmd)
		}
		return strconv.Itoa(len(all)), nil
	})
	add(burn, func(r *sdk.Request) (string, error) {
		used := func() time.Duration {
			var u syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
			return time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
		before, end := used(), time.Now().Add(time.Duration(number(r, "ms"))*time.Millisecond)
		var threads sync.WaitGroup
		for range 2 {
			threads.Go(func() {
				for time.Now().Before(end) {
					for range 100_000 {
						runtime.KeepAlive(r)
					}
				}
			})
		}
		threads.Wait()
		return strconv.FormatInt((used() - before).Milliseconds(), 10), nil
	})
	add(escape, func(*sdk.Request) (string, error) {
		cmd := exec.Command("/bin/sleep", "300")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return "", err
		}
		return strconv.Itoa(cmd.Process.Pid), nil
	})
}

// handedOver makes a directory of cgroup v2 as systemd's Delegate= does, with all controllers.
func handedOver(t *testing.T) string {
	t.Helper()
	onMachine(t)
	control(t, hierarchy, "cgroup.subtree_control", "+memory +cpu +pids")
	dir, err := os.MkdirTemp(hierarchy, "host-") //nolint:usetesting // the directory has to be in this file system
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, _ := filepath.Glob(filepath.Join(dir, "*", "cgroup.procs")); len(left) > 0 {
			t.Errorf("the driver leaves %v", left)
		}
		if err := syscall.Rmdir(dir); err != nil {
			t.Errorf("remove the cgroup: %v", err)
		}
	})
	return dir
}

func control(t *testing.T, dir, file, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

// groupOf reads a file of the cgroup of the only process of m.
func groupOf(t *testing.T, m driver.Module, file string) string {
	t.Helper()
	pids := process.Pids(m)
	if len(pids) != 1 {
		t.Fatalf("the plugin's processes are %v", pids)
	}
	self, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pids[0]))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(hierarchy, strings.TrimPrefix(strings.TrimSpace(string(self)), "0::"), file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func works(t *testing.T, m driver.Module) {
	t.Helper()
	if got, err := ask(m, fixture.Echo, "text", "x"); err != nil || got != "x" {
		t.Errorf("the plugin does not work: %q, %v", got, err)
	}
}

func TestMachineLeavesNothingUnbounded(t *testing.T) {
	_, m := load(t, process.Config{Cgroup: handedOver(t), CPUs: 1.5, Processes: 42})
	if note := m.Facts().Note; note != "" {
		t.Errorf("the operator reads %q", note)
	}
	for file, want := range map[string]string{
		"cpu.max": "150000 100000\n", "pids.max": "42\n", "memory.oom.group": "1\n",
		"memory.max": strconv.Itoa(96<<20) + "\n", // 64 MiB by default, and what a program has when it starts
	} {
		if got := groupOf(t, m, file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	works(t, m)
}

// The host looks at the memory that is a process's own. What it keeps in files in memory the kernel alone counts.
func TestMachineEndsPluginThatUsesUpItsMemory(t *testing.T) {
	_, m := load(t, process.Config{Cgroup: handedOver(t)}, process.WithoutNamespaces)
	if got, err := ask(m, hoard, "mib", "40"); err != nil || got != "hoarded" {
		t.Errorf("what it may use: %q, %v", got, err)
	}
	_, err := ask(m, hoard, "mib", "120")
	wantCode(t, err, sdk.Exhausted, sdk.FromPlugin)
	if err == nil || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("the error does not say how much it may use: %v", err)
	}
	works(t, m)
}

// The memory of programs that a plugin starts counts as its own, and they end with it.
func TestMachineCountsMemoryOfProgramsThatThePluginStarted(t *testing.T) {
	_, m := load(t, process.Config{Cgroup: handedOver(t)})
	if _, err := ask(m, fork); err != nil {
		t.Fatal(err)
	}
	pids := family(t, process.Pids(m)[0])
	_, err := ask(m, hoard, "mib", "120")
	wantCode(t, err, sdk.Exhausted, sdk.FromPlugin)
	if left := soon(pids); len(pids) < 3 || len(left) > 0 {
		t.Errorf("of %v there are left %v", pids, left)
	}
	works(t, m)
}

func TestMachineBoundsNumberOfProcesses(t *testing.T) {
	const most = 40
	_, m := load(t, process.Config{Cgroup: handedOver(t), Processes: most})
	got, err := ask(m, swarm, "most", "100")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := strconv.Atoi(got); n < 5 || n >= most { // its own threads count as well
		t.Errorf("it started %s programs under a bound of %d", got, most)
	}
	if events := groupOf(t, m, "pids.events"); events == "max 0\n" {
		t.Errorf("it was another bound that kept it from more: %s", events)
	}
	works(t, m)
}

func TestMachineBoundsCPUTime(t *testing.T) {
	const wall = 2000 // milliseconds
	burnt := map[float64]int{}
	for _, cpus := range []float64{0, 0.5} {
		_, m := load(t, process.Config{Cgroup: handedOver(t), CPUs: cpus, StartTimeout: time.Minute})
		got, err := ask(m, burn, "ms", strconv.Itoa(wall))
		if err != nil {
			t.Fatal(err)
		}
		burnt[cpus], _ = strconv.Atoi(got)
		if held := !strings.Contains(groupOf(t, m, "cpu.stat"), "nr_throttled 0\n"); held != (cpus > 0) {
			t.Errorf("with %v CPUs the kernel held it back: %v", cpus, held)
		}
	}
	// Half a CPU for two seconds is 1000 ms; two threads without a bound have up to 4000.
	if burnt[0.5] > wall*2/3 || burnt[0] < burnt[0.5]*3/2 {
		t.Errorf("in %d ms it used %d ms of CPU time without a bound, and %d ms with half a CPU", wall, burnt[0], burnt[0.5])
	}
}

// Without a PID namespace, a program in a session of its own is out of reach of all but the cgroup.
func TestMachineLetsNothingEscape(t *testing.T) {
	d, m := load(t, process.Config{Cgroup: handedOver(t)}, process.WithoutNamespaces)
	got, err := ask(m, escape)
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(got)
	if len(alive([]int{pid})) == 0 {
		t.Fatal("the program does not run")
	}
	if err := d.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if left := alive([]int{pid}); len(left) > 0 {
		t.Error("it outlived its plugin")
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// What a host that was killed left behind is ended by the next one.
func TestMachineEndsWhatAKilledHostLeft(t *testing.T) {
	onMachine(t)
	host, pids, _ := startHost(t, modeBare)
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	if len(alive(pids)) == 0 {
		t.Fatal("nothing was left, so that this test shows nothing")
	}
	_, m := load(t, process.Config{})
	works(t, m)
	if left := soon(pids); len(left) > 0 {
		t.Errorf("%v are left after the next host has started", left)
	}
}

// A group that has processes of its own may hand on no controller. So in the group of the host itself, which nobody prepared,
// a plugin has a group to be ended by and no bounds, and the operator is told so.
func TestMachineSaysWhichBoundsItCannotSet(t *testing.T) {
	dir := handedOver(t)
	control(t, dir, "cgroup.procs", strconv.Itoa(os.Getpid()))
	defer control(t, hierarchy, "cgroup.procs", strconv.Itoa(os.Getpid()))
	d, m := load(t, process.Config{}, process.WithoutNamespaces)
	if note := m.Facts().Note; !strings.Contains(note, "the cgroup has no bound on memory, CPU time, the number of processes; plugins.process.cgroup can") {
		t.Errorf("the operator reads %q", note)
	}
	got, err := ask(m, escape)
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(got)
	if err := d.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if left := alive([]int{pid}); len(left) > 0 {
		t.Error("a program that the plugin started outlived it")
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
