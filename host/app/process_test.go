package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// program builds the host and its plugins once, as make build does, and returns the path of the binary.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pergola-test-")
	if err != nil {
		return "", err
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		return "", err
	}
	build := func(env []string, args ...string) error {
		cmd := exec.Command("go", append([]string{"build"}, args...)...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	bin := filepath.Join(dir, "pergola")
	if err := build(nil, "-o", bin, "./host/cmd/pergola"); err != nil {
		return "", err
	}
	manifests, err := filepath.Glob(filepath.Join(root, "plugins/*/plugin.json"))
	if err != nil {
		return "", err
	}
	for _, name := range manifests {
		raw, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		var m struct {
			ID      string
			Runtime struct{ Kind string }
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			return "", err
		}
		if m.Runtime.Kind == "process" { // an operator has to approve it first
			continue
		}
		to := filepath.Join(dir, "plugins", m.ID)
		if err := os.MkdirAll(to, 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(to, "plugin.json"), raw, 0o644); err != nil {
			return "", err
		}
		if err := build([]string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"}, "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w",
			"-o", filepath.Join(to, "plugin.wasm"), filepath.Dir(name)); err != nil {
			return "", err
		}
	}
	return bin, nil
})

// dev is a running `pergola dev --json`.
type dev struct {
	Host, Sandbox, Admin, Issue string

	t      testing.TB
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	stderr *output
}

// startDev starts the program on a data directory, on free ports unless addresses are given, and waits for the ready event.
func startDev(t testing.TB, data string, args ...string) *dev {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	starting.Lock()
	defer starting.Unlock()
	native := filepath.Join(data, "cache", "wasm")
	keep(t, compiled(), native)
	d := &dev{t: t, stderr: &output{}}
	d.cmd = exec.Command(bin, append([]string{"dev", "--json", "--data", data, "--listen", "127.0.0.1:0", "--sandbox", "127.0.0.1:0"}, args...)...)
	d.cmd.Dir = t.TempDir()
	d.cmd.Stderr = d.stderr
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.cmd.ProcessState == nil {
			_ = d.cmd.Process.Kill()
			_ = d.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("the program's log:\n%s", tail(d.stderr.String(), 60))
		}
	})
	d.lines = bufio.NewScanner(stdout)
	ready := d.event()
	if ready["event"] != "ready" {
		t.Fatalf("first event %v, want ready", ready)
	}
	keep(t, native, compiled())
	d.Host, d.Sandbox, d.Admin, d.Issue = ready["host"], ready["sandbox"], ready["admin"], ready["issue"]
	return d
}

// address finds a free address that stays free while nobody listens: its port is below those that systems hand out by
// themselves, so no connection takes it between a crash and the next start.
func address(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(15000)))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no free port between 15000 and 30000")
	return ""
}

// output collects what the program writes while the test reads it.
type output struct {
	mu   sync.Mutex
	all  bytes.Buffer
	next chan struct{} // closed at the next write; nil while nobody waits
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.next != nil {
		close(o.next)
		o.next = nil
	}
	return o.all.Write(p)
}

// await waits until text was written, at most half a minute.
func (o *output) await(t testing.TB, text string) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		o.mu.Lock()
		if o.next == nil {
			o.next = make(chan struct{})
		}
		there, next := bytes.Contains(o.all.Bytes(), []byte(text)), o.next
		o.mu.Unlock()
		if there {
			return
		}
		select {
		case <-next:
		case <-late:
			t.Fatalf("the log never says %q", text)
		}
	}
}

// String returns what was written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// event reads the next event from stdout.
func (d *dev) event() map[string]string {
	d.t.Helper()
	if !d.lines.Scan() {
		err := d.cmd.Wait()
		d.t.Fatalf("the program ended (%v) before its next event; its log:\n%s", err, d.stderr)
	}
	var e map[string]string
	if err := json.Unmarshal(d.lines.Bytes(), &e); err != nil {
		d.t.Fatalf("event %q: %v", d.lines.Text(), err)
	}
	return e
}

// kill ends the program with no chance to tidy up.
func (d *dev) kill() {
	d.t.Helper()
	if err := d.cmd.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	_ = d.cmd.Wait()
}

// interrupt presses Ctrl-C and waits for a clean end.
func (d *dev) interrupt() {
	d.t.Helper()
	if runtime.GOOS == "windows" {
		d.t.Skip("no interrupt signal on Windows")
	}
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		d.t.Fatal(err)
	}
	if e := d.event(); e["event"] != "stopped" {
		d.t.Errorf("last event %v, want stopped", e)
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("after Ctrl-C: %v\n%s", err, d.stderr)
	}
}

// get fetches an address and returns status and body.
func get(t testing.TB, address string) (int, string) {
	t.Helper()
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if to := r.Header.Get("Location"); to != "" {
		return r.StatusCode, to
	}
	return r.StatusCode, string(body)
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
