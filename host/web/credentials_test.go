package web_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/operator"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/web"
)

// operator makes a credential for an hour and returns its token; one whose name begins with r is read-only.
func (h *host) operator(name string) string {
	h.t.Helper()
	_, text, err := h.operators.Make(h.t.Context(), operator.Wish{Name: name, ReadOnly: name[0] == 'r', Life: time.Hour})
	check(h.t, err)
	return text
}

// outside is a host with a listener for operator credentials, and the operator's door open. at asks the first, door the second.
type outside struct {
	*host
	address, doorway string
}

func openOutside(t *testing.T, options ...option) *outside {
	t.Helper()
	o := &outside{host: start(t, append(options, func(c *web.Config) {
		c.Sites = c.Tenants.(*tenant.Tenants)
		c.State = func(context.Context) any { return map[string]string{"version": "v1"} }
	})...)}
	for to, serve := range map[*string]func(net.Listener) error{&o.address: o.server.ServeOperators, &o.doorway: o.server.ServeDoor} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		*to = "http://" + l.Addr().String()
		served := make(chan error, 1)
		go func() { served <- serve(l) }()
		t.Cleanup(func() { o.stop(); check(t, <-served) })
	}
	return o
}

func (o *outside) ask(address, method, target, header, body string) answer {
	o.t.Helper()
	var sent io.Reader
	if body != "" {
		sent = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(o.t.Context(), method, address+target, sent)
	check(o.t, err)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	return o.send(r)
}

// leaping is a clock that goes an hour on whenever it is looked at, so that no limit is reached.
func leaping() option {
	return func(c *web.Config) {
		looks := make(chan time.Time, 1)
		looks <- time.Now()
		c.Now = func() time.Time {
			now := (<-looks).Add(time.Hour)
			looks <- now
			return now
		}
	}
}

func TestNothingButAnOperatorTokenOpensTheListenerForThem(t *testing.T) {
	o := openOutside(t, leaping())
	good, revoked := o.operator("ci"), o.operator("gone")
	check(t, o.operators.Revoke(t.Context(), "gone"))
	o.ago = 2 * time.Hour
	expired := o.operator("expired")
	o.ago = 0
	program := o.program(manifest.Scopes()...)
	forge, err := auth.SignRS256(o.claims(admin), "kid", o.key)
	check(t, err)
	raw := func(header string) string { return strings.TrimPrefix(header, "JWT ") }
	before := o.state()
	routes := slices.Sorted(maps.Keys(o.server.OperatorRoutes()))
	routes = append(routes, []string{"GET /", "GET /nothing", "POST /operators", "GET /operators", "DELETE /operators/ci", "GET /healthz", "GET /metrics", "GET /static/app.css", "POST /connect/installed", "GET /connect/admin", "GET /api/v1/token"}...)
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		target := strings.NewReplacer(":tenant", string(o.tenant.ID), ":id", "x", ":project", "1").Replace(path)
		for name, a := range map[string]struct{ target, header string }{
			"no token":                  {target, ""},
			"an install's":              {target, o.install(method, target)},
			"an install's, as Bearer":   {target, "Bearer " + raw(o.install(method, target))},
			"bound to the address":      {target, o.bound(method, target, admin)},
			"bound, as Bearer":          {target, "Bearer " + raw(o.bound(method, target, admin))},
			"a page's own calls'":       {target, o.contextToken(admin, here)},
			"own calls', as Bearer":     {target, "Bearer " + raw(o.contextToken(admin, here))},
			"Forge's":                   {target, "Bearer " + forge},
			"a program's":               {target, "Bearer " + program},
			"as a JWT":                  {target, "JWT " + good},
			"with another scheme":       {target, "Basic " + good},
			"without a scheme":          {target, good},
			"in the address":            {target + "?jwt=" + good, ""},
			"in the address, otherwise": {target + "?access_token=" + good, ""},
			"cut":                       {target, "Bearer " + good[:len(good)-1]},
			"revoked":                   {target, "Bearer " + revoked},
			"expired":                   {target, "Bearer " + expired},
		} {
			got := o.ask(o.address, method, a.target, a.header, "")
			if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") != "Bearer" || !strings.Contains(got.body, "pergola admin operator add") {
				t.Errorf("%s with a token that is %s: %d: %.200s", route, name, got.status, got.body)
			}
		}
	}
	if diff := cmp.Diff(before, o.state()); diff != "" {
		t.Errorf("refused requests have changed something (-before +after):\n%s", diff)
	}
	if got := o.ask(o.address, "GET", "/tenants", "Bearer "+good, ""); got.status != http.StatusOK || !strings.Contains(got.body, string(o.tenant.ID)) {
		t.Errorf("the token that was good: %d: %s", got.status, got.body)
	}
	if text := o.log.text(); strings.Contains(text, operator.Prefix) || strings.Contains(text, good[len(operator.Prefix)+16:len(good)-7]) {
		t.Error("the log holds a token")
	}
}

