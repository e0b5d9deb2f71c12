package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/sdk"
)

const requestIDHeader = "X-Request-Id"

type requestIDKey struct{}

// observe gives every request an id and the headers of every answer, logs it and counts it. The log holds the route's
// pattern, never the address: an address can carry a token, and the query an issue's key.
func (s *Server) observe(c *fiber.Ctx) error {
	start := s.Now()
	s.begin(c)
	if err := c.Next(); err != nil {
		// Written here, so that the status is known below.
		if err := s.fail(c, err); err != nil {
			return err
		}
	}
	s.finish(c, s.Now().Sub(start))
	return nil
}

// refuse answers what never reached a route: a body or a head that is too large, bytes that are no HTTP.
func (s *Server) refuse(c *fiber.Ctx, err error) error {
	s.begin(c)
	var web *fiber.Error
	if errors.As(err, &web) && (web.Code == fiber.StatusBadRequest || web.Code == fiber.StatusRequestTimeout || web.Code == fiber.StatusBadGateway) {
		c.Locals(quietKey{}, true) // noise of whoever knocks, which does not count for an address yet
		if web.Code == fiber.StatusBadGateway {
			err = fiber.ErrBadRequest // Fiber's word for a client that broke off, or whose TLS failed
		}
	}
	if err := s.fail(c, err); err != nil {
		return err
	}
	s.finish(c, 0)
	return nil
}

func (s *Server) begin(c *fiber.Ctx) {
	id := newRequestID()
	c.Locals(requestIDKey{}, id)
	c.Set(requestIDHeader, id)
	for _, h := range s.headers { // whose names are written as they are sent
		c.Response().Header.SetCanonical(h.name, h.value)
	}
}

// idLetters are those of base32, in lower case: they are read out on the telephone.
var idLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func newRequestID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return idLetters.EncodeToString(random[:])
}

func (s *Server) finish(c *fiber.Ctx, took time.Duration) {
	status := c.Response().StatusCode()
	pattern := route(c)
	s.Metrics.Request(c.Method(), pattern, status, took)
	level := slog.LevelInfo
	if c.Locals(quietKey{}) != nil {
		level = slog.LevelDebug
	}
	// A record of our own: Log.Info would look for the line of code that it was called from, which nobody wants to know of a request.
	log := s.Log.Handler()
	if !log.Enabled(c.UserContext(), level) {
		return
	}
	r := slog.NewRecord(time.Now(), level, "request", 0)
	r.AddAttrs(slog.String("id", requestID(c)), slog.String("method", c.Method()), slog.String("route", pattern), slog.Int("status", status), slog.Duration("took", took.Round(time.Microsecond)))
	_ = log.Handle(c.UserContext(), r)
}

// noRoute stands in logs and metrics for every address that no route has, so that strangers cannot fill either.
const noRoute = "none"

// patternKey is where a handler that takes more than one pattern leaves the one that fits.
type patternKey struct{}

// route returns the pattern of the route that took the request.
func route(c *fiber.Ctx) string {
	if pattern, ok := c.Locals(patternKey{}).(string); ok {
		return pattern
	}
	r := c.Route()
	// Fiber's stand-in has no handlers and the address as its path; what only the middleware took has the path "/".
	if len(r.Handlers) == 0 || r.Path == "/" && c.Path() != "/" {
		return noRoute
	}
	return r.Path
}

func requestID(c *fiber.Ctx) string {
	id, _ := c.Locals(requestIDKey{}).(string)
	return id
}

// recover turns a panic into an error, with the stack in the log and nowhere else. Of the panic itself the log has the
// type and, if it is the runtime's, the text: any other text may quote what was worked on.
func (s *Server) recover(c *fiber.Ctx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			what := fmt.Sprintf("%T", r)
			if e, ok := r.(runtime.Error); ok {
				what = e.Error()
			}
			s.Log.ErrorContext(c.UserContext(), "panic", "id", requestID(c), "route", route(c), "panic", what, "stack", string(debug.Stack()))
			err = errors.New("panic")
		}
	}()
	return c.Next()
}

// workTime bounds the work for one request, so that a slow Jira does not hold a connection for ever. A call of a plugin is
// bounded by the engine, more tightly.
const workTime = 25 * time.Second

// working makes a handler of one that is given a context for its work. That is not Fiber's own, which is used again after
// the handler. It ends after workTime and when Shutdown has waited long enough; not when the client goes away, which
// the server learns only when it writes. It says on which of Jira's surfaces that is; who asks otherwise says so.
func (s *Server) working(h func(ctx context.Context, c *fiber.Ctx) error) fiber.Handler {
	onConnect, onForge := audit.Via(s.work, audit.Connect), audit.Via(s.work, audit.Forge)
	return func(c *fiber.Ctx) error {
		parent := onConnect
		if strings.HasPrefix(c.Route().Path, forgePrefix+"/") {
			parent = onForge
		}
		ctx, cancel := within(parent, workTime)
		defer cancel()
		return h(ctx, c)
	}
}

// sendPage sends a page or a fragment of one.
func sendPage(c *fiber.Ctx, html []byte) error {
	c.Type("html", "utf-8")
	return c.Send(html)
}

// invalid is the refusal of what a page sent.
func invalid(message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: message}
}
