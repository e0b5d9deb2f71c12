package web

import (
	"context"

	"github.com/gofiber/fiber/v2"
)

// AddOpen adds a route that asks nobody who they are, behind all others.
func (s *Server) AddOpen(path string, h fiber.Handler) {
	s.app.Get(path, s.working(func(_ context.Context, c *fiber.Ctx) error { return h(c) }))
}

// AddCall adds a route as the calls of pages have them, behind all others: whoever asks is verified, then h answers.
func (s *Server) AddCall(path string, h fiber.Handler) {
	s.app.Get(path, s.working(func(ctx context.Context, c *fiber.Ctx) error {
		if _, err := s.caller(ctx, c); err != nil {
			return err
		}
		return h(c)
	}))
}

// OperatorRoutes are those of the listener for operator credentials, and whether a read-only one opens them.
func (s *Server) OperatorRoutes() map[string]bool {
	out := map[string]bool{}
	for _, r := range s.remote.GetRoutes(true) {
		route := r.Method + " " + r.Path
		out[route] = changesNothing[route]
	}
	return out
}

// ChangesNothing are the routes that a read-only credential opens.
func ChangesNothing() map[string]bool { return changesNothing }
