//go:build unix

package door_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOtherUsersAreToldWhoseHostItIs(t *testing.T) {
	if dir := os.Getenv("DOOR_OF_ANOTHER_USER"); dir != "" {
		if _, err := ask(dir); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "runs as another user") {
			t.Fatalf("another user reads %v", err)
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can run a program as somebody else")
	}
	dir, err := os.MkdirTemp("", "door") //nolint:usetesting // others cannot look into those of tests
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // an operator made it, and was not careful
		t.Fatal(err)
	}
	serve(t, open(t, dir))
	program := filepath.Join(dir, "other.test")
	raw, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "-test.run=^TestOtherUsersAreToldWhoseHostItIs$")
	c.Dir, c.Env = dir, []string{"DOOR_OF_ANOTHER_USER=" + dir}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
