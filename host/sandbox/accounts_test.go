package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const reportPath = "/rest/atlassian-connect/latest/report-accounts"

// reportOf is the body of a report of accounts that were all got at that moment.
func reportOf(at time.Time, accounts ...world.AccountID) string {
	var rows []string
	for _, a := range accounts {
		rows = append(rows, fmt.Sprintf(`{"accountId":%q,"updatedAt":%q}`, a, at.Format(time.RFC3339)))
	}
	return `{"accounts":[` + strings.Join(rows, ",") + `]}`
}

// control makes a call that only the sandbox has.
func (s *testSite) control(method, path, body string) answer {
	s.t.Helper()
	return send(s.t, http.DefaultClient, request(s.t, method, s.url+path, body))
}

func TestReportAnswersForClosedAndChangedAccounts(t *testing.T) {
	site, app := installedApp(t)
	everybody := func(at time.Time) string { return reportOf(at, world.Mia, world.Jonas, world.Ada, "nobody") }
	if a := site.call(app, "POST", reportPath, everybody(start)); a.status != http.StatusNoContent || a.body != "" || a.header.Get("Cycle-Period") != "7" {
		t.Errorf("nothing happened yet: status %d, cycle %q: %s", a.status, a.header.Get("Cycle-Period"), a.body)
	}
	site.clock.Advance(time.Hour)
	if a := site.control("POST", "/sandbox/users/jonas/rename", `{"name":"Jo Weber"}`); a.json(t)["displayName"] != "Jo Weber" {
		t.Fatalf("rename: status %d: %s", a.status, a.body)
	}
	if a := site.control("POST", "/sandbox/users/"+string(world.Ada)+"/close", ""); a.status != http.StatusOK {
		t.Fatalf("close: status %d: %s", a.status, a.body)
	}
	const closed, updated = `{"accountId":"` + string(world.Ada) + `","status":"closed"}`, `{"accountId":"` + string(world.Jonas) + `","status":"updated"}`
	for _, tt := range []struct {
		name string
		at   time.Time
		want string
	}{
		{"got before the change", start, updated + "," + closed},
		{"got anew", start.Add(time.Hour), closed},
	} {
		a := site.call(app, "POST", reportPath, everybody(tt.at))
		if a.status != http.StatusOK || strings.TrimSpace(a.body) != `{"accounts":[`+tt.want+`]}` {
			t.Errorf("%s: status %d: %s", tt.name, a.status, a.body)
		}
	}
}

func TestReportIsRefused(t *testing.T) {
	site, app := installedApp(t)
	many := make([]world.AccountID, 91)
	for i := range many {
		many[i] = world.AccountID(fmt.Sprint("account-", i))
	}
	for name, body := range map[string]string{
		"no JSON": `{"accounts"`, "no accounts": `{}`, "an empty list": `{"accounts":[]}`, "too many": reportOf(start, many...), "no id": reportOf(start, ""),
		"no time":      `{"accounts":[{"accountId":"a"}]}`,
		"another time": `{"accounts":[{"accountId":"a","updatedAt":"yesterday"}]}`,
		"a number":     `{"accounts":[{"accountId":"a","updatedAt":1790000000}]}`,
		"two values":   reportOf(start, "a") + "{}",
	} {
		a := site.call(app, "POST", reportPath, body)
		if m, _ := a.json(t)["message"].(string); a.status != http.StatusBadRequest || m == "" {
			t.Errorf("%s: status %d: %s", name, a.status, a.body)
		}
	}
	if a := site.call(app, "POST", reportPath, reportOf(start, many[:90]...)); a.status != http.StatusNoContent {
		t.Errorf("90 accounts: status %d: %s", a.status, a.body)
	}
	if a := site.control("POST", reportPath, reportOf(start, "a")); a.status != http.StatusUnauthorized {
		t.Errorf("nobody: status %d", a.status)
	}
	if a := site.login("mia").do("POST", reportPath, reportOf(start, "a")); a.status != http.StatusForbidden {
		t.Errorf("a person: status %d", a.status)
	}
	forged := func(c *auth.Claims) { c.QSH = auth.QSH("POST", "/rest/api/3/issue", "") }
	if a := site.callWith(app, "POST", reportPath, reportOf(start, "a"), forged); a.status != http.StatusUnauthorized {
		t.Errorf("a token for another call: status %d", a.status)
	}
}

