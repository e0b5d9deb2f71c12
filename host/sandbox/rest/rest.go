// Package rest serves Jira's REST interfaces: it finds the [Operation] of a request and who sent it, refuses whom the
// operation's scope, the site's limits or its faults refuse, and writes answers and errors in Jira's shape. What the operations
// do is the business of the packages that list them: platform, connect and others.
//
// Start with [New].
package rest

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// MaxBody is the largest request body in bytes that the site reads where nothing else is said.
const MaxBody = 1 << 20

// Config is what the interface stands on. Everything is required.
type Config struct {
	Store      *world.Store
	Base       string // the site's address, without a trailing slash
	Logger     *slog.Logger
	Clock      func() time.Time // of records
	Limits     *limit.Limiter
	Faults     *fault.Set
	Operations []Operation
	// Verify finds out whose a token is, by the scheme of its Authorization header in lower case, such as "jwt".
	Verify map[string]Verifier
	// Record is told of every request after its answer; nil tells nobody. Bodies says whether it wants to read bodies, too; nil is no.
	Record func(Record)
	Bodies func() bool
}

// Verifier finds out who sent a request that carries the token. A refusal is an [Error] with status 401.
type Verifier func(r *http.Request, st *world.State, token string) (Caller, error)

// server answers REST requests.
type server struct {
	Config
	router *router
}

// New serves the operations.
func New(cfg Config) http.Handler {
	s := &server{Config: cfg}
	s.router = s.newRouter()
	if cfg.Record == nil {
		return s.router
	}
	return s.recorded(s.router)
}

// serve answers a request for an operation.
func (s *server) serve(op Operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st := s.Store.State()
		who, err := s.caller(r, st)
		noteCaller(r, op, who)
		if err != nil {
			WriteError(s.Logger, w, r, err)
			return
		}
		if who.Account == "" && !op.anonymous {
			WriteError(s.Logger, w, r, Fail(http.StatusUnauthorized, "Client must be authenticated to access this resource."))
			return
		}
		if err := op.refuses(who); err != nil {
			WriteError(s.Logger, w, r, err)
			return
		}
		s.metered(w, r, op, st, who, func(w http.ResponseWriter, r *http.Request) (Answer, error) {
			r.Body = http.MaxBytesReader(w, r.Body, cmp.Or(op.most, MaxBody))
			return op.handle(&Call{Request: r, St: st, Who: who, Header: w.Header(), base: s.Base})
		})
	}
}
