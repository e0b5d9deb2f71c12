// Package sandbox is a stand-in Jira Cloud site for development and tests: it serves the REST interfaces that asset apps and
// customer portals use, installs Connect apps with the signed handshake, and shows issues, projects and the admin area with
// the apps' modules in real iframes on Atlassian's own bridge. Everything goes over HTTP, as with the real one, and
// nothing leaves the machine.
//
// It is not a place for real data: whoever reaches it logs in as anybody without a password, and its data directory
// holds the shared secrets of installed apps.
//
// Start with [Open], which puts together what the packages below have, each in a sentence of its own: world knows what is on
// the site, query asks it in JQL, shape writes it as Jira does; rest serves operations, which are those of platform, desk,
// connect, forge and migration; oauth gives out access tokens; page has the pages, portal those for customers, control the
// interface for developers; event tells apps of what changes, and push delivers it, as courier does for Forge and migrations;
// limit and fault stand in the way.
package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/calls"
	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/control"
	"github.com/pergola-platform/pergola/host/sandbox/desk"
	"github.com/pergola-platform/pergola/host/sandbox/event"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/migration"
	"github.com/pergola-platform/pergola/host/sandbox/oauth"
	"github.com/pergola-platform/pergola/host/sandbox/openapi"
	"github.com/pergola-platform/pergola/host/sandbox/page"
	"github.com/pergola-platform/pergola/host/sandbox/platform"
	"github.com/pergola-platform/pergola/host/sandbox/portal"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/push/kept"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
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
	// TokenHost is the audience that assertions for access tokens may name beside the site's address. "" is the documented
	// host of Atlassian's; the tokens come from /oauth2/token of the site.
	TokenHost string
	// Seed decides what faults by chance do.
	Seed uint64
	// SearchLag is how long searches take to see a change, as where Jira's index runs behind. 0 is at once.
	SearchLag time.Duration
	// Backoff is how long to wait before retry 1, 2… of a webhook. nil is that of [push.Config].
	Backoff func(retry int) time.Duration
}

// Site is a running stand-in site. It is safe for concurrent use.
type Site struct {
	baseURL string
	store   *world.Store
	faults  *fault.Set
	apps    *connect.Apps
	sender  *push.Sender
	feed    *event.Feed
	forge   *forge.Forge
	moves   *migration.Migrations
	handler http.Handler
}

// Open loads the site in cfg.DataDir, or makes and seeds one.
func Open(cfg Config) (*Site, error) {
	base, err := origin(cfg.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	store, err := world.Open(world.Config{Dir: cfg.DataDir, From: cfg.From, Seed: world.Seed, Fill: cfg.Fill, Clock: cfg.Clock, Lag: cfg.SearchLag})
	if err != nil {
		return nil, fmt.Errorf("open sandbox: %w", err)
	}
	s := &Site{baseURL: base, store: store}
	if err := s.assemble(cfg); err != nil {
		return nil, errors.Join(fmt.Errorf("open sandbox: %w", err), store.Close())
	}
	return s, nil
}

// origin is the address of a site in the form that everything here uses.
func origin(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("base URL %q: want a scheme and a host, such as http://localhost:7201", address)
	}
	return u.Scheme + "://" + u.Host, nil
}

