package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	forgeApp   = "406d303d-0393-4ec4-ad7c-1435be94583a"
	forgeAppID = "ari:cloud:ecosystem::app/" + forgeApp
)

// forgeFrames are the frames of an exported Forge app. Jira shows them without an origin of their own, where no debugger reaches them from the page;
// so a script beside the app's asks the test what to do.
type forgeFrames struct {
	t       *testing.T
	url     string
	steps   map[string]chan string // by the kind of frame
	results chan json.RawMessage
}

const forgeProbe = `
(async () => {
  for (;;) {
    const kind = document.documentElement.dataset.api || 'none';
    const next = await fetch('BASE/probe/next?kind=' + encodeURIComponent(kind));
    if (next.status !== 200) continue;
    let value;
    try { value = await eval(await next.text()); } catch (e) { value = 'failed: ' + e.message; }
    await fetch('BASE/probe/result', { method: 'POST', body: JSON.stringify(value ?? null) });
  }
})();`

// serveForge serves the folder of an app, as Atlassian's servers do, with the probe in its page.
func serveForge(t *testing.T, folder string) *forgeFrames {
	t.Helper()
	f := &forgeFrames{t: t, steps: map[string]chan string{}, results: make(chan json.RawMessage, 1)}
	for _, kind := range []string{"/api/plugin/pergola.qrcode/panel", "/api/plugin/pergola.qrcode/labels", "/api/admin", "/api/admin/sync", "/api/project/10002"} {
		f.steps[kind] = make(chan string)
	}
	mux := http.NewServeMux()
	files := http.FileServer(http.Dir(folder))
	mux.HandleFunc("GET /static/ui/index.html", func(w http.ResponseWriter, _ *http.Request) {
		raw, err := os.ReadFile(filepath.Join(folder, "static/ui/index.html"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(bytes.Replace(raw, []byte("</head>"), []byte(`<script defer src="`+f.url+`/probe.js"></script></head>`), 1))
	})
	mux.HandleFunc("GET /probe.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, strings.ReplaceAll(forgeProbe, "BASE", f.url))
	})
	mux.HandleFunc("GET /probe/next", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		select {
		case step := <-f.steps[r.URL.Query().Get("kind")]:
			_, _ = io.WriteString(w, step)
		case <-r.Context().Done():
		case <-time.After(200 * time.Millisecond): // a frame that was drawn meanwhile is of another kind
			w.WriteHeader(http.StatusNoContent)
		}
	})
	mux.HandleFunc("POST /probe/result", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		raw, _ := io.ReadAll(r.Body)
		f.results <- raw
	})
	mux.Handle("GET /", files)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// do runs a script in the frame of a kind and decodes what comes of it.
func (f *forgeFrames) do(kind, script string, out any) {
	f.t.Helper()
	select {
	case f.steps[kind] <- script:
	case <-time.After(40 * time.Second):
		f.t.Fatalf("no frame %s came", kind)
	}
	select {
	case raw := <-f.results:
		if err := json.Unmarshal(raw, out); err != nil {
			f.t.Fatalf("%s in %s gave %s", script, kind, raw)
		}
	case <-time.After(40 * time.Second):
		f.t.Fatalf("%s in %s came to no end", script, kind)
	}
}

// wait waits until an expression is true in the frame of a kind.
func (f *forgeFrames) wait(kind, condition string) {
	f.t.Helper()
	var got string
	f.do(kind, `new Promise((yes) => { const end = Date.now() + 20000; const look = () => { let ok = false;
		try { ok = !!(`+condition+`); } catch (e) {} if (ok) yes('yes'); else if (Date.now() > end) yes(document.body.innerText); else setTimeout(look, 40); }; look(); })`, &got)
	if got != "yes" {
		f.t.Fatalf("in %s this never became true: %s\nthe frame says:\n%s", kind, condition, got)
	}
}

