package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/push"
)

// source is a source of events that a test writes.
type source interface{ Emit(push.Event) }

// hookSite is a site with an app that has a webhook in its descriptor. Each request of it comes out of the channel.
func hookSite(t *testing.T, answer func(n int) int) (*testSite, *fakeApp, chan object) {
	t.Helper()
	site := openSite(t, func(c *sandbox.Config) { c.Backoff = func(int) time.Duration { return time.Microsecond } })
	app := newApp(t, func(d object) {
		d["modules"].(object)["webhooks"] = []object{{"event": "jira:issue_updated", "url": "/static-hook?from=module", "filter": "project = OPS"}}
	})
	app.keyHost = site.url + "/install-keys"
	arrived := make(chan object, 100)
	n := 0
	serve := func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body object
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Error(err)
		}
		clientKey, _ := app.credentials()
		_, claims, err := app.verify(strings.TrimPrefix(r.Header.Get("Authorization"), "JWT "), body)
		if err != nil || claims["qsh"] != auth.QSH(r.Method, r.RequestURI, "") || claims["iss"] != clientKey {
			t.Errorf("signature of %s: %v, claims %v", r.RequestURI, err, claims)
		}
		n++
		w.WriteHeader(answer(n))
		arrived <- object{"path": r.URL.Path, "id": r.Header.Get("X-Atlassian-Webhook-Identifier"), "retry": r.Header.Get("X-Atlassian-Webhook-Retry"), "body": body}
	}
	app.serve["/static-hook"], app.serve["/dynamic"] = serve, serve
	site.mustInstall(app)
	return site, app, arrived
}

func fine(int) int { return http.StatusNoContent }

func TestWebhooksOfModules(t *testing.T) {
	site, _, arrived := hookSite(t, fine)
	var from source = site.Site
	issue := object{"key": "OPS-1"}
	from.Emit(push.Event{Name: "jira:issue_updated", Time: start, IssueID: site.issueID("HR-1"), Body: object{}}) // not of the filter's project
	from.Emit(push.Event{Name: "jira:issue_created", Time: start, IssueID: site.issueID("OPS-1"), Body: object{}})
	from.Emit(push.Event{Name: "jira:issue_updated", Time: start, IssueID: site.issueID("OPS-1"), Body: object{"issue": issue}})
	got := <-arrived
	want := object{"timestamp": float64(start.UnixMilli()), "webhookEvent": "jira:issue_updated", "issue": issue}
	if d := cmp.Diff(want, got["body"]); d != "" || got["path"] != "/static-hook" || got["id"] == "" {
		t.Errorf("%v %s", got, d)
	}
	site.Settle()
	if n := len(arrived); n != 0 {
		t.Errorf("%d more webhooks", n)
	}
	log := site.mustOperate("GET", "/sandbox/webhooks/log", "", 200).json(t)
	if a := log["attempts"].([]any); len(a) != 1 || a[0].(object)["outcome"] != "delivered" || a[0].(object)["status"] != 204.0 || log["waiting"] != 0.0 {
		t.Errorf("log %v", log)
	}
}

// issueID is the id behind a key.
func (s *testSite) issueID(key string) string {
	s.t.Helper()
	return s.login("mia").get("/rest/api/3/issue/" + key).json(s.t)["id"].(string)
}

func TestWebhooksThatAppsRegister(t *testing.T) {
	site, app, arrived := hookSite(t, fine)
	body := fmt.Sprintf(`{"url": "%s/dynamic", "webhooks": [{"events": ["issue_property_set"], "jqlFilter": "project = OPS", "issuePropertyKeysFilter": ["asset"]}]}`, app.url)
	if a := site.call(app, "POST", "/rest/api/3/webhook", body); a.status != 200 || !strings.Contains(a.body, `"createdWebhookId":1`) {
		t.Fatalf("register: %d %s", a.status, a.body)
	}
	emit := func(property, issue string) {
		site.mustOperate("POST", "/sandbox/webhooks/events", fmt.Sprintf(`{"event": "issue_property_set", "issue": "%s", "property": "%s"}`, issue, property), 202)
	}
	emit("else", "OPS-1")
	emit("asset", "HR-1")
	emit("asset", "OPS-1")
	got := <-arrived
	in := got["body"].(object)
	if got["path"] != "/dynamic" || in["property"].(object)["key"] != "asset" || in["issue"].(object)["key"] != "OPS-1" || compact(t, in["matchedWebhookIds"]) != "[1]" {
		t.Errorf("got %v", got)
	}
	list := site.call(app, "GET", "/rest/api/3/webhook", "").json(t)["values"].([]any)
	if len(list) != 1 || list[0].(object)["expirationDate"] != float64(start.Add(30*24*time.Hour).UnixMilli()) {
		t.Errorf("list %v", list)
	}
	if n := len(site.mustOperate("GET", "/sandbox/webhooks", "", 200).json(t)["webhooks"].([]any)); n != 2 {
		t.Errorf("%d webhooks, want the module's and the registered one", n)
	}
	site.clock.Advance(29 * 24 * time.Hour)
	if a := site.call(app, "PUT", "/rest/api/3/webhook/refresh", `{"webhookIds": [1]}`); a.json(t)["expirationDate"] != float64(site.clock.Now().Add(30*24*time.Hour).UnixMilli()) {
		t.Errorf("refresh: %d %s", a.status, a.body)
	}
	site.clock.Advance(29 * 24 * time.Hour)
	emit("asset", "OPS-1")
	<-arrived
	site.clock.Advance(24 * time.Hour)
	emit("asset", "OPS-1")
	site.Settle()
	if n := len(arrived); n != 0 {
		t.Error("an expired webhook was sent")
	}
}

