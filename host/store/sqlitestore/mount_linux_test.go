package sqlitestore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mountAlone says that this process has its mounts for itself.
const mountAlone = "PERGOLA_TEST_MOUNT_ALONE"

// alone runs the calling test once more, in a process whose mounts nobody else sees and which end with it. It returns true
// there, and false in the process that only waits for the result.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(mountAlone) != "" {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mountAlone+"=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if id := os.Geteuid(); id != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	switch exit := (*exec.ExitError)(nil); {
	case err != nil && !errors.As(err, &exit):
		t.Skipf("this system lets nobody mount: %v", err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case bytes.Contains(out, []byte("--- SKIP: "+t.Name()+" ")):
		t.Skipf("%s", out)
	}
	return false
}

// mountTmpfs mounts a file system of so many bytes in memory, and returns where.
func mountTmpfs(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		t.Skipf("no tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// remount changes a mounted tmpfs.
func remount(t *testing.T, dir string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, options); err != nil {
		t.Fatalf("remount: %v", err)
	}
}

// ext4 is a mounted ext4 file system in a file.
type ext4 struct{ image, dir, device string }

func mountExt4(t *testing.T) *ext4 {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root mounts ext4")
	}
	fs := &ext4{image: filepath.Join(t.TempDir(), "image"), dir: t.TempDir()}
	if err := os.WriteFile(fs.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(fs.image, 16<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mkfs.ext4", "-q", "-F", fs.image).CombinedOutput(); err != nil {
		t.Skipf("no mkfs.ext4: %v %s", err, out)
	}
	fs.mount(t)
	t.Cleanup(func() { _ = syscall.Unmount(fs.dir, 0) })
	return fs
}

func (fs *ext4) mount(t *testing.T) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "loop,errors=remount-ro", fs.image, fs.dir).CombinedOutput(); err != nil {
		t.Skipf("no loop device: %v %s", err, out)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if device, rest, _ := strings.Cut(line, " "); strings.HasPrefix(rest, fs.dir+" ") {
			fs.device = filepath.Base(device)
		}
	}
}

// breakDown makes the kernel find an error in the file system, upon which it lets nobody write any more.
func (fs *ext4) breakDown(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("/sys/fs/ext4", fs.device, "trigger_fs_error"), []byte("test\n"), 0o600); err != nil {
		t.Skipf("this kernel cannot simulate errors of ext4: %v", err)
	}
}

// mend unmounts and mounts the file system, as an operator does after repairing it.
func (fs *ext4) mend(t *testing.T) {
	t.Helper()
	if err := syscall.Unmount(fs.dir, 0); err != nil {
		t.Fatal(err)
	}
	fs.mount(t)
}
