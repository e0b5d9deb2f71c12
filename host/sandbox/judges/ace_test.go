package judges_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/openapi"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

// stockApp is an app on Atlassian's own framework, in a process of its own.
type stockApp struct {
	t      *testing.T
	url    string
	events chan map[string]any
}

func startStockApp(t *testing.T, site *sandboxtest.Site) *stockApp {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "app.js")
	cmd.Dir = workshop(t, "ace")
	cmd.Env = append(os.Environ(), "CONNECT_KEYS_CDN_URL="+site.URL+"/install-keys", "NODE_ENV=development")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a := &stockApp{t: t, events: make(chan map[string]any, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(a.events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e map[string]any
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				a.events <- e
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait()
	})
	a.url, _ = a.next()["url"].(string)
	return a
}

// next waits for the next thing that the app says. What its framework writes about refusals goes to the test's log.
func (a *stockApp) next() map[string]any {
	a.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case e, ok := <-a.events:
			if !ok {
				a.t.Fatal("the app ended")
			}
			if e["error"] == nil {
				return e
			}
			a.t.Log(e["error"])
		case <-limit:
			a.t.Fatal("the app says nothing")
		}
	}
}

func (a *stockApp) get(path, token string) (int, map[string]any) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.url+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "JWT "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	var body map[string]any
	_ = json.Unmarshal(raw, &body) // refusals have none
	return resp.StatusCode, body
}

func TestStockConnectAppWorks(t *testing.T) {
	site := sandboxtest.Start(t)
	app := startStockApp(t, site)
	checks, failed := 0, 0
	check := func(name string, ok bool, format string, args ...any) {
		t.Helper()
		checks++
		if !ok {
			failed++
			t.Errorf(name+": "+format, args...)
		}
	}

	site.Install(app.url + "/atlassian-connect.json")
	installed, enabled := app.next(), app.next()
	client, _ := installed["client"].(string)
	check("installed", installed["event"] == "installed" && installed["baseUrl"] == site.URL, "%v", installed)
	check("enabled", enabled["event"] == "enabled" && enabled["client"] == client, "%v", enabled)

	mia := login(t, site, "mia")
	frame := mia("/sandbox/frame", `{"app":"judge-ace","module":"page"}`)
	u, err := url.Parse(fmt.Sprint(frame["url"]))
	if err != nil || !strings.HasPrefix(u.String(), app.url) {
		t.Fatalf("the frame leads to %v (%v)", frame["url"], err)
	}
	status, body := app.get(u.RequestURI(), "")
	check("page", status == 200 && body["user"] == "712020:5f3c1e0a-mia-admin" && body["client"] == client, "status %d: %v", status, body)
	status, _ = app.get(strings.Replace(u.RequestURI(), "xdm_e", "xdm_x", 1), "")
	check("page with another query", status == 401, "status %d, want 401", status)
	session, _ := body["token"].(string)

	status, body = app.get("/callback", session)
	check("callback", status == 200, "status %d: %v", status, body)
	want := map[string]float64{
		"myself": 200, "search": 200, "searchGet": 200, "set": 201, "get": 200, "list": 200, "del": 204, "gone": 404, "edit": 204, "missing": 404,
	}
	for name, code := range want {
		answer, _ := body[name].(map[string]any)
		check("callback "+name, answer["status"] == code, "%v, want status %v", answer, code)
	}

	// A site that knows webhooks has told of the edit.
	if slices.ContainsFunc(sandbox.Operations(), func(op openapi.Operation) bool { return op.ID == "registerDynamicWebhooks" }) {
		e := app.next()
		check("webhook", e["event"] == "jira:issue_updated" && e["issue"] == "OPS-1" && e["client"] == client, "%v", e)
	}

	// A context token, as the frame's bridge hands it out, is for the app's own interface.
	token := fmt.Sprint(mia("/sandbox/context-token", `{"app":"judge-ace","module":"panel","issue":"OPS-1"}`)["token"])
	status, body = app.get("/api", token)
	where, _ := body["context"].(map[string]any)
	check("context token", status == 200 && strings.Contains(fmt.Sprint(where["jira"]), "OPS-1"), "status %d: %v", status, body)
	status, _ = app.get("/page", token)
	check("context token on a page", status == 401, "status %d, want 401", status)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, site.URL+"/sandbox/apps/judge-ace", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	var got []string
	for range 2 {
		e := app.next()
		got = append(got, fmt.Sprint(e["event"]))
	}
	diff := cmp.Diff([]string{"disabled", "uninstalled"}, got)
	check("uninstall", diff == "", "(-want +got):\n%s", diff)

	figure(t, "ace_checks", checks)
	figure(t, "ace_deviations", failed)
}

// login returns how to post to the site in somebody's session.
func login(t *testing.T, site *sandboxtest.Site, as string) func(path, body string) map[string]any {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	send := func(method, path, body string) []byte {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, site.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v: %.300s", path, resp.StatusCode, err, raw)
		}
		return raw
	}
	send(http.MethodGet, "/login?as="+as, "")
	return func(path, body string) (out map[string]any) {
		t.Helper()
		if err := json.Unmarshal(send(http.MethodPost, path, body), &out); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return out
	}
}
