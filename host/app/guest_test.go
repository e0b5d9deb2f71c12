package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/config"
)

// guest builds the plugin in testdata once.
var guest = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pergola-guest-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	name := filepath.Join(dir, "plugin.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", name, "./testdata/guest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the guest: %w\n%s", err, out)
	}
	return os.ReadFile(name)
})

// release is the guest in another version and under another id: what its code says of itself is exchanged in its bytes.
func release(t testing.TB, id, version, says string) []byte {
	t.Helper()
	code, err := guest()
	if err != nil {
		t.Fatal(err)
	}
	for old, now := range map[string]string{"test.guest": id, "1.0.0": version, "release one": says} {
		if len(old) != len(now) || !bytes.Contains(code, []byte(old)) {
			t.Fatalf("%q cannot take the place of %q in the guest", now, old)
		}
		code = bytes.ReplaceAll(code, []byte(old), []byte(now))
	}
	return code
}

const manifestText = `{"manifestVersion":1,"id":%q,"name":"Guest","version":%q,"publisher":{"name":"Test"},"description":"Does as told.",
	"compat":{"abi":1},"runtime":{"kind":"wasm","entry":"plugin.wasm"},"limits":{"request":{"timeoutMs":2000,"fuel":50000000}},
	"permissions":[%s],%s"modules":[{"type":"generalPage","key":"page","name":"Guest","view":"page"%s}]}`

// put writes a bundle into a plugin directory. Each file appears whole.
func put(t testing.TB, dir, folder, manifest string, code []byte) {
	t.Helper()
	to := filepath.Join(dir, folder)
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"plugin.json": []byte(manifest), "plugin.wasm": code} {
		if err := os.WriteFile(filepath.Join(to, "."+name), b, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(to, "."+name), filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func putGuest(t testing.TB, dir, version, says string) {
	t.Helper()
	put(t, dir, "guest", fmt.Sprintf(manifestText, "test.guest", version, "", "", ""), release(t, "test.guest", version, says))
}

// running is a host in this process, with the sites that installed it.
type running struct {
	t    testing.TB
	h    *app.Host
	cfg  config.Config
	log  *output
	jira *atlassian
}

const guestPage = "/connect/module/test.guest/page"

// run starts a host on the plugins in dir. The sites one, two and three have installed the app, or will.
func run(t *testing.T, dir string, change func(*config.Config)) *running {
	t.Helper()
	r := &running{t: t, jira: newAtlassian(t), log: &output{}, cfg: config.Default()}
	r.cfg.Data, r.cfg.Listen, r.cfg.Plugins.Dir = t.TempDir(), "127.0.0.1:0", dir
	r.cfg.Connect.KeyHosts, r.cfg.Connect.LoopbackSites = []string{r.jira.URL + "/keys"}, true
	if change != nil {
		change(&r.cfg)
	}
	r.start()
	t.Cleanup(func() {
		r.stop()
		if t.Failed() {
			t.Logf("the host's log:\n%s", tail(r.log.String(), 60))
		}
	})
	return r
}

// compiled is a directory of native code that the tests hand on, since compiling a guest takes seconds.
var compiled = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "pergola-compiled-")
	if err != nil {
		panic(err)
	}
	return dir
})

// keep links the files below from that are not yet below to: they are 400 MB, and nobody writes into one in place.
func keep(t testing.TB, from, to string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(from), ".", func(name string, e fs.DirEntry, err error) error {
		target := filepath.Join(to, name)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		if _, err := os.Stat(target); err == nil {
			return nil
		}
		if err := os.Link(filepath.Join(from, name), target); !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil // another test was first, or it was not finished yet
	})
	if err != nil {
		t.Error(err)
	}
}

// starting keeps tests from compiling the same plugins at the same time.
var starting sync.Mutex

func (r *running) start() {
	r.t.Helper()
	starting.Lock()
	defer starting.Unlock()
	native := filepath.Join(r.cfg.Data, "cache", "wasm")
	keep(r.t, compiled(), native)
	defer keep(r.t, native, compiled())
	h, err := app.Start(context.Background(), r.cfg, slog.New(slog.NewTextHandler(r.log, nil)))
	if err != nil {
		r.t.Fatal(err)
	}
	r.h = h
	h.Announce()
}

func (r *running) stop() {
	r.t.Helper()
	if err := r.h.Close(context.Background()); err != nil {
		r.t.Error(err)
	}
	keep(r.t, filepath.Join(r.cfg.Data, "cache", "wasm"), compiled()) // of what was loaded later
}

func secretOf(site string) string { return "shared-secret-of-" + site + "-0123456789abcdef" }

// install has a site install the app.
func (r *running) install(site string) {
	r.t.Helper()
	now := time.Now()
	token, err := auth.SignRS256(auth.Claims{
		Issuer: site, Subject: "account", Audience: []string{r.h.URL()}, IssuedAt: now, Expiry: now.Add(3 * time.Minute),
		QSH: auth.QSH(http.MethodPost, "/connect/installed", ""),
	}, kid, r.jira.key)
	if err != nil {
		r.t.Fatal(err)
	}
	body := fmt.Sprintf(`{"key":"pergola","clientKey":%q,"sharedSecret":%q,"baseUrl":%q,"productType":"jira","eventType":"installed"}`, site, secretOf(site), r.jira.URL)
	if status, text := r.send(http.MethodPost, "/connect/installed", "JWT "+token, body); status != http.StatusNoContent {
		r.t.Fatalf("the installation of %s answers %d: %s", site, status, text)
	}
	if status, text := r.send(http.MethodPost, "/connect/enabled", r.bound(site, http.MethodPost, "/connect/enabled"), `{"eventType":"enabled"}`); status != http.StatusNoContent {
		r.t.Fatalf("enabling %s answers %d: %s", site, status, text)
	}
}

// bound is a token for one address, as a site's Jira makes it.
func (r *running) bound(site, method, target string) string {
	return r.token(site, auth.QSH(method, target, ""))
}

func (r *running) token(site, qsh string) string {
	r.t.Helper()
	now := time.Now()
	token, err := auth.SignHS256(auth.Claims{Issuer: site, Subject: "account", IssuedAt: now, Expiry: now.Add(time.Minute), QSH: qsh}, secretOf(site))
	if err != nil {
		r.t.Fatal(err)
	}
	return "JWT " + token
}

func (r *running) send(method, target, authorization, body string) (int, string) {
	r.t.Helper()
	q, err := http.NewRequest(method, r.h.URL()+target, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		q.Header.Set("Authorization", authorization)
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Error(err)
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Error(err)
	}
	return answer.StatusCode, string(raw)
}

// page asks for a page of a site.
func (r *running) page(site, target string) (int, string) {
	r.t.Helper()
	return r.send(http.MethodGet, target, r.bound(site, http.MethodGet, target), "")
}

// press makes a call of the admin page.
func (r *running) press(site, target, body string) (int, string) {
	r.t.Helper()
	return r.send(http.MethodPost, target, r.token(site, auth.ContextQSH), body)
}

// reload reads the plugin directory again and returns what was wrong, "" for nothing.
func (r *running) reload() string {
	r.t.Helper()
	if _, err := r.h.Reload(r.t.Context()); err != nil {
		return err.Error()
	}
	return ""
}

func (r *running) metric(name string) string {
	r.t.Helper()
	_, text := r.send(http.MethodGet, "/metrics", "", "")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (r *running) descriptorHash() string {
	_, text := r.send(http.MethodGet, "/atlassian-connect.json", "", "")
	if !json.Valid([]byte(text)) {
		r.t.Errorf("the descriptor is no JSON: %s", text)
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}
