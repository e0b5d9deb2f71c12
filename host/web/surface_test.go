package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/web"
)

// everyKind asks for one of every kind of answer.
func (h *host) everyKind() map[string]answer {
	h.t.Helper()
	h.setFile("image/svg+xml", "a.svg")
	return map[string]answer{
		"home":            h.do("GET", "/", "", ""),
		"descriptor":      h.do("GET", "/atlassian-connect.json", "", ""),
		"health":          h.do("GET", "/healthz", "", ""),
		"ready":           h.do("GET", "/readyz", "", ""),
		"metrics":         h.do("GET", "/metrics", "", ""),
		"static":          h.do("GET", "/static/app.css", "", ""),
		"no static":       h.do("GET", "/static/nothing.js", "", ""),
		"no page":         h.do("GET", "/nothing", "", ""),
		"no method":       h.do("DELETE", "/", "", ""),
		"options":         h.do("OPTIONS", "/connect/admin", "", ""),
		"head":            h.do("HEAD", "/connect/admin", "", ""),
		"link":            h.do("GET", "/q/"+h.tenant.Alias+".code", "", ""),
		"no link":         h.do("GET", "/q/x", "", ""),
		"panel":           h.page(panelPage, user),
		"page":            h.page("/connect/module/acme.notes/open", user),
		"no token":        h.do("GET", panelPage, "", ""),
		"admin":           h.page("/connect/admin", admin),
		"no admin":        h.page("/connect/admin", user),
		"stored":          h.page("/connect/stored", admin),
		"sync":            h.page("/connect/sync", admin),
		"stored, saved":   h.call("/api/admin/stored", admin, "", "{}"),
		"fragment":        h.call(panelAPI+"view/show", user, here, "{}"),
		"file":            h.call(panelAPI+"file/save", user, here, "{}"),
		"failed action":   h.call(panelAPI+"action/fail", user, here, "{}"),
		"refused call":    h.do("POST", panelAPI+"view/show", "", "{}"),
		"settings":        h.do("GET", settingsAPI, h.contextToken(admin, ""), ""),
		"wrong settings":  h.call(settingsAPI, admin, "", `{"form":{"size":["3"]}}`),
		"card":            h.call(enabledAPI, admin, "", `{"enabled":true}`),
		"event":           h.do("POST", "/connect/enabled", h.bound("POST", "/connect/enabled", ""), "{}"),
		"refused event":   h.do("POST", "/connect/enabled", "", "{}"),
		"too large":       h.do("POST", "/connect/enabled", "", strings.Repeat("x", maxBody+1)),
		"too long":        h.raw("GET /" + strings.Repeat("x", 20<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n"),
		"no HTTP":         h.raw("nonsense\r\n\r\n"),
		"broken encoding": h.raw("GET /q/%zz%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
	}
}

// raw sends bytes as they are.
func (h *host) raw(request string) answer {
	h.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	check(h.t, err)
	defer c.Close()
	_, err = io.WriteString(c, request)
	check(h.t, err)
	check(h.t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	check(h.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(h.t, err)
	return answer{res.StatusCode, res.Header, string(body)}
}

var (
	inline    = regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)
	requestNo = regexp.MustCompile(`^[a-z2-7]{26}$`)
)

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	h := start(t)
	wantStatus := map[string]int{
		"no static": 404, "no page": 404, "no method": 405, "options": 405, "head": 401, "link": 302, "no link": 404, "no token": 401,
		"no admin": 403, "failed action": 500, "refused call": 401, "wrong settings": 422, "event": 204, "refused event": 401,
		"too large": 413, "too long": 431, "no HTTP": 400, "broken encoding": 404,
	}
	cached := map[string]bool{"static": true}
	ids := map[string]string{}
	for name, got := range h.everyKind() {
		want := wantStatus[name]
		if want == 0 {
			want = 200
		}
		if got.status != want {
			t.Errorf("%s: status %d, want %d: %.300s", name, got.status, want, got.body)
		}
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self' https://bridge.example; style-src 'self' https://bridge.example; " +
				"img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self' https://*.jira.example; report-uri " + h.url + "/csp; report-to csp",
			"Reporting-Endpoints":               `csp="` + h.url + `/csp"`,
			"X-Content-Type-Options":            "nosniff",
			"Referrer-Policy":                   "no-referrer",
			"Cross-Origin-Opener-Policy":        "same-origin",
			"X-Permitted-Cross-Domain-Policies": "none",
			"X-Frame-Options":                   "", // Jira shows our pages in frames, and no list of sites can be written there
			"Set-Cookie":                        "",
		} {
			if got.header.Get(header) != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got.header.Get(header), want)
			}
		}
		if policy := got.header.Get("Permissions-Policy"); !strings.Contains(policy, "camera=()") || !strings.Contains(policy, "microphone=()") {
			t.Errorf("%s: Permissions-Policy is %q", name, policy)
		}
		if noStore := got.header.Get("Cache-Control") == "no-store"; noStore == cached[name] {
			t.Errorf("%s: Cache-Control is %q", name, got.header.Get("Cache-Control"))
		}
		if s := got.header.Get("Server"); s != "" {
			t.Errorf("%s: Server is %q", name, s)
		}
		id := got.header.Get("X-Request-Id")
		if !requestNo.MatchString(id) || ids[id] != "" {
			t.Errorf("%s: request id %q, also of %q", name, id, ids[id])
		}
		ids[id] = name
		if !strings.Contains(h.log.text(), `"id":"`+id+`"`) {
			t.Errorf("%s: the log has no request %s", name, id)
		}
		if got.status >= 400 && got.status != 422 && name != "head" && !strings.Contains(got.body, id) {
			t.Errorf("%s: the answer does not name its request: %.300s", name, got.body)
		}
		if html := strings.HasPrefix(got.header.Get("Content-Type"), "text/html"); html && inline.MatchString(got.body) {
			t.Errorf("%s holds inline script or style: %q", name, inline.FindString(got.body))
		}
	}
}