func TestOperatorTokenOpensNoOtherRoute(t *testing.T) {
	o := openOutside(t)
	good := "Bearer " + o.operator("ci")
	before := o.state()
	for _, route := range []string{"/tenants", "/state", "/tenants/" + string(o.tenant.ID) + "/sync/syncs", "/operators"} {
		if got := o.do("GET", route, good, ""); got.status != http.StatusNotFound {
			t.Errorf("%s is reached where everybody is: %d", route, got.status)
		}
	}
	// No credential makes, lists or ends another.
	for _, route := range []string{"POST /operators", "GET /operators", "DELETE /operators/ci"} {
		method, path, _ := strings.Cut(route, " ")
		if got := o.ask(o.address, method, path, good, `{"name":"more","seconds":7200}`); got.status != http.StatusNotFound {
			t.Errorf("%s: %d: %s", route, got.status, got.body)
		}
	}
	if diff := cmp.Diff(before, o.state()); diff != "" {
		t.Errorf("refused requests have changed something (-before +after):\n%s", diff)
	}
}

func TestReadOnlyCredentialsOpenWhatChangesNothing(t *testing.T) {
	o := openOutside(t)
	routes := o.server.OperatorRoutes()
	for route := range web.ChangesNothing() {
		if _, there := routes[route]; !there && !strings.Contains(route, "/events/") { // this host has no events
			t.Errorf("there is no route %s", route)
		}
	}
	reader, writer := "Bearer "+o.operator("reader"), "Bearer "+o.operator("writer")
	before := o.state()
	refused := 0
	for route, reads := range routes {
		method, path, _ := strings.Cut(route, " ")
		if reads {
			continue
		}
		refused++
		target := strings.NewReplacer(":tenant", string(o.tenant.ID), ":id", "x", ":project", "1").Replace(path)
		got := o.ask(o.address, method, target, reader, `{}`)
		if code, said := refusal(t, got); got.status != http.StatusForbidden || code != "permission_denied" || !strings.Contains(said, "The operator credential reader is read-only") {
			t.Errorf("%s: %d: %s", route, got.status, got.body)
		}
	}
	if refused < 10 {
		t.Errorf("only %d routes change something", refused)
	}
	if diff := cmp.Diff(before, o.state()); diff != "" {
		t.Errorf("refused requests have changed something (-before +after):\n%s", diff)
	}
	export := "/tenants/" + string(o.tenant.ID) + "/config/export"
	for _, target := range []string{"/tenants", "/state", export} {
		if got := o.ask(o.address, "GET", target, reader, ""); got.status != http.StatusOK {
			t.Errorf("%s: %d: %s", target, got.status, got.body)
		}
	}
	for _, one := range o.state().Operators {
		if (one.Name == "reader") == one.Used.IsZero() {
			t.Errorf("%s was last used %s", one.Name, one.Used)
		}
	}
	for address, header := range map[string]string{o.address: writer, o.doorway: ""} {
		if got := o.ask(address, "GET", "/tenants", header, ""); got.status != http.StatusOK {
			t.Errorf("%d: %s", got.status, got.body)
		}
	}
}

