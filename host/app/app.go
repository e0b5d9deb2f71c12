// Package app puts the host together: it is the one place that knows every other package, and nobody but the program
// itself knows it. [Start] opens the store, loads the plugins and serves; [StartSandbox] runs a Jira site beside it.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/core/snapshot"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/certs"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/functions"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/metrics"
	"github.com/pergola-platform/pergola/host/operator"
	"github.com/pergola-platform/pergola/host/runs"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/syncing/blueprint"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/web"
)

// Host is a running host. Make it with Start.
type Host struct {
	cfg     config.Config
	url     string
	log     *slog.Logger
	metrics *metrics.Metrics

	storage *Storage
	store   store.Store
	tenants *tenant.Tenants
	jira    *jira.Client

	forgeTokens *forge.Tokens
	forgeSites  *forge.Sites // nil where no Forge app is configured

	catalog   *feature.Catalog
	wasm      *wasm.Driver
	process   *process.Driver // nil where the system has none
	engine    *core.Engine
	features  *feature.Service
	jobs      *jobs.Jobs
	syncs     *syncing.Service
	events    *events.Service
	hooks     *events.Hooks
	runs      *runs.Service
	functions *functions.Service
	memory    snapshot.Report // how it is restored after a call
	shelf     shelf
	page      descriptor

	certs      *certs.Files // nil where the host speaks plain HTTP
	server     *web.Server
	served     chan error
	background sync.WaitGroup  // what runs beside the requests
	work       context.Context // of what runs there; stop ends it
	stop       context.CancelFunc
	again      chan struct{} // holds one value while sites are to be told anew
	changed    chan struct{} // holds one value after the plugins have changed
}

// Start opens everything that cfg names and serves. It returns when the host is ready; Close ends it.
func Start(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *Host, err error) {
	listener, err := listen(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w; --listen takes another address", err)
	}
	h := &Host{cfg: cfg, log: log, url: cfg.BaseURL, metrics: metrics.New(Version()), again: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	// Nobody waits in front of a page for what the host does by itself.
	h.work, h.stop = context.WithCancel(limit.Background(context.Background()))
	if h.url == "" {
		h.url = scheme(cfg) + listener.Addr().String()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, listener.Close(), h.Close(context.WithoutCancel(ctx)))
		}
	}()
	for _, step := range []func(context.Context) error{h.openCerts, h.openStore, h.loadPlugins, h.openJobs, h.openSurface} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if err := h.serve(ctx, listener); err != nil {
		return nil, err
	}
	h.openDoor()
	if err := h.openOperators(ctx); err != nil {
		return nil, err
	}
	h.keepTidy()
	if err := h.jobs.Work(); err != nil {
		return nil, err
	}
	if cfg.Plugins.Watch {
		h.background.Go(func() { h.watch(h.work) })
	}
	return h, nil
}

func (h *Host) openStore(ctx context.Context) (err error) {
	if h.storage, err = OpenStorage(ctx, h.cfg, catalogManifests{h}, h.log); err != nil {
		return err
	}
	h.store, h.tenants = h.storage.Store, h.storage.Tenants
	h.forgeTokens = forge.NewTokens(h.store, h.storage.Keys, time.Now)
	limits, err := h.limits()
	if err != nil {
		return err
	}
	c := jira.Config{AppKey: h.cfg.Connect.AppKey, Clock: time.Now, Limits: limits, Bearers: h.forgeTokens}
	if h.cfg.Connect.ActAsUser {
		c.TokenURL = h.cfg.Connect.TokenURL
	}
	h.jira, err = jira.New(c)
	return err
}

// limits decides when sites are called, and lets the metrics say how that stands.
func (h *Host) limits() (*limit.Limiter, error) {
	c := limit.Config{InFlight: h.cfg.Jira.InFlight, PerSite: h.cfg.Jira.PerTenant, Points: h.cfg.Jira.Points}
	if c.Points == 0 {
		c.Points = -1
	}
	l, err := limit.New(c)
	if err != nil {
		return nil, err
	}
	return l, h.metrics.WatchJira(func() metrics.Jira {
		s := l.Stats()
		out := metrics.Jira{InFlight: s.InFlight, Waiting: s.Waiting, Paused: s.Paused, Points: s.Points, Refused: map[string]uint64{}}
		for reason, n := range s.Refused {
			out.Refused[string(reason)] = n
		}
		return out
	})
}

