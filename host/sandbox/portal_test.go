package sandbox_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
	"github.com/pergola-platform/pergola/host/chromiumtest"
)

const (
	portal1 = "/servicedesk/customer/portal/1"
	faults  = portal1 + "/create/1"
)

// has fails the test for texts that a page lacks.
func has(t *testing.T, a answer, status int, wants ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d: %.400s", a.status, status, a.body)
	}
	for _, want := range wants {
		if !strings.Contains(html.UnescapeString(a.body), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestCustomerAsksWithoutScripts(t *testing.T) {
	site := openSite(t, fromDesk(t))
	c := site.login("carl")
	has(t, c.get("/servicedesk/customer/portals"), 200, "Ask us", portal1, "How can we help?")
	has(t, c.get("/servicedesk/customer/portals?q=broken"), 200, "Report a fault", faults)
	has(t, c.get("/servicedesk/customer/portals?q=unicorn"), 200, "Nothing that can be asked for fits.")
	has(t, c.get(portal1), 200, "Faults", "Other", "Report a fault", "Ask a question")
	form := c.get(faults)
	has(t, form, 200, "In a few words", "Step by step", "Pull the plug first", `<option value="4" selected>Low</option>`, `enctype="multipart/form-data"`)
	for _, kind := range kindsOfFields {
		has(t, form, 200, "Label of "+string(kind))
	}

	wrong := c.post(faults, url.Values{"description": {"Grey smoke"}, "customfield_20010": {"much"}, "customfield_20012": {"Somebody"}, "customfield_20005": {"20011"}})
	has(t, wrong, http.StatusUnprocessableEntity, "In a few words is required.", "Write a number here", "Choose somebody who has an account here.",
		`id="summary-error"`, `aria-describedby="summary-error" aria-invalid="true"`, "Grey smoke</textarea>", `value="20011" checked`, `value="much"`)

	sent := c.post(faults, url.Values{
		"summary": {"Printer smokes"}, "description": {"Grey <b>smoke</b>"}, "priority": {"2"}, "duedate": {"2027-01-31"}, "labels": {"hot loud"}, "components": {"20000"},
		"customfield_20001": {"line"}, "customfield_20002": {"Long text"}, "customfield_20003": {"https://pergola.example/a"}, "customfield_20004": {"20010"},
		"customfield_20005": {"20010", "20011"}, "customfield_20006": {"20010"}, "customfield_20007": {"20010:20012"}, "customfield_20008": {"2027-01-31"},
		"customfield_20009": {"2027-01-31T09:30"}, "customfield_20010": {"12,5"}, "customfield_20011": {"a b"}, "customfield_20012": {"nora@acme.example"},
		"customfield_20013": {"Carl Customer, Jonas User"}, "customfield_20014": {"jira-users"}, "customfield_20015": {"jira-users, guests"},
		"customfield_20016": {"20000"}, "customfield_20018": {`{"any": 1}`},
	})
	if sent.status != http.StatusSeeOther || sent.header.Get("Location") != portal1+"/HELP-1?created" {
		t.Fatalf("status %d to %q: %.2000s", sent.status, sent.header.Get("Location"), sent.body)
	}
	page := c.get(portal1 + "/HELP-1?created")
	has(t, page, 200, "has been sent", "Printer smokes", "Grey <b>smoke</b>", "31 Jan 2027, 09:30", "One › One and a half", "One, Two", "12.5", "Nora Customer",
		"Carl Customer, Jonas User", "jira-users, guests", "2.0", "Open")
	if strings.Contains(page.body, "<b>smoke") {
		t.Error("what a customer writes becomes markup")
	}
	has(t, c.get("/servicedesk/customer/user/requests"), 200, "HELP-1", "Printer smokes", "1–1 of 1")
	has(t, c.get("/servicedesk/customer/user/requests?status=closed"), 200, "No request is like that.")
	has(t, c.get("/servicedesk/customer/user/profile"), 200, "carl@north.example")
}

func TestCustomerChangesARequest(t *testing.T) {
	site := openSite(t, fromDesk(t))
	c, n, j := site.login("carl"), site.login("nora"), site.login("jonas")
	at := portal1 + "/HELP-1"
	c.post(portal1+"/create/2", url.Values{"summary": {"Question"}})
	has(t, n.get(at), 404, "do not have permission")
	has(t, c.post(at, url.Values{"do": {"comment"}, "comment": {"  "}}), http.StatusUnprocessableEntity, "The comment is empty", `id="comment-error"`)
	has(t, c.post(at, url.Values{"do": {"share"}, "person": {"Somebody"}}), http.StatusUnprocessableEntity, `id="person-error"`)
	has(t, c.post(at, url.Values{"do": {"dance"}}), http.StatusBadRequest, "does not say what to do")
	for _, form := range []url.Values{
		{"do": {"comment"}, "comment": {"Still there?"}}, {"do": {"share"}, "person": {"Nora Customer"}}, {"do": {"unsubscribe"}},
	} {
		if a := c.post(at, form); a.status != http.StatusSeeOther {
			t.Errorf("%v: status %d", form, a.status)
		}
	}
	j.post(at, url.Values{"do": {"comment"}, "comment": {"Not for customers"}, "internal": {"yes"}})
	page := n.get(at)
	has(t, page, 200, "Still there?")
	if strings.Contains(page.body, "Not for customers") {
		t.Error("a customer reads an internal comment")
	}
	has(t, j.get(at), 200, "Not for customers", "Internal")
	has(t, c.get(at), 200, "Turn notifications on", ">Close</button>")
	c.post(at, url.Values{"do": {"transition"}, "id": {"11"}})
	has(t, c.get(at), 200, "The status changed to", "Closed")
	c.post(at, url.Values{"do": {"unshare"}, "account": {string(nora)}})
	has(t, n.get(at), 404)
}

func TestPortalPagesAreForCustomers(t *testing.T) {
	site := openSite(t, fromDesk(t))
	ada := site.login("ada")
	has(t, ada.get(portal1), 404, "no portal here that you may use")
	has(t, ada.get(faults), 404)
	has(t, ada.get("/servicedesk/customer/portals"), 200, "You are no customer of a service desk here.")
	has(t, site.login("carl").get("/servicedesk/customer/nowhere"), 404, "There is no page here.")
	visitor := &person{site, unredirected}
	if a := visitor.get(faults); a.status != 303 || a.header.Get("Location") != "/login?dest="+url.QueryEscape(faults) {
		t.Errorf("status %d to %q", a.status, a.header.Get("Location"))
	}
}

// portalModules are modules in every place of the portal.
func portalModules(d object) {
	modules := d["modules"].(object)
	for kind, path := range map[string]string{
		"serviceDeskPortalHeaders": "/header", "serviceDeskPortalSubheaders": "/sub", "serviceDeskPortalFooters": "/footer",
		"serviceDeskPortalRequestCreatePropertyPanels": "/create?desk={servicedesk.serviceDeskId}&type={servicedesk.requestTypeId}",
		"serviceDeskPortalRequestViewPanels":           "/view?request={servicedesk.requestId}&key={issue.key}",
		"serviceDeskPortalProfilePanels":               "/profile",
	} {
		modules[kind] = []object{{"key": strings.ToLower(kind), "url": path}}
	}
	for kind, path := range map[string]string{
		"serviceDeskPortalRequestViewActions": "/action?key={issue.key}", "serviceDeskPortalUserMenuActions": "/menu", "serviceDeskPortalProfileActions": "/mine",
	} {
		modules[kind] = []object{{"key": strings.ToLower(kind), "name": object{"value": "Do " + path}, "url": path}}
	}
	modules["serviceDeskPortalHeaders"] = append(modules["serviceDeskPortalHeaders"].([]object), object{"key": "onlyhome", "url": "/home", "pages": []string{"help_center"}})
}

// framesOf lists the addresses of the frames on a page, without what is signed.
func framesOf(t *testing.T, a answer) []string {
	t.Helper()
	out := []string{}
	for _, m := range regexp.MustCompile(`data-frame="([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
		var f struct{ URL string }
		if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &f); err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(f.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		for _, name := range []string{"xdm_e", "xdm_c", "cp", "lic", "cv", "jwt"} {
			q.Del(name)
		}
		out = append(out, strings.TrimSuffix(u.Path+"?"+q.Encode(), "?"))
	}
	return out
}

func TestAppsAreOnPortalPages(t *testing.T) {
	site := openSite(t, fromDesk(t))
	app := newApp(t, portalModules)
	app.keyHost = site.url + "/install-keys"
	site.mustInstall(app)
	c := site.login("carl")
	c.post(portal1+"/create/2", url.Values{"summary": {"Question"}})
	action := "/servicedesk/customer/app/example.app/servicedeskportalrequestviewactions?issue=HELP-1"
	for path, want := range map[string][]string{
		"/servicedesk/customer/portals":       {"/header", "/home", "/sub", "/footer"},
		portal1:                               {"/header", "/sub", "/footer"},
		faults:                                {"/header", "/sub", "/create?desk=1&type=1", "/footer"},
		portal1 + "/HELP-1":                   {"/header", "/sub", "/view?key=HELP-1&request=10160", "/footer"},
		"/servicedesk/customer/user/requests": {"/header", "/sub", "/footer"},
		"/servicedesk/customer/user/profile":  {"/header", "/sub", "/profile", "/footer"},
		action:                                {"/header", "/action?key=HELP-1", "/footer"},
	} {
		page := c.get(path)
		if diff := cmp.Diff(want, framesOf(t, page)); diff != "" {
			t.Errorf("%s: status %d (-want +got):\n%s", path, page.status, diff)
		}
		has(t, page, 200, "Do /menu")
		if !strings.Contains(page.header.Get("Content-Security-Policy"), "frame-src "+app.url) {
			t.Errorf("%s: policy %s", path, page.header.Get("Content-Security-Policy"))
		}
	}
	has(t, c.get(portal1+"/HELP-1"), 200, action)
	// The customer sees the request and not the issue; the app's token says which it is all the same.
	ask := func(who *person) answer {
		return who.do("POST", "/sandbox/context-token", `{"app":"example.app","issue":"HELP-1","desk":"1"}`)
	}
	if a := ask(c); a.status != 200 {
		t.Errorf("context token: status %d: %s", a.status, a.body)
	}
	if a := ask(site.login("nora")); a.status != 404 {
		t.Errorf("context token for another customer: status %d", a.status)
	}
}

// customerAsks shows that a form works by keyboard with an app on it, and that the app's property comes with the request.
func customerAsks(b *browser) {
	b.app.mu.Lock()
	b.app.serve["/create"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html><head><link rel="icon" href="data:,"><script src="%s/connect-cdn/atlassian-connect/all.js"></script></head>
<body><div class="ac-content"><p>Which asset?</p></div><script src="/panel.js"></script></body></html>`, b.site.url)
	}
	b.app.serve["/panel.js"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `
var report = function (name) { fetch('/report', { method: 'POST', body: JSON.stringify({ name: name, value: true }) }); };
var properties = new AP.jiraServiceDesk.RequestProperties(), asked = 0;
AP.events.on('jira-servicedesk-request-properties-validate', function () { asked++; properties.validate(asked > 1); });
AP.events.on('jira-servicedesk-request-properties-serialize', function () { properties.serialize({ 'example.asset': { id: 7 } }); });
report('ready /create');`)
	}
	b.app.mu.Unlock()
	b.open(portal1+"/create/2", "carl")
	b.await("ready /create")
	b.until(`document.querySelector('.app-frame').dataset.established === 'true'`)
	b.run(chromedp.Focus(chromedp.CSS("#summary")), chromiumtest.Press("Which one?"+kb.Enter)) // the app says no
	b.until(`!document.querySelector('[data-panel-problem]').hidden`)
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Focus(chromedp.CSS("#summary")), chromiumtest.Press(kb.Enter)); err != nil {
		b.t.Fatalf("send the form: %v", err)
	}
	b.until(`location.pathname === '` + portal1 + `/HELP-1'`)
	b.until(`document.querySelector('h1').textContent === 'Which one?'`)
	got := b.site.login("mia").get("/rest/api/3/issue/HELP-1/properties/example.asset").json(b.t)
	if diff := cmp.Diff(object{"id": 7.0}, got["value"]); diff != "" {
		b.t.Errorf("property (-want +got):\n%s", diff)
	}
	b.finish()
}