func TestWrongMethodsNameTheRightOnes(t *testing.T) {
	h := start(t)
	for target, want := range map[string]string{"/connect/installed": "POST", "/connect/admin": "GET, HEAD", settingsAPI: "GET, HEAD, POST"} {
		got := h.do("PUT", target, "", "")
		if got.status != 405 || got.header.Get("Allow") != want {
			t.Errorf("PUT %s: status %d, Allow %q, want 405 and %q", target, got.status, got.header.Get("Allow"), want)
		}
	}
	for _, target := range []string{"/CONNECT/admin", "/connect/admin/", "//connect/admin", "/connect/./admin", "/nothing/at/all"} {
		if got := h.do("GET", target, "", ""); got.status != 404 {
			t.Errorf("GET %s: status %d, want 404", target, got.status)
		}
	}
	if got := h.do("HEAD", "/", "", ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD /: status %d, body %q", got.status, got.body)
	}
}

// Whatever is in an address, a token, a body or an issue stays out of the log.
func TestLogHoldsNoContent(t *testing.T) {
	h := start(t)
	h.everyKind()
	h.do("GET", "/connect/module/acme.notes/panel?issue="+here+"&summary=Payroll&jwt=sneaky.token.here", "", "")
	h.do("GET", "/Payroll/Payroll?Payroll", "JWT Payroll", "")
	h.call("/api/plugin/Payroll/Payroll/Payroll/Payroll", user, here, `{"params":{"a":"Payroll"}}`)
	h.call(panelAPI+"action/Payroll", user, here, `{"params":{"a":"Payroll"},"form":{"a":["Payroll"]},"state":"UGF5cm9sbA=="}`)
	h.do("POST", "/connect/installed", h.install("POST", "/connect/installed"), strings.Replace(h.installation("installed"), "/rest", "Payroll", 1))
	h.site.setDown(true)
	h.call(enabledAPI, admin, "", `{"enabled":false}`)
	log := h.log.text()
	for _, never := range []string{"Payroll", "sneaky", "eyJ", "issue=", here, "OPS-7", "jwt=", secret, h.tenant.Alias + ".code", h.site.URL} {
		if i := strings.Index(log, never); i >= 0 {
			t.Errorf("the log holds %q: …%s…", never, log[max(0, i-200):min(len(log), i+100)])
		}
	}
	if !strings.Contains(log, `"route":"/connect/module/:plugin/:module"`) || !strings.Contains(log, `"route":"none"`) {
		t.Error("the log does not name routes by their patterns")
	}
	if !strings.Contains(log, `"reason":"token_malformed"`) {
		t.Error("the log does not say why a token was refused")
	}
}