func TestCredentialsAreMadeListedAndRevokedThroughTheDoor(t *testing.T) {
	o := openOutside(t)
	made := o.ask(o.doorway, "POST", "/operators", "", `{"name":"ci","readOnly":true,"seconds":7200}`)
	at := strings.Index(made.body, operator.Prefix)
	if made.status != http.StatusOK || at < 0 {
		t.Fatalf("%d: %s", made.status, made.body)
	}
	text := made.body[at : at+len(operator.Prefix)+55]
	if got := o.ask(o.address, "GET", "/tenants", "Bearer "+text, ""); got.status != http.StatusOK {
		t.Errorf("%d: %s", got.status, got.body)
	}
	if got := o.ask(o.doorway, "GET", "/operators", "", ""); !strings.Contains(got.body, `"name":"ci","readOnly":true`) || strings.Contains(got.body, text) {
		t.Errorf("list: %s", got.body)
	}
	for _, tt := range []struct {
		body string
		want int
	}{{`{"name":"ci","seconds":7200}`, 409}, {`{"name":"Nightly import","seconds":7200}`, 400}, {`{"name":"more","seconds":9223372036854775807}`, 400}, {`{"name":"more","seconds":-1}`, 400}, {`{`, 400}} {
		if got := o.ask(o.doorway, "POST", "/operators", "", tt.body); got.status != tt.want {
			t.Errorf("%s: %d: %s", tt.body, got.status, got.body)
		}
	}
	if got := o.ask(o.doorway, "DELETE", "/operators/ci", "", ""); got.status != http.StatusNoContent {
		t.Errorf("%d: %s", got.status, got.body)
	}
	if got := o.ask(o.doorway, "DELETE", "/operators/ci", "", ""); got.status != http.StatusNotFound {
		t.Errorf("a second time: %d: %s", got.status, got.body)
	}
	if got := o.ask(o.address, "GET", "/tenants", "Bearer "+text, ""); got.status != http.StatusUnauthorized {
		t.Errorf("revoked: %d: %s", got.status, got.body)
	}
}

func TestWrongOperatorTokensAreLimitedByAddress(t *testing.T) {
	now := time.Now()
	o := openOutside(t, func(c *web.Config) { c.Now = func() time.Time { return now } }, behindProxy(web.Rates{})) // a clock that stands, and no limit of pages
	from := func(address, token string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.address+"/tenants", nil)
		check(t, err)
		r.Header.Set("X-Forwarded-For", address)
		r.Header.Set("Authorization", "Bearer "+token)
		return o.send(r).status
	}
	good := o.operator("ci")
	for i := range 200 {
		if got := from("192.0.2.1", good); got != http.StatusOK {
			t.Fatalf("good request %d: %d", i, got)
		}
	}
	judged := 0
	for range 100 {
		if from("192.0.2.1", operator.Prefix+"x") == http.StatusUnauthorized {
			judged++
		}
	}
	if judged < 10 || judged > 15 {
		t.Errorf("%d of 100 wrong tokens were looked at", judged)
	}
	if got := from("192.0.2.1", good); got != http.StatusTooManyRequests {
		t.Errorf("a good one from that address: %d", got)
	}
	if got := from("192.0.2.2", good); got != http.StatusOK {
		t.Errorf("from another address: %d", got)
	}
}

func TestChangesOfOperatorsTellTheirCredential(t *testing.T) {
	o := openOutside(t)
	to := "/tenants/" + string(o.tenant.ID) + "/config/import"
	o.putSettings()
	file := o.ask(o.doorway, "GET", "/tenants/"+string(o.tenant.ID)+"/config/export", "", "").body
	sized := func(size string) string {
		return fmt.Sprintf(`{"file":%q,"as":%q}`, regexp.MustCompile(`("size": ?)20`).ReplaceAllString(file, "${1}"+size), admin)
	}
	body := sized("30")
	if got := o.ask(o.address, "POST", to, "Bearer "+o.operator("ci-deploy"), body); got.status != http.StatusOK || !strings.Contains(got.body, `"import":"`) {
		t.Fatalf("%d: %s", got.status, got.body)
	}
	body = sized("40")
	if got := o.ask(o.doorway, "POST", to, "", body); got.status != http.StatusOK || !strings.Contains(got.body, `"import":"`) {
		t.Fatalf("%d: %s", got.status, got.body)
	}
	all, err := o.trail.List(t.Context(), o.tenant.ID, audit.Query{Limit: 2})
	check(t, err)
	for i, want := range []string{"", "ci-deploy"} {
		if e := all[i]; e.Surface != audit.Operator || e.Action != audit.ConfigImported || e.Credential != want {
			t.Errorf("%+v, want it by %q", e, want)
		}
	}
	if got := o.page("/connect/changes", admin); !strings.Contains(got.body, "Operator ci-deploy") {
		t.Errorf("the page does not tell the credential: %s", got.body)
	}
	if got := o.call("/api/changes/file/csv", admin, "", "{}"); !strings.Contains(got.body, ",credential\n") || !strings.Contains(got.body, ",ci-deploy\n") {
		t.Errorf("the file does not tell the credential: %s", got.body)
	}
}

// putSettings has something written that a file can carry.
func (h *host) putSettings() {
	h.t.Helper()
	if got := h.call(settingsAPI, admin, "", `{"form":{"size":["20"]}}`); got.status != http.StatusOK {
		h.t.Fatalf("%d: %s", got.status, got.body)
	}
}
