package web_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/web"
)

// Nothing that a browser adds by itself opens anything: there is nothing to steal or to forge with a page of another site.
func TestNoRouteSetsOrReadsACookie(t *testing.T) {
	h := start(t)
	for name, got := range h.everyKind() {
		if got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s sets a cookie", name)
		}
	}
	bare := strings.TrimPrefix(h.contextToken(admin, here), "JWT ")
	page := strings.TrimPrefix(h.bound("GET", "/connect/admin", admin), "JWT ")
	for _, name := range []string{"jwt", "token", "session", "Authorization", "access_token"} {
		for target, value := range map[string]string{panelAPI + "view/show": bare, enabledAPI: bare, "/connect/admin": page} {
			method := "POST"
			if target == "/connect/admin" {
				method = "GET"
			}
			r, err := http.NewRequest(method, h.url+target, strings.NewReader("{}"))
			check(t, err)
			r.AddCookie(&http.Cookie{Name: name, Value: value})
			if got := h.send(r); got.status != 401 {
				t.Errorf("%s with the cookie %s: status %d", target, name, got.status)
			}
		}
	}
	names, err := filepath.Glob("*.go")
	check(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(name)
		check(t, err)
		for _, use := range []string{".Cookies(", ".Cookie(", "HeaderCookie", "HeaderSetCookie", "CookieParser"} {
			if strings.Contains(string(raw), use) {
				t.Errorf("%s works with cookies: %s", name, use)
			}
		}
	}
}

// A page of another site that has a browser send a form, even with a token that it found somewhere, changes nothing.
func TestPagesOfOtherSitesChangeNothing(t *testing.T) {
	h := start(t)
	for _, tt := range []struct {
		name, fetchSite, origin string
		want                    int
	}{
		{"our own page", "same-origin", h.url, 200},
		{"an older browser", "", h.url, 200},
		{"a program", "", "", 200},
		{"another site", "cross-site", "https://evil.example", 403},
		{"another site that claims our origin", "cross-site", h.url, 403},
		{"a neighbour below the same domain", "same-site", "https://evil.example", 403},
		{"another site, in an older browser", "", "https://evil.example", 403},
		{"Jira's own page", "cross-site", "https://x.jira.example", 403},
		{"a page without an origin", "", "null", 403},
	} {
		r, err := http.NewRequest(http.MethodPost, h.url+enabledAPI, strings.NewReader(`{"enabled":true}`))
		check(t, err)
		r.Header.Set("Authorization", h.contextToken(admin, ""))
		for name, value := range map[string]string{"Sec-Fetch-Site": tt.fetchSite, "Origin": tt.origin} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if got := h.send(r); got.status != tt.want {
			t.Errorf("%s: status %d, want %d: %.200s", tt.name, got.status, tt.want, got.body)
		}
	}
	form, err := http.NewRequest(http.MethodPost, h.url+enabledAPI+"?jwt="+strings.TrimPrefix(h.contextToken(admin, ""), "JWT "), strings.NewReader("enabled=false"))
	check(t, err)
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := h.send(form); got.status != 401 {
		t.Errorf("a form with the token in its address: status %d", got.status)
	}
	link, err := http.NewRequest(http.MethodGet, h.url+"/q/"+h.tenant.Alias+".code", nil)
	check(t, err)
	link.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := h.send(link); got.status != 302 {
		t.Errorf("a short link that another page leads to: status %d", got.status)
	}
	if got := h.do("GET", "/metrics", "", "").body; !strings.Contains(got, "pergola_http_cross_site_total 6\n") {
		t.Error("the metrics do not count them")
	}
}

func TestBodiesAreAsLongAsTheirRouteNeeds(t *testing.T) {
	h := start(t, func(c *web.Config) { c.BodyLimit = 1 << 20 })
	for target, want := range map[string][3]int{ // statuses for 10, 40 and 70 KB
		"/connect/installed":          {401, 413, 413},
		"/connect/uninstalled":        {401, 413, 413},
		"/connect/enabled":            {401, 413, 413},
		"/connect/jql/acme.notes/all": {401, 401, 413},
		"/connect/event/nothing":      {401, 401, 401}, // as long as an issue
		"/forge/event":                {401, 401, 401},
		"/csp":                        {400, 413, 413},
		panelAPI + "view/show":        {401, 401, 401},
	} {
		for i, size := range []int{10 << 10, 40 << 10, 70 << 10} {
			if want[i] == 413 { // is said when the header is there; who goes on sending writes to a closed connection
				if got := h.raw(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", target, size)); got.status != 413 {
					t.Errorf("%s with %d KB: status %d, want 413", target, size>>10, got.status)
				}
				continue
			}
			r, err := http.NewRequest(http.MethodPost, h.url+target, strings.NewReader(strings.Repeat("x", size)))
			check(t, err)
			r.Header.Set("Content-Type", "application/json")
			got := h.send(r)
			if target == "/forge/event" && got.status == 501 {
				got.status = 401
			}
			if got.status != want[i] {
				t.Errorf("%s with %d KB: status %d, want %d", target, size>>10, got.status, want[i])
			}
		}
	}
}

