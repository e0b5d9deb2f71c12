package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/canary"
)

// Everything that the host can write to lies below one directory, and all of it is searched.
var canaryDirs = []string{"data", "tmp", "home", "work", "out"}

// canaryHost is the program as a process of its own, started again and again on the same data.
type canaryHost struct {
	t       *testing.T
	site    *canarySite
	root    string
	plugins string
	folder  string // of the customers' databases
	url     string
	client  *http.Client
	dialer  *net.Dialer // of visitors

	cmd     *exec.Cmd
	out     []*os.File
	stderr  *output // of the present run, as is serving
	serving *heard
	runs    int
}

func newCanaryHost(t *testing.T, site *canarySite) *canaryHost {
	t.Helper()
	h := &canaryHost{t: t, site: site, root: filepath.Join(t.TempDir(), "host"), plugins: canaryPlugins(t), folder: t.TempDir()}
	addDatabaseSync(t, h.plugins)
	for _, dir := range canaryDirs {
		if err := os.MkdirAll(filepath.Join(h.root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h.url = "http://" + address(t)
	h.client = &http.Client{
		Timeout: 40 * time.Second, Transport: h.visitor(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		if h.cmd != nil {
			_ = h.cmd.Process.Kill()
			h.wait()
		}
		if t.Failed() && h.stderr != nil {
			t.Logf("the host's log:\n%s", tail(h.stderr.String(), 40))
		}
	})
	return h
}

// in names a file or directory below the searched one.
func (h *canaryHost) in(parts ...string) string {
	return filepath.Join(append([]string{h.root}, parts...)...)
}

// environ is all that a run knows of the world outside.
func (h *canaryHost) environ(more ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.in("home"), "TMPDIR=" + h.in("tmp")}, more...)
}

// start runs the program, which pauses a plugin after so many calls that had to be stopped, and waits until it serves. A
// crash leaves a core dump in its working directory, if the program does not see to it and the system writes them there.
func (h *canaryHost) start(stops int, env ...string) {
	h.t.Helper()
	bin, err := program()
	if err != nil {
		h.t.Fatal(err)
	}
	var approved []string
	for _, plugin := range []string{"native", "pergola.database"} {
		code, err := os.ReadFile(filepath.Join(h.plugins, plugin, "plugin"))
		if err != nil {
			h.t.Fatal(err)
		}
		approved = append(approved, fmt.Sprintf("%x", sha256.Sum256(code)))
	}
	h.run(h.environ(env...), bin, "serve", "--data", h.in("data"), "--listen", strings.TrimPrefix(h.url, "http://"),
		"--set", "log.level=debug", "--set", "plugins.dir="+h.plugins, "--set", "plugins.process.allow="+strings.Join(approved, ","), "--set", "sync.folder="+h.folder,
		"--set", fmt.Sprint("engine.breaker_stops=", stops), "--set", "connect.loopback_sites=true", "--set", "connect.key_hosts="+h.site.url+"/install-keys",
		"--set", "connect.bridge_url="+h.site.url+"/connect-cdn/atlassian-connect/all.js", "--set", "connect.frame_ancestors="+h.site.url)
	select {
	case <-h.serving.seen:
	case <-time.After(2 * time.Minute): // to compile the plugins takes seconds, and many on a busy machine
		h.t.Fatal("the host does not serve")
	}
}

// heard is closed at the first sight of a text in what is written to it.
type heard struct {
	text string
	last []byte
	once sync.Once
	seen chan bool
}

// Write implements io.Writer.
func (w *heard) Write(b []byte) (int, error) {
	w.last = append(w.last, b...)
	if bytes.Contains(w.last, []byte(w.text)) {
		w.once.Do(func() { close(w.seen) })
	}
	w.last = w.last[max(0, len(w.last)-len(w.text)):]
	return len(b), nil
}

// run starts a program with its output in files.
func (h *canaryHost) run(env []string, args ...string) {
	h.t.Helper()
	h.runs++
	h.stderr, h.serving, h.out = &output{}, &heard{text: "serving", seen: make(chan bool)}, nil
	h.cmd = exec.Command("sh", append([]string{"-c", `ulimit -c unlimited 2>/dev/null; exec "$@"`, "sh"}, args...)...)
	h.cmd.Dir, h.cmd.Env = h.in("work"), env
	for _, name := range []string{"stdout", "stderr"} {
		f, err := os.Create(h.in("out", fmt.Sprintf("%s-%d.log", name, h.runs)))
		if err != nil {
			h.t.Fatal(err)
		}
		h.out = append(h.out, f)
	}
	h.cmd.Stdout, h.cmd.Stderr = h.out[0], io.MultiWriter(h.out[1], h.stderr, h.serving)
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
}

// operator does beside the running host what leaves copies of what is kept, and asks what prints it.
func (h *canaryHost) operator() {
	h.t.Helper()
	bin, err := program()
	if err != nil {
		h.t.Fatal(err)
	}
	for i, args := range [][]string{
		{"backup", h.in("work", "backup.db")}, {"export", h.in("work", "export")}, {"sites", "--json"}, {"account", "list"}, {"keys", "status"}, {"receipts"},
	} {
		cmd := exec.Command(bin, append(append([]string{"admin"}, args...), "--data", h.in("data"), "--set", "plugins.dir="+h.plugins)...)
		cmd.Dir, cmd.Env = h.in("work"), h.environ()
		said, err := cmd.CombinedOutput()
		if err != nil {
			h.t.Errorf("admin %s: %v\n%s", args[0], err, said)
		}
		if err := os.WriteFile(h.in("out", fmt.Sprintf("admin-%d.log", i)), said, 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
}

// wait waits for the end of the run.
func (h *canaryHost) wait() {
	h.t.Helper()
	err := h.cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		h.t.Error(err)
	}
	h.cmd = nil
	for _, f := range h.out {
		if err := f.Close(); err != nil {
			h.t.Error(err)
		}
	}
}

// end sends a signal and waits for the end.
func (h *canaryHost) end(signal syscall.Signal) {
	h.t.Helper()
	if err := h.cmd.Process.Signal(signal); err != nil {
		h.t.Fatalf("the host is gone already: %v", err)
	}
	h.wait()
}

// search looks through everything that was written.
func (h *canaryHost) search() canary.Report {
	h.t.Helper()
	x := h.site.set.Search()
	h.searchIn(x)
	return x.Report()
}

func (h *canaryHost) searchIn(x *canary.Search) {
	h.t.Helper()
	for _, dir := range canaryDirs {
		if err := x.Dir(h.in(dir)); err != nil {
			h.t.Fatal(err)
		}
	}
}

// visitor is the transport of a client of which everything is a canary: what it says of itself, and where it comes from.
func (h *canaryHost) visitor() http.RoundTripper {
	h.dialer = &net.Dialer{Timeout: 5 * time.Second}
	if runtime.GOOS == "linux" { // where all of 127.0.0.0/8 is this machine
		const from = "127.211.173.149"
		h.dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
		h.site.set.Literal("the visitor's address", from)
	}
	const forwarded = "2001:db8:5a3f:917c:e2d4:b86:73f1:c0de"
	h.site.set.Literal("the visitor's address behind a proxy", forwarded)
	headers := http.Header{}
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip", "X-Client-Ip"} {
		headers.Set(name, forwarded)
	}
	headers.Set("Forwarded", `for="[`+forwarded+`]"`)
	for _, name := range []string{"User-Agent", "Accept-Language", "Referer", "Origin", "From", "X-Request-Id", "Traceparent", "X-B3-Traceid", "X-Forwarded-Host", "If-None-Match"} {
		headers.Set(name, h.site.set.Plain("header "+name))
	}
	headers.Set("Sec-Fetch-Site", "same-origin") // or what changes something is refused, for its odd origin
	headers.Set("Cookie", "session="+h.site.set.Plain("a cookie"))
	transport := &http.Transport{DialContext: h.dialer.DialContext, DisableKeepAlives: true}
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		for name, values := range headers {
			if r.Header.Get(name) == "" {
				r.Header[name] = values
			}
		}
		return transport.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// dial opens a visitor's connection, for a few seconds.
func (h *canaryHost) dial(ctx context.Context) (net.Conn, error) {
	conn, err := h.dialer.DialContext(ctx, "tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(2 * time.Second))
}

// send makes a request and notes what the answer shows. The status is 0 where there is no answer.
func (h *canaryHost) send(ctx context.Context, method, target, authorization, body string) (int, string) {
	if strings.HasPrefix(target, "/") {
		target = h.url + target
	}
	q, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		h.t.Errorf("%s %s: %v", method, target, err)
		return 0, ""
	}
	q.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		q.Header.Set("Authorization", authorization)
	}
	answer, err := h.client.Do(q)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	raw, _ := io.ReadAll(answer.Body) // a host that is ended in the middle is part of the test
	h.site.passed.Bytes("to the visitor", raw)
	if to := answer.Header.Get("Location"); to != "" {
		return answer.StatusCode, to
	}
	return answer.StatusCode, string(raw)
}

// canaryPlugins is a plugin directory with the plugins that are shipped and with those that try to leave something behind.
func canaryPlugins(t testing.TB) string {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	guests, err := canaryGuests()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(filepath.Dir(bin), "plugins"))); err != nil {
		t.Fatal(err)
	}
	for name, files := range guests {
		for file, raw := range files {
			if err := errors.Join(os.MkdirAll(filepath.Join(dir, name), 0o700), os.WriteFile(filepath.Join(dir, name, file), raw, 0o700)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// canaryGuests builds the plugin of host/canary/testdata/guest once, as a module and as a process.
var canaryGuests = sync.OnceValues(func() (map[string]map[string][]byte, error) {
	const folder = "../canary/testdata/guest"
	manifest, err := os.ReadFile(filepath.Join(folder, "plugin.json"))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pergola-guest-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	build := func(env []string, args ...string) ([]byte, error) {
		name := filepath.Join(dir, "out")
		cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-o", name}, args...), "./"+folder)...)
		cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", folder, err, out)
		}
		return os.ReadFile(name)
	}
	module, err := build([]string{"GOOS=wasip1", "GOARCH=wasm"}, "-buildmode=c-shared", "-ldflags=-s -w")
	if err != nil {
		return nil, err
	}
	native, err := build(nil, "-ldflags=-s -w -X main.id=test.native")
	if err != nil {
		return nil, err
	}
	other := manifest
	for old, now := range map[string]string{`"test.guest"`: `"test.native"`, `"wasm"`: `"process"`, `"plugin.wasm"`: `"plugin"`, `"name": "Guest"`: `"name": "Native guest"`} {
		other = bytes.ReplaceAll(other, []byte(old), []byte(now))
	}
	return map[string]map[string][]byte{
		"guest":  {"plugin.json": manifest, "plugin.wasm": module},
		"native": {"plugin.json": other, "plugin": native},
	}, nil
})
