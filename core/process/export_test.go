//go:build linux

package process

import (
	"os"

	"github.com/pergola-platform/pergola/core/driver"
)

// Pids are the processes of a module that are alive, as the host sees them.
func Pids(m driver.Module) []int {
	mod := m.(*module)
	mod.mu.Lock()
	defer mod.mu.Unlock()
	var pids []int
	for p := range mod.live {
		pids = append(pids, p.child.process.Pid)
	}
	return pids
}

// WithoutNamespaces makes a driver do as on a system that gives no PID namespaces.
func WithoutNamespaces(d *Driver) { keep(d, func(f fence) bool { return !f.namespace }) }

// WithUserNamespaces makes a driver do as the host of a user who is not root.
func WithUserNamespaces(d *Driver) { keep(d, func(f fence) bool { return f.user }) }

// Bare makes a driver do as on a system that gives nothing but what every Linux has.
func Bare(d *Driver) {
	keep(d, func(f fence) bool { return !f.namespace && !f.cgroup && !f.gate })
}

func keep(d *Driver, want func(fence) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var kept []fence
	for _, f := range d.fences {
		if want(f) {
			kept = append(kept, f)
		}
	}
	d.fences = kept
}

// Sealed and Unnamed are the two kinds of files that executables run from.
func Sealed(code []byte) (*os.File, error)  { return sealed(code) }
func Unnamed(code []byte) (*os.File, error) { return unnamed(code) }

// OwnCgroup finds the directory of a cgroup in files such as those of /proc.
func OwnCgroup(self, mounts string) (string, error) { return ownCgroup(self, mounts) }

// OpenGroup makes the group of one child below dir, and returns its directory.
func OpenGroup(dir string, memory uint64, cpus float64, processes int) (string, error) {
	g, err := (&cgroups{dir: dir}).open(bounds{memory: memory, cpus: cpus, processes: processes})
	if err != nil {
		return "", err
	}
	return g.dir.Name(), g.dir.Close()
}
