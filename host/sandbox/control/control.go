// Package control is the site's interface for those who develop apps: it installs apps, sets limits and faults, sends events
// by hand and changes what Jira has no simple call for. Everything is under /sandbox. A request without a session is the
// developer at the keyboard; one with a session needs an administrator's.
package control

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/event"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

type object = map[string]any

// Config is what the interface works on. Everything is required.
type Config struct {
	Store  *world.Store
	Base   string // the site's address, without a trailing slash
	Logger *slog.Logger
	Clock  func() time.Time
	Apps   *connect.Apps
	Limits *limit.Limiter
	Faults *fault.Set
	Sender *push.Sender
	Feed   *event.Feed
}

// Control is the interface of one site.
type Control struct {
	shape  shape.Shape
	store  *world.Store
	log    *slog.Logger
	now    func() time.Time
	apps   *connect.Apps
	limits *limit.Limiter
	faults *fault.Set
	sender *push.Sender
	feed   *event.Feed
}

// New returns the interface of a site.
func New(cfg Config) *Control {
	return &Control{
		shape: shape.Shape{Base: cfg.Base}, store: cfg.Store, log: cfg.Logger, now: cfg.Clock, apps: cfg.Apps, limits: cfg.Limits,
		faults: cfg.Faults, sender: cfg.Sender, feed: cfg.Feed,
	}
}

// Serve adds everything that is answered.
func (s *Control) Serve(mux *http.ServeMux) {
	for path, serve := range map[string]http.HandlerFunc{
		"POST /sandbox/apps":                s.installAPI,
		"DELETE /sandbox/apps/{appKey}":     s.uninstallAPI,
		"POST /sandbox/issues/{issue}/move": s.moveAPI,
		"POST /sandbox/users/{user}/rename": s.renameUserAPI,
		"POST /sandbox/users/{user}/close":  s.closeUserAPI,
		"GET /sandbox/reports":              s.reportsAPI,
		"PUT /sandbox/reports":              s.reportCycleAPI,
		"GET /sandbox/search":               s.searchAPI,
		"PUT /sandbox/search":               s.setSearchAPI,
		"GET /sandbox/limits":               s.limitsAPI,
		"PUT /sandbox/limits":               s.setLimitsAPI,
		"DELETE /sandbox/limits":            s.resetLimitsAPI,
		"GET /sandbox/faults":               s.faultsAPI,
		"POST /sandbox/faults":              s.addFaultAPI,
		"DELETE /sandbox/faults":            s.clearFaultsAPI,
		"DELETE /sandbox/faults/{rule}":     s.removeFaultAPI,
		"GET /sandbox/faults/log":           s.faultLogAPI,
		"GET /sandbox/webhooks":             s.webhooksAPI,
		"GET /sandbox/webhooks/log":         s.webhookLogAPI,
		"POST /sandbox/webhooks/events":     s.emitAPI,
	} {
		mux.HandleFunc(path, s.controlled(serve))
	}
}

// Guard lets only those in who may change the site, for what other packages serve under /sandbox.
func (s *Control) Guard(serve http.HandlerFunc) http.HandlerFunc { return s.controlled(serve) }

// controlled lets only those in who may change the site, as for installing apps.
func (s *Control) controlled(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := s.operator(w, r); ok {
			serve(w, r)
		}
	}
}

// decodeControl reads a body strictly: a word that is not known would do nothing, and nobody would notice.
func decodeControl(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return rest.Fail(http.StatusBadRequest, "more than one JSON value")
	}
	return nil
}

func refuseControl(w http.ResponseWriter, err error) {
	rest.WriteJSON(w, http.StatusBadRequest, object{"message": err.Error()})
}

func (s *Control) operator(w http.ResponseWriter, r *http.Request) (world.AccountID, bool) {
	st := s.store.State()
	u := session.User(r, st)
	if u == nil {
		return world.Mia, true
	}
	if !st.Can(u.Account, world.Administer) {
		rest.WriteJSON(w, http.StatusForbidden, object{"message": "Only a site admin can do that."})
		return "", false
	}
	return u.Account, true
}
