// Package web is the host's HTTP surface: every route, which kind of token opens it, and what goes over the wire. It is
// the only package that knows Fiber. Fiber is told to copy whatever it hands out, because its buffers are used again:
// what a handler passes on stays as it is.
//
// The routes fall into groups, each with one verifier, and no token opens two of them:
//
//	/connect/installed, /connect/uninstalled   signed installs (RS256)
//	/connect/enabled, /connect/disabled        Connect events (HS256, computed qsh)
//	/connect/event/…                           Jira's webhooks (HS256, computed qsh)
//	/connect/jql/…                             Jira's questions about functions in JQL (HS256, computed qsh)
//	/connect/module/…, /admin, /sync, /stored, /api, /changes,
//	/configuration, /project                   pages in an iframe (HS256, computed qsh)
//	/api/v1/…                                  programs (API tokens)
//	/api/…                                     calls of those pages (HS256, context-qsh only)
//	/forge/…                                   Forge Remote: pages, their calls, events, lifecycle (RS256)
//	/q/… and its like, /static/…, /, /csp, …   nobody in particular
//	/healthz, /readyz, /metrics                operators
//
// None of them sets or reads a cookie, and how often each may be asked limit.go says.
//
// The operator's commands speak with [Server.ServeDoor], and from elsewhere, with operator tokens, with [Server.ServeOperators]. Their routes are on no
// other listener.
//
// Start with [New].
package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/functions"
	"github.com/pergola-platform/pergola/host/metrics"
	"github.com/pergola-platform/pergola/host/operator"
	"github.com/pergola-platform/pergola/host/rate"
	"github.com/pergola-platform/pergola/host/runs"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/syncing/blueprint"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
	"github.com/pergola-platform/pergola/host/ui"
)

// Config is what a Server needs. All of it is required, but for MetricsToken, Sites, Operators, Detail and State.
type Config struct {
	AppKey  string
	AppName string
	// BaseURL is the address under which Jira and browsers reach the host, without a trailing slash.
	BaseURL string
	// BridgeURL is the address of Atlassian's all.js; its origin is let into the Content-Security-Policy.
	BridgeURL      string
	FrameAncestors []string // origins that may show our pages in a frame
	BodyLimit      int      // most bytes of a request's body; some routes take less
	ReadTimeout    time.Duration
	HeaderTimeout  time.Duration // 0 is ReadTimeout
	TLS            bool          // the listener speaks TLS
	Rates          Rates
	TrustedProxies []netip.Prefix // whose ProxyHeader is believed
	ProxyHeader    string
	// MetricsToken opens /metrics. Without one only this machine may read them, and only while BaseURL is an address of
	// this machine: behind a proxy that runs here, every visitor seems to come from this machine.
	MetricsToken string

	Log       *slog.Logger
	Metrics   *metrics.Metrics
	Verifier  *auth.Verifier
	Lifecycle *connect.Lifecycle
	// Descriptor returns atlassian-connect.json as it is now; nobody changes the bytes.
	Descriptor func() []byte
	Features   *feature.Service
	Syncs      *syncing.Service
	Events     *events.Service // nil takes no webhooks about issues
	// Arrived is called after a site has the app by Connect; nil does nothing.
	Arrived    func(ctx context.Context, t capability.TenantID)
	Forge      Forge         // nil takes no calls of a Forge app
	Visits     Visits        // nil keeps no tokens of people
	Runs       *runs.Service // nil runs no jobs of plugins
	Functions  Functions     // nil answers no functions in JQL
	Blueprints *blueprint.Service
	Tokens     *token.Service
	Audit      *audit.Trail       // nil notes no changes
	Sets       *configset.Service // nil carries no configuration from site to site
	Tenants    Tenants
	Sites      Sites             // for the operator's commands, needed by ServeDoor
	Operators  *operator.Service // nil makes no operator credentials; needed by ServeOperators
	UI         *ui.Renderer
	Privacy    Privacy
	// Ready says whether the host can serve, part by part; a nil error means that the part is fine.
	Ready func(ctx context.Context) map[string]error
	// Detail says how the host runs, for /readyz; nil leaves it out.
	Detail func() Detail
	// State says how the host stands, to its operator alone; nil leaves the route out.
	State func(ctx context.Context) any
	// Now is the clock.
	Now func() time.Time
}

// Functions answers functions in JQL of plugins; functions.Service is one. The error is for whoever searches.
type Functions interface {
	Answer(ctx context.Context, t capability.TenantID, plugin capability.PluginID, key string, q functions.Asked) (string, error)
}

// Tenants finds the tenant of a short link; tenant.Tenants is one.
type Tenants interface {
	ByAlias(ctx context.Context, alias string) (tenant.Tenant, error)
}

// Server serves the routes. Make it with New.
type Server struct {
	Config
	app      *fiber.App
	door     *fiber.App // of the operator's commands
	remote   *fiber.App // the same, for operator credentials
	plain    *fiber.App // sends plain HTTP on to TLS
	headers  []header   // of every answer
	loopback bool       // BaseURL is an address of this machine

	work     context.Context // of all requests; ends when Shutdown has waited long enough
	stopWork context.CancelFunc

	limiter rate.Limiter[string] // of programs
	traffic traffic              // of everybody

	waiting     context.Context // of requests that wait for news; ends when Shutdown begins
	stopWaiting context.CancelFunc

	mu       sync.Mutex
	listener net.Listener
	doorway  net.Listener
	outside  net.Listener // for operator credentials
	plainly  net.Listener
	closed   bool
}