func TestPanicIsAPageWithoutAStack(t *testing.T) {
	words := any(fmt.Errorf("summary Payroll"))
	h := start(t, func(c *web.Config) { c.Ready = func(context.Context) map[string]error { panic(words) } })
	got := h.do("GET", "/readyz", "", "")
	if got.status != 500 || !strings.Contains(got.body, "Something is broken on our side") || !strings.Contains(got.body, got.header.Get("X-Request-Id")) {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if strings.Contains(got.body, "Payroll") || strings.Contains(got.body, "goroutine") || strings.Contains(got.body, ".go:") {
		t.Errorf("the page tells too much: %s", got.body)
	}
	if log := h.log.text(); strings.Contains(log, "Payroll") || !strings.Contains(log, "surface_test.go:") {
		t.Errorf("the log should hold the stack and not the words: %s", log)
	}
	if got := h.do("GET", "/healthz", "", ""); got.status != 200 {
		t.Errorf("the next request: status %d", got.status)
	}
}

func TestReadiness(t *testing.T) {
	h := start(t, func(c *web.Config) {
		c.Ready = func(context.Context) map[string]error {
			return map[string]error{"store": errors.New("open /var/lib/pergola/db: disk full"), "other": nil}
		}
	})
	got := h.do("GET", "/readyz", "", "")
	if diff := cmp.Diff(`{"parts":{"other":"ok","store":"failed"}}`, got.body); got.status != 503 || diff != "" {
		t.Errorf("status %d (-want +got):\n%s", got.status, diff)
	}
	if !strings.Contains(h.log.text(), "disk full") {
		t.Error("the log does not hold the reason")
	}
	if got := start(t).do("GET", "/readyz", "", ""); got.status != 200 || got.body != `{"parts":{"store":"ok"}}` {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

func TestWhoReadsTheMetrics(t *testing.T) {
	public := func(c *web.Config) { c.BaseURL = "https://pergola.example" }
	token := func(c *web.Config) { c.MetricsToken = "s3cret" }
	for _, tt := range []struct {
		name    string
		options []option
		header  string
		want    int
	}{
		{"this machine, in development", nil, "", 200},
		{"through a proxy on this machine", []option{public}, "", 403},
		{"no token", []option{public, token}, "", 401},
		{"wrong token", []option{public, token}, "Bearer s3cre", 401},
		{"another scheme", []option{public, token}, "Basic s3cret", 401},
		{"right token", []option{public, token}, "Bearer s3cret", 200},
		{"no token, in development", []option{token}, "", 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, tt.options...)
			r, err := http.NewRequest(http.MethodGet, h.url+"/metrics", nil)
			check(t, err)
			r.Header.Set("Authorization", tt.header)
			r.Header.Set("X-Forwarded-For", "127.0.0.1")
			r.Header.Set("X-Real-Ip", "127.0.0.1")
			if got := h.send(r); got.status != tt.want || strings.Contains(got.body, "pergola_build_info") != (tt.want == 200) {
				t.Errorf("status %d, want %d: %.200s", got.status, tt.want, got.body)
			}
		})
	}
}

func TestMetricsNameRoutesByPattern(t *testing.T) {
	h := start(t)
	h.everyKind()
	h.do("GET", "/Payroll", "", "")
	got := h.do("GET", "/metrics", "", "").body
	for _, want := range []string{
		`pergola_http_request_seconds_count{method="GET",route="/connect/module/:plugin/:module",status="200"} 2`,
		`pergola_http_request_seconds_count{method="POST",route="/api/plugin/:plugin/:module/:kind/:name",status="500"} 1`,
		`pergola_http_request_seconds_count{method="GET",route="/q/:code",status="302"} 1`,
		`pergola_http_request_seconds_count{method="DELETE",route="/",status="405"} 1`,
		`pergola_http_request_seconds_count{method="POST",route="none",status="413"} 1`,
		`pergola_plugin_call_seconds_count{code="",op="view",plugin="acme.notes"} 3`,
		`pergola_plugin_call_seconds_count{code="internal",op="action",plugin="acme.notes"} 1`,
		`pergola_host_calls_total{code="",op="settings.load",plugin="acme.notes"} 3`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	for _, never := range []string{"Payroll", here, user, admin, h.tenant.Alias} {
		if strings.Contains(got, never) {
			t.Errorf("the metrics hold %q", never)
		}
	}
}

func TestStaticFilesAreKept(t *testing.T) {
	h := start(t)
	plain := h.do("GET", "/static/app.js", "", "")
	etag := plain.header.Get("Etag")
	if plain.status != 200 || plain.header.Get("Cache-Control") != "public, max-age=3600" || !strings.HasPrefix(plain.header.Get("Content-Type"), "text/javascript") || etag == "" {
		t.Errorf("status %d: %v", plain.status, plain.header)
	}
	version := strings.Trim(etag, `"`)
	if got := h.do("GET", "/static/app.js?v="+version, "", ""); !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
		t.Errorf("under its version: %v", got.header)
	}
	if got := h.do("GET", "/static/app.js?v=other", "", ""); strings.Contains(got.header.Get("Cache-Control"), "immutable") {
		t.Errorf("under another version: %v", got.header)
	}
	for header, want := range map[string]int{etag: 304, `W/` + etag: 304, `"x", ` + etag: 304, `"x"`: 200} {
		r, err := http.NewRequest(http.MethodGet, h.url+"/static/app.js", nil)
		check(t, err)
		r.Header.Set("If-None-Match", header)
		if got := h.send(r); got.status != want {
			t.Errorf("If-None-Match %s: status %d, want %d", header, got.status, want)
		}
	}
	for _, target := range []string{"/static/", "/static/../server.go", "/static/%2e%2e/server.go", "/static//app.js"} {
		if got := h.do("GET", target, "", ""); got.status != 404 {
			t.Errorf("%s: status %d, want 404", target, got.status)
		}
	}
}

func TestHTTPSIsRemembered(t *testing.T) {
	h := start(t, func(c *web.Config) { c.BaseURL = "https://pergola.example" })
	if got := h.do("GET", "/", "", "").header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("got %q", got)
	}
	if got := start(t).do("GET", "/", "", "").header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("over http: got %q", got)
	}
}

func TestServerNeedsABridge(t *testing.T) {
	for _, bad := range []string{"", "all.js", "://", "https://"} {
		if _, err := web.New(web.Config{BridgeURL: bad}); err == nil || !strings.Contains(err.Error(), "bridge") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
