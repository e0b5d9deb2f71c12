package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroups is the directory of cgroup v2 below which each child gets a group of its own.
type cgroups struct {
	dir     string
	lock    *os.File // held as long as the host lives, so that others can tell
	missing string   // the bounds that cannot be set, in words
}

// openCgroups makes a directory for this host below parent, or where that is empty below the host's own group. The error
// says why there can be none.
func openCgroups(parent string) (*cgroups, error) {
	if parent == "" {
		var err error
		if parent, err = ownCgroup("/proc/self/cgroup", "/proc/self/mountinfo"); err != nil {
			return nil, err
		}
	}
	// A child's group can have what its parents hand on. Where that is nothing, killing a group as a whole works all the same.
	handOn(parent)
	clear(parent)
	dir, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return nil, fmt.Errorf("make a cgroup: %w", err)
	}
	c := &cgroups{dir: dir}
	if c.lock, err = lock(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("lock a cgroup: %w", err), os.Remove(dir))
	}
	handOn(dir)
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s is no cgroup v2: %w", parent, err), os.Remove(dir), c.lock.Close())
	}
	var missing []string
	for _, need := range []struct{ controller, what string }{{"memory", "memory"}, {"cpu", "CPU time"}, {"pids", "the number of processes"}} {
		if !slices.Contains(strings.Fields(string(text)), need.controller) {
			missing = append(missing, need.what)
		}
	}
	c.missing = strings.Join(missing, ", ")
	return c, nil
}

// prefix is how the names of the hosts' directories begin.
const prefix = "pergola-"

// lock takes a directory for this host. The kernel lets go of it when the host ends, in whatever way.
func lock(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// clear removes what hosts left behind that were killed, and ends what still runs in there. That is something only where
// plugins start processes and there are no namespaces to end those with the host.
func clear(parent string) {
	left, err := filepath.Glob(filepath.Join(parent, prefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		f, err := lock(dir)
		if err != nil {
			continue // its host lives
		}
		groups, _ := filepath.Glob(filepath.Join(dir, "plugin-*"))
		for _, group := range groups {
			killAll(group)
			_ = os.Remove(group) // the processes take a moment to end; the next host finds the group empty
		}
		_ = os.Remove(dir)
		_ = f.Close()
	}
}

// handOn lets the groups below dir have what dir has. A group with processes in it, as the host's own mostly is, may not hand on
// memory. It may hand on CPU time and the number of processes, and must not: the kernel then takes it for the root of groups of
// threads, and lets no process into those below. The root of all groups is exempt, and has no type.
func handOn(dir string) {
	if _, err := os.Stat(filepath.Join(dir, "cgroup.type")); err == nil {
		if inside, err := os.ReadFile(filepath.Join(dir, "cgroup.procs")); err != nil || len(inside) > 0 {
			return
		}
	}
	for _, controller := range []string{"memory", "cpu", "pids"} {
		f, err := os.OpenFile(filepath.Join(dir, "cgroup.subtree_control"), os.O_WRONLY, 0)
		if err != nil {
			return
		}
		_, _ = f.WriteString("+" + controller) // refused where the system does not want it, and looked at later
		_ = f.Close()
	}
}

// ownCgroup finds the directory of the host's own group.
func ownCgroup(self, mounts string) (string, error) {
	text, err := os.ReadFile(self)
	if err != nil {
		return "", fmt.Errorf("find the host's cgroup: %w", err)
	}
	var path string
	found := false
	for line := range strings.Lines(string(text)) {
		if p, v2 := strings.CutPrefix(strings.TrimSpace(line), "0::"); v2 {
			path, found = p, true
		}
	}
	if !found {
		return "", errors.New("this system has no cgroup v2")
	}
	f, err := os.Open(mounts)
	if err != nil {
		return "", fmt.Errorf("find the host's cgroup: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// 35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw; proc(5)
		before, after, _ := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(before)
		if len(fields) > 4 && strings.HasPrefix(after, "cgroup2 ") {
			// The root of the mount is what the host sees of the hierarchy; its path counts from there.
			return filepath.Join(fields[4], strings.TrimPrefix(path, strings.TrimSuffix(fields[3], "/"))), nil
		}
	}
	return "", errors.New("cgroup v2 is mounted nowhere")
}

// bounds are the limits of a group. Zero is none.
type bounds struct {
	memory    uint64 // bytes
	cpus      float64
	processes int // threads count as well
}

// cgroup is the group of one child.
type cgroup struct {
	dir *os.File
}

// cpuPeriod is the time in which a share of the CPUs is counted; the kernel's default.
const cpuPeriod = 100 * time.Millisecond

// open makes a group. What the system has no controller for stays without a bound.
func (c *cgroups) open(b bounds) (*cgroup, error) {
	path, err := os.MkdirTemp(c.dir, "plugin-")
	if err != nil {
		return nil, fmt.Errorf("make a cgroup: %w", err)
	}
	set := func(file, value string) { _ = os.WriteFile(filepath.Join(path, file), []byte(value), 0) }
	if b.memory > 0 {
		set("memory.max", strconv.FormatUint(b.memory, 10))
		set("memory.swap.max", "0")
		set("memory.oom.group", "1")
	}
	if b.cpus > 0 {
		set("cpu.max", fmt.Sprintf("%d %d", int64(b.cpus*float64(cpuPeriod.Microseconds())), cpuPeriod.Microseconds()))
	}
	if b.processes > 0 {
		set("pids.max", strconv.Itoa(b.processes))
	}
	dir, err := os.Open(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a cgroup: %w", err), os.Remove(path))
	}
	return &cgroup{dir: dir}, nil
}

// kill ends every process of the group, at once and without a race against those that it starts meanwhile.
func (g *cgroup) kill() { killAll(g.dir.Name()) }

func killAll(dir string) {
	f, err := os.OpenFile(filepath.Join(dir, "cgroup.kill"), os.O_WRONLY, 0)
	if err != nil {
		return // before Linux 5.14 there is none
	}
	_, _ = f.WriteString("1")
	_ = f.Close()
}

// wait waits until no process of the group is left, for as long as patience lasts.
func (g *cgroup) wait(patience time.Duration) {
	f, err := os.Open(filepath.Join(g.dir.Name(), "cgroup.events"))
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	for until := time.Now().Add(patience); ; {
		var text [128]byte
		n, err := f.ReadAt(text[:], 0)
		if err != nil && !errors.Is(err, io.EOF) || !strings.Contains(string(text[:n]), "populated 1") {
			return
		}
		left := time.Until(until)
		if left <= 0 {
			return
		}
		// The kernel raises this whenever what the file says has changed since it was read.
		_, err = unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLPRI}}, int(left.Milliseconds())+1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// outOfMemory says whether the kernel ended a process of the group because its memory was used up.
func (g *cgroup) outOfMemory() bool {
	text, err := os.ReadFile(filepath.Join(g.dir.Name(), "memory.events"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if n, is := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); is {
			return n != "0"
		}
	}
	return false
}

// close removes the group, which has no processes any more.
func (g *cgroup) close() {
	_ = os.Remove(g.dir.Name())
	_ = g.dir.Close()
}

// close removes the directory, whose groups were closed.
func (c *cgroups) close() {
	_ = os.Remove(c.dir)
	_ = c.lock.Close()
}