func TestHeadersAreFewAndShort(t *testing.T) {
	h := start(t)
	head := "GET /healthz HTTP/1.1\r\nHost: a\r\n"
	if got := h.raw(head + strings.Repeat("A: b\r\n", 90) + "\r\n"); got.status != 200 {
		t.Errorf("90 headers: status %d", got.status)
	}
	if got := h.raw(head + strings.Repeat("A: b\r\n", 200) + "\r\n"); got.status != 431 {
		t.Errorf("200 headers: status %d", got.status)
	}
	if got := h.raw(head + "A: " + strings.Repeat("b", 20<<10) + "\r\n\r\n"); got.status != 431 {
		t.Errorf("a header of 20 KB: status %d", got.status)
	}
}

// Whoever sends a header drop by drop is cut off, at whatever drop; a body has longer.
func TestSlowHeadersAreCutOff(t *testing.T) {
	h := start(t, func(c *web.Config) { c.HeaderTimeout, c.ReadTimeout = 300*time.Millisecond, 30*time.Second })
	c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	check(t, err)
	defer c.Close()
	begun := time.Now()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_, _ = io.Copy(io.Discard, c)
	}()
	for drop := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case <-closed:
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it was let go on for %s", took)
			}
			drop.Stop()
		case <-drop.C:
			if _, err := io.WriteString(c, "G"); err != nil {
				continue
			}
			continue
		}
		break
	}
	body, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	check(t, err)
	defer body.Close()
	_, err = io.WriteString(body, "POST /csp HTTP/1.1\r\nHost: a\r\nContent-Type: application/csp-report\r\nContent-Length: 17\r\n\r\n")
	check(t, err)
	<-time.After(600 * time.Millisecond) // longer than a header may take
	_, err = io.WriteString(body, `{"csp-report":{}}`)
	check(t, err)
	res, err := http.ReadResponse(bufio.NewReader(body), nil)
	check(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Errorf("a body that takes longer than a header may: status %d", res.StatusCode)
	}
}

func TestPlainHTTPIsSentOnToTLS(t *testing.T) {
	h := start(t, func(c *web.Config) { c.BaseURL, c.TLS = "https://pergola.example/app", true })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	served := make(chan error, 1)
	go func() { served <- h.server.ServePlain(l) }()
	h.url = "http://" + l.Addr().String()
	for target, want := range map[string]string{
		"/app/connect/admin?jwt=x": "https://pergola.example/app/connect/admin?jwt=x",
		"//evil.example/x":         "https://pergola.example//evil.example/x",
		"/":                        "https://pergola.example/",
	} {
		if got := h.raw("GET " + target + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"); got.status != 308 || got.header.Get("Location") != want {
			t.Errorf("%s: status %d, Location %q, want %q", target, got.status, got.header.Get("Location"), want)
		}
	}
	for _, method := range []string{"POST", "GET"} {
		got := h.do(method, "/app/connect/installed", h.contextToken(user, ""), "{}")
		if got.status != 400 || got.header.Get("Location") != "" {
			t.Errorf("%s with a token: status %d, Location %q", method, got.status, got.header.Get("Location"))
		}
	}
	h.stop()
	check(t, <-served)
}

// Whoever speaks no TLS, or breaks off, is no failure of ours and fills no log.
func TestBrokenHandshakesAreQuiet(t *testing.T) {
	h := start(t, func(c *web.Config) { c.BaseURL, c.TLS = "https://pergola.example", true })
	pair := httptest.NewTLSServer(nil)
	pair.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	served := make(chan error, 1)
	go func() {
		served <- h.server.ServePlain(tls.NewListener(l, &tls.Config{Certificates: pair.TLS.Certificates, MinVersion: tls.VersionTLS12}))
	}()
	for range 5 {
		c, err := net.Dial("tcp", l.Addr().String())
		check(t, err)
		_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		check(t, err)
		_, _ = io.Copy(io.Discard, c)
		check(t, c.Close())
	}
	if c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{ServerName: "other.example"}); err == nil { // that it is refused is the point
		t.Error("a certificate for another name was taken")
		_ = c.Close()
	}
	h.stop()
	check(t, <-served)
	for line := range strings.Lines(h.log.text()) {
		if strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, `"status":400`) && !strings.Contains(line, `"level":"DEBUG"`) {
			t.Errorf("the log is told: %s", line)
		}
	}
}
