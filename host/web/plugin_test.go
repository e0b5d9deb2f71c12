package web_test

import (
	"encoding/json"
	"fmt"
	"mime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

const (
	panelPage   = "/connect/module/acme.notes/panel?issue=" + here
	panelAPI    = "/api/plugin/acme.notes/panel/"
	enabledAPI  = "/api/admin/plugins/acme.notes/enabled"
	settingsAPI = "/api/admin/plugins/acme.notes/settings"
)

func (h *host) setFile(contentType, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.file = &sdk.Attachment{Name: name, ContentType: contentType, Body: []byte("body")}
}

func (h *host) chosen() tenant.Module {
	h.t.Helper()
	m, err := h.modules.Get(h.t.Context(), h.tenant.ID, plugin)
	check(h.t, err)
	return m
}

func TestSwitchedOffRefusesEveryWayToThePlugin(t *testing.T) {
	h := start(t)
	got := h.call(enabledAPI, admin, "", `{"enabled":false}`)
	if got.status != 200 || !strings.Contains(got.body, "Notes is switched off") || !strings.Contains(got.body, `aria-checked="false"`) {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	ways := []func() answer{
		func() answer { return h.page(panelPage, user) },
		func() answer { return h.call(panelAPI+"view/show", user, here, "{}") },
		func() answer { return h.call(panelAPI+"action/keep", user, here, "{}") },
		func() answer { return h.call(panelAPI+"file/save", user, here, "{}") },
	}
	for i, way := range ways {
		if got := way(); got.status != 403 || !strings.Contains(got.body, "Notes is switched off on this site. A Jira admin can switch it on") {
			t.Errorf("way %d: status %d: %s", i, got.status, got.body)
		}
	}
	if n := len(h.asked()); n != 0 {
		t.Errorf("the plugin was asked %d times", n)
	}

	got = h.call(enabledAPI, admin, "", `{"enabled":true}`)
	if got.status != 200 || !strings.Contains(got.body, "Notes is switched on") || !strings.Contains(got.body, "It may: read issues") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if got := ways[0](); got.status != 200 {
		t.Errorf("switched on again: status %d", got.status)
	}
	var told []connect.Toggle
	for _, raw := range h.site.told() {
		var one connect.Toggle
		check(t, json.Unmarshal([]byte(raw), &one))
		told = append(told, one)
	}
	want := []connect.Toggle{connect.ToggleProperty(false, nil, nil), connect.ToggleProperty(true, nil, nil)}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("the site was told (-want +got):\n%s", diff)
	}
	if m := h.chosen(); !m.Enabled || m.By != admin || cmp.Diff([]string{"jira:read"}, m.Granted) != "" {
		t.Errorf("stored %+v", m)
	}
}

func TestSwitchNeedsJira(t *testing.T) {
	h := start(t)
	h.site.setDown(true)
	got := h.call(enabledAPI, admin, "", `{"enabled":false}`)
	if got.status != 503 || !strings.Contains(got.body, `"unavailable"`) || !strings.Contains(got.body, "Jira") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if m := h.chosen(); m.Rev != 0 {
		t.Errorf("stored %+v, want nothing", m)
	}
}

func TestSwitchBodies(t *testing.T) {
	h := start(t)
	for _, body := range []string{"", "{}", "null", "[]", `{"enabled":null}`, `{"enabled":"yes"}`, `{"enabled":true`} {
		if got := h.call(enabledAPI, admin, "", body); got.status != 400 {
			t.Errorf("body %q: status %d, want 400", body, got.status)
		}
	}
	if got := h.call("/api/admin/plugins/nobody/enabled", admin, "", `{"enabled":true}`); got.status != 404 {
		t.Errorf("unknown plugin: status %d, want 404", got.status)
	}
	if got := h.do("GET", "/api/admin/plugins/nobody/settings", h.contextToken(admin, ""), ""); got.status != 404 {
		t.Errorf("settings of an unknown plugin: status %d, want 404", got.status)
	}
	if m := h.chosen(); m.Rev != 0 {
		t.Errorf("stored %+v, want nothing", m)
	}
}

func TestSettings(t *testing.T) {
	h := start(t)
	form := h.do("GET", settingsAPI, h.contextToken(admin, ""), "")
	if form.status != 200 || !strings.Contains(form.body, `value="30"`) || !strings.Contains(form.body, "Operations") {
		t.Fatalf("the form: status %d: %s", form.status, form.body)
	}
	bad := h.call(settingsAPI, admin, "", `{"form":{"size":["3"],"projects":["10000"]}}`)
	if bad.status != 422 || !strings.Contains(bad.body, `aria-invalid="true"`) || !strings.Contains(bad.body, `value="3"`) || !strings.HasPrefix(bad.header.Get("Content-Type"), "text/html") {
		t.Errorf("a bad value: status %d: %s", bad.status, bad.body)
	}
	if m := h.chosen(); m.Rev != 0 || len(h.site.told()) != 0 {
		t.Fatalf("a bad value was stored or told: %+v, %v", m, h.site.told())
	}

	good := h.call(settingsAPI, admin, "", `{"form":{"projects":["20000"]}}`)
	if good.status != 200 || !strings.Contains(good.body, "Settings saved") {
		t.Fatalf("a good value: status %d: %s", good.status, good.body)
	}
	if diff := cmp.Diff(`{"projects":["20000"]}`, string(h.chosen().Settings)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if told := h.site.told(); len(told) != 1 || !strings.Contains(told[0], `"projects":["20000"]`) || !strings.Contains(told[0], `"everywhere":false`) {
		t.Errorf("the site was told %v", told)
	}
	h.page("/connect/module/acme.notes/panel?issue="+there, user)
	if diff := cmp.Diff([]int{30}, h.size); diff != "" {
		t.Errorf("the default did not reach the plugin (-want +got):\n%s", diff)
	}
}

func TestContextsHoldOnEveryWay(t *testing.T) {
	h := start(t)
	if got := h.call(settingsAPI, admin, "", `{"form":{"projects":["20000"]}}`); got.status != 200 {
		t.Fatalf("status %d", got.status)
	}
	const other = "not shown for issues of this project"
	for _, tt := range []struct {
		name string
		got  answer
		want int
		says string
	}{
		{"page elsewhere", h.page(panelPage, user), 403, other},
		{"call elsewhere", h.call(panelAPI+"view/show", user, here, "{}"), 403, other},
		{"file elsewhere", h.call(panelAPI+"file/save", user, here, "{}"), 403, other},
		{"call of a page without an issue", h.call(panelAPI+"view/show", user, "", "{}"), 400, "beside an issue only"},
		{"page without an issue", h.page("/connect/module/acme.notes/panel", user), 400, "beside an issue only"},
		{"page with no id", h.page("/connect/module/acme.notes/panel?issue=OPS-7", user), 400, "beside an issue only"},
		{"page here", h.page("/connect/module/acme.notes/panel?issue="+there, user), 200, "issue " + there},
		{"call here", h.call(panelAPI+"view/show", user, there, "{}"), 200, "issue " + there},
		{"page of no issue", h.page("/connect/module/acme.notes/open", user), 200, "issue ,"},
	} {
		if tt.got.status != tt.want || !strings.Contains(tt.got.body, tt.says) {
			t.Errorf("%s: status %d, want %d: %s", tt.name, tt.got.status, tt.want, tt.got.body)
		}
	}
}

func TestIssueComesFromTheTokenAlone(t *testing.T) {
	h := start(t)
	body := `{"params":{"issue":"20001","IssueID":"20001"},"form":{"issue":["20001"]},"context":{"issue_id":"20001","account":"x"},"issueId":"20001"}`
	if got := h.call(panelAPI+"action/keep?issue="+there, user, here, body); got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	got := h.asked()[0]
	want := sdk.Context{
		Account: user, Module: "panel", IssueID: here, SiteURL: h.site.URL, LinkURL: h.url + "/q/" + h.tenant.Alias + ".",
	}
	if diff := cmp.Diff(want, got.Context); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
}

func TestPickerGetsChoicesOfItsSuggester(t *testing.T) {
	h := start(t)
	got := h.call(panelAPI+"suggest/assets", user, here, `{"params":{"q":"lap","field":"asset"},"form":{"company":["7"]},"state":"c3RhdGU="}`)
	if got.status != 200 || !strings.Contains(got.body, `data-value="`+here+`"`) || !strings.Contains(got.body, "The words &lt;b&gt; of lap") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	asked := h.asked()[0]
	want := sdk.Request{
		Name: "assets", Params: map[string]string{"q": "lap", "field": "asset"}, Form: map[string][]string{"company": {"7"}}, State: []byte("state"),
		Context: sdk.Context{Account: user, Module: "panel", IssueID: here, SiteURL: h.site.URL, LinkURL: h.url + "/q/" + h.tenant.Alias + "."},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if got := h.call(panelAPI+"suggest/nobody", user, here, `{}`); got.status != 404 {
		t.Errorf("a suggester that is not there: status %d: %s", got.status, got.body)
	}
	if got := h.call(panelAPI+"suggest/assets", user, here, `{"params":{"q":"fail"}}`); got.status != 500 || !strings.Contains(got.body, `"code":"internal"`) {
		t.Errorf("a suggester that fails: status %d: %s", got.status, got.body)
	}
}

// The next request on the same connection overwrites Fiber's buffers.
func TestWhatAPluginGotIsNotOverwritten(t *testing.T) {
	h := start(t)
	h.call(panelAPI+"action/keep", user, here, `{"params":{"first":"one"},"form":{"f":["v"]},"state":"c3RhdGU="}`)
	h.page("/connect/module/acme.notes/open?code=abcDEF", user)
	for range 3 {
		h.call(panelAPI+"action/keep", admin, there, `{"params":{"later":"XXX"},"form":{"X":["X"]},"state":"WFhYWFg="}`)
		h.page("/connect/module/acme.notes/open?code=XXXXXX", admin)
	}
	got := h.asked()[:2]
	link := h.url + "/q/" + h.tenant.Alias + "."
	want := []sdk.Request{
		{
			Name: "keep", Params: map[string]string{"first": "one"}, Form: map[string][]string{"f": {"v"}}, State: []byte("state"),
			Context: sdk.Context{Account: user, Module: "panel", IssueID: here, SiteURL: h.site.URL, LinkURL: link},
		},
		{
			Name: "show", Params: map[string]string{"code": "abcDEF"}, State: []byte{},
			Context: sdk.Context{Account: user, Module: "open", SiteURL: h.site.URL, LinkURL: link},
		},
	}
	if diff := cmp.Diff(want, got, cmpEmpty); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCallsOfWhatIsNotThere(t *testing.T) {
	h := start(t)
	for target, want := range map[string]int{
		"/api/plugin/nobody/panel/view/show":                  404,
		"/api/plugin/acme.notes/nowhere/view/show":            404,
		panelAPI + "other/show":                               404,
		panelAPI + "view/other":                               404,
		panelAPI + "view/" + strings.Repeat("x", 5000):        404,
		panelAPI + "action/%3Cscript%3Ealert(1)%3C/script%3E": 404,
		panelAPI + "action/fail":                              500,
	} {
		got := h.call(target, user, here, "{}")
		var body struct {
			Error     struct{ Code, Message string }
			RequestID string
		}
		if got.status != want || json.Unmarshal([]byte(got.body), &body) != nil || body.Error.Code == "" || body.Error.Message == "" {
			t.Errorf("%.60s: status %d, want %d: %.200s", target, got.status, want, got.body)
		}
		if body.RequestID == "" || body.RequestID != got.header.Get("X-Request-Id") {
			t.Errorf("%.60s: request id %q in the body, %q in the header", target, body.RequestID, got.header.Get("X-Request-Id"))
		}
	}
}

func TestErrorsHaveAFittingStatus(t *testing.T) {
	h := start(t)
	for _, tt := range []struct {
		code   sdk.Code
		source sdk.Source
		want   int
	}{
		{sdk.Invalid, sdk.FromPlugin, 400},
		{sdk.Unauthenticated, sdk.FromDownstream, 401},
		{sdk.PermissionDenied, sdk.FromHost, 403},
		{sdk.NotFound, sdk.FromPlugin, 404},
		{sdk.Exists, sdk.FromPlugin, 409},
		{sdk.Exhausted, sdk.FromDownstream, 429},
		{sdk.Canceled, sdk.FromHost, 499},
		{sdk.Internal, sdk.FromPlugin, 500},
		{sdk.Internal, sdk.FromDownstream, 502},
		{"made up", sdk.FromPlugin, 500},
		{sdk.Unimplemented, sdk.FromHost, 501},
		{sdk.Unavailable, sdk.FromDownstream, 503},
		{sdk.Deadline, sdk.FromPlugin, 504},
	} {
		got := h.call(panelAPI+"action/refuse", user, here, fmt.Sprintf(`{"params":{"code":%q,"source":%q}}`, tt.code, tt.source))
		var body struct{ Error struct{ Message string } }
		if got.status != tt.want || json.Unmarshal([]byte(got.body), &body) != nil || body.Error.Message != "The words <b> of the plugin." {
			t.Errorf("%s from %s: status %d, want %d: %s", tt.code, tt.source, got.status, tt.want, got.body)
		}
		if strings.Contains(h.log.text(), "The words") {
			t.Fatalf("%s from %s: the plugin's words are in the log", tt.code, tt.source)
		}
	}
}

func TestBoundsOfACall(t *testing.T) {
	h := start(t)
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `%s"k%d":"v"`, strings.Repeat(",", min(i, 1)), i)
		}
		return `{"params":{` + b.String() + `}}`
	}
	for _, tt := range []struct {
		name, body string
		want       int
	}{
		{"nothing", "", 200},
		{"null", "null", 200},
		{"as many names as may be", many(200), 200},
		{"one name more", many(201), 400},
		{"as many values as may be", `{"form":{"k":["v"` + strings.Repeat(`,"v"`, 9999) + `]}}`, 200},
		{"one value more", `{"form":{"k":["v"` + strings.Repeat(`,"v"`, 10000) + `]}}`, 400},
		{"no JSON", `{"params":`, 400},
		{"two values", `{}{}`, 400},
		{"a number as param", `{"params":{"k":1}}`, 400},
		{"a state that is no base64", `{"state":"***"}`, 400},
		{"deep", strings.Repeat("[", 20000), 400},
		{"too large", `{"state":"` + strings.Repeat("A", maxBody) + `"}`, 413},
	} {
		if got := h.call(panelAPI+"action/keep", user, here, tt.body); got.status != tt.want {
			t.Errorf("%s: status %d, want %d: %.200s", tt.name, got.status, tt.want, got.body)
		}
	}
}

func TestFiles(t *testing.T) {
	h := start(t)
	for _, tt := range []struct{ name, contentType, want string }{
		{"label.svg", "image/svg+xml", "label.svg"},
		{"Übersicht 1.pdf", "application/pdf", "Übersicht 1.pdf"},
		{"REPORT.CSV", "text/csv", "REPORT.CSV"},
		{"", "image/png", "file.png"},
		{"..", "image/png", "file.png"},
		{"../../etc/passwd", "text/csv", "-..-etc-passwd.csv"},
		{`C:\run.exe`, "image/png", "C--run.exe.png"},
		{"a\r\nSet-Cookie: x=1.png", "image/png", "a--Set-Cookie- x=1.png"},
		{`a"; filename="b.exe`, "image/png", "a-- filename=-b.exe.png"},
		{"photo\u202egnp.exe", "image/png", "photognp.exe.png"},
		{"bad\xff.pdf", "application/pdf", "bad-.pdf"},
		{strings.Repeat("é", 300) + ".png", "image/png", strings.Repeat("é", 75) + ".png"},
	} {
		h.setFile(tt.contentType, tt.name)
		got := h.call(panelAPI+"file/save", user, here, "{}")
		kind, params, err := mime.ParseMediaType(got.header.Get("Content-Disposition"))
		if got.status != 200 || err != nil || kind != "attachment" || params["filename"] != tt.want {
			t.Errorf("%q: status %d, %v, %s %q, want %q", tt.name, got.status, err, kind, params["filename"], tt.want)
		}
		if got.header.Get("Content-Type") != tt.contentType || got.body != "body" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %v %q", tt.name, got.header, got.body)
		}
	}
	for _, contentType := range []string{"", "text/html", "text/html; charset=utf-8", "image/svg+xml; x", "application/javascript", "IMAGE/PNG", "image/png\r\nX-A: b"} {
		h.setFile(contentType, "a.png")
		if got := h.call(panelAPI+"file/save", user, here, "{}"); got.status != 500 || got.header.Get("Content-Disposition") != "" || strings.Contains(got.body, "body") {
			t.Errorf("type %q: status %d: %s", contentType, got.status, got.body)
		}
	}
}

func TestCardSaysWhatANewerVersionLacks(t *testing.T) {
	h := start(t)
	_, err := h.modules.Put(t.Context(), h.tenant.ID, tenant.Module{Plugin: plugin, Enabled: true}) // granted nothing yet
	check(t, err)
	got := h.page("/connect/admin", admin)
	if got.status != 200 || !strings.Contains(got.body, "Not granted") || !strings.Contains(got.body, "switch the feature off and on again") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	got = h.call(enabledAPI, admin, "", `{"enabled":true}`)
	if got.status != 200 || strings.Contains(got.body, "Not granted") || !strings.Contains(got.body, "It may: read issues") {
		t.Errorf("switched on: status %d: %s", got.status, got.body)
	}
}
