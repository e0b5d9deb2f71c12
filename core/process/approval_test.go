//go:build linux

package process_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/process"
)

// self is this test's program, which is a plugin too.
func self(t testing.TB) []byte {
	t.Helper()
	code, err := os.ReadFile(program(t))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// load starts this test's program as a plugin.
func load(t testing.TB, c process.Config, change ...func(*process.Driver)) (*process.Driver, driver.Module) {
	t.Helper()
	code := self(t)
	c.Allow = []string{digest(code)}
	d := open(t, c)
	for _, f := range change {
		f(d)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	m, err := d.Load(context.Background(), code, driver.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d, m
}

func TestNothingRunsThatIsNotApproved(t *testing.T) {
	marker := t.TempDir() + "/it-ran"
	script := []byte("#!/bin/sh\ntouch " + marker + "\n")
	for _, allow := range [][]string{nil, {digest([]byte("another"))}} {
		d := open(t, process.Config{Allow: allow})
		_, err := d.Load(context.Background(), script, driver.Limits{})
		if err == nil || !strings.Contains(err.Error(), digest(script)) || !strings.Contains(err.Error(), "plugins.process.allow") {
			t.Errorf("the error names neither digest nor setting: %v", err)
		}
		if _, err := os.Stat(marker); err == nil {
			t.Error("it ran")
		}
		if n := d.Stats().Starts; n != 0 {
			t.Errorf("%d processes were started", n)
		}
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestDigestThatIsNoneIsRefused(t *testing.T) {
	for _, allow := range []string{"", "sha256", strings.Repeat("g", 64), digest(nil)[1:]} {
		if _, err := process.New(process.Config{Allow: []string{allow}}); err == nil || !strings.Contains(err.Error(), "plugins.process.allow") {
			t.Errorf("%q: got %v", allow, err)
		}
	}
	for _, allow := range []string{digest(nil), "sha256:" + digest(nil), strings.ToUpper(digest(nil))} {
		d, err := process.New(process.Config{Allow: []string{allow}})
		if err != nil {
			t.Errorf("%q: %v", allow, err)
			continue
		}
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestExecutableCannotBeChanged(t *testing.T) {
	code := []byte("the approved bytes")
	for name, make := range map[string]func([]byte) (*os.File, error){"sealed": process.Sealed, "unnamed": process.Unnamed} {
		t.Run(name, func(t *testing.T) {
			f, err := make(code)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			if n, err := f.WriteAt([]byte("X"), 0); err == nil {
				t.Errorf("wrote %d bytes", n)
			}
			if name == "sealed" {
				w, err := os.OpenFile("/proc/self/fd/"+itoa(f.Fd()), os.O_RDWR, 0)
				if err == nil {
					if _, err := w.WriteAt([]byte("X"), 0); err == nil {
						t.Error("its owner could change it after opening it anew")
					}
					if err := w.Truncate(3); err == nil {
						t.Error("its owner could cut it off")
					}
					_ = w.Close()
				}
				if seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0); err != nil || seals&unix.F_SEAL_SEAL == 0 {
					t.Errorf("seals %#x, %v", seals, err)
				}
			} else if path, err := os.Readlink("/proc/self/fd/" + itoa(f.Fd())); err != nil || !strings.HasSuffix(path, " (deleted)") {
				t.Errorf("it still has the path %s, %v", path, err)
			}
			if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, code) {
				t.Errorf("it holds %q, %v", got, err)
			}
		})
	}
}

func TestProgramThatServesNothingIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, code, want string }{
		{"ends", "#!/bin/sh\nexit 3\n", "exit status 3"},
		{"says something else", "#!/bin/sh\necho hello\nexec sleep 60\n", "process.Serve"},
		{"no program", "not a program", "exec format error"},
		{"empty", "", "exec format error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := open(t, process.Config{Allow: []string{digest([]byte(tt.code))}})
			defer func() { _ = d.Close(context.Background()) }()
			_, err := d.Load(context.Background(), []byte(tt.code), driver.Limits{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want something about %q", err, tt.want)
			}
			if n := d.Stats().Processes; n != 0 {
				t.Errorf("%d processes are left", n)
			}
		})
	}
}
