package web

import (
	"context"
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/tenant"
)

// request is what a verifier looks at. The target is the address as it was sent: a normalised one has another hash.
func request(c *fiber.Ctx) auth.Request {
	return auth.Request{Method: c.Method(), Target: c.OriginalURL(), Authorization: c.Get(fiber.HeaderAuthorization), ForgeSystem: c.Get("X-Forge-Oauth-System")}
}

// installed takes a signed installation. Until it has answered with success, Jira considers the app not installed.
func (s *Server) installed(ctx context.Context, c *fiber.Ctx) error {
	body := c.Body()
	p, err := s.verified(c)(s.Verifier.Lifecycle(ctx, request(c), clientKey(body)))
	if err != nil {
		return err
	}
	if err := s.Lifecycle.Installed(ctx, body, p); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) uninstalled(ctx context.Context, c *fiber.Ctx) error {
	body := c.Body()
	p, err := s.verified(c)(s.Verifier.Lifecycle(ctx, request(c), clientKey(body)))
	if err != nil {
		return err
	}
	if err := s.Lifecycle.Uninstalled(ctx, body, p); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// enabled follows an installation, and is the first moment at which the site takes calls from us: it learns which modules
// to show.
func (s *Server) enabled(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.verified(c)(s.Verifier.Event(ctx, request(c)))
	if err != nil {
		return err
	}
	t, err := s.Lifecycle.Enabled(ctx, p)
	if err != nil {
		return err
	}
	s.note(audit.Via(ctx, audit.Atlassian), t, "", audit.Entry{Action: audit.SiteEnabled})
	if err := s.Features.Announce(ctx, t); err != nil {
		return err
	}
	if s.Arrived != nil {
		s.Arrived(ctx, t.ID)
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) disabled(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.verified(c)(s.Verifier.Event(ctx, request(c)))
	if err != nil {
		return err
	}
	if err := s.Lifecycle.Disabled(ctx, p); err != nil {
		return err
	}
	s.note(audit.Via(ctx, audit.Atlassian), tenant.Tenant{ID: p.Tenant}, "", audit.Entry{Action: audit.SiteDisabled})
	return c.SendStatus(fiber.StatusNoContent)
}

// clientKey reads the body's client key, which the token's issuer must equal; an unreadable body has none.
func clientKey(body []byte) string {
	var b struct {
		ClientKey string `json:"clientKey"`
	}
	if json.Unmarshal(body, &b) != nil {
		return ""
	}
	return b.ClientKey
}