func TestReportsAreKept(t *testing.T) {
	site, app := openSiteIn(t, t.TempDir(), &clock{now: start}), newApp(t)
	app.keyHost = site.url + "/install-keys"
	site.mustInstall(app)
	got := start.Add(-48 * time.Hour)
	site.call(app, "POST", reportPath, reportOf(start, world.Mia, "nobody"))
	site.clock.Advance(time.Hour)
	site.call(app, "POST", reportPath, reportOf(got, world.Mia))
	want := map[string]any{"cycleDays": 7.0, "apps": map[string]any{"example.app": map[string]any{
		string(world.Mia): map[string]any{"updatedAt": "2026-11-18T09:00:00Z", "at": "2026-11-20T10:00:00Z"},
		"nobody":          map[string]any{"updatedAt": "2026-11-20T09:00:00Z", "at": "2026-11-20T09:00:00Z"},
	}}}
	again := openSiteIn(t, site.dir, site.clock)
	for _, s := range []*testSite{site, again} {
		if d := cmp.Diff(want, s.control("GET", "/sandbox/reports", "").json(t)); d != "" {
			t.Error(d)
		}
	}
}

func TestReportCycleCanBeSet(t *testing.T) {
	site, app := installedApp(t)
	for _, body := range []string{``, `{}`, `{"cycleDays":0}`, `{"cycleDays":-1}`, `{"cycleDays":1000}`} {
		if a := site.control("PUT", "/sandbox/reports", body); a.status != http.StatusBadRequest {
			t.Errorf("%s: status %d", body, a.status)
		}
	}
	if a := site.control("PUT", "/sandbox/reports", `{"cycleDays":3}`); a.status != http.StatusNoContent {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if got := site.call(app, "POST", reportPath, reportOf(start, "a")).header.Get("Cycle-Period"); got != "3" {
		t.Errorf("Cycle-Period %q, want 3", got)
	}
}

func TestClosedAccountLeavesNothingPersonal(t *testing.T) {
	site, app := installedApp(t)
	jonas := site.login("jonas")
	site.control("POST", "/sandbox/users/jonas/close", "")
	got := site.call(app, "GET", "/rest/api/3/user?accountId="+string(world.Jonas), "").json(t)
	if got["displayName"] != "Former user" || got["active"] != false || got["emailAddress"] != nil || got["timeZone"] != nil {
		t.Errorf("user %v", got)
	}
	if a := jonas.get("/rest/api/3/myself"); a.status != http.StatusUnauthorized {
		t.Errorf("the session goes on: status %d", a.status)
	}
	for _, c := range []struct{ path, body string }{
		{"jonas/close", ""}, {string(world.Jonas) + "/close", ""}, {string(world.Jonas) + "/rename", `{"name":"Jonas"}`}, {"nobody/close", ""},
	} {
		if a := site.control("POST", "/sandbox/users/"+c.path, c.body); a.status != http.StatusNotFound {
			t.Errorf("%s: status %d", c.path, a.status)
		}
	}
}

func TestOnlyOperatorsChangeUsers(t *testing.T) {
	site := openSite(t)
	ada := site.login("ada")
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/sandbox/users/mia/rename", `{"name":"Mine"}`}, {"POST", "/sandbox/users/mia/close", ""},
		{"GET", "/sandbox/reports", ""}, {"PUT", "/sandbox/reports", `{"cycleDays":1}`},
	} {
		if a := ada.do(c.method, c.path, c.body); a.status != http.StatusForbidden {
			t.Errorf("%s %s: status %d", c.method, c.path, a.status)
		}
	}
	if a := site.login("mia").do("POST", "/sandbox/users/ada/rename", `{"name":" "}`); a.status != http.StatusBadRequest {
		t.Errorf("a name of nothing: status %d", a.status)
	}
}