// assemble makes the parts of the site on its world.
func (s *Site) assemble(cfg Config) error {
	settings := control.DocumentedLimits(s.store.State())
	if cfg.Limits != nil {
		settings = *cfg.Limits
	}
	limits, err := limit.New(settings, cfg.Clock)
	if err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	s.faults = fault.New(fault.Config{Seed: cfg.Seed, Clock: cfg.Clock})
	keeper, hooks := kept.New(s.store), &push.Book{}
	hooks.Keep(keeper, func(err error) { cfg.Logger.Error("keep webhooks", "error", err) })
	s.apps = connect.New(connect.Config{Store: s.store, Base: s.baseURL, Logger: cfg.Logger, Clock: cfg.Clock, Skew: s.faults.Skew, Hooks: hooks})
	s.sender, err = push.New(push.Config{
		Sign: s.apps.SignWebhook, Hooks: s.apps.Hooks, Plan: s.faults.Deliver, Backoff: cfg.Backoff, Clock: cfg.Clock, Logger: cfg.Logger,
		Failures: keeper,
	})
	if err != nil {
		return err
	}
	s.feed = event.Start(event.Config{Store: s.store, Base: s.baseURL, Clock: cfg.Clock, Sender: s.sender, Reads: s.apps.Reads})
	api := platform.New(platform.Config{Store: s.store, Base: s.baseURL, Clock: cfg.Clock, Hooks: hooks, Sender: s.sender, Apps: s.apps})
	service := desk.New(desk.Config{Store: s.store, Base: s.baseURL, Clock: cfg.Clock, Apps: s.apps})
	developers := control.New(control.Config{
		Store: s.store, Base: s.baseURL, Logger: cfg.Logger, Clock: cfg.Clock, Apps: s.apps, Limits: limits, Faults: s.faults,
		Sender: s.sender, Feed: s.feed,
	})
	tokens := oauth.New(oauth.Config{
		Store: s.store, Base: s.baseURL, Logger: cfg.Logger, Clock: cfg.Clock, Skew: s.faults.Skew, Audience: cfg.TokenHost,
	})
	mux := http.NewServeMux()
	s.forge = forge.New(forge.Config{
		Store: s.store, Base: s.baseURL, Logger: cfg.Logger, Clock: cfg.Clock, Skew: s.faults.Skew, Apps: s.apps, Tokens: tokens,
		Plan: s.faults.Deliver, Backoff: cfg.Backoff, Guard: developers.Guard, API: mux,
	})
	s.moves = migration.New(migration.Config{
		Store: s.store, Base: s.baseURL, Logger: cfg.Logger, Clock: cfg.Clock, Sign: s.apps.SignWebhook, Emit: s.forge.Emit,
		Plan: s.faults.Deliver, Backoff: cfg.Backoff, Guard: developers.Guard,
	})
	log := &calls.Log{}
	interfaces := rest.Config{
		Store: s.store, Base: s.baseURL, Logger: cfg.Logger, Clock: cfg.Clock, Limits: limits, Faults: fault.New(fault.Config{Clock: cfg.Clock}),
		Operations: slices.Concat(
			api.Operations(), service.Operations(), s.apps.Operations(), s.forge.Operations(), s.moves.Operations(),
		),
		Verify: map[string]rest.Verifier{"jwt": s.apps.Verify, "bearer": tokens.Verify},
	}
	pages, err := page.New(page.Config{
		Store: s.store, Base: s.baseURL, Logger: cfg.Logger, Clock: cfg.Clock, Apps: s.apps, Limits: limits, Faults: s.faults,
		Sender: s.sender, Control: developers, Forge: s.forge, REST: rest.New(interfaces), Calls: log,
	})
	if err != nil {
		return err
	}
	interfaces.Faults, interfaces.Record, interfaces.Bodies = s.faults, log.Add, log.Bodies
	recorded := rest.New(interfaces)
	mux.Handle("/rest/", recorded)
	mux.Handle("/app/", recorded)
	mux.HandleFunc("GET /secure/attachment/{id}/{name...}", func(w http.ResponseWriter, r *http.Request) { // as it was before the interface had it
		r.URL.Path, r.URL.RawPath = "/rest/api/3/attachment/content/"+r.PathValue("id"), ""
		recorded.ServeHTTP(w, r)
	})
	version2 := rest.Version2(mux, s.store.State)
	mux.HandleFunc("/rest/api/2/", version2)
	mux.HandleFunc("/rest/api/latest/", version2)
	s.apps.Serve(mux)
	tokens.Serve(mux)
	s.forge.Serve(mux)
	s.moves.Serve(mux)
	developers.Serve(mux)
	pages.Serve(mux)
	service.Serve(mux)
	portal.New(portal.Config{Store: s.store, Logger: cfg.Logger, Clock: cfg.Clock, Apps: s.apps, Desk: service, Forge: s.forge}).Serve(mux)

	// Sessions are cookies: refuse what another origin's page makes a browser send.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(rest.CrossOrigin))
	s.handler = guard.Handler(mux)
	return nil
}

// Operations lists what a site serves of Jira's REST interfaces, in the order of the table. The ID is empty where Atlassian's
// documents do not describe the operation.
func Operations() []openapi.Operation {
	var out []openapi.Operation
	for _, op := range slices.Concat(
		(&platform.API{}).Operations(), (&desk.API{}).Operations(), (&connect.Apps{}).Operations(), (&forge.Forge{}).Operations(),
		(&migration.Migrations{}).Operations(),
	) {
		known, _ := openapi.Find(op.Method, op.Path)
		out = append(out, openapi.Operation{Method: op.Method, Path: op.Path, ID: known.ID, Scope: op.Scope.String()})
	}
	return out
}

// Handler serves the whole site.
func (s *Site) Handler() http.Handler { return s.handler }

// Close ends the site. Every change is on disk already; webhooks that wait for another try are forgotten.
func (s *Site) Close() error {
	s.feed.Close()
	s.moves.Close()
	s.forge.Close()
	s.faults.Stop()
	s.sender.Close()
	s.apps.Close()
	return s.store.Close()
}

// Hurry ends what faults make wait. Call it before the server shuts down, which waits for running requests.
func (s *Site) Hurry() { s.faults.Stop() }

// Emit tells the apps that want to know of an event. Filters are asked of the site as it is now.
func (s *Site) Emit(e push.Event) { s.feed.Emit(e) }

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
