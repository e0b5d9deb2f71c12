package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
)

// operate sends a request of the developer at the keyboard.
func (s *testSite) operate(method, path, body string) answer {
	s.t.Helper()
	return send(s.t, http.DefaultClient, request(s.t, method, s.url+path, body))
}

func (s *testSite) mustOperate(method, path, body string, status int) answer {
	s.t.Helper()
	a := s.operate(method, path, body)
	if a.status != status {
		s.t.Fatalf("%s %s %s: status %d, want %d: %s", method, path, body, a.status, status, a.body)
	}
	return a
}

func TestAppsHavePointsAndPeopleDoNot(t *testing.T) {
	site, app := installedApp(t)
	site.mustOperate("PUT", "/sandbox/limits", `{"points": 30}`, 200)
	search := "/rest/api/3/search/jql?jql=project%3DOPS&maxResults=10"
	a := site.call(app, "GET", search, "") // 11 points
	if a.status != 200 || a.header.Get("X-RateLimit-NearLimit") != "" || a.header.Get("Beta-RateLimit-Policy") != `"global-app-quota";q=30;w=3600,"jira-burst-based";q=100;w=1` {
		t.Fatalf("status %d, headers %v", a.status, a.header)
	}
	site.call(app, "GET", search, "")
	a = site.call(app, "GET", search, "") // 33
	if a.status != 200 || a.header.Get("X-RateLimit-NearLimit") != "true" || !strings.HasPrefix(a.header.Get("Beta-RateLimit"), `"global-app-quota";r=0;t=3600,`) {
		t.Errorf("status %d, headers %v", a.status, a.header)
	}
	a = site.call(app, "GET", "/rest/api/3/field", "")
	if a.status != http.StatusTooManyRequests || a.header.Get("RateLimit-Reason") != "jira-quota-global-based" || a.header.Get("Retry-After") != "3600" ||
		a.header.Get("X-RateLimit-Reset") != "2026-11-20T10:00:00Z" || a.json(t)["errorMessages"] == nil {
		t.Errorf("status %d, headers %v: %s", a.status, a.header, a.body)
	}
	if a := site.login("mia").get(search); a.status != 200 || a.header.Get("Beta-RateLimit") != "" {
		t.Errorf("a person: status %d, headers %v", a.status, a.header)
	}
	usage := site.mustOperate("GET", "/sandbox/limits", "", 200).json(t)["usage"].([]any)[0].(object)
	want := object{
		"app": "example.app", "points": 33.0, "limit": 30.0, "remaining": 0.0, "calls": 3.0, "reset": "2026-11-20T10:00:00Z",
		"refused": object{"jira-quota-global-based": 1.0},
	}
	if d := cmp.Diff(want, usage); d != "" {
		t.Error(d)
	}
	site.clock.Advance(time.Hour)
	if a := site.call(app, "GET", search, ""); a.status != 200 {
		t.Errorf("in the next hour: %d", a.status)
	}
}

func TestOneIssueIsOneWhateverItIsCalled(t *testing.T) {
	site, app := installedApp(t)
	id := site.call(app, "GET", "/rest/api/3/issue/OPS-1", "").json(t)["id"].(string)
	for n := range 20 {
		name := []string{"OPS-1", id}[n%2]
		if a := site.call(app, "PUT", "/rest/api/3/issue/"+name+"/properties/p", "1"); a.status > 201 {
			t.Fatalf("write %d: status %d", n, a.status)
		}
	}
	a := site.call(app, "DELETE", "/rest/api/3/issue/"+id+"/properties/p", "")
	if a.status != 429 || a.header.Get("RateLimit-Reason") != "jira-per-issue-on-write" || a.header.Get("Retry-After") != "2" {
		t.Errorf("status %d, headers %v", a.status, a.header)
	}
	if a := site.call(app, "PUT", "/rest/api/3/issue/OPS-3/properties/p", "1"); a.status != 201 {
		t.Errorf("another issue: status %d", a.status)
	}
	site.clock.Advance(2 * time.Second)
	if a := site.call(app, "DELETE", "/rest/api/3/issue/OPS-1/properties/p", ""); a.status != 204 {
		t.Errorf("two seconds later: status %d", a.status)
	}
}