// exportForge writes the Forge app of a host and builds it, with Atlassian's bridge as npm has it.
func exportForge(t *testing.T, data, hostURL string, more ...string) string {
	t.Helper()
	packages, err := filepath.Abs("../../bin/judges/forgebridge/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(packages, "@forge/bridge")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the judge forgebridge is not in bin/judges: run .ci/needs.sh")
		}
		t.Skip("the judge forgebridge is not in bin/judges: run .ci/needs.sh")
	}
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "app")
	run := func(dir, name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	run(t.TempDir(), bin, append([]string{
		"forge", "export", folder, "--data", data, "--base-url", hostURL, "--app-id", forgeAppID, "--set", "connect.loopback_sites=true",
	}, more...)...)
	if err := os.Symlink(packages, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	run(folder, "node", "build.mjs")
	return folder
}

// forgeCall calls the sandbox site, or the host.
func forgeCall(t *testing.T, method, address, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// TestForgeAppShowsThePagesOfPlugins exports the app, installs it on the sandbox's Forge, and works in its frames: the same pages, actions and
// forms as on Connect, by way of Atlassian's own bridge.
func TestForgeAppShowsThePagesOfPlugins(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	d := startDev(t, data, "--listen", "127.0.0.1:0", "--sandbox", "127.0.0.1:0", "--set", "plugins.enabled=*", "--set", "forge.app_id="+forgeAppID)
	frames := serveForge(t, exportForge(t, data, d.Host))
	install := func() {
		t.Helper()
		if status, body := forgeCall(t, http.MethodPost, d.Sandbox+"/sandbox/forge/apps", `{"manifest": "`+frames.url+`/manifest.yml"}`); status != http.StatusCreated {
			t.Fatalf("install: %d %s", status, body)
		}
	}
	install()
	b := newTab(t)
	const panel, labels, admin = "/api/plugin/pergola.qrcode/panel", "/api/plugin/pergola.qrcode/labels", "/api/admin"

	b.open(d.Sandbox + "/login?as=mia&dest=/browse/OPS-1")
	frames.wait(panel, `document.body.innerText.includes('No code yet')`)
	frames.wait(panel, `(document.querySelector('[data-call]').click(), true)`)
	frames.wait(panel, `document.querySelector('figure svg')`)

	b.open(d.Sandbox + "/login?as=mia&dest=/forge/apps/" + forgeApp + "/pages/pergola-qrcode--labels")
	frames.wait(labels, `document.querySelector('form') && document.getElementById('title').textContent`)

	// Jira's search asks the host on the route of Forge, which has the plugin answer in its own words.
	mia := &related{running: &running{t: t}, site: d.Sandbox}
	if found, refused := mia.search(mia.visitor("mia"), `issue in assetsWithLinks("Laptop of nobody")`); !strings.Contains(refused, "There is no relation “Laptop of nobody”") {
		t.Errorf("a function in JQL: %v %q", found, refused)
	}

	// Jonas administers one project, in whose settings the app is.
	b.open(d.Sandbox + "/login?as=jonas&dest=/projects/FAC/settings")
	b.click("", `[...document.querySelectorAll("#app-tabs ~ ul a")].find((a) => a.href.includes("/forge/apps/"))`)
	frames.wait("/api/project/10002", `document.body.innerText.includes("Nothing is configured yet") && document.body.innerText.includes("Facilities")`)
	frames.wait("/api/project/10002", `window.pergola.send('view/list', { method: 'POST', body: '{}' }).then((a) => { window.done = a.status; }), window.done === 200`)

	// An admin switches a plugin off on the page for admins; its panel is gone then, whoever asks.
	b.open(d.Sandbox + "/login?as=mia&dest=/forge/apps/" + forgeApp + "/admin")
	frames.wait(admin, `document.querySelector('[id*="pergola-qrcode"]')`)
	frames.wait(admin, `document.querySelector('a[href="#to=syncs"]')`)
	frames.wait(admin, `(window.pergola.send('plugins/pergola.qrcode/enabled', { method: 'POST', body: '{"enabled": false}' }).then((a) => { window.done = a.status; }), true)`)
	frames.wait(admin, `window.done === 200`)

	if status, body := forgeCall(t, http.MethodPost, d.Host+"/forge/page", `{}`); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", status, body)
	}
	if status, body := forgeCall(t, http.MethodDelete, d.Sandbox+"/sandbox/forge/apps/"+forgeApp, ""); status != http.StatusNoContent {
		t.Fatalf("uninstall: %d %s", status, body)
	}
	// What an admin chose is there again after the app was.
	install()
	b.open(d.Sandbox + "/login?as=mia&dest=/browse/OPS-1")
	b.wait("", `document.querySelector('[data-forge]')`)
	b.open(d.Sandbox + "/login?as=mia&dest=/forge/apps/" + forgeApp + "/admin")
	frames.wait(admin, `document.querySelector('[id*="pergola-qrcode"]').closest('[data-scope]').innerText.match(/off/i)`)
}

// sitesOf lists the sites of a host as an operator reads them.
func sitesOf(t *testing.T, data string) []string {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), bin, "admin", "sites", "--data", data).Output()
	if err != nil {
		t.Fatal(err)
	}
	var sites []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 2 && f[0] != "SITE" {
			sites = append(sites, f[0]+" "+f[1])
		}
	}
	return sites
}

// TestForgeAppTakesOverTheSiteOfTheConnectApp installs the Forge app on a site that has the Connect app of the same key: it is the same site
// afterwards, and what was made before is there.
func TestForgeAppTakesOverTheSiteOfTheConnectApp(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	over := []string{"--set", "forge.take_over=true"}
	d := startDev(t, data, append([]string{
		"--listen", "127.0.0.1:0", "--sandbox", "127.0.0.1:0", "--set", "plugins.enabled=*", "--set", "forge.app_id=" + forgeAppID,
	}, over...)...)
	before := sitesOf(t, data)
	if len(before) != 1 || !strings.HasSuffix(before[0], " active") {
		t.Fatalf("sites %q", before)
	}
	frames := serveForge(t, exportForge(t, data, d.Host, over...)) // it outlives the tab, whose frames ask it for as long as they are there
	b := newTab(t)
	b.open(d.Sandbox + "/login?as=mia&dest=/browse/OPS-1")
	const connect = "/connect/module/pergola.qrcode/panel"
	b.click(connect, `document.querySelector('[data-call]')`)
	b.wait(connect, `document.querySelector('figure svg')`)

	if status, body := forgeCall(t, http.MethodPost, d.Sandbox+"/sandbox/forge/apps", `{"manifest": "`+frames.url+`/manifest.yml"}`); status != http.StatusCreated {
		t.Fatalf("install: %d %s", status, body)
	}
	b.open(d.Sandbox + "/browse/OPS-1")
	frames.wait("/api/plugin/pergola.qrcode/panel", `document.querySelector('figure svg')`)
	if after := sitesOf(t, data); len(after) != 1 || after[0] != before[0] {
		t.Errorf("sites %q became %q", before, after)
	}
}
