package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func (h *host) report(kind, body string) answer {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodPost, h.url+"/csp", strings.NewReader(body))
	check(h.t, err)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "null")
	return h.send(r)
}

// Reports are counted by words of ours, and nothing of what stands in them is kept.
func TestReportsAreCountedAndNothingOfThemIsKept(t *testing.T) {
	h := start(t)
	old := func(directive, blocked string) string {
		return fmt.Sprintf(`{"csp-report":{"document-uri":"%s/connect/module/acme.notes/panel?issue=OPS-7&jwt=sneaky","violated-directive":%q,"blocked-uri":%q,"source-file":"%s/static/app.js?v=sneaky","line-number":12,"script-sample":"Payroll"}}`,
			h.url, directive, blocked, h.url)
	}
	for _, tt := range []struct{ directive, blocked, want string }{
		{"script-src 'self'", "inline", `blocked="inline",directive="script-src"`},
		{"script-src-elem", "eval", `blocked="eval",directive="script-src-elem"`},
		{"img-src", "https://intranet.example/Payroll.png?sneaky", `blocked="elsewhere",directive="img-src"`},
		{"script-src", "https://bridge.example/other.js", `blocked="bridge",directive="script-src"`},
		{"connect-src", h.url + "/sneaky", `blocked="self",directive="connect-src"`},
		{"frame-ancestors", "https://x.jira.example/browse/OPS-7", `blocked="jira",directive="frame-ancestors"`},
		{"style-src", "chrome-extension://sneaky/x.css", `blocked="extension",directive="style-src"`},
		{"Payroll-src", "Payroll", `blocked="other",directive="other"`},
		{"font-src", "", `blocked="none",directive="font-src"`},
	} {
		if got := h.report("application/csp-report", old(tt.directive, tt.blocked)); got.status != 204 {
			t.Errorf("%s: status %d: %s", tt.directive, got.status, got.body)
		}
		if metrics := h.do("GET", "/metrics", "", "").body; !strings.Contains(metrics, "pergola_csp_violations_total{"+tt.want+"} 1\n") {
			t.Errorf("%s from %s is not counted as %s", tt.directive, tt.blocked, tt.want)
		}
	}
	many := `[{"type":"csp-violation","url":"` + h.url + `/x?sneaky","body":{"effectiveDirective":"media-src","blockedURL":"https://a.example/Payroll"}},{"type":"deprecation","body":{"id":"Payroll"}}]`
	if got := h.report("application/reports+json", many); got.status != 204 {
		t.Errorf("the Reporting API: status %d: %s", got.status, got.body)
	}
	metrics := h.do("GET", "/metrics", "", "").body
	if !strings.Contains(metrics, `pergola_csp_violations_total{blocked="elsewhere",directive="media-src"} 1`+"\n") {
		t.Error("reports of the Reporting API are not counted")
	}
	log := h.log.text()
	for _, never := range []string{"sneaky", "Payroll", "OPS-7", "intranet", "a.example"} {
		if strings.Contains(log, never) || strings.Contains(metrics, never) {
			t.Errorf("log or metrics hold %q of a report", never)
		}
	}
	if !strings.Contains(log, `"directive":"script-src","blocked":"inline","file":"app.js","line":12`) {
		t.Error("the log does not say what was blocked, and where")
	}
}

func TestReportsAreBounded(t *testing.T) {
	h := start(t)
	one := `{"type":"csp-violation","body":{"effectiveDirective":"img-src","blockedURL":"data"}}`
	if got := h.report("application/reports+json", "["+strings.Repeat(one+",", 99)+one+"]"); got.status != 204 {
		t.Errorf("many at once: status %d", got.status)
	}
	if metrics := h.do("GET", "/metrics", "", "").body; !strings.Contains(metrics, `pergola_csp_violations_total{blocked="data",directive="img-src"} 20`+"\n") {
		t.Error("of many at once, other than 20 are counted")
	}
	if n := strings.Count(h.log.text(), "a browser blocked something"); n != 10 {
		t.Errorf("the log was told %d times at once, want 10", n)
	}
	for kind, body := range map[string]string{"application/csp-report": "nonsense", "application/reports+json": "{}", "text/html": "x", "": "x"} {
		if got := h.report(kind, body); got.status != 400 && got.status != 415 {
			t.Errorf("%q: status %d", kind, got.status)
		}
	}
	last := answer{}
	for range 60 {
		last = h.report("application/csp-report", `{"csp-report":{}}`)
	}
	if last.status != 429 {
		t.Errorf("after 60 at once: status %d", last.status)
	}
	if got := h.do("GET", "/", "", ""); got.status != 200 {
		t.Errorf("a page after a flood of reports: status %d", got.status)
	}
}
