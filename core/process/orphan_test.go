//go:build linux

package process_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/process"
)

// family returns a process and everything that descends from it, by asking the kernel for the parents of all.
func family(t testing.TB, pid int) []int {
	t.Helper()
	parents := map[int]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		p, parent, _ := parseStat(string(text))
		parents[p] = parent
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		for p, parent := range parents {
			if parent == all[i] {
				all = append(all, p)
			}
		}
	}
	return all
}

// parseStat reads the number, parent and state of a process from its line in /proc; its name may hold anything.
func parseStat(text string) (pid, parent int, state string) {
	pid, _ = strconv.Atoi(text[:strings.IndexByte(text, ' ')])
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	parent, _ = strconv.Atoi(fields[1])
	return pid, parent, fields[0]
}

// alive returns those of the processes that run. A zombie does not: it waits for whoever collects the dead here.
func alive(pids []int) []int {
	var out []int
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		if _, _, state := parseStat(string(text)); state != "Z" && state != "X" {
			out = append(out, pid)
		}
	}
	return out
}

// soon waits until none of the processes is alive, and returns those that are after all patience.
func soon(pids []int) []int {
	until := time.Now().Add(10 * time.Second)
	for time.Now().Before(until) && len(alive(pids)) > 0 {
		time.Sleep(time.Millisecond) // the kernel tells nobody who is not their parent
	}
	return alive(pids)
}

// TestNothingOutlivesTheHost starts a host with two plugins, each of which started programs of its own, and ends the host in
// every way that there is.
func TestNothingOutlivesTheHost(t *testing.T) {
	orphans := 0
	for _, mode := range []string{modeBest, modeUser} {
		for _, end := range []struct {
			name string
			do   func(host *exec.Cmd, stdin *bufio.Writer) error
		}{
			{"SIGTERM", func(host *exec.Cmd, _ *bufio.Writer) error { return host.Process.Signal(syscall.SIGTERM) }},
			{"SIGINT", func(host *exec.Cmd, _ *bufio.Writer) error { return host.Process.Signal(syscall.SIGINT) }},
			{"SIGKILL", func(host *exec.Cmd, _ *bufio.Writer) error { return host.Process.Kill() }},
			{"SIGQUIT", func(host *exec.Cmd, _ *bufio.Writer) error { return host.Process.Signal(syscall.SIGQUIT) }},
			{"panic", func(_ *exec.Cmd, stdin *bufio.Writer) error {
				_, _ = stdin.WriteString("panic\n")
				return stdin.Flush()
			}},
		} {
			t.Run(mode+" "+end.name, func(t *testing.T) {
				host, pids, stdin := startHost(t, mode)
				if err := end.do(host, stdin); err != nil {
					t.Fatal(err)
				}
				if err := host.Wait(); err == nil {
					t.Error("the host ended well; it should not have had the time")
				}
				left := soon(pids)
				for _, pid := range left {
					cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
					t.Errorf("process %d %q outlived the host", pid, cmdline)
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
				orphans += len(left)
			})
		}
	}
	t.Logf("orphans_after_kill %d", orphans)
}

// Without namespaces the kernel still ends the plugins themselves.
func TestNoPluginOutlivesTheHostWithoutNamespaces(t *testing.T) {
	host, pids, _ := startHost(t, modeBare)
	var plugins []int
	for _, pid := range pids {
		if cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.HasPrefix(string(cmdline), "pergola-plugin") {
			plugins = append(plugins, pid)
		}
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	if left := soon(plugins); len(plugins) != 2 || len(left) > 0 {
		t.Errorf("of the plugins %v there are left %v", plugins, left)
	}
	// What the plugins started is ended by the next host, where there are cgroups to know it by.
	_, m := load(t, process.Config{})
	left := soon(pids)
	for _, pid := range left {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if note := m.Facts().Note; len(left) > 0 && !strings.Contains(note, "no cgroup could be made") {
		t.Errorf("%v are left after the next host has started: %s", left, note)
	}
}

// startHost starts this program as a host and returns it with everything that descends from it, itself left out.
func startHost(t *testing.T, mode string) (host *exec.Cmd, pids []int, stdin *bufio.Writer) {
	t.Helper()
	host = exec.Command(program(t))
	host.Env = append(os.Environ(), asHost+"="+mode)
	var complaints strings.Builder
	host.Stderr = &complaints
	in, err := host.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
	}
	pids = family(t, host.Process.Pid)[1:]
	if lines.Text() != "ready" || len(pids) < 6 { // two plugins, each with a shell and at least one sleep
		_ = host.Process.Kill()
		_ = host.Wait()
		if mode == modeUser && strings.Contains(complaints.String(), "operation not permitted") {
			t.Skip("this system gives no user namespaces")
		}
		t.Fatalf("the host has the processes %v; it said:\n%s", pids, complaints.String())
	}
	return host, pids, bufio.NewWriter(in)
}
