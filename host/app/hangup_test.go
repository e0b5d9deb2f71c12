package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// A hangup has the program read its plugins again, and not end.
func TestHangupReadsPluginsAgain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no hangup signal on Windows")
	}
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	data, dir, log := t.TempDir(), t.TempDir(), &output{}
	cmd := exec.Command(bin, "serve", "--data", data, "--listen", "127.0.0.1:0", "--set", "plugins.dir="+dir)
	cmd.Dir, cmd.Stderr = t.TempDir(), log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	hangup := func(want string) {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		log.await(t, want)
	}
	log.await(t, "msg=serving")
	putGuest(t, dir, "1.0.0", "release one")
	hangup(`taken="[test.guest 1.0.0]"`)
	if err := os.WriteFile(filepath.Join(dir, "guest", "plugin.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	hangup("some were left out")
	if err := os.RemoveAll(filepath.Join(dir, "guest")); err != nil {
		t.Fatal(err)
	}
	hangup("removed=[test.guest]")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v\n%s", err, log)
	}
}
