// Package sandbox is a stand-in Jira Cloud site for development and tests: it serves the part of the REST interface v3
// that the host uses, installs Connect apps with the signed handshake, and shows issues, projects and the admin area with
// the apps' modules in real iframes on Atlassian's own bridge. Everything goes over HTTP, as with the real one, and
// nothing leaves the machine.
//
// It is not a place for real data: whoever reaches it logs in as anybody without a password, and its data directory
// holds the shared secrets of installed apps.
//
// Start with [Open]. What the site knows is in package world, its query language in jql, the rules that hide modules in
// condition, Atlassian's files in bridge.
package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/bridge"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Config says where a site lives.
type Config struct {
	// DataDir keeps the site between runs; it is made if needed. "" keeps it in memory.
	DataDir string
	// From is what a new site begins with; nil is the seeded one.
	From *world.Snapshot
	// Fill fills a new site instead, as seeding.Fill does; a site that exists is then refused with [world.ErrExists].
	Fill func(*world.Store) error
	// BaseURL is where browsers and apps reach the site, such as "http://localhost:7201". Required. It may change from
	// run to run; an app then has to be installed again to learn the new one.
	BaseURL string
	// Logger gets one line for each installation, lifecycle call and server error, and no issue content. nil drops them.
	Logger *slog.Logger
	// Clock is the time of tokens and changes. nil is time.Now.
	Clock func() time.Time
	// Limits are the rate limits of apps. nil is Atlassian's numbers: an app that is never refused here learns of its
	// mistakes from customers.
	Limits *limit.Settings
	// Seed decides what faults by chance do.
	Seed uint64
	// Backoff is how long to wait before retry 1, 2… of a webhook. nil is that of [push.Config].
	Backoff func(retry int) time.Duration
}

// Site is a running stand-in site. It is safe for concurrent use.
type Site struct {
	baseURL   string
	log       *slog.Logger
	now       func() time.Time
	store     *world.Store
	client    *http.Client
	appScript []byte
	mux       http.Handler
	limits    *limit.Limiter
	faults    *fault.Set
	hooks     push.Book
	sender    *push.Sender
	spreading sync.WaitGroup
	silence   context.CancelFunc // ends spreading what changed
	installMu sync.Mutex         // one lifecycle change at a time, so that two installs of an app cannot mix their secrets
}

