package web

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Bounds of what stands in a short link.
const (
	maxAlias = 32
	maxCode  = 64
)

// shortLinks takes what looks like a short link, and leaves every other address to whoever comes next.
func (s *Server) shortLinks(c *fiber.Ctx) error {
	path, code, ok := strings.Cut(strings.TrimPrefix(c.Path(), "/"), "/")
	if !ok || path == "" || code == "" || strings.Contains(code, "/") || !s.Features.HasShortLinks(path) {
		return c.Next()
	}
	// The pattern by which logs and metrics know it: the path is a manifest's, so there are few.
	c.Locals(patternKey{}, "/"+path+"/:code")
	if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
		c.Set(fiber.HeaderAllow, "GET, HEAD")
		return fiber.ErrMethodNotAllowed
	}
	return s.working(func(ctx context.Context, c *fiber.Ctx) error { return s.shortLink(ctx, c, path, code) })(c)
}

// shortLink sends whoever scanned a code, such as /q/{alias}.{code}, to the tenant's Jira site. Whatever is wrong with a
// link, the answer is the same; a site that has left is not named to strangers either.
func (s *Server) shortLink(ctx context.Context, c *fiber.Ctx, path, link string) error {
	alias, code, ok := strings.Cut(link, ".")
	if !ok || !plain(alias, maxAlias) || !plain(code, maxCode) {
		return fiber.ErrNotFound
	}
	t, err := s.Tenants.ByAlias(ctx, alias)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && t.State != tenant.Active:
		return fiber.ErrNotFound
	case err != nil: // our fault: a printed code must not look dead because of it
		return fmt.Errorf("find the site of a short link: %w", err)
	}
	to, ok := s.Features.ShortLink(ctx, t, s.AppKey, path, code)
	if !ok {
		return fiber.ErrNotFound
	}
	return c.Redirect(to, fiber.StatusFound)
}

// plain says whether s is a code: 1 to longest letters, digits, dashes and underscores.
func plain(s string, longest int) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= longest
}