// writeTimeout keeps a client that does not read from holding a connection for ever.
const writeTimeout = time.Minute

// New returns a server that does not listen yet. Shutdown ends it even so.
func New(c Config) (*Server, error) {
	csp, err := contentSecurityPolicy(c.BaseURL, c.BridgeURL, c.FrameAncestors)
	if err != nil {
		return nil, err
	}
	s := &Server{Config: c, headers: everyHeader(c, csp), loopback: isLoopback(c.BaseURL)}
	s.work, s.stopWork = context.WithCancel(context.Background())
	s.waiting, s.stopWaiting = context.WithCancel(s.work)
	s.app = s.newApp()
	s.app.Server().HeaderReceived = s.arriving
	s.app.Use(s.observe, s.recover, s.limit, s.fewHeaders, s.sameSite)

	s.app.Get("/", s.home)
	s.app.Post(reportPath, s.reported)
	s.app.Get("/healthz", s.health)
	s.app.Get("/readyz", s.working(s.ready))
	s.app.Get("/metrics", s.metrics)
	s.app.Get("/static/*", s.static)
	s.app.Get("/atlassian-connect.json", s.descriptor)

	s.app.Post("/connect/installed", s.working(s.installed))
	s.app.Post("/connect/uninstalled", s.working(s.uninstalled))
	s.app.Post("/connect/enabled", s.working(s.enabled))
	s.app.Post("/connect/disabled", s.working(s.disabled))
	s.app.Post(connect.EventPath+":event", s.working(s.event))
	s.app.Post(connect.FunctionPath+":plugin/:function", s.working(s.function))
	s.app.Get("/connect/module/:plugin/:module", s.working(s.modulePage))
	s.app.Get("/connect/admin", s.working(s.adminPage))
	s.app.Get("/connect/sync", s.working(s.syncPage))
	s.app.Get("/connect/stored", s.working(s.storedPage))
	s.app.Get("/connect/configuration", s.working(s.setPage))

	s.app.Post("/api/plugin/:plugin/:module/:kind/:name", s.working(s.call))
	s.app.Post("/api/admin/stored", s.working(s.downloadStored))
	s.app.Post("/api/admin/plugins/:plugin/enabled", s.working(s.setEnabled))
	s.app.Post("/api/admin/plugins/:plugin/retry", s.working(s.retry))
	s.app.Get("/api/admin/plugins/:plugin/settings", s.working(s.settings))
	s.app.Post("/api/admin/plugins/:plugin/settings", s.working(s.saveSettings))
	s.app.Post("/api/admin/plugins/:plugin/settings/edit", s.working(s.editSettings))
	s.app.Post(adminAPI+"/people", s.working(s.people))

	s.runRoutes()
	s.configRoutes()
	s.tokenRoutes()
	s.auditRoutes()
	s.projectRoutes()
	s.app.All(api.Root+"*", s.working(s.restAPI))
	s.setRoutes()
	s.syncRoutes(func(method, path string, h syncHandler) { s.app.Add(method, syncAPI+path, s.ofAdmin(h)) })

	s.forgeRoutes()

	// The manifests choose the paths of short links, and core/manifest keeps them off ours. Plugins come and go while the
	// host serves, and Fiber's routes do not, so this looks at each address that no route has.
	s.app.Use(s.shortLinks)
	s.door, s.remote, s.plain = s.openDoor(), s.openRemote(), s.openPlain()
	return s, nil
}

// newApp returns an app without routes.
func (s *Server) newApp() *fiber.App {
	return fiber.New(fiber.Config{
		AppName:               "pergola",
		DisableStartupMessage: true,
		Immutable:             true,
		CaseSensitive:         true,
		StrictRouting:         true,
		BodyLimit:             s.BodyLimit,
		ReadTimeout:           cmp.Or(s.HeaderTimeout, s.ReadTimeout), // arriving gives bodies their own
		WriteTimeout:          writeTimeout,
		IdleTimeout:           2 * time.Minute,
		ReadBufferSize:        16 << 10, // a token in the address can be long
		ErrorHandler:          s.refuse,
		// Fiber believes every client's headers about addresses and names otherwise; see client.
		EnableTrustedProxyCheck: true,
	})
}

// Serve answers requests on l until Shutdown, and closes it.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return l.Close()
	}
	s.listener = l
	s.mu.Unlock()
	if err := s.app.Listener(l); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// Shutdown stops taking connections and waits for the running requests. Where ctx ends first, it ends their work.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.stopWork()
	s.mu.Lock()
	s.closed = true
	listeners := []net.Listener{s.listener, s.doorway, s.outside, s.plainly}
	s.mu.Unlock()
	s.stopWaiting()
	others := make(chan error, 1)
	go func() {
		others <- errors.Join(s.door.ShutdownWithContext(ctx), s.remote.ShutdownWithContext(ctx), s.plain.ShutdownWithContext(ctx))
	}()
	err := errors.Join(s.app.ShutdownWithContext(ctx), <-others)
	for _, l := range listeners {
		if l == nil {
			continue
		}
		// Fiber closes only a listener on which it waits already; Serve may have been called a moment ago.
		if closing := l.Close(); closing != nil && !errors.Is(closing, net.ErrClosed) {
			err = errors.Join(err, closing)
		}
	}
	if err != nil {
		return fmt.Errorf("shut down the web server: %w", err)
	}
	return nil
}
