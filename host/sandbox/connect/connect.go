// Package connect is the site's side of Atlassian Connect: it installs apps from their descriptors with signed lifecycle
// calls, signs the addresses of their frames and the tokens that frames ask for, checks the tokens that apps send, and has the
// operations under /rest/atlassian-connect.
package connect

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

type object = map[string]any

// Config is what apps need of their site. Everything is required.
type Config struct {
	Store  *world.Store
	Base   string // the site's address, without a trailing slash
	Logger *slog.Logger
	Clock  func() time.Time
	Skew   func(app string) time.Duration // how wrong the clock is in tokens for an app
	Hooks  *push.Book
}

// Apps are the Connect apps of a site. It is safe for concurrent use.
type Apps struct {
	store     *world.Store
	baseURL   string
	log       *slog.Logger
	now       func() time.Time
	skew      func(app string) time.Duration
	hooks     *push.Book
	client    *http.Client
	asking    *http.Client // for functions, each question with a deadline of its own
	answers   answers
	offering  []func(*world.State) []Offer // of apps without a descriptor
	leaving   func(context.Context, *world.App)
	installMu sync.Mutex // one lifecycle change at a time, so that two installs of an app cannot mix their secrets
}

// New returns the apps of a site. Close it.
func New(cfg Config) *Apps {
	client := func(timeout time.Duration) *http.Client {
		return &http.Client{
			Timeout: timeout,
			// A call carries a signature over its path: an app that redirects it would get one that does not fit.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &Apps{
		store: cfg.Store, baseURL: cfg.Base, log: cfg.Logger, now: cfg.Clock, skew: cfg.Skew, hooks: cfg.Hooks,
		client: client(lifecycleTimeout), asking: client(0),
	}
}

// BeforeUninstall has do called before an app is uninstalled. Call it before the site serves.
func (s *Apps) BeforeUninstall(do func(context.Context, *world.App)) { s.leaving = do }

// Close ends connections to apps.
func (s *Apps) Close() {
	s.client.CloseIdleConnections()
	s.asking.CloseIdleConnections()
}

// Operations lists what is served under /rest/atlassian-connect.
func (s *Apps) Operations() []rest.Operation {
	const app = "/rest/atlassian-connect/1/addons/{addonKey}/properties"
	own := []rest.Operation{
		rest.Op("GET", app, rest.ScopeNone, s.listAppProperties),
		rest.Op("GET", app+"/{propertyKey}", rest.ScopeNone, s.getAppProperty),
		rest.Op("PUT", app+"/{propertyKey}", rest.ScopeNone, s.setAppProperty),
		rest.Op("DELETE", app+"/{propertyKey}", rest.ScopeNone, s.deleteAppProperty),
		// Described in Atlassian's user privacy guide and not in the OpenAPI documents.
		rest.Op("POST", "/rest/atlassian-connect/latest/report-accounts", rest.ScopeNone, s.reportAccounts),
	}
	return slices.Concat(own, s.dynamicOperations(), s.emailOperations(), s.computationOperations())
}

// Serve adds what browsers and apps fetch beside REST: the key of lifecycle tokens, and what the pages' script asks for frames.
func (s *Apps) Serve(mux *http.ServeMux) {
	mux.HandleFunc("GET /install-keys/{kid}", s.installKey)
	mux.HandleFunc("POST /sandbox/context-token", s.contextTokenAPI)
	mux.HandleFunc("POST /sandbox/frame", s.frameAPI)
}

// link is the absolute address of a path of the site.
func (s *Apps) link(format string, args ...any) string {
	return s.baseURL + fmt.Sprintf(format, args...)
}