func TestLimitsCanBeSwitchedOffAndBroughtBack(t *testing.T) {
	site, app := installedApp(t)
	calls := func() (refused int) {
		for range 101 {
			if site.call(app, "GET", "/rest/api/3/field", "").status == 429 {
				refused++
			}
		}
		return refused
	}
	site.mustOperate("PUT", "/sandbox/limits", `{"off": true}`, 200)
	if n := calls(); n != 0 {
		t.Errorf("%d calls were refused without limits", n)
	}
	site.mustOperate("DELETE", "/sandbox/limits", "", 204)
	if n := calls(); n != 1 {
		t.Errorf("%d of 101 calls at once were refused", n)
	}
	for _, body := range []string{`{"of": true}`, `{"tier": "gold"}`, `[]`, `{} {}`} {
		site.mustOperate("PUT", "/sandbox/limits", body, 400)
	}
}

func TestLostAnswerLeavesTheWrite(t *testing.T) {
	site, app := installedApp(t)
	a := site.mustOperate("POST", "/sandbox/faults", `{"effect": "lose", "method": "PUT", "path": "/rest/api/3/issue/*/properties/*", "app": "example.app", "times": 1}`, 201)
	if rule := a.json(t); rule["id"] != "1" || rule["on"] != "rest" {
		t.Errorf("rule %v", rule)
	}
	_, secret := app.credentials()
	path := "/rest/api/3/issue/OPS-1/properties/p"
	token, err := auth.SignHS256(auth.Claims{
		Issuer: app.key, IssuedAt: site.clock.Now(), Expiry: site.clock.Now().Add(time.Minute), QSH: auth.QSH("PUT", site.url+path, ""),
	}, secret)
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, "PUT", site.url+path, `"kept"`)
	r.Header.Set("Authorization", "JWT "+token)
	if resp, err := http.DefaultClient.Do(r); err == nil {
		resp.Body.Close()
		t.Errorf("the answer %d arrived", resp.StatusCode)
	}
	if a := site.call(app, "GET", path, ""); a.status != 200 || a.json(t)["value"] != "kept" {
		t.Errorf("what was written is not there: %d %s", a.status, a.body)
	}
	entries := site.mustOperate("GET", "/sandbox/faults/log", "", 200).json(t)["entries"].([]any)
	if len(entries) != 1 || entries[0].(object)["did"] != "lost the answer 201 after all was done" || entries[0].(object)["target"].(object)["app"] != "example.app" {
		t.Errorf("log %v", entries)
	}
	if rules := site.mustOperate("GET", "/sandbox/faults", "", 200).json(t)["rules"].([]any); len(rules) != 0 {
		t.Errorf("rules that are over: %v", rules)
	}
}

func TestFaultsAreAddedAndEnded(t *testing.T) {
	site, app := installedApp(t)
	for _, body := range []string{`{"effect": "explode"}`, `{"efect": "lose"}`, `{`, `{"effect": "latency", "delay": "soon"}`} {
		site.mustOperate("POST", "/sandbox/faults", body, 400)
	}
	for range 3 {
		site.mustOperate("POST", "/sandbox/faults", `{"effect": "status", "status": 503}`, 201)
	}
	if a := site.call(app, "GET", "/rest/api/3/field", ""); a.status != 503 {
		t.Errorf("status %d", a.status)
	}
	site.mustOperate("DELETE", "/sandbox/faults/2", "", 204)
	site.mustOperate("DELETE", "/sandbox/faults/2", "", 404)
	site.mustOperate("DELETE", "/sandbox/faults", "", 204)
	if a := site.call(app, "GET", "/rest/api/3/field", ""); a.status != 200 {
		t.Errorf("status %d when all faults are over", a.status)
	}
}

func TestSkewedClockShowsInTokens(t *testing.T) {
	site, app := installedApp(t)
	site.mustOperate("POST", "/sandbox/faults", `{"effect": "skew", "skew": "-10m"}`, 201)
	site.clock.Advance(time.Minute)
	site.mustInstall(app)
	events := app.lifecycle()
	claims := events[len(events)-1].claims
	if got := int64(claims["iat"].(float64)) - site.clock.Now().Unix(); got != -600 {
		t.Errorf("the token's time is off by %d s, want -600", got)
	}
}

func TestOnlyAdminsControlTheSite(t *testing.T) {
	site := openSite(t)
	jonas := site.login("jonas")
	for _, path := range []string{"/sandbox/limits", "/sandbox/faults", "/sandbox/faults/log", "/sandbox/webhooks", "/sandbox/webhooks/log", "/admin/faults"} {
		if a := jonas.get(path); a.status != 403 {
			t.Errorf("GET %s: status %d", path, a.status)
		}
	}
	for _, path := range []string{"/admin/faults", "/admin/faults/all/remove", "/admin/limits"} {
		if a := jonas.post(path, url.Values{"preset": {"down"}}); a.status != 403 {
			t.Errorf("POST %s: status %d", path, a.status)
		}
	}
	if a := site.login("mia").get("/sandbox/faults"); a.status != 200 {
		t.Errorf("an admin: status %d", a.status)
	}
}