func (h *Host) openSurface(context.Context) error {
	c := h.cfg.Connect
	keys, err := auth.NewCDN(c.KeyHosts, nil, time.Now)
	if err != nil {
		return err
	}
	tokens := token.New(token.Config{Store: h.store, Tenants: h.tenants, Key: h.storage.tokenKey, Active: jira.NewSites(h.jira, h.tenants).Active, Now: time.Now})
	byForge, err := h.openForge(tokens.RevokeAll)
	if err != nil {
		return err
	}
	verifier, err := auth.New(auth.Config{AppKey: c.AppKey, BaseURLs: append([]string{h.url}, c.Audiences...), Keys: keys, Tenants: h.tenants, APITokens: tokens, Forge: byForge})
	if err != nil {
		return err
	}
	lifecycle, err := connect.NewLifecycle(connect.LifecycleConfig{AppKey: c.AppKey, Tenants: h.tenants, Log: h.log, LoopbackSites: c.LoopbackSites, Left: tokens.RevokeAll})
	if err != nil {
		return err
	}
	if err := h.describe(); err != nil {
		return err
	}
	renderer, err := ui.New(ui.Config{})
	if err != nil {
		return err
	}
	blueprints, err := blueprint.New(h.syncs, h.jira)
	if err != nil {
		return err
	}
	sets, err := configset.New(configset.Config{Features: h.features, Site: h.jira, Store: h.store, NewID: services.NewConfigID, Now: time.Now})
	if err != nil {
		return err
	}
	var leaving web.Forge
	if h.forgeSites != nil {
		leaving = h.forgeSites
	}
	h.server, err = web.New(web.Config{
		AppKey: c.AppKey, AppName: c.AppName, BaseURL: h.url, BridgeURL: c.BridgeURL, FrameAncestors: c.FrameAncestors,
		BodyLimit: h.cfg.Web.BodyLimit, ReadTimeout: h.cfg.Web.ReadTimeout, HeaderTimeout: h.cfg.Web.HeaderTimeout, MetricsToken: h.cfg.Metrics.Token,
		TLS: h.cfg.Server.TLS.On(), Rates: web.Rates(h.cfg.Web.Rates), TrustedProxies: h.cfg.Server.Networks(), ProxyHeader: h.cfg.Server.ProxyHeader,
		Log: h.log, Metrics: h.metrics, Verifier: verifier, Lifecycle: lifecycle, Descriptor: h.Descriptor,
		Features: h.features, Syncs: h.syncs, Events: h.events, Runs: h.runs, Functions: h.functions, Arrived: h.arrived, Forge: leaving, Visits: h.jira,
		Blueprints: blueprints, Tokens: tokens, Audit: audit.New(h.store, rand.Reader, h.log, time.Now), Sets: sets, Tenants: h.tenants, Sites: h.tenants,
		Operators: operator.New(operator.Config{Store: h.store, Keys: h.storage.Keys, Now: time.Now}),
		UI:        renderer, Privacy: h.privacy(), Ready: h.ready, Detail: h.detail, State: h.state, Now: time.Now,
	})
	return err
}

// URL returns the address under which the host is reached, without a trailing slash.
func (h *Host) URL() string { return h.url }

// Wait serves until ctx ends or the server fails, then closes the host.
func (h *Host) Wait(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-h.served:
		h.served = nil
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.Web.Drain+5*time.Second)
	defer cancel()
	return errors.Join(err, h.Close(closing))
}

// Close takes no more requests, lets the running ones end (at most for web.drain), and closes everything in the order
// opposite to its opening. A part that was never opened is left out.
func (h *Host) Close(ctx context.Context) error {
	var errs []error
	if h.server != nil {
		drain, cancel := context.WithTimeout(ctx, h.cfg.Web.Drain)
		errs = append(errs, h.server.Shutdown(drain))
		cancel()
	}
	if h.served != nil {
		errs = append(errs, <-h.served)
		h.served = nil
	}
	h.stop()
	h.background.Wait()
	if h.jobs != nil { // before the plugins that its steps call
		errs = append(errs, h.jobs.Close(ctx))
	}
	if h.engine != nil {
		errs = append(errs, h.engine.Close(ctx))
	}
	if h.process != nil {
		errs = append(errs, h.process.Close(ctx))
	}
	if h.wasm != nil {
		errs = append(errs, h.wasm.Close(ctx))
	}
	if h.storage != nil {
		errs = append(errs, h.storage.Close())
	}
	return errors.Join(errs...)
}
