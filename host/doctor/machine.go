package doctor

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Bounds of what a host needs of a machine.
const (
	littleDisk = 1 << 30
	noDisk     = 100 << 20
	fewFiles   = 4096
)

// Private checks that a file or directory which holds secrets is its owner's alone. One that is not there is no matter.
func (r *Report) Private(check, name string) {
	at, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.Fail(check, "Give the command as the host's own user.", "%s cannot be looked at", name)
	case runtime.GOOS != "windows" && at.Mode().Perm()&0o077 != 0:
		r.Warn(check, "chmod go= "+name, "%s can be read by others than its owner (mode %#o)", name, at.Mode().Perm())
	default:
		r.OK(check, "%s is its owner's alone", name)
	}
}

// Disk checks how much room there is where the data lies.
func (r *Report) Disk(dir string) {
	const check = "disk"
	free, ok := freeBytes(dir)
	switch {
	case !ok:
	case free < noDisk:
		r.Fail(check, "Make room: the host refuses writes when there is none.", "%d MiB are free for %s", free>>20, dir)
	case free < littleDisk:
		r.Warn(check, "Make room before there is none.", "%d MiB are free for %s", free>>20, dir)
	default:
		r.OK(check, "%d GiB are free for %s", free>>30, dir)
	}
}

// Limits checks what the system lets this user have, which is what the host has where it runs as the same user by the same service.
func (r *Report) Limits(budget int64) {
	if n, ok := openFiles(); ok {
		if n < fewFiles {
			r.Warn("open files", "Raise it for the host's service (LimitNOFILE of systemd, ulimit -n): each connection is one.", "%d may be open at once", n)
		} else {
			r.OK("open files", "%d may be open at once", n)
		}
	}
	const check = "memory"
	have, of := memory()
	switch {
	case have == 0:
	case budget > have:
		r.Fail(check, "Set engine.memory_budget_mib to half of it at most.", "plugins may use %d MiB, and %s has %d MiB", budget>>20, of, have>>20)
	case budget > have*3/4:
		r.Warn(check, "Set engine.memory_budget_mib to less, or give the host more: it needs some beside its plugins.", "plugins may use %d MiB of the %d MiB of %s", budget>>20, have>>20, of)
	default:
		r.OK(check, "plugins may use %d MiB of the %d MiB of %s", budget>>20, have>>20, of)
	}
}

// memory is how much there is, and of what: of the cgroup where that has a bound, of the machine otherwise; 0 where nobody knows.
func memory() (bytes int64, of string) {
	if f, err := os.Open("/proc/meminfo"); err == nil {
		defer func() { _ = f.Close() }()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
				kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				bytes, of = kib<<10, "this machine"
			}
		}
	}
	raw, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if bound, parsed := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64); err == nil && parsed == nil && (bytes == 0 || bound < bytes) {
		bytes, of = bound, "this container"
	}
	return bytes, of
}