// Open loads the site in cfg.DataDir, or makes and seeds one.
func Open(cfg Config) (*Site, error) {
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("open sandbox: base URL %q: want a scheme and a host, such as http://localhost:7201", cfg.BaseURL)
	}
	s := &Site{
		baseURL: u.Scheme + "://" + u.Host,
		log:     cfg.Logger,
		now:     cfg.Clock,
		client: &http.Client{
			Timeout: lifecycleTimeout,
			// A lifecycle call carries a signature over its path: an app that redirects it would get one that does not fit.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.appScript, err = bridge.AppScript(s.baseURL + cdnPath); err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	s.store, err = world.Open(world.Config{Dir: cfg.DataDir, From: cfg.From, Seed: world.Seed, Fill: cfg.Fill, Clock: s.now})
	if err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	if err := s.openControl(cfg); err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.silence = cancel
	s.spread(ctx)
	s.mux = s.routes()
	return s, nil
}

// Handler serves the whole site.
func (s *Site) Handler() http.Handler { return s.mux }

// Close ends the site. Every change is on disk already; webhooks that wait for another try are forgotten.
func (s *Site) Close() error {
	s.silence()
	s.spreading.Wait()
	s.faults.Stop()
	s.sender.Close()
	s.client.CloseIdleConnections()
	return s.store.Close()
}

// Hurry ends what faults make wait. Call it before the server shuts down, which waits for running requests.
func (s *Site) Hurry() { s.faults.Stop() }

// Snapshot is the site as it is now, for [Config.From] of others.
func (s *Site) Snapshot() *world.Snapshot { return s.store.Snapshot() }

// Welcome is where a visitor begins: who may log in, an administrator if there is one, and a page, that of an issue if there is
// one.
func (s *Site) Welcome() (login, path string) {
	st := s.store.State()
	for u := range st.Users.All() {
		if u.Login == "" || u.App || u.Closed {
			continue
		}
		if login == "" {
			login = u.Login
		}
		if st.Can(u.Account, world.Administer) {
			login = u.Login
			break
		}
	}
	for p := range st.Projects.All() {
		for n := range st.Index().Equal("project", string(p.ID)).All() {
			return login, "/browse/" + st.IssueAt(n).Key
		}
	}
	return login, "/"
}

// BaseURL is the site's address, without trailing slash.
func (s *Site) BaseURL() string { return s.baseURL }

// routes is the table of everything the site answers.
func (s *Site) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/rest/", s.newRouter())
	mux.HandleFunc("/rest/api/2/", inVersion2(mux))
	mux.HandleFunc("/rest/api/latest/", inVersion2(mux))

	mux.HandleFunc("GET /install-keys/{kid}", s.installKey)
	mux.HandleFunc("GET "+cdnPath+"/{file...}", s.cdnFile)
	mux.HandleFunc("GET /static/{file}", s.staticFile)

	mux.HandleFunc("GET /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	for path, page := range map[string]pageFunc{
		"GET /{$}":                s.dashboard,
		"GET /projects":           s.projectList,
		"GET /projects/{project}": s.issueList,
		"GET /issues":             s.issueList,
		"GET /browse/{issue}":     s.issueView,
		"GET /plugins/servlet/ac/{appKey}/{module}": s.appPage,
		"GET /admin":                         s.admin,
		"GET /admin/apps":                    s.admin,
		"POST /admin/apps":                   s.installFromPage,
		"POST /admin/apps/{appKey}/{action}": s.changeFromPage,
		"GET /admin/faults":                  s.control,
		"POST /admin/faults":                 s.addFaultFromPage,
		"POST /admin/faults/{rule}/remove":   s.removeFaultFromPage,
		"POST /admin/limits":                 s.limitsFromPage,
		"POST /browse/{issue}/rename":        s.renameFromPage,
		"POST /browse/{issue}/move":          s.moveFromPage,
		"POST /browse/{issue}/status":        s.statusFromPage,
	} {
		mux.HandleFunc(path, s.page(page))
	}
	mux.HandleFunc("/", s.page(s.noSuchPage))

	mux.HandleFunc("POST /sandbox/apps", s.installAPI)
	mux.HandleFunc("DELETE /sandbox/apps/{appKey}", s.uninstallAPI)
	mux.HandleFunc("POST /sandbox/issues/{issue}/move", s.moveAPI)
	mux.HandleFunc("POST /sandbox/users/{user}/rename", s.renameUserAPI)
	mux.HandleFunc("POST /sandbox/users/{user}/close", s.closeUserAPI)
	mux.HandleFunc("GET /sandbox/reports", s.reportsAPI)
	mux.HandleFunc("PUT /sandbox/reports", s.reportCycleAPI)
	for path, serve := range map[string]http.HandlerFunc{
		"GET /sandbox/limits":           s.limitsAPI,
		"PUT /sandbox/limits":           s.setLimitsAPI,
		"DELETE /sandbox/limits":        s.resetLimitsAPI,
		"GET /sandbox/faults":           s.faultsAPI,
		"POST /sandbox/faults":          s.addFaultAPI,
		"DELETE /sandbox/faults":        s.clearFaultsAPI,
		"DELETE /sandbox/faults/{rule}": s.removeFaultAPI,
		"GET /sandbox/faults/log":       s.faultLogAPI,
		"GET /sandbox/webhooks":         s.webhooksAPI,
		"GET /sandbox/webhooks/log":     s.webhookLogAPI,
		"POST /sandbox/webhooks/events": s.emitAPI,
	} {
		mux.HandleFunc(path, s.controlled(serve))
	}
	mux.HandleFunc("POST /sandbox/context-token", s.contextTokenAPI)
	mux.HandleFunc("POST /sandbox/frame", s.frameAPI)

	// Sessions are cookies: refuse what another origin's page makes a browser send.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(crossOrigin))
	return guard.Handler(mux)
}
