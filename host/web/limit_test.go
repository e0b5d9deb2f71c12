package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/web"
)

// behindProxy lets tests come from whatever address they say.
func behindProxy(r web.Rates) option {
	return func(c *web.Config) {
		c.Rates, c.TrustedProxies, c.ProxyHeader = r, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "X-Forwarded-For"
	}
}

// from asks as a client with an address.
func (h *host) from(address, method, target, authorization string) answer {
	h.t.Helper()
	r, err := http.NewRequest(method, h.url+target, strings.NewReader("{}"))
	check(h.t, err)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	for line := range strings.SplitSeq(address, "|") {
		r.Header.Add("X-Forwarded-For", line)
	}
	r.Header.Set("Content-Type", "application/json")
	return h.send(r)
}

func TestFloodFromOneAddressLeavesOthersServed(t *testing.T) {
	h := start(t, behindProxy(web.Rates{Address: 20, Static: 20, Health: 20, Tenant: 1000, Events: 1000}))
	flood := func(address string) (served int, last answer) {
		for range 50 {
			last = h.from(address, "GET", "/nothing", "")
			if last.status != 429 {
				served++
			}
		}
		return served, last
	}
	served, last := flood("192.0.2.1")
	if served < 10 || served > 12 {
		t.Errorf("%d of 50 were served, want the 10 of its burst", served)
	}
	if last.header.Get("Retry-After") == "" || !strings.Contains(last.body, "Too many requests came from this address") || !strings.Contains(last.body, "try again") {
		t.Errorf("Retry-After %q: %s", last.header.Get("Retry-After"), last.body)
	}
	api := h.from("192.0.2.1", "POST", panelAPI+"view/show", "JWT x")
	if api.status != 429 || !strings.Contains(api.body, `"code":"exhausted"`) || api.header.Get("Content-Security-Policy") == "" {
		t.Errorf("a call: status %d: %s", api.status, api.body)
	}
	if problem := h.from("192.0.2.1", "GET", "/api/v1/me", "Bearer x"); problem.status != 429 || problem.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a program: status %d, %s", problem.status, problem.header.Get("Content-Type"))
	}
	if got := h.from("192.0.2.2", "GET", "/nothing", ""); got.status != 404 {
		t.Errorf("another address: status %d", got.status)
	}
	for _, other := range []string{"/healthz", "/static/app.css", "/atlassian-connect.json"} { // counted apart
		if got := h.from("192.0.2.1", "GET", other, ""); got.status != 200 {
			t.Errorf("%s from the address of the flood: status %d", other, got.status)
		}
	}
	flood("2001:db8:1:1::1")
	if got := h.from("2001:db8:1:1:ffff::2", "GET", "/nothing", ""); got.status != 429 {
		t.Errorf("another address of the same network of 64 bits: status %d", got.status)
	}
	if got := h.from("2001:db8:1:2::1", "GET", "/nothing", ""); got.status != 404 {
		t.Errorf("another network: status %d", got.status)
	}
	metrics := h.from("192.0.2.9", "GET", "/metrics", "").body
	if !strings.Contains(metrics, `pergola_http_limited_total{by="address",group="pages"} `) {
		t.Error("the metrics do not count what was refused")
	}
	log := h.log.text()
	if n := strings.Count(log, `"msg":"requests are refused because they come too often`); n != 1 {
		t.Errorf("the log was told %d times, want once", n)
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"status":429`) && !strings.Contains(line, `"level":"DEBUG"`) {
			t.Fatalf("a flood of requests is a flood of the log: %s", line)
		}
	}
	if strings.Contains(log, "192.0.2.1") || strings.Contains(log, "2001:db8") {
		t.Error("the log holds an address of a client")
	}
}

func TestWhatCarriesAValidTokenCountsForItsSiteAlone(t *testing.T) {
	h := start(t, behindProxy(web.Rates{Address: 10, Tenant: 60, Events: 1000}))
	_, err := h.tenants.Install(t.Context(), tenant.Installation{ClientKey: "site-two", SharedSecret: seal.NewSecret(secret), BaseURL: "https://two.example"})
	check(t, err)
	page := func(key string) answer {
		c := h.claims(user)
		c.Issuer, c.QSH = key, auth.QSH("GET", panelPage, "")
		return h.from("192.0.2.1", "GET", panelPage, h.hs256(c))
	}
	var last answer
	served := 0
	for range 40 { // people of a company with one address, more than an address may ask without a token
		if last = page(clientKey); last.status == 200 {
			served++
		}
	}
	if served < 30 || served > 32 {
		t.Errorf("%d pages of 40 were served, want the 30 of the site's burst", served)
	}
	if last.status != 429 || last.header.Get("Retry-After") == "" || !strings.Contains(last.body, "This Jira site asks too often") {
		t.Errorf("beyond it: status %d, Retry-After %q: %.300s", last.status, last.header.Get("Retry-After"), last.body)
	}
	if got := page("site-two"); got.status != 200 {
		t.Errorf("another site, from the same address: status %d: %.300s", got.status, got.body)
	}
	if got := h.from("192.0.2.1", "GET", "/nothing", ""); got.status != 404 {
		t.Errorf("the address itself: status %d", got.status)
	}
	event := h.bound("POST", "/connect/event/nothing", "")
	if got := h.from("192.0.2.1", "POST", "/connect/event/nothing", event); got.status != 404 {
		t.Errorf("a webhook of the site that asks too often: status %d, want that of an event without listeners", got.status)
	}
	if log := h.do("GET", "/metrics", "", "").body; !strings.Contains(log, `pergola_http_limited_total{by="tenant",group="pages"} `) {
		t.Error("the metrics do not count what was refused")
	}
}

// Installations and webhooks come from few addresses, which others can use too. A flood of wrong tokens from there does not keep them out.
func TestAtlassiansCallsPassAFloodFromTheirAddress(t *testing.T) {
	h := start(t, behindProxy(web.Rates{Address: 20, Tenant: 1000, Events: 1000}))
	for range 60 {
		h.from("192.0.2.1", "POST", "/connect/event/nothing", "JWT nonsense")
	}
	if got := h.from("192.0.2.1", "GET", panelPage, h.bound("GET", panelPage, user)); got.status != 429 {
		t.Errorf("a page from there: status %d", got.status)
	}
	for target, want := range map[string]int{"/connect/enabled": 204, "/connect/event/nothing": 404} {
		if got := h.from("192.0.2.1", "POST", target, h.bound("POST", target, "")); got.status != want {
			t.Errorf("%s: status %d, want %d: %s", target, got.status, want, got.body)
		}
	}
	r, err := http.NewRequest(http.MethodPost, h.url+"/connect/installed", strings.NewReader(h.installation("installed")))
	check(t, err)
	r.Header.Set("Authorization", h.install("POST", "/connect/installed"))
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	if got := h.send(r); got.status != 204 {
		t.Errorf("an installation: status %d: %s", got.status, got.body)
	}
	last := answer{}
	for range 400 { // there is an end to what is verified for addresses that send nonsense
		last = h.from("192.0.2.1", "POST", "/connect/event/nothing", "JWT nonsense")
	}
	if last.status != 429 || last.header.Get("Retry-After") == "" {
		t.Errorf("in the end: status %d", last.status)
	}
	if got := h.from("192.0.2.2", "POST", "/connect/enabled", h.bound("POST", "/connect/enabled", "")); got.status != 204 {
		t.Errorf("from another address: status %d", got.status)
	}
}

func TestWrongTokensCountForMore(t *testing.T) {
	for _, tt := range []struct {
		name          string
		authorization func(h *host) string
		atLeast, most int
	}{
		{"malformed", func(*host) string { return "JWT nonsense" }, 4, 5},
		{"wrong signature", func(h *host) string { return h.bound("GET", panelPage, user) + "x" }, 4, 5},
		{"for another address", func(h *host) string { return h.bound("GET", "/connect/admin", user) }, 4, 5},
		{"none", func(*host) string { return "" }, 20, 22},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, behindProxy(web.Rates{Address: 40}))
			tried := 0
			for h.from("192.0.2.1", "GET", panelPage, tt.authorization(h)).status == 401 && tried < 50 {
				tried++
			}
			if tried < tt.atLeast || tried > tt.most {
				t.Errorf("%d were tried, want %d to %d", tried, tt.atLeast, tt.most)
			}
		})
	}
}

func TestNoRateIsNoBound(t *testing.T) {
	h := start(t, behindProxy(web.Rates{}))
	for i := range 300 {
		if got := h.from("192.0.2.1", "GET", panelPage, "JWT nonsense"); got.status != 401 {
			t.Fatalf("request %d: status %d", i, got.status)
		}
	}
}

// Whose address counts: nobody can choose it who is no trusted proxy.
func TestAddressesAreBelievedOfTrustedProxiesAlone(t *testing.T) {
	for _, tt := range []struct {
		name    string
		trusted []string
		one     string // lines of the header, separated by |
		two     string
		same    bool
	}{
		{"nobody is trusted", nil, "192.0.2.1", "192.0.2.2", true},
		{"another is trusted", []string{"10.0.0.0/8"}, "192.0.2.1", "192.0.2.2", true},
		{"the proxy is trusted", []string{"127.0.0.1/32"}, "192.0.2.1", "192.0.2.2", false},
		{"what the client sent before", []string{"127.0.0.1/32"}, "198.51.100.1, 192.0.2.1", "198.51.100.2, 192.0.2.1", true},
		{"in lines of its own", []string{"127.0.0.1/32"}, "198.51.100.1|192.0.2.1", "198.51.100.2|192.0.2.1", true},
		{"two proxies", []string{"127.0.0.1/32", "10.0.0.0/8"}, "192.0.2.1, 10.1.1.1", "192.0.2.2, 10.1.1.1", false},
		{"a proxy that is not trusted", []string{"127.0.0.1/32"}, "192.0.2.1, 10.1.1.1", "192.0.2.2, 10.1.1.1", true},
		{"with ports", []string{"127.0.0.1/32"}, "192.0.2.1:1000", "192.0.2.1:1001", true},
		{"in brackets", []string{"127.0.0.1/32"}, "[2001:db8:1:1::1]:1000", "[2001:db8:1:2::1]", false},
		{"IPv4 in IPv6", []string{"127.0.0.1/32"}, "::ffff:192.0.2.1", "192.0.2.1", true},
		{"nonsense", []string{"127.0.0.1/32"}, "unknown", "<script>", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, behindProxy(web.Rates{Address: 4}), func(c *web.Config) {
				c.TrustedProxies = nil
				for _, p := range tt.trusted {
					c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(p))
				}
			})
			for range 3 {
				h.from(tt.one, "GET", "/nothing", "")
			}
			if same := h.from(tt.two, "GET", "/nothing", "").status == 429; same != tt.same {
				t.Errorf("%q and %q are one address: %v, want %v", tt.one, tt.two, same, tt.same)
			}
		})
	}
}

func BenchmarkLimit(b *testing.B) {
	for _, on := range []int{0, 100_000_000} {
		b.Run(fmt.Sprintf("rate=%d", on), func(b *testing.B) {
			h := start(b, func(c *web.Config) {
				c.Rates = web.Rates{Address: on, Health: on, Static: on}
				c.Ready = func(context.Context) map[string]error { return nil }
			})
			for b.Loop() {
				h.do("GET", "/healthz", "", "")
			}
		})
	}
}

// A frame of Forge reads nothing that is not in an envelope, and shows its visitor the sentence in it.
func TestAFrameOfForgeReadsThatItsAddressAsksTooOften(t *testing.T) {
	h, _ := startForge(t, behindProxy(web.Rates{Address: 1, Tenant: 1000, Events: 1000}))
	for _, target := range []string{"/forge/page", "/forge/api/plugin/acme.notes/panel/action/keep"} {
		var got answer
		for range 400 { // what is verified all the same has an end
			if got = h.from("192.0.2.1", "POST", target, "Bearer nonsense"); got.status == http.StatusTooManyRequests {
				break
			}
		}
		var e struct{ Type, Text string }
		var inside struct {
			Error     struct{ Message string }
			RequestID string
		}
		if err := errors.Join(json.Unmarshal([]byte(got.body), &e), json.Unmarshal([]byte(e.Text), &inside)); err != nil || got.status != http.StatusTooManyRequests {
			t.Fatalf("%s: %d %v: %s", target, got.status, err, got.body)
		}
		if !strings.HasPrefix(inside.Error.Message, "Too many requests came from this address.") || inside.RequestID == "" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %s, Retry-After %q", target, got.body, got.header.Get("Retry-After"))
		}
	}
	if got := h.do("POST", "/forge/nothing", "", `{}`); got.status != http.StatusNotFound || !strings.Contains(got.body, `"type":"application/json"`) {
		t.Errorf("a route that is not there: %d %s", got.status, got.body)
	}
}