func TestControlPage(t *testing.T) {
	site, app := installedApp(t)
	mia := site.login("mia")
	a := mia.post("/admin/faults", url.Values{
		"effect": {"status"}, "status": {"429"}, "reason": {"jira-burst-based"}, "method": {"GET"}, "path": {"/rest/**"}, "app": {app.key}, "times": {"2"}, "probability": {"100"},
		"delay": {"2s"}, "event": {"left by another effect"}, "copies": {"1"}, "skew": {"10m"}, "at": {"before"}, // as a browser without scripts sends them
	})
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/admin/faults?done=added" {
		t.Fatalf("add: status %d: %s", a.status, a.body)
	}
	if a := site.call(app, "GET", "/rest/api/3/field", ""); a.status != 429 {
		t.Errorf("the fault is not in force: %d", a.status)
	}
	a = mia.get("/admin/faults?done=added")
	for _, want := range []string{
		"The fault is in force.", "answers 429 jira-burst-based", "REST GET /rest/** of example.app", "2 times",
		"answered 429 jira-burst-based, to be tried again in 1s", "GET /rest/api/3/field", `aria-label="End fault 1: answers 429 jira-burst-based"`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	a = mia.post("/admin/faults", url.Values{"effect": {"latency"}, "delay": {"soon"}, "path": {"/rest/x"}})
	if a.status != 422 || !strings.Contains(a.body, "Delay: &#34;soon&#34; is no duration; write one such as 1.5s.") || !strings.Contains(a.body, `value="/rest/x"`) {
		t.Errorf("a mistake: status %d", a.status)
	}
	for _, form := range []url.Values{
		{"effect": {"latency"}, "delay": {"1s"}, "times": {"x"}}, {"effect": {"latency"}, "delay": {"1s"}, "probability": {"0"}}, {"preset": {"x"}}, {},
	} {
		if a := mia.post("/admin/faults", form); a.status != 422 {
			t.Errorf("%v: status %d", form, a.status)
		}
	}
	for _, name := range []string{"lose", "busy", "points", "down", "slow", "twice", "late", "clock"} {
		if a := mia.post("/admin/faults", url.Values{"preset": {name}}); a.status != http.StatusSeeOther {
			t.Errorf("preset %s: status %d", name, a.status)
		}
	}
	if rules := site.mustOperate("GET", "/sandbox/faults", "", 200).json(t)["rules"].([]any); len(rules) != 9 {
		t.Errorf("%d rules", len(rules))
	}
	mia.post("/admin/faults/1/remove", nil)
	mia.post("/admin/faults/all/remove", nil)
	if rules := site.mustOperate("GET", "/sandbox/faults", "", 200).json(t)["rules"].([]any); len(rules) != 0 {
		t.Errorf("%d rules after all have ended", len(rules))
	}
}

func TestControlPageSetsLimits(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	settings := func() object {
		return site.mustOperate("GET", "/sandbox/limits", "", 200).json(t)["settings"].(object)
	}
	if a := mia.post("/admin/limits", url.Values{"on": {"yes"}, "tier": {"premium"}, "users": {"50"}, "points": {"700"}}); a.status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if s := settings(); s["off"] != false || s["tier"] != "premium" || s["users"] != 50.0 || s["points"] != 700.0 || s["rates"].(object)["PUT"] != 50.0 {
		t.Errorf("settings %v", s)
	}
	mia.post("/admin/limits", url.Values{"tier": {"premium"}})
	if s := settings(); s["off"] != true {
		t.Errorf("settings %v", s)
	}
	mia.post("/admin/limits", url.Values{"do": {"reset"}})
	if s := settings(); s["off"] != false || s["tier"] != "global" {
		t.Errorf("settings %v", s)
	}
	if a := mia.post("/admin/limits", url.Values{"tier": {"gold"}}); a.status != 422 || !strings.Contains(a.body, "Tier &#34;gold&#34;") {
		t.Errorf("a mistake: status %d", a.status)
	}
	if a := mia.get("/admin/apps"); !strings.Contains(a.body, fmt.Sprintf(`href="%s"`, "/admin/faults")) {
		t.Error("the admin area does not lead to the page")
	}
}
