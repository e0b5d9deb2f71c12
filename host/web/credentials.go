package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/operator"
	"github.com/pergola-platform/pergola/host/rate"
	"github.com/pergola-platform/pergola/sdk"
)

// The operator's routes on a listener that others reach: operator credentials open them, and nothing else. Credentials are made, listed and revoked
// through the door alone, so none makes another.

// ofOperators is how often one address may ask there without a valid token. The setting for pages may be off; this one never is.
var ofOperators = rate.Rate{Burst: 60, Minute: 120}

// changesNothing are the routes that a read-only credential opens, by method and pattern. What is not named here changes something.
// The test of a connection is not among them: it takes settings to which the connection's secrets are sent, and writes what came of it.
var changesNothing = func() map[string]bool {
	out := map[string]bool{
		"GET /tenants": true, "GET /state": true,
		"GET /tenants/:tenant/config/export": true, "GET /tenants/:tenant/events/dead": true,
	}
	for _, route := range []string{
		"GET /setup", "GET /overview", "GET /form", "GET /projects", "GET /projects/:project/types", "GET /projects/:project/statuses", "GET /projects/:project/fields",
		"GET /fields", "GET /accounts", "GET /account", "GET /synchronizers", "GET /connections", "GET /connections/:id", "GET /connections/:id/streams",
		"GET /syncs", "GET /syncs/:id", "GET /syncs/:id/runs", "GET /runs/:id", "GET /runs/:id/rows", "GET /export",
		"POST /syncs/check", "POST /syncs/preview", "POST /syncs/times", "POST /syncs/:id/plan",
	} {
		method, path, _ := strings.Cut(route, " ")
		out[method+" "+ofTenant+syncPrefix+path] = true
	}
	return out
}()

// openRemote returns the operator's routes for a listener that others reach.
func (s *Server) openRemote() *fiber.App {
	remote := s.newApp()
	remote.Server().HeaderReceived = s.arriving
	remote.Use(s.observe, s.recover, s.limit, s.fewHeaders, s.sameSite, s.working(s.identify))
	s.operatorRoutes(func(method, path string, h fiber.Handler) {
		remote.Add(method, path, s.permitted(changesNothing[method+" "+path], h))
	})
	return remote
}

// ServeOperators answers those who have an operator credential on l until Shutdown, and closes it. Config.Sites and Config.Operators have to be set.
func (s *Server) ServeOperators(l net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return l.Close()
	}
	s.outside = l
	s.mu.Unlock()
	if err := s.remote.Listener(l); err != nil {
		return fmt.Errorf("serve operator credentials: %w", err)
	}
	return nil
}

// credentialKey is where identify leaves by which credential the operator asks.
type credentialKey struct{}

// credentialOf returns by which credential the operator asks; its name is "" for whoever came through the door.
func credentialOf(c *fiber.Ctx) operator.Credential {
	one, _ := c.Locals(credentialKey{}).(operator.Credential)
	return one
}

// identify lets nobody on without an operator token, whatever the address.
func (s *Server) identify(ctx context.Context, c *fiber.Ctx) error {
	stranger := func(message string) error {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
		return &sdk.Error{Code: sdk.Unauthenticated, Source: sdk.FromHost, Message: message}
	}
	token, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
	if !ok {
		return stranger("Commands from elsewhere need an operator token. Make one on the host with pergola admin operator add.")
	}
	one, err := s.Operators.Verify(ctx, token)
	switch {
	case errors.Is(err, operator.ErrExpired):
		return stranger("This operator token has expired. Revoke its credential on the host and make another one with pergola admin operator add.")
	case errors.Is(err, operator.ErrUnknown):
		s.strike(c)
		return stranger("This operator token is revoked, or was never one of this host. Make one on the host with pergola admin operator add.")
	case err != nil:
		return err
	}
	_ = s.passes(c, nil)
	c.Locals(credentialKey{}, one)
	return c.Next()
}

// permitted opens a route to credentials; to those that are read-only where it changes nothing.
func (s *Server) permitted(reads bool, h fiber.Handler) fiber.Handler {
	return s.working(func(ctx context.Context, c *fiber.Ctx) error {
		one := credentialOf(c)
		if one.ReadOnly && !reads {
			return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "The operator credential " + one.Name + " is read-only, and this may change something. Use one that is not, or give the command on the host itself."}
		}
		s.Operators.Note(ctx, one)
		return h(c)
	})
}

// credentialRoutes are those by which credentials are made, listed and revoked.
func (s *Server) credentialRoutes(door *fiber.App) {
	if s.Operators == nil {
		return
	}
	door.Post("/operators", s.working(s.makeCredential))
	door.Get("/operators", s.working(func(ctx context.Context, c *fiber.Ctx) error {
		all, err := s.Operators.List(ctx)
		if err != nil {
			return err
		}
		return c.JSON(all)
	}))
	door.Delete("/operators/:name", s.working(func(ctx context.Context, c *fiber.Ctx) error {
		name := c.Params("name")
		if err := s.Operators.Revoke(ctx, name); err != nil {
			return err
		}
		s.Log.InfoContext(ctx, "an operator credential was revoked", "name", name)
		return c.SendStatus(http.StatusNoContent)
	}))
}

func (s *Server) makeCredential(ctx context.Context, c *fiber.Ctx) error {
	body, err := read[struct {
		Name     string `json:"name"`
		ReadOnly bool   `json:"readOnly"`
		Seconds  int64  `json:"seconds"` // for how long it is good
	}](c)
	if err != nil {
		return err
	}
	// What is out of range is refused as such, and not after it went round.
	life := time.Duration(min(max(0, body.Seconds), int64(2*operator.MaxLife/time.Second))) * time.Second
	one, token, err := s.Operators.Make(ctx, operator.Wish{Name: body.Name, ReadOnly: body.ReadOnly, Life: life})
	if err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "an operator credential was made", "name", one.Name, "readOnly", one.ReadOnly, "expires", one.Expires)
	return c.JSON(fiber.Map{"credential": one, "token": token})
}
