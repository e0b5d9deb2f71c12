package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"image"
	_ "image/png"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// canaryDrive does with a host what its visitors, admins and plugins do.
type canaryDrive struct {
	*canaryHost
	ctx  context.Context
	link string // a short link, once there is one
}

// must is send for what has to work, or else the drive would prove nothing.
func (d *canaryDrive) must(status int, method, target, authorization, body string) string {
	d.t.Helper()
	got, text := d.send(d.ctx, method, target, authorization, body)
	if got != status {
		d.t.Fatalf("%s %s: %d, want %d: %.600s", method, target, got, status, text)
	}
	return text
}

const (
	qrPanel  = "/api/plugin/pergola.qrcode/panel/"
	qrLabels = "/api/plugin/pergola.qrcode/labels/"
	qrAdmin  = "/api/admin/plugins/pergola.qrcode/"
)

// form is a call's body with form fields.
func form(fields map[string]string) string {
	lists := map[string][]string{}
	for name, value := range fields {
		lists[name] = []string{value}
	}
	raw, _ := json.Marshal(map[string]any{"form": lists}) // strings always encode
	return string(raw)
}

// attribute returns what an attribute holds in a piece of HTML, "" where it is not.
func attribute(page, name string) string {
	found := regexp.MustCompile(name + `="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// panel goes through everything that a user does beside an issue, with the content of codes that the admin chose.
func (d *canaryDrive) panel() {
	here := d.site.token(canaryIssue)
	d.must(200, http.MethodGet, d.site.frame("pergola-qrcode--panel", canaryIssue, nil), "", "")
	page := d.must(200, http.MethodPost, qrPanel+"action/create", here, "{}")
	if !strings.Contains(page, "<figure") {
		d.t.Fatalf("no code was made:\n%s", page)
	}
	d.must(200, http.MethodPost, qrPanel+"view/panel", here, "{}")
	d.must(200, http.MethodPost, qrPanel+"file/svg", here, "{}")
	picture, _, err := image.Decode(strings.NewReader(d.must(200, http.MethodPost, qrPanel+"file/png", here, "{}")))
	if err != nil {
		d.t.Fatal(err)
	}
	if code := decode(d.t, picture); strings.HasPrefix(code, d.url+"/q/") {
		d.link = code
	}
}

// labels makes sheets of labels, step by step, from a query that quotes content.
func (d *canaryDrive) labels() {
	here := d.site.token("")
	d.must(200, http.MethodGet, d.site.frame("pergola-qrcode--labels", "", nil), "", "")
	d.must(200, http.MethodGet, d.site.frame("pergola-qrcode--labels", canaryIssue, nil), "", "")
	d.must(200, http.MethodPost, qrPanel+"view/labels", d.site.token(canaryIssue), `{"params":{"issue":"`+d.site.state.Issue(canaryIssue).Key+`"}}`)
	key := d.site.state.Project("10000").Key
	for _, jql := range []string{"project = " + key, "summary ~ " + quote(d.site.state.Issue(canaryIssue).Summary) + " or id = " + canaryIssue} {
		page := d.must(200, http.MethodPost, qrLabels+"action/start", here, form(map[string]string{"jql": jql, "preset": "a4-3x8", "second": "true", "start": "1"}))
		for range 100 {
			next := attribute(page, "data-next")
			if next == "" {
				break
			}
			page = d.must(200, http.MethodPost, "/api/plugin/pergola.qrcode/labels/"+next, here, `{"state":"`+attribute(page, "data-state")+`"}`)
		}
		if !strings.Contains(page, "Download PDF") {
			d.t.Fatalf("no labels for %.60q:\n%s", jql, page)
		}
		_, button, _ := strings.Cut(page, `data-call="file/sheet"`)
		if pdf := d.must(200, http.MethodPost, qrLabels+"file/sheet", here, `{"state":"`+attribute(button, "data-state")+`"}`); !strings.HasPrefix(pdf, "%PDF") {
			d.t.Errorf("the sheet is no PDF: %.100q", pdf)
		}
	}
	for _, wrong := range []string{"project = " + quote(d.site.set.Text("a project that is none")), d.site.set.Text("a query that is none"), "nothing = 1 " + d.site.set.Plain("words behind a query")} {
		d.must(200, http.MethodPost, qrLabels+"action/start", here, form(map[string]string{"jql": wrong, "preset": d.site.set.Text("a preset")}))
		d.must(200, http.MethodPost, qrLabels+"action/start", here, form(map[string]string{"jql": wrong, "preset": "a4-3x8", "start": "1"}))
	}
	d.send(d.ctx, http.MethodPost, qrLabels+"action/step", here, `{"state":"`+attribute(`x="`+d.site.set.Plain("a state")+`"`, "x")+`"}`)
}

// quote is text as a string of JQL.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// shortLinks follows links, good ones and bad ones.
func (d *canaryDrive) shortLinks() {
	if d.link == "" {
		d.t.Fatal("there is no short link to follow")
	}
	d.must(302, http.MethodGet, d.link, "", "")
	_, code, _ := strings.Cut(d.link[strings.LastIndex(d.link, "/"):], ".")
	d.must(200, http.MethodGet, d.site.frame("pergola-qrcode--open", "", map[string]string{"code": code}), "", "")
	word := d.site.set.Plain("a short link that is none")
	d.must(404, http.MethodGet, "/q/"+word+"."+word, "", "")
	d.must(302, http.MethodGet, d.link+word, "", "") // Jira asks for a login, and the page behind it says that there is none
	d.must(200, http.MethodGet, d.site.frame("pergola-qrcode--open", "", map[string]string{"code": word}), "", "")
}

// admin looks at every page of the admin and makes every choice, and some that are refused.
func (d *canaryDrive) admin() {
	here := d.site.token("")
	d.must(200, http.MethodGet, d.site.frame("admin", "", nil), "", "")
	d.must(200, http.MethodGet, d.site.frame("stored", "", nil), "", "")
	d.must(200, http.MethodPost, "/api/admin/stored", here, "{}")
	d.must(200, http.MethodGet, qrAdmin+"settings", here, "")
	typed := map[string]string{}
	for _, field := range []string{"content", "field", "symbology", "errorCorrection", "size", "projects", "issueTypes", "none"} {
		typed[field] = d.site.set.Text("typed into setting " + field)
	}
	d.must(422, http.MethodPost, qrAdmin+"settings", here, form(typed))
	for _, plugin := range []string{"test.guest", "test.native", "pergola.qrcode"} {
		for _, body := range []string{`{"enabled":false}`, `{"enabled":true,"version":"` + d.site.set.Plain("a version") + `"}`, `{"enabled":"` + d.site.set.Plain("a switch") + `"}`, `{"enabled":true}`} {
			d.send(d.ctx, http.MethodPost, "/api/admin/plugins/"+plugin+"/enabled", here, body)
		}
		d.must(200, http.MethodPost, "/api/admin/plugins/"+plugin+"/retry", here, "{}")
	}
	unknown := d.site.set.Plain("a plugin that is none")
	d.must(404, http.MethodPost, "/api/admin/plugins/"+unknown+"/enabled", here, `{"enabled":true}`)
	d.must(404, http.MethodGet, "/api/admin/plugins/"+unknown+"/settings", here, "")
}

// choose saves settings of the QR codes.
func (d *canaryDrive) choose(fields map[string]string) {
	d.must(200, http.MethodPost, qrAdmin+"settings", d.site.token(""), form(fields))
}

// contents uses each kind of content that a code can have.
func (d *canaryDrive) contents() {
	place := map[string]string{"projects": "10000", "issueTypes": string(d.site.state.Issue(canaryIssue).Type)}
	for _, content := range []map[string]string{{"content": "url"}, {"content": "field", "field": string(world.Serial)}, {"content": "field", "field": "description"}, {"content": "link"}} {
		for name, value := range place {
			content[name] = value
		}
		d.choose(content)
		d.panel()
	}
	d.choose(map[string]string{"content": "field", "field": "summary", "symbology": "code128"}) // which takes no such letters
	d.must(200, http.MethodPost, qrPanel+"view/panel", d.site.token(canaryIssue), "{}")
	d.choose(map[string]string{"content": "link"})
}

// failures goes everywhere while Jira fails in every way.
func (d *canaryDrive) failures() {
	here := d.site.token(canaryIssue)
	panel, labels, admin := d.site.frame("pergola-qrcode--panel", canaryIssue, nil), d.site.frame("pergola-qrcode--labels", "", nil), d.site.frame("admin", "", nil)
	query := form(map[string]string{"jql": "project = " + d.site.state.Project("10000").Key, "preset": "a4-3x8", "start": "1"})
	for _, f := range d.site.faults() {
		d.site.with(f, func() {
			var visitors sync.WaitGroup // at once, since the host tries anew, with pauses
			defer visitors.Wait()
			for _, page := range []string{panel, labels, admin} {
				visitors.Go(func() { d.send(d.ctx, http.MethodGet, page, "", "") })
			}
			for _, call := range []string{qrPanel + "action/create", qrPanel + "file/png", qrLabels + "action/start", "/api/plugin/test.guest/panel/view/page",
				qrAdmin + "enabled", qrAdmin + "settings"} {
				body := query
				if strings.HasSuffix(call, "enabled") {
					body = `{"enabled":true}`
				}
				visitors.Go(func() {
					if status, text := d.send(d.ctx, http.MethodPost, call, here, body); status == 0 {
						d.t.Errorf("%s while Jira answers with %s: %s", call, f.name, text)
					}
				})
			}
			visitors.Go(func() { d.send(d.ctx, http.MethodGet, qrAdmin+"settings", here, "") })
		})
	}
	time.Sleep(limitLasts)
}

// hostile has plugins try every way to leave something behind.
func (d *canaryDrive) hostile() {
	here := d.site.token(canaryIssue)
	for _, plugin := range []string{"test.guest", "test.native"} {
		at := "/api/plugin/" + plugin + "/panel/"
		page := d.must(200, http.MethodPost, at+"view/page", here, "{}")
		ways := strings.Split(attribute(page, "data-title"), " ")
		if len(ways) < 20 {
			d.t.Fatalf("%s knows the ways %q only:\n%s", plugin, ways, page)
		}
		for _, way := range ways {
			status, text := d.send(d.ctx, http.MethodPost, at+"view/page", here, `{"params":{"how":"`+way+`"}}`)
			switch {
			case status == 0:
				d.t.Fatalf("%s: %s: %s", plugin, way, text)
			case status != 200 && (way == "show" || way == "log" || way == "store" || way == "host-call"):
				d.t.Errorf("%s: %s: %d: %.300s", plugin, way, status, text)
			case way == "store" && !strings.Contains(text, "Kept 0"):
				d.t.Errorf("%s stored content: %s", plugin, text)
			}
		}
		for _, kind := range []string{"text/csv", d.site.set.Plain("a content type")} {
			d.send(d.ctx, http.MethodPost, at+"file/file", here, `{"params":{"type":"`+kind+`"}}`)
		}
		for _, kind := range []string{"action/page", "view/" + d.site.set.Plain("a view that is none"), d.site.set.Plain("a kind that is none") + "/page"} {
			d.send(d.ctx, http.MethodPost, at+kind, here, `{"params":{"how":"show"}}`)
		}
	}
}

// paused has plugins stopped until they are paused, which the host remembers, and lets an admin look at that.
func (d *canaryDrive) paused() {
	here := d.site.token(canaryIssue)
	for _, plugin := range []string{"test.guest", "test.native"} {
		for _, way := range []string{"panic", "index", "limit", "map", "exit", "convert", "panic-error", "panic", "panic"} {
			d.send(d.ctx, http.MethodPost, "/api/plugin/"+plugin+"/panel/view/page", here, `{"params":{"how":"`+way+`"}}`)
		}
	}
	if page := d.must(200, http.MethodGet, d.site.frame("admin", "", nil), "", ""); !strings.Contains(page, "aused") {
		d.t.Error("no plugin was paused")
	}
}

// strangers sends what no page of ours would send.
func (d *canaryDrive) strangers() {
	text, word := d.site.set.Text("a stranger's text"), d.site.set.Plain("a stranger's word")
	escaped := url.QueryEscape(text)
	here := d.site.token(canaryIssue)
	paths := []string{
		"/", "/healthz", "/readyz", "/metrics", "/atlassian-connect.json", "/static/app.css", "/connect/module/pergola.qrcode/panel", "/connect/admin",
		"/" + word, "/static/" + word, "/static/../" + word, "/api/" + word, "/connect/module/" + word + "/" + word, "/" + url.PathEscape(text),
	}
	tokens := []string{"", "Bearer " + word, "JWT " + word, "JWT " + word + "." + word + "." + word, word, here + word, "Basic " + word}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodOptions, strings.ToUpper(word)} {
			d.send(d.ctx, method, path+"?jql="+escaped+"&jwt="+word+"&issue="+escaped+"&code="+word, tokens[len(path)%len(tokens)], "")
		}
	}
	for _, token := range tokens {
		for _, path := range []string{qrPanel + "action/create", qrAdmin + "settings", "/connect/installed", "/connect/uninstalled", "/connect/enabled", "/connect/disabled"} {
			d.send(d.ctx, http.MethodPost, path, token, `{"clientKey":"`+word+`","baseUrl":"https://`+word+`.example","sharedSecret":"`+word+`","description":"`+jsonText(text)+`"}`)
		}
	}
	for _, body := range []string{text, `{"params":` + text, `{"params":{"` + jsonText(text) + `":"` + jsonText(text) + `"}}`, `{"state":"` + jsonText(text) + `"}`,
		strings.Repeat(text, 40_000), "[" + strings.Repeat(`"`+word+`",`, 10_000)} {
		d.send(d.ctx, http.MethodPost, qrPanel+"action/create", here, body)
		d.send(d.ctx, http.MethodPost, qrLabels+"action/start", here, body)
		d.send(d.ctx, http.MethodPost, qrAdmin+"settings", here, body)
	}
	d.send(d.ctx, http.MethodGet, "/q/"+strings.Repeat(word, 600), "", "")
	for _, raw := range []string{text + "\r\n\r\n", "GET /" + word + " HTTP/9.9\r\n" + text + "\r\n\r\n", "POST /connect/installed HTTP/1.1\r\nHost: " + word + "\r\nContent-Length: " + word + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat(word, 2000) + "\r\n\r\n", "\x16\x03\x01" + word} {
		d.raw(raw)
	}
}

// raw sends bytes that need be no HTTP.
func (d *canaryDrive) raw(bytesToSend string) {
	conn, err := d.dial(d.ctx)
	if err != nil {
		d.t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = conn.Write([]byte(bytesToSend))
	_, _ = conn.Read(make([]byte, 4096)) // its answer, or the end; the connection has a deadline
}

// scrape returns the metrics.
func (d *canaryDrive) scrape() []byte {
	text := d.must(200, http.MethodGet, "/metrics", "", "")
	if !bytes.Contains([]byte(text), []byte("pergola_")) {
		d.t.Errorf("these are no metrics: %.300s", text)
	}
	return []byte(text)
}
