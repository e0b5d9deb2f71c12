//go:build linux

package process_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/sdk"
	sdkprocess "github.com/pergola-platform/pergola/sdk/process"
	"github.com/pergola-platform/pergola/sdk/process/frame"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// asHost is set where this program is the host that a test starts and ends; its value says in which mode.
const asHost = "PERGOLA_TEST_HOST"

// The modes of the host: inside of a PID namespace, of one by way of a user namespace, or without.
const (
	modeBest = "best"
	modeUser = "user"
	modeBare = "bare"
)

// TestMain makes this program, beside the tests, the plugins and the host that the tests start.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(frame.Handshake.MagicCookieKey) != "":
		sdkprocess.Serve(naughty())
	case os.Getenv(rawHandshake.MagicCookieKey) != "":
		serveRaw()
	case os.Getenv(asHost) != "":
		serveHost(os.Getenv(asHost))
	default:
		code := m.Run()
		if path, err := build(); err == nil && detector {
			_ = os.RemoveAll(filepath.Dir(path))
		}
		os.Exit(code)
	}
}

// detector says whether this program runs under the race detector.
var detector bool

// program is the path of this test's program, as it is without the race detector.
func program(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var build = sync.OnceValues(func() (string, error) {
	if !detector {
		return os.Executable()
	}
	dir, err := os.MkdirTemp("", "pergola-process-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "test")
	cmd := exec.Command("go", "test", "-c", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go test -c: %w\n%s", err, out)
	}
	return path, nil
})

// The views that the fixture's plugin has here beside its own.
const (
	fork  = "fork"  // starts a program that sleeps, which starts another one; the title is their number as the plugin sees it
	proc  = "proc"  // the title is the file of /proc/self that Params["file"] names
	fds   = "fds"   // the title is the descriptors that are open, and where they lead
	limit = "limit" // the title is a resource limit, Params["resource"]
	write = "write" // creates a file in the working directory
)

// naughty is the plugin of drivertest, with what only a process can do.
func naughty() *sdk.Plugin {
	p := fixture.New()
	add := func(name string, f func(r *sdk.Request) (string, error)) {
		p.Views[name] = sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			title, err := f(r)
			return &view.Page{Title: title}, err
		})
	}
	add(fork, func(*sdk.Request) (string, error) {
		cmd := exec.Command("/bin/sh", "-c", "sleep 300 & echo begun; sleep 300")
		out, err := cmd.StdoutPipe()
		if err != nil {
			return "", err
		}
		if err := cmd.Start(); err != nil {
			return "", err
		}
		_, err = out.Read(make([]byte, 1))
		return strconv.Itoa(cmd.Process.Pid), err
	})
	add(proc, func(r *sdk.Request) (string, error) {
		text, err := os.ReadFile("/proc/self/" + r.Params["file"])
		return string(text), err
	})
	add(fds, func(*sdk.Request) (string, error) {
		entries, err := os.ReadDir("/proc/self/fd")
		var out []string
		for _, e := range entries {
			to, _ := os.Readlink("/proc/self/fd/" + e.Name())
			out = append(out, e.Name()+" "+to)
		}
		return strings.Join(out, "\n"), err
	})
	add(limit, func(r *sdk.Request) (string, error) {
		n, err := strconv.Atoi(r.Params["resource"])
		if err != nil {
			return "", err
		}
		var l syscall.Rlimit
		err = syscall.Getrlimit(n, &l)
		return strconv.FormatUint(l.Cur, 10), err
	})
	add(write, func(*sdk.Request) (string, error) {
		return "", os.WriteFile("file", []byte("x"), 0o600)
	})
	greedy(add)
	return p
}

// serveHost is the main of a host that runs two plugins, one of which starts programs of its own, tells their numbers, and waits
// for its end. "panic" on its standard input makes it panic.
func serveHost(mode string) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code, err := os.ReadFile("/proc/self/exe")
	fail(err)
	d, err := process.New(process.Config{Allow: []string{digest(code)}, Logger: slog.New(slog.DiscardHandler)})
	fail(err)
	switch mode {
	case modeUser:
		process.WithUserNamespaces(d)
	case modeBare:
		process.WithoutNamespaces(d)
	}
	for range 2 {
		m, err := d.Load(context.Background(), code, driver.Limits{})
		fail(err)
		_, err = ask(m, fork)
		fail(err)
		fmt.Println("plugin", process.Pids(m)[0])
	}
	fmt.Println("ready")
	var word string
	if _, err := fmt.Scan(&word); err == nil && word == "panic" {
		go panic("as asked")
	}
	time.Sleep(time.Hour)
}

// ask asks for a view with pairs of parameters, and returns its title.
func ask(m driver.Module, name string, params ...string) (string, error) {
	r := &sdk.Request{Name: name, Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		r.Params[params[i]] = params[i+1]
	}
	body, err := r.MarshalMsg(nil)
	if err != nil {
		return "", err
	}
	raw, err := (&wire.Call{Op: wire.OpView, Body: body}).MarshalMsg(nil)
	if err != nil {
		return "", err
	}
	got, err := m.Call(context.Background(), driver.Call{Message: raw, Tenant: "tenant"})
	if err != nil {
		return "", err
	}
	var result wire.Result
	if _, err := result.UnmarshalMsg(got.Message); err != nil {
		return "", err
	}
	if result.Error != nil {
		return "", result.Error
	}
	var page view.Page
	_, err = page.UnmarshalMsg(result.Body)
	return page.Title, err
}
