package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/functions"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/metrics"
	"github.com/pergola-platform/pergola/host/operator"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/web"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/view"
)

const (
	appKey    = "pergola"
	clientKey = "site-one"
	secret    = "shared-secret-0123456789abcdef0123456789"
	plugin    = "acme.notes"
	admin     = "557058:admin"
	user      = "557058:user"
	// Admins of the projects 10000 and 20000, each of one alone.
	opsAdmin = "557058:ops"
	hrAdmin  = "557058:hr"
	// The issues of the site: one in project 10000, one in 20000. They are long, so that no time in a log looks like one.
	here, there = "100012345678", "200012345678"
	maxBody     = 64 << 10
)

var settingsSchema = `{"type":"object","properties":{
	"size":{"type":"integer","title":"Size","minimum":10,"maximum":100,"default":30},
	"projects":{"type":"array","title":"Projects","items":{"type":"string"},"x-jira":"project"}}}`

// pluginManifest returns the plugin's manifest; more are further members, each with a comma behind it.
func pluginManifest(t testing.TB, more string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("plugin.json", []byte(`{`+more+`"manifestVersion":1,"id":"acme.notes","name":"Notes","version":"1.0.0",
		"publisher":{"name":"Acme"},"description":"Notes beside an issue.","compat":{"abi":1},
		"runtime":{"kind":"wasm","entry":"plugin.wasm"},
		"permissions":[{"name":"jira:read","reason":"Show the issue"}],
		"settings":`+settingsSchema+`,
		"schemas":{"Note":{"type":"object","additionalProperties":false,"required":["text"],"properties":{"text":{"type":"string","maxLength":40}}}},
		"routes":[
			{"method":"GET","path":"/notes/{note}","handler":"note","scope":"links:read","summary":"Read a note",
			 "params":{"type":"object","required":["note"],"properties":{"note":{"type":"string","description":"Id."},"limit":{"type":"integer","default":5,"description":"How many."}}},
			 "answers":{"200":{"$ref":"#/schemas/Note"}}},
			{"method":"POST","path":"/notes","handler":"write","scope":"links:write","summary":"Write a note","body":{"$ref":"#/schemas/Note"},"answers":{"201":{"$ref":"#/schemas/Note"}}},
			{"method":"DELETE","path":"/notes/{note}","handler":"delete","scope":"links:write","summary":"Delete a note",
			 "params":{"type":"object","required":["note"],"properties":{"note":{"type":"string","description":"Id."}}},"answers":{"204":{"description":"It is gone."}}},
			{"method":"POST","path":"/sheets","handler":"sheet","scope":"labels:print","summary":"Print notes","body":{"$ref":"#/schemas/Note"},
			 "answers":{"200":{"type":"string","contentMediaType":"application/pdf"}}}],
		"modules":[
			{"type":"issuePanel","key":"panel","name":"Notes","view":"show","contexts":{"projects":"projects"}},
			{"type":"generalPage","key":"open","name":"Open","view":"show","hidden":true,"link":"q"},
			{"type":"portalPanel","key":"portal","name":"Notes","view":"show"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// host is a whole host on real parts, but for the plugin, which runs in this process, and the Jira site.
type host struct {
	t       testing.TB
	url     string
	server  *web.Server
	site    *site
	tenant  tenant.Tenant
	tenants *tenant.Tenants
	modules *tenant.Modules
	configs *tenant.Configs
	key     *rsa.PrivateKey // Atlassian's, for signed installs
	log     *records
	client  *http.Client
	stop    func()
	tokens  *token.Service
	// operators are credentials, whose clock is that of tokens.
	operators *operator.Service
	trail     *audit.Trail

	mu   sync.Mutex
	seen []sdk.Request  // what the plugin was asked
	size []int          // the setting that it read
	sent []rest.Request // what programs asked the plugin
	dead map[string]bool
	ago  time.Duration // by which the clock of tokens is behind
	// answered are the functions in JQL that Jira asked about.
	answered []string
	// Tests set these before they ask.
	file *sdk.Attachment
	slow func()
}

type option func(*web.Config)

var atlassian = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

type keys struct{}

func (keys) Key(_ context.Context, kid string) (*rsa.PublicKey, error) {
	if kid != "kid" {
		return nil, auth.ErrUnknownKey
	}
	return &atlassian().PublicKey, nil
}

func start(t testing.TB, options ...option) *host {
	t.Helper()
	return startWith(t, "", core.Breaking{}, options...)
}

// startWith starts a host whose plugin's manifest has more members, and with an operator's idea of when to pause it.
func startWith(t testing.TB, more string, breaking core.Breaking, options ...option) *host {
	t.Helper()
	h := &host{t: t, site: newSite(t), key: atlassian(), log: &records{}}
	db, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	types, err := privacy.NewTypes(nil, slices.Concat(tenant.Types(), seal.Types(), token.Types(), audit.Types(), configset.Types(), operator.Types())...)
	check(t, err)
	gate := privacy.NewGate(db, types)
	past := func() time.Time { return time.Now().Add(-time.Hour) }
	keeper := sealtest.Keeper(t, gate)
	h.tenants, h.modules = tenant.NewTenants(gate, keeper, past), tenant.NewModules(gate, time.Now)
	h.configs = tenant.NewConfigs(gate, time.Now)
	h.tokens = token.New(token.Config{Store: gate, Tenants: h.tenants, Key: tenant.NewTokens(gate, keeper).Key, Active: h.active, Now: h.then})
	h.operators = operator.New(operator.Config{Store: gate, Keys: keeper, Now: h.then})
	h.trail = audit.New(gate, rand.Reader, slog.New(slog.NewTextHandler(h.log, nil)), time.Now)
	h.tenant, err = h.tenants.Install(t.Context(), tenant.Installation{ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), BaseURL: h.site.URL})
	check(t, err)

	catalog, err := feature.NewCatalog(h.modules, []string{"*"}, pluginManifest(t, more))
	check(t, err)
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	counts := metrics.New("test")
	broker, err := capability.NewBroker(services.New(services.Deps{Settings: services.SettingsFunc(catalog.Settings)}), counts)
	check(t, err)
	engine, err := core.New(core.Config{Drivers: map[string]driver.Driver{"wasm": inproc.New(log, h.plugin())}, Broker: broker, Observer: counts, Breaking: breaking})
	check(t, err)
	check(t, engine.Add(t.Context(), pluginManifest(t, more), []byte(plugin)))
	client, err := jira.New(jira.Config{AppKey: appKey})
	check(t, err)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	h.url = "http://" + l.Addr().String()
	verifier, err := auth.New(auth.Config{AppKey: appKey, BaseURLs: []string{h.url}, Keys: keys{}, Tenants: h.tenants, APITokens: h.tokens})
	check(t, err)
	lifecycle, err := connect.NewLifecycle(connect.LifecycleConfig{AppKey: appKey, Tenants: h.tenants, Log: log, LoopbackSites: true, Left: h.tokens.RevokeAll})
	check(t, err)
	renderer, err := ui.New(ui.Config{})
	check(t, err)
	c := web.Config{
		AppKey: appKey, AppName: "Pergola", BaseURL: h.url, BridgeURL: "https://bridge.example/all.js", FrameAncestors: []string{"https://*.jira.example"},
		BodyLimit: maxBody, ReadTimeout: 5 * time.Second, Log: log, Metrics: counts, Verifier: verifier, Lifecycle: lifecycle,
		Functions:  h,
		Descriptor: func() []byte { return []byte(`{"key":"pergola"}`) }, Tenants: h.tenants, UI: renderer, Now: time.Now, Tokens: h.tokens, Audit: h.trail, Operators: h.operators,
		Features: feature.New(feature.Config{
			Catalog: catalog, Engine: engine, Tenants: h.tenants, Jira: client, Documents: h.configs, NewID: services.NewConfigID, BaseURL: h.url, Log: log, Now: time.Now, Write: gate.Write,
		}),
		Privacy: web.Privacy{Region: "Frankfurt", Grace: 48 * time.Hour, Report: func(ctx context.Context, t tenant.Tenant) ([]privacy.Entry, error) {
			return types.Report(ctx, gate, t.ID, t.Documents())
		}},
		Ready: func(ctx context.Context) map[string]error { return map[string]error{"store": db.Ping(ctx)} },
	}
	c.Sets, err = configset.New(configset.Config{Features: c.Features, Site: client, Store: gate, NewID: services.NewConfigID, Now: time.Now})
	check(t, err)
	for _, o := range options {
		o(&c)
	}
	h.server, err = web.New(c)
	check(t, err)
	served := make(chan error, 1)
	go func() { served <- h.server.Serve(l) }()
	transport := &http.Transport{}
	h.client = &http.Client{Transport: transport, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	h.stop = sync.OnceFunc(func() {
		transport.CloseIdleConnections()
		check(t, h.server.Shutdown(context.Background()))
		check(t, <-served)
		check(t, engine.Close(context.Background()))
	})
	t.Cleanup(h.stop)
	return h
}

// Answer implements web.Functions: it notes what is asked, and refuses the argument "wrong" in its own words and "broken" in ours.
func (h *host) Answer(_ context.Context, t capability.TenantID, plugin capability.PluginID, key string, q functions.Asked) (string, error) {
	h.mu.Lock()
	h.answered = append(h.answered, fmt.Sprintf("%v %s %s %s %q", t == h.tenant.ID, plugin, key, q.Operator, q.Arguments))
	h.mu.Unlock()
	switch {
	case slices.Contains(q.Arguments, "wrong"):
		return "", &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "There is no note “wrong”."}
	case slices.Contains(q.Arguments, "broken"):
		return "", errors.New("the disk of the host is full")
	}
	return `labels = "noted"`, nil
}

// plugin keeps what it is asked, and echoes it.
func (h *host) plugin() *sdk.Plugin {
	show := func(ctx context.Context, r *sdk.Request) (*view.Page, error) {
		values, err := settings.Load(ctx)
		if err != nil {
			return nil, err
		}
		h.mu.Lock()
		h.seen, h.size = append(h.seen, *r), append(h.size, values.Int("size"))
		slow := h.slow
		h.mu.Unlock()
		if slow != nil {
			slow()
		}
		return &view.Page{Title: "Notes", Blocks: []view.Block{view.P("issue " + r.Context.IssueID + ", code " + r.Params["code"])}}, nil
	}
	return &sdk.Plugin{
		ID: plugin, Version: "1.0.0",
		Views: map[string]sdk.View{"show": sdk.ViewFunc(show)},
		Guards: map[string]sdk.Guard{"shelf": config.Guard(func(_ context.Context, c *config.Change) (*config.Verdict, error) {
			switch {
			case c.Op == config.Delete && c.Before.String("name") == "Kept":
				return config.No("", "This one is needed."), nil
			case c.Op == config.Save && c.After.Int("boards") == 13:
				return config.No("boards", "Not 13, please."), nil
			}
			return nil, nil
		})},
		Actions: map[string]sdk.Action{
			"keep": sdk.ActionFunc(show),
			"refuse": sdk.ActionFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
				return nil, &sdk.Error{Code: sdk.Code(r.Params["code"]), Source: sdk.Source(r.Params["source"]), Message: "The words <b> of the plugin."}
			}),
			"fail": sdk.ActionFunc(func(context.Context, *sdk.Request) (*view.Page, error) {
				return nil, sdk.Errorf(sdk.Internal, "cannot read the summary Payroll")
			}),
		},
		Suggesters: map[string]sdk.Suggester{"assets": sdk.SuggesterFunc(func(ctx context.Context, r *sdk.Request) (*view.Choices, error) {
			if r.Params["q"] == "fail" {
				return nil, sdk.Errorf(sdk.Internal, "cannot read the summary Payroll")
			}
			if _, err := show(ctx, r); err != nil {
				return nil, err
			}
			return &view.Choices{Choices: []view.Choice{{Value: r.Context.IssueID, Label: "The words <b> of " + r.Params["q"]}}}, nil
		})},
		Routes: map[string]sdk.Route{"note": h.route(200), "write": h.route(201), "delete": h.route(204), "sheet": rest.Handler(func(context.Context, *rest.Request) (int, msgp.Marshaler, error) {
			return 200, msgp.Raw(msgp.AppendBytes(nil, []byte("%PDF-\x00\xff"))), nil
		})},
		Files: map[string]sdk.File{"save": sdk.FileFunc(func(context.Context, *sdk.Request) (*sdk.Attachment, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.file, nil
		})},
	}
}

func (h *host) asked() []sdk.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.seen)
}

// answer is a whole answer.
type answer struct {
	status int
	header http.Header
	body   string
}

func (h *host) do(method, target, authorization, body string) answer {
	h.t.Helper()
	r, err := http.NewRequest(method, h.url+target, strings.NewReader(body))
	check(h.t, err)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	r.Header.Set("Content-Type", "application/json")
	return h.send(r)
}

func (h *host) send(r *http.Request) answer {
	h.t.Helper()
	res, err := h.client.Do(r)
	check(h.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	check(h.t, err)
	return answer{res.StatusCode, res.Header, string(raw)}
}

// page asks for a page with a token that fits.
func (h *host) page(target, account string) answer {
	h.t.Helper()
	return h.do("GET", target, h.bound("GET", target, account), "")
}

// call asks for an API route with a token that fits, from a page beside that issue.
func (h *host) call(target, account, issue, body string) answer {
	h.t.Helper()
	return h.do("POST", target, h.contextToken(account, issue), body)
}

func (h *host) claims(account string) auth.Claims {
	now := time.Now()
	return auth.Claims{Issuer: clientKey, Subject: account, IssuedAt: now, Expiry: now.Add(time.Minute)}
}

// bound is a token for one address, as Jira puts it into an iframe's or sends it with an event.
func (h *host) bound(method, target, account string) string {
	c := h.claims(account)
	c.QSH = auth.QSH(method, target, "")
	return h.hs256(c)
}

func (h *host) contextToken(account, issue string) string {
	c := h.claims(account)
	c.QSH = auth.ContextQSH
	c.Context.Jira.Issue.ID = auth.ID(issue)
	return h.hs256(c)
}

func (h *host) hs256(c auth.Claims) string {
	h.t.Helper()
	token, err := auth.SignHS256(c, secret)
	check(h.t, err)
	return "JWT " + token
}

// install is a token of a signed install, or its like.
func (h *host) install(method, target string) string {
	h.t.Helper()
	c := h.claims(admin)
	c.Audience, c.QSH = []string{h.url}, auth.QSH(method, target, "")
	token, err := auth.SignRS256(c, "kid", h.key)
	check(h.t, err)
	return "JWT " + token
}

func (h *host) installation(event string) string {
	return `{"key":"pergola","clientKey":"site-one","sharedSecret":"` + secret + `","baseUrl":"` + h.site.URL + `","productType":"jira","eventType":"` + event + `"}`
}

// records is a log that can be read while it is written.
type records struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *records) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(b)
}

func (r *records) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cmpEmpty makes nothing and an empty list or map the same: the wire does not tell them apart.
var cmpEmpty = cmpopts.EquateEmpty()
