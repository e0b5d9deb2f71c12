// Package migration is the site's side of app migration from Data Center: an app learns of a transfer, reads what the other site's
// things are called here and what its other half exported, writes fields and properties, and says how far it is.
//
// Contract: https://developer.atlassian.com/platform/app-migration/. A developer starts a transfer with POST /sandbox/migrations,
// in the role of the Migration Assistant and of the app's Data Center half.
//
// Start with [New].
package migration

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/courier"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

type object = map[string]any

// Config is what migrations stand on. Everything but Backoff is required.
type Config struct {
	Store  *world.Store
	Base   string // the site's address, without a trailing slash
	Logger *slog.Logger
	Clock  func() time.Time
	// Sign makes the Authorization header of a request to a Connect app.
	Sign func(app, method, address string) (string, error)
	// Emit tells a Forge app of an event.
	Emit func(app world.AppKey, event string, payload map[string]any)
	Plan func(app, event, path string) fault.Plan
	// Backoff is how long to wait before retry 1, 2… of a message. nil is that of [courier.Config].
	Backoff func(retry int) time.Duration
	// Guard lets only those in who may change the site.
	Guard func(http.HandlerFunc) http.HandlerFunc
}

// Migrations are the migrations into a site. It is safe for concurrent use.
type Migrations struct {
	Config
	courier *courier.Courier
}

// retries is how often a message is sent again to an app that does not acknowledge it. Atlassian names no end.
const retries = 60

// New returns the migrations of a site. Close it.
func New(cfg Config) *Migrations {
	return &Migrations{cfg, courier.New(courier.Config{
		Retries: retries, Backoff: cfg.Backoff, Plan: cfg.Plan, Clock: cfg.Clock, Logger: cfg.Logger,
		Acknowledged: func(status int) bool { return status == http.StatusOK },
	})}
}

// Close forgets messages that wait.
func (s *Migrations) Close() { s.courier.Close() }

// Settle waits until no message is on its way.
func (s *Migrations) Settle() { s.courier.Settle() }

// Operations lists what apps can call: Connect apps below /rest/atlassian-connect, Forge apps below /app.
func (s *Migrations) Operations() []rest.Operation {
	const base = "/rest/atlassian-connect/1/migration/"
	op := func(method, path string, handle rest.Handler) rest.Operation {
		return rest.Op(method, base+path, rest.ScopeNone, handle)
	}
	forge := func(method, path string, handle rest.Handler) rest.Operation {
		return rest.Op(method, "/app/migration/forge/v1/"+path, rest.ScopeInaccessible, handle).Forge()
	}
	return []rest.Operation{
		op("GET", "webhook", s.getWebhook),
		op("PUT", "webhook", s.putWebhook),
		op("DELETE", "webhook", s.deleteWebhook),
		op("GET", "transfer/recent", s.recent),
		op("GET", "mapping/{transferId}/page", s.mappings),
		op("POST", "mapping/{transferId}/find", s.findMappings),
		op("GET", "data/{transferId}/all", s.listData),
		op("GET", "data/{s3Key}", s.getData),
		op("GET", "container/{transferId}/page", s.containers),
		op("POST", "progress/{transferId}", s.progress),
		op("POST", "feedback/{transferId}", s.feedback),
		op("PUT", "field", s.setFields),
		op("PUT", "properties/{entityType}", s.setProperties),
		op("POST", "workflow/rule/search", s.searchRules),
		op("GET", "{connectKey}/{jiraIssueFieldsKey}/task", s.fieldTask),

		forge("POST", "message/{transferId}/status", s.messageStatus),
		forge("POST", "mapping/{transferId}/find", s.findMappings),
		forge("GET", "mapping/{transferId}/page", s.mappings),
		forge("GET", "data/{s3Key}", s.getData),
		forge("GET", "data/{s3Key}/payload", s.getData),
		forge("GET", "container/{transferId}/page", s.containers),
		forge("POST", "log/{transferId}", s.appendLog),
	}
}

// Serve adds the data behind signed addresses, and the interface for developers.
func (s *Migrations) Serve(mux *http.ServeMux) {
	mux.HandleFunc("GET /sandbox/migration-data/{key}", s.download)
	for path, serve := range map[string]http.HandlerFunc{
		"POST /sandbox/migrations":                     s.startAPI,
		"GET /sandbox/migrations":                      s.listAPI,
		"GET /sandbox/migrations/log":                  s.logAPI,
		"GET /sandbox/migrations/{transfer}":           s.showAPI,
		"POST /sandbox/migrations/{transfer}/files":    s.uploadAPI,
		"POST /sandbox/migrations/{transfer}/complete": s.completeAPI,
		"POST /sandbox/migrations/{transfer}/cancel":   s.cancelAPI,
	} {
		mux.HandleFunc(path, s.Guard(serve))
	}
}

// The states of a transfer.
const (
	inProgress = "IN_PROGRESS"
	success    = "SUCCESS"
	incomplete = "INCOMPLETE"
	failed     = "FAILED"
	cancelled  = "CANCELLED" // by the administrator; the app settles it
)

var settled = []string{success, incomplete, failed}

// own returns a transfer of the calling app that goes on.
func own(c *rest.Call, st *world.State, id string) (*world.Transfer, error) {
	if !c.AsApp() {
		return nil, rest.Fail(http.StatusUnauthorized, "Only apps can use the app migration platform.")
	}
	t := st.Transfers.Get(id)
	switch {
	case t == nil || t.App != c.Who.App.Key:
		return nil, rest.Fail(http.StatusForbidden, "The app has no transfer %q.", id)
	case slices.Contains(settled, t.Status):
		return nil, rest.Fail(http.StatusForbidden, "The transfer %s is settled: it is %s.", t.ID, t.Status)
	}
	return t, nil
}

// details are what apps read of a migration.
func (s *Migrations) details(st *world.State, t *world.Transfer) object {
	out := object{
		"migrationId": t.Migration, "migrationScopeId": t.Migration, "name": t.Name, "createdAt": t.At.UnixMilli(), "cloudUrl": s.Base,
	}
	if app := st.Apps.Get(t.App); app != nil {
		out["jiraClientKey"], out["confluenceClientKey"] = app.ClientKey, ""
	}
	return out
}
