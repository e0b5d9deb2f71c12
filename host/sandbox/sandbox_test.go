package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/openapi/openapitest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// TestMain says at the end how many answers Atlassian's documents have judged.
func TestMain(m *testing.M) {
	code := chromiumtest.Main(m)
	openapitest.Figures(os.Stdout)
	os.Exit(code)
}

// clock is a clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the real time for a nil clock.
func (c *clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// testSite is a site on a real port.
type testSite struct {
	*sandbox.Site
	t     testing.TB
	url   string
	dir   string
	clock *clock
}

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// seeded is a fresh site. Making its RSA key takes longer than most tests.
var seeded = sync.OnceValues(func() (*world.Snapshot, error) {
	s, err := world.Open(world.Config{Seed: world.Seed, Clock: func() time.Time { return start }})
	if err != nil {
		return nil, err
	}
	return s.Snapshot(), nil
})

func openSite(t testing.TB, change ...func(*sandbox.Config)) *testSite {
	t.Helper()
	return openSiteIn(t, "", &clock{now: start}, change...)
}

// openSiteIn opens the site in a directory, or in memory. A new one is the seeded one.
func openSiteIn(t testing.TB, dir string, c *clock, change ...func(*sandbox.Config)) *testSite {
	t.Helper()
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	from, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	cfg := sandbox.Config{DataDir: dir, From: from, BaseURL: srv.URL, Clock: c.Now}
	for _, do := range change {
		do(&cfg)
	}
	site, err := sandbox.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	handler = openapitest.Watch(t, site.Handler())
	return &testSite{Site: site, t: t, url: srv.URL, dir: dir, clock: c}
}

// answer is a response that was read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("answer %d is no JSON object: %v: %.300s", a.status, err, a.body)
	}
	return v
}

func send(t testing.TB, c *http.Client, r *http.Request) answer {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func request(t testing.TB, method, address, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// person is somebody's browser without JavaScript; it follows no redirects.
type person struct {
	site   *testSite
	client *http.Client
}

func (s *testSite) login(name string) *person {
	s.t.Helper()
	jar, _ := cookiejar.New(nil)
	p := &person{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if a := p.get("/login?as=" + name); a.status != http.StatusSeeOther {
		s.t.Fatalf("log in as %s: status %d", name, a.status)
	}
	return p
}

func (p *person) get(path string) answer {
	p.site.t.Helper()
	return send(p.site.t, p.client, request(p.site.t, http.MethodGet, p.site.url+path, ""))
}

func (p *person) do(method, path, body string) answer {
	p.site.t.Helper()
	return send(p.site.t, p.client, request(p.site.t, method, p.site.url+path, body))
}

func (p *person) post(path string, form url.Values) answer {
	p.site.t.Helper()
	r := request(p.site.t, http.MethodPost, p.site.url+path, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(p.site.t, p.client, r)
}

// call sends a request as the installed app, signed as an app signs.
func (s *testSite) call(app *fakeApp, method, path, body string) answer {
	s.t.Helper()
	return s.callWith(app, method, path, body, func(*auth.Claims) {})
}

func (s *testSite) callWith(app *fakeApp, method, path, body string, change func(*auth.Claims)) answer {
	s.t.Helper()
	_, secret := app.credentials()
	c := auth.Claims{Issuer: app.key, IssuedAt: s.clock.Now(), Expiry: s.clock.Now().Add(3 * time.Minute), QSH: auth.QSH(method, s.url+path, "")}
	change(&c)
	token, err := auth.SignHS256(c, secret)
	if err != nil {
		s.t.Fatal(err)
	}
	r := request(s.t, method, s.url+path, body)
	r.Header.Set("Authorization", "JWT "+token)
	return send(s.t, unredirected, r) // a token is for one path
}

func (s *testSite) install(app *fakeApp) answer {
	s.t.Helper()
	body, _ := json.Marshal(map[string]string{"descriptor": app.url + "/atlassian-connect.json"})
	return send(s.t, http.DefaultClient, request(s.t, http.MethodPost, s.url+"/sandbox/apps", string(body)))
}

func (s *testSite) mustInstall(app *fakeApp) {
	s.t.Helper()
	if a := s.install(app); a.status != http.StatusCreated {
		s.t.Fatalf("install: status %d: %s", a.status, a.body)
	}
}

func get(t testing.TB, address string) answer {
	t.Helper()
	return send(t, http.DefaultClient, request(t, http.MethodGet, address, ""))
}

func compact(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func openWith(t testing.TB, baseURL, dir string) (*sandbox.Site, error) {
	t.Helper()
	return sandbox.Open(sandbox.Config{DataDir: dir, BaseURL: baseURL})
}

// unredirected is a client that shows redirects instead of following them.
var unredirected = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// decodeList is an answer that is a list of objects.
func decodeList(t testing.TB, a answer) (list []object) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		t.Fatalf("answer %d is no list: %v: %.300s", a.status, err, a.body)
	}
	return list
}
