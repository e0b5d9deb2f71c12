package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/canary"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/openapi/openapitest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The issue at which plugins are tried, and what the site calls it.
const canaryIssue = "10100"

// canarySite is a sandbox site in this process in which every text is a canary. Its directory holds content by nature, and is
// searched by nobody.
type canarySite struct {
	t      *testing.T
	url    string
	set    *canary.Set
	state  *world.State   // as it was planted
	passed *canary.Search // what went through the host: what the site told it, and what it told its visitors
	fault  atomic.Pointer[fault]
	client *http.Client // of mia, who administers the site
}

// fault is how the site answers the host for a while.
type fault struct {
	name   string
	answer http.HandlerFunc
}

func newCanarySite(t *testing.T, set *canary.Set) *canarySite {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &canarySite{t: t, url: "http://" + l.Addr().String(), set: set, passed: set.Search()}
	planted, err := world.Open(world.Config{Seed: func(tx *world.Tx) error {
		if err := world.Seed(tx); err != nil {
			return err
		}
		if err := addParts(tx); err != nil {
			return err
		}
		tx.RewriteTexts(func(place string, room world.Room) string {
			switch room {
			case world.Letters:
				return set.Plain(place)
			case world.Capitals:
				return set.Key(place)
			}
			return set.Text(place)
		})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.state = planted.State()
	site, err := sandbox.Open(sandbox.Config{DataDir: t.TempDir(), From: planted.Snapshot(), BaseURL: s.url})
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: s.between(openapitest.Watch(t, site.Handler())), ReadHeaderTimeout: 10 * time.Second}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // a host that was killed may have left some
		server.Close()
		if err := site.Close(); err != nil {
			t.Error(err)
		}
	})
	s.client = s.login("mia")
	return s
}

// addParts gives issues what people add to them: comments, of which one is for administrators only, work and files.
func addParts(tx *world.Tx) error {
	for n := range tx.Index().Equal("project", "10000").All() {
		id := tx.IssueAt(n).ID
		for _, seen := range []*world.Visibility{nil, {Kind: world.ByGroup, Value: "site-admins"}} {
			if err := tx.AddComment(id, &world.Comment{Author: world.Mia, Body: world.TextDocument("comment"), Visibility: seen}); err != nil {
				return err
			}
		}
		if err := tx.AddWorklog(id, &world.Worklog{Author: world.Jonas, Seconds: 60, Comment: world.TextDocument("work")}); err != nil {
			return err
		}
		if err := tx.AddAttachment(id, &world.Attachment{Name: "file", Type: "text/plain", Author: world.Mia}, []byte("content")); err != nil {
			return err
		}
	}
	return nil
}

// between stands between the host and the site: it notes what the host gets to know, or answers with the fault of the moment.
func (s *canarySite) between(site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/rest/") || r.UserAgent() != "pergola" {
			site.ServeHTTP(w, r)
			return
		}
		if f := s.fault.Load(); f != nil {
			f.answer(w, r)
			return
		}
		answer := httptest.NewRecorder()
		site.ServeHTTP(answer, r)
		s.passed.Bytes("to the host", answer.Body.Bytes())
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // a host that was killed reads nothing
	})
}

// with runs do while the site fails.
func (s *canarySite) with(f fault, do func()) {
	s.fault.Store(&f)
	defer s.fault.Store(nil)
	do()
}

// login returns a client that is logged in to the site.
func (s *canarySite) login(user string) *http.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	r, err := c.Get(s.url + "/login?as=" + user)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = r.Body.Close()
	return c
}

// ask makes a call of the site's own pages and scripts as mia.
func (s *canarySite) ask(method, path string, body, out any) {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	q, err := http.NewRequest(method, s.url+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	r, err := s.client.Do(q)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", r.Status, text)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
}

type frameOf struct {
	App    string            `json:"app"`
	Module string            `json:"module"`
	Issue  string            `json:"issue,omitempty"`
	Params map[string]string `json:"params,omitempty"`
}

// frame returns the signed address that the site's page loads into a module's frame.
func (s *canarySite) frame(module, issue string, params map[string]string) string {
	s.t.Helper()
	var f struct {
		URL string `json:"url"`
	}
	s.ask(http.MethodPost, "/sandbox/frame", frameOf{"pergola", module, issue, params}, &f)
	return f.URL
}

// token returns what a page beside that issue authorizes its calls with.
func (s *canarySite) token(issue string) string {
	s.t.Helper()
	var a struct {
		Token string `json:"token"`
	}
	s.ask(http.MethodPost, "/sandbox/context-token", frameOf{App: "pergola", Issue: issue}, &a)
	return "JWT " + a.Token
}

func (s *canarySite) install(host string) {
	s.t.Helper()
	s.ask(http.MethodPost, "/sandbox/apps", map[string]string{"descriptor": host + "/atlassian-connect.json"}, nil)
}

// limitLasts is for how long Jira is not to be asked again: longer than anybody waits in front of a page.
const limitLasts = 6 * time.Second

// faults are ways in which Jira fails, each with content in everything that a careless program would write down.
func (s *canarySite) faults() []fault {
	text := func(of string) string { return s.set.Text("Jira's answer: " + of) }
	answer := func(name string, status int, header, body string) fault {
		kept := text(name)
		header, body = strings.ReplaceAll(header, "CANARY", kept), strings.ReplaceAll(body, "CANARY", jsonText(kept))
		return fault{name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600") // which nobody waits for
			if status == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", fmt.Sprint(int(limitLasts.Seconds())))
			}
			w.Header().Set("X-Note", kept)
			w.Header().Set("Content-Type", "application/json")
			if key, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(key, value)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}}
	}
	return []fault{
		answer("a failure", 500, "X-Arequestid: CANARY", `{"errorMessages":["CANARY"]}`),
		answer("a refusal", 400, "", `{"errorMessages":["CANARY"],"errors":{"jql":"CANARY"}}`),
		answer("a refusal of a field", 422, "", `{"errors":{"CANARY":"CANARY"}}`),
		answer("a stranger", 401, "WWW-Authenticate: CANARY", `{"message":"CANARY"}`),
		answer("a ban", 403, "", `CANARY`),
		answer("a loss", 404, "", `{"errorMessages":["CANARY"]}`),
		answer("a pause", 502, "Retry-After: CANARY", `CANARY`),
		answer("a redirect", 302, "Location: http://127.0.0.1:1/CANARY", `CANARY`),
		answer("a status of its own", 299, "", `{"CANARY":`),
		answer("no JSON", 200, "", `<html>CANARY</html>`),
		answer("another shape", 200, "", `{"id":{"CANARY":"CANARY"},"issues":"CANARY","fields":["CANARY"],"values":"CANARY","projectPermissions":"CANARY"}`),
		answer("a list", 200, "", `["CANARY"]`),
		answer("a number that is none", 200, "", `{"id":10100CANARY}`),
		{"an end in the middle", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, text("cut off"))
			panic(http.ErrAbortHandler)
		}},
		{"a head that is none", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 "+text("status line")+"\r\n"+text("header")+"\r\n\r\n")
			_ = conn.Close()
		}},
		{"too much", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"errorMessages":["`+strings.Repeat(text("large")+" ", 200_000)+`"]}`)
		}},
		// The last one: what Jira limits is not asked again before its time.
		answer("a limit", 429, "RateLimit-Reason: CANARY", `{"errorMessages":["CANARY"]}`),
	}
}

// jsonText is text as it stands between the quotes of JSON.
func jsonText(text string) string {
	raw, _ := json.Marshal(text) // strings always encode
	return string(raw[1 : len(raw)-1])
}
