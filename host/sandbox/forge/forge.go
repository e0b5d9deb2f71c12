// Package forge is the site's side of Atlassian Forge: it installs apps from their manifests, calls their remotes with signed
// invocation tokens (from pages, for events, on schedule), serves the key set that verifies these, and has the operations
// that only Forge apps use. An app that has a Connect half, too, shares the installation with it. Functions are not run: the
// sandbox has no Forge runtime, and says so where one would be needed.
//
// Contract: https://developer.atlassian.com/platform/forge/remote/essentials/.
//
// Start with [New].
package forge

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/courier"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/oauth"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

type object = map[string]any

// Config is what Forge stands on. Everything but Backoff is required.
type Config struct {
	Store  *world.Store
	Base   string // the site's address, without a trailing slash
	Logger *slog.Logger
	Clock  func() time.Time
	Skew   func(app string) time.Duration // how wrong the clock is in tokens for an app
	Apps   *connect.Apps
	Tokens *oauth.Server
	Plan   func(app, event, path string) fault.Plan
	// Backoff is how long to wait before retry 1, 2… of an event. nil is a minute each time, as Atlassian's.
	Backoff func(retry int) time.Duration
	// Guard lets only those in who may change the site.
	Guard func(http.HandlerFunc) http.HandlerFunc
	// API serves the REST interface.
	API http.Handler
}

// Forge has the Forge apps of a site. It is safe for concurrent use.
type Forge struct {
	Config
	shape     shape.Shape
	courier   *courier.Courier
	client    *http.Client
	installMu sync.Mutex // one installation at a time
	tickMu    sync.Mutex
	running   sync.WaitGroup
	stop      context.CancelFunc
}

const (
	retries      = 4
	uiTimeout    = 25 * time.Second
	tickInterval = time.Second
)

// New returns the Forge apps of a site, and begins to tell them of events. Close it.
func New(cfg Config) *Forge {
	if cfg.Backoff == nil {
		cfg.Backoff = func(int) time.Duration { return time.Minute }
	}
	ctx, cancel := context.WithCancel(context.Background()) // of the site, and not of a request
	s := &Forge{
		Config: cfg, shape: shape.Shape{Base: cfg.Base}, stop: cancel,
		courier: courier.New(courier.Config{Retries: retries, Backoff: cfg.Backoff, Plan: cfg.Plan, Clock: cfg.Clock, Logger: cfg.Logger}),
		client: &http.Client{
			Timeout:       uiTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	cfg.Apps.BeforeUninstall(s.beforeUninstall)
	cfg.Apps.AlsoOffer(s.functions)
	s.watch(ctx)
	s.schedule(ctx)
	return s
}

// Close ends everything that goes on.
func (s *Forge) Close() {
	s.stop()
	s.running.Wait()
	s.courier.Close()
	s.client.CloseIdleConnections()
}

// Settle waits until no event is on its way.
func (s *Forge) Settle() { s.courier.Settle() }

// Operations lists what only Forge apps can call.
func (s *Forge) Operations() []rest.Operation {
	const properties = "/rest/forge/1/app/properties"
	return []rest.Operation{
		rest.Op("GET", properties, rest.ScopeInaccessible, s.listProperties),
		rest.Op("GET", properties+"/{propertyKey}", rest.ScopeInaccessible, s.getProperty),
		rest.Op("PUT", properties+"/{propertyKey}", rest.ScopeInaccessible, s.setProperty),
		rest.Op("DELETE", properties+"/{propertyKey}", rest.ScopeInaccessible, s.deleteProperty),
		rest.Op("PUT", "/rest/api/3/app/field/{fieldIdOrKey}/value", rest.ScopeInaccessible, s.setFieldValue),
		rest.Op("POST", "/rest/api/3/app/field/value", rest.ScopeInaccessible, s.setFieldValues),
	}
}

// Serve adds the key set, the API base, what pages load, and the interface for developers.
func (s *Forge) Serve(mux *http.ServeMux) {
	mux.HandleFunc("GET /.well-known/jwks.json", s.jwks)
	mux.HandleFunc("/ex/jira/{cloudId}/", s.gateway)
	mux.HandleFunc("POST /graphql", s.graphql)
	mux.HandleFunc("GET "+uiPath+"{appKey}/{resource}/{path...}", s.resource)
	mux.HandleFunc("GET "+scripts+"{file}", s.script)
	mux.HandleFunc("POST /sandbox/forge/bridge", s.bridge)
	mux.HandleFunc("POST /sandbox/forge/apps", s.Guard(s.installAPI))
	mux.HandleFunc("GET /sandbox/forge/apps", s.Guard(s.listAPI))
	mux.HandleFunc("DELETE /sandbox/forge/apps/{appKey}", s.Guard(s.uninstallAPI))
	mux.HandleFunc("POST /sandbox/forge/apps/{appKey}/triggers/{trigger}", s.Guard(s.triggerAPI))
	mux.HandleFunc("GET /sandbox/forge/log", s.Guard(s.logAPI))
}

// CloudID is the site's id among Atlassian's sites. It follows from a key that every site has of its own.
func CloudID(st *world.State) string { return uuidOf("cloud", st.InstallKey.ID) }

// uuidOf makes an id that is always the same for the same thing.
func uuidOf(kind, of string) string {
	b := sha256.Sum256([]byte(kind + ":" + of))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// APIBase is where remotes call the site's REST interface with the tokens that they are given.
func (s *Forge) APIBase(st *world.State) string { return s.Base + "/ex/jira/" + CloudID(st) }

// gateway passes on what comes to the API base, as Atlassian's gateway does.
func (s *Forge) gateway(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("cloudId")
	if id != CloudID(s.Store.State()) {
		rest.WriteJSON(w, http.StatusNotFound, object{"code": http.StatusNotFound, "message": "There is no site with the cloud id " + id + "."})
		return
	}
	http.StripPrefix("/ex/jira/"+id, s.API).ServeHTTP(w, oauth.Gateway(r))
}

// manifest reads the manifest of an installed app.
func manifest(app *world.App) (*Manifest, error) {
	m, err := Parse([]byte(app.Forge.Manifest), nil)
	if err != nil {
		return nil, fmt.Errorf("read the manifest of %s: %w", app.Key, err)
	}
	return m, nil
}

// enabled calls do for each enabled Forge app.
func (s *Forge) enabled(st *world.State, do func(*world.App, *Manifest)) {
	for _, app := range st.InstalledApps() {
		if app.Forge == nil || app.State != world.AppEnabled {
			continue
		}
		m, err := manifest(app)
		if err != nil {
			s.Logger.Error("read a manifest", "error", err)
			continue
		}
		do(app, m)
	}
}
