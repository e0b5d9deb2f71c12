package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// child is a process that the keeper started.
type child struct {
	process *os.Process
	group   *cgroup // nil where it has none
	fence   fence

	exited chan struct{} // closed when it has been reaped and nothing that it started is left
	state  *os.ProcessState

	mu     sync.Mutex
	reaped bool
}

// rlimits are set before the plugin's first instruction.
type rlimits struct {
	space uint64 // bytes of address space
	files uint64
}

// fence is what of the system's means is around a child. All of it is tried for the first child of a driver.
type fence struct {
	namespace bool // a PID namespace: what the child started ends with it
	user      bool // by way of a user namespace, where the host may not make the other directly
	cgroup    bool
	gate      bool // the limits were there before the plugin's first instruction, not just after it
}

// fences are the ways to start a child, the best first.
func fences() []fence {
	var all []fence
	for _, f := range []fence{{namespace: true}, {namespace: true, user: true}, {}} {
		for _, g := range []bool{true, false} {
			for _, gate := range []bool{true, false} {
				all = append(all, fence{namespace: f.namespace, user: f.user, cgroup: g, gate: gate})
			}
		}
	}
	return all
}

// note says what is missing in f, for an operator. It is empty for the best.
func (f fence) note(controllers string) string {
	var note string
	add := func(text string) {
		if note != "" {
			note += "; "
		}
		note += text
	}
	if !f.namespace {
		add("no PID namespace could be made, so processes that the plugin starts may outlive a host that is killed")
	}
	switch {
	case !f.cgroup:
		add("no cgroup could be made, so the plugin's CPU time and number of processes have no bound; plugins.process.cgroup can name a directory for them")
	case controllers != "":
		add("the cgroup has no bound on " + controllers + "; plugins.process.cgroup can name one that has, with no process in it")
	}
	if !f.gate {
		add("the limits on memory and files are set just after the plugin's start")
	}
	return note
}

// attributes are how the system starts a child inside of f.
func (f fence) attributes(group *cgroup) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Setpgid:   true, // signals meant for the host's group, such as an interrupt from the keyboard, are not for it
		Pdeathsig: syscall.SIGKILL,
		Ptrace:    f.gate,
	}
	if f.namespace {
		a.Cloneflags |= syscall.CLONE_NEWPID
	}
	if f.user {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	if f.cgroup {
		a.UseCgroupFD, a.CgroupFD = true, int(group.dir.Fd())
	}
	return a
}

// spec is a child to be started.
type spec struct {
	program        *executable
	dir            string
	env            []string
	stdout, stderr *os.File
	limits         rlimits
	group          *cgroup // nil for none
}

// start starts a child inside of f. It runs on the keeper's thread: the kernel ties Pdeathsig and tracing to the thread and not to
// the process of the parent.
func start(s spec, f fence) (*child, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer func() { _ = null.Close() }()
	// The program itself is descriptor 3, since its path has to lead to the same file for the child: /proc/self is another there.
	// The plugin inherits it, and can do no more with it than read what it is.
	const program = 3
	p, err := os.StartProcess("/proc/self/fd/"+strconv.Itoa(program), []string{"pergola-plugin"}, &os.ProcAttr{
		Dir: s.dir, Env: s.env, Files: []*os.File{null, s.stdout, s.stderr, s.program.file}, Sys: f.attributes(s.group),
	})
	if err != nil {
		return nil, err
	}
	c := &child{process: p, fence: f, exited: make(chan struct{})}
	if f.cgroup {
		c.group = s.group
	}
	err = s.bound(p.Pid, f.gate)
	go c.reap()
	if err != nil {
		c.kill()
		<-c.exited
		return nil, err
	}
	return c, nil
}

// bound sets the limits of a process. Behind the gate it stands still in front of its first instruction, and then goes.
func (s spec) bound(pid int, gate bool) error {
	if gate {
		var status unix.WaitStatus
		for {
			_, err := unix.Wait4(pid, &status, 0, nil)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil {
				return fmt.Errorf("wait for the plugin's first instruction: %w", err)
			}
			if !status.Stopped() {
				return fmt.Errorf("wait for the plugin's first instruction: it ended (status %#x)", status)
			}
			break
		}
	}
	for _, l := range []struct {
		name     string
		resource int
		value    uint64
	}{
		{"address space", unix.RLIMIT_AS, s.limits.space},
		{"open files", unix.RLIMIT_NOFILE, s.limits.files},
		{"core dumps", unix.RLIMIT_CORE, 0}, // a dump is the memory of all tenants in a file
	} {
		if err := prlimit(pid, l.resource, l.value); err != nil {
			return fmt.Errorf("limit the plugin's %s: %w", l.name, err)
		}
	}
	if gate {
		if err := unix.PtraceDetach(pid); err != nil {
			return fmt.Errorf("let the plugin go: %w", err)
		}
	}
	return nil
}

func prlimit(pid, resource int, value uint64) error {
	return unix.Prlimit(pid, resource, &unix.Rlimit{Cur: value, Max: value}, nil)
}

// reap waits for the child's end, ends what it left behind, and tells everybody.
func (c *child) reap() {
	defer close(c.exited)
	if !c.fence.namespace {
		// While the child is a zombie its number is its own, and so is that of its process group.
		for {
			err := unix.Waitid(unix.P_PID, c.process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
			if !errors.Is(err, unix.EINTR) {
				break
			}
		}
		c.killGroup()
	}
	c.mu.Lock()
	c.reaped = true
	c.mu.Unlock()
	state, err := c.process.Wait()
	if err == nil {
		c.state = state
	}
	if c.group != nil {
		c.group.kill()
		c.group.wait(drain) // a group is removed only when it is empty
	}
}

// kill ends the child and everything that it started. It is safe for concurrent use, and does nothing when there is nothing.
func (c *child) kill() {
	_ = c.process.Kill() // a process that has ended already is what is wanted
	if c.group != nil {
		c.group.kill()
	}
	if !c.fence.namespace {
		c.killGroup()
	}
}

func (c *child) killGroup() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		_ = unix.Kill(-c.process.Pid, unix.SIGKILL)
	}
}

// end describes how the child ended, once exited is closed.
func (c *child) end() string {
	if c.state == nil {
		return "for an unknown reason"
	}
	return c.state.String()
}
