//go:build linux

package process_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pergola-platform/pergola/core/process"
)

func itoa(fd uintptr) string { return strconv.Itoa(int(fd)) }

// Each way to fence a plugin in that a system may leave us.
var ways = []struct {
	name   string
	change func(*process.Driver)
	note   string // a part of what an operator reads
}{
	{"best", func(*process.Driver) {}, ""},
	{"user namespaces", process.WithUserNamespaces, ""},
	{"no namespaces", process.WithoutNamespaces, "no PID namespace"},
	{"bare", process.Bare, "no cgroup"},
}

func TestPluginFindsNothingOfItsHost(t *testing.T) {
	t.Setenv("PERGOLA_SECRET", "of the host")
	inherited, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inherited.Close() }()
	if _, err := unix.FcntlInt(inherited.Fd(), unix.F_SETFD, 0); err != nil { // as if the host's own parent had left it open
		t.Fatal(err)
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			_, m := load(t, process.Config{}, way.change)
			if note := m.Facts().Note; !strings.Contains(note, way.note) {
				t.Errorf("note %q, want it to hold %q", note, way.note)
			}
			environ, err := ask(m, proc, "file", "environ")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, pair := range strings.Split(strings.TrimRight(environ, "\x00"), "\x00") {
				name, _, _ := strings.Cut(pair, "=")
				names = append(names, name)
			}
			want := []string{"PERGOLA_PLUGIN", "PLUGIN_MIN_PORT", "PLUGIN_MAX_PORT", "PLUGIN_PROTOCOL_VERSIONS", "PLUGIN_CLIENT_CERT", "PLUGIN_UNIX_SOCKET_DIR", "GOMEMLIMIT"}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			open, err := ask(m, fds)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(open) {
				fd, to, _ := strings.Cut(strings.TrimSpace(line), " ")
				ours := map[string]string{"0": "/dev/null", "1": "pipe:", "2": "pipe:", "3": "/memfd:pergola-plugin"}[fd]
				if ours != "" && !strings.HasPrefix(to, ours) {
					t.Errorf("descriptor %s leads to %s, not to %s", fd, to, ours)
				}
				if ours == "" && to == os.DevNull {
					t.Errorf("descriptor %s was inherited", line)
				}
			}
			if _, err := ask(m, write); err == nil {
				t.Error("the working directory takes files")
			}
			status, err := ask(m, proc, "file", "status")
			if err != nil || !strings.Contains(status, "NoNewPrivs:\t1") {
				t.Errorf("it can gain privileges: %v", err)
			}
		})
	}
}

func TestPluginHasLimits(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			_, m := load(t, process.Config{Files: 99}, way.change)
			for _, l := range []struct {
				resource int
				min, max uint64
			}{
				{unix.RLIMIT_NOFILE, 99, 99},
				{unix.RLIMIT_CORE, 0, 0},
				{unix.RLIMIT_AS, 64 << 20, 4 << 30}, // what the program reserves by itself is on top
			} {
				got, err := ask(m, limit, "resource", strconv.Itoa(l.resource))
				if n, bad := strconv.ParseUint(got, 10, 64); err != nil || bad != nil || n < l.min || n > l.max {
					t.Errorf("limit of resource %d is %s, %v; want %d to %d", l.resource, got, err, l.min, l.max)
				}
			}
		})
	}
}

func TestNothingThatThePluginStartedOutlivesIt(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			_, m := load(t, process.Config{}, way.change)
			if _, err := ask(m, fork); err != nil {
				t.Fatal(err)
			}
			pids := family(t, process.Pids(m)[0])
			if len(pids) < 3 {
				t.Fatalf("the plugin's processes are %v", pids)
			}
			if err := m.Close(context.Background()); err != nil {
				t.Error(err)
			}
			if left := soon(pids); len(left) > 0 {
				t.Errorf("of %v there are left %v", pids, left)
			}
		})
	}
}

func TestGroupHasTheBounds(t *testing.T) {
	// A directory like any other: what the kernel makes of the files is not for this test.
	dir, err := process.OpenGroup(t.TempDir(), 96<<20, 1.5, 42)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"memory.max": "100663296", "memory.swap.max": "0", "memory.oom.group": "1", "cpu.max": "150000 100000", "pids.max": "42"}
	got := map[string]string{}
	for name := range want {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		got[name] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestOwnGroupIsFound(t *testing.T) {
	for _, tt := range []struct{ name, self, mounts, want string }{
		{"unified", "0::/system.slice/pergola.service\n", "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/system.slice/pergola.service"},
		{"hybrid", "4:memory:/x\n0::/y\n", "30 23 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n31 23 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/unified/y"},
		{"container", "0::/\n", "30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup ro\n", "/sys/fs/cgroup"},
		{"a part is mounted", "0::/a/b\n", "30 23 0:26 /a /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "/sys/fs/cgroup/b"},
		{"v1 alone", "4:memory:/x\n", "30 23 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"self": tt.self, "mounts": tt.mounts} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := process.OwnCgroup(filepath.Join(dir, "self"), filepath.Join(dir, "mounts"))
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestCgroupThatIsNoneIsRefused(t *testing.T) {
	if _, err := process.New(process.Config{Cgroup: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "plugins.process.cgroup") {
		t.Errorf("got %v", err)
	}
}