func TestWebhooksThatFailAreListed(t *testing.T) {
	site, app, arrived := hookSite(t, func(int) int { return http.StatusServiceUnavailable })
	site.mustOperate("POST", "/sandbox/webhooks/events", `{"event": "jira:issue_updated", "issue": "OPS-1", "fields": ["summary"]}`, 202)
	var last object
	for n := range 6 {
		got := <-arrived
		if want := []string{"", "1", "2", "3", "4", "5"}[n]; got["retry"] != want || last != nil && got["id"] != last["id"] {
			t.Errorf("attempt %d: retry %q, identifier %v", n, got["retry"], got["id"])
		}
		last = got
	}
	site.Settle()
	page := site.call(app, "GET", "/rest/api/3/webhook/failed", "").json(t)
	values := page["values"].([]any)
	if len(values) != 1 || values[0].(object)["id"] != last["id"] || values[0].(object)["url"] != app.url+"/static-hook?from=module" || !strings.Contains(values[0].(object)["body"].(string), "OPS-1") {
		t.Fatalf("failed %v", page)
	}
	next := strings.TrimPrefix(page["next"].(string), site.url)
	if more := site.call(app, "GET", next, "").json(t); len(more["values"].([]any)) != 0 {
		t.Errorf("after the last one: %v", more)
	}
}

func TestWebhooksMeetFaults(t *testing.T) {
	site, _, arrived := hookSite(t, fine)
	site.mustOperate("POST", "/sandbox/faults", `{"effect": "duplicate", "event": "jira:*"}`, 201)
	site.mustOperate("POST", "/sandbox/webhooks/events", `{"event": "jira:issue_updated", "issue": "OPS-1"}`, 202)
	if one, two := <-arrived, <-arrived; one["id"] != two["id"] {
		t.Errorf("a copy has another identifier: %v, %v", one["id"], two["id"])
	}
	if entries := site.mustOperate("GET", "/sandbox/faults/log", "", 200).json(t)["entries"].([]any); len(entries) != 1 || entries[0].(object)["did"] != "sent it 2 times" {
		t.Errorf("log %v", entries)
	}
}

func TestAppsThatLeaveHearNothing(t *testing.T) {
	site, app, arrived := hookSite(t, fine)
	body := fmt.Sprintf(`{"url": "%s/dynamic", "webhooks": [{"events": ["jira:issue_updated"], "jqlFilter": ""}]}`, app.url)
	site.call(app, "POST", "/rest/api/3/webhook", body)
	site.mustOperate("DELETE", "/sandbox/apps/"+app.key, "", 204)
	event := `{"event": "jira:issue_updated", "issue": "OPS-1"}`
	site.mustOperate("POST", "/sandbox/webhooks/events", event, 202)
	site.clock.Advance(time.Minute)
	site.mustInstall(app)
	site.mustOperate("POST", "/sandbox/webhooks/events", event, 202)
	site.Settle()
	if n := len(arrived); n != 1 {
		t.Errorf("%d webhooks; want the module's after the app came back, and none that it registered before", n)
	}
}

func TestEventsByHandAreChecked(t *testing.T) {
	site := openSite(t)
	for body, status := range map[string]int{`{}`: 400, `{"event": "x", "isue": "OPS-1"}`: 400, `{"event": "x", "issue": "NOPE-1"}`: 404, `{"event": "x"}`: 202} {
		site.mustOperate("POST", "/sandbox/webhooks/events", body, status)
	}
}

func TestWebhooksBelongToApps(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	for _, path := range []string{"/rest/api/3/webhook", "/rest/api/3/webhook/failed"} {
		if a := mia.get(path); a.status != 403 {
			t.Errorf("%s: status %d", path, a.status)
		}
	}
	for _, bad := range []object{{"event": "jira:issue_updated"}, {"url": "/x"}} {
		app := newApp(t, func(d object) { d["modules"].(object)["webhooks"] = []object{bad} })
		app.keyHost = site.url + "/install-keys"
		if a := site.install(app); a.status != 422 || !strings.Contains(a.body, "modules.webhooks[0]") {
			t.Errorf("%v: status %d: %s", bad, a.status, a.body)
		}
	}
}
