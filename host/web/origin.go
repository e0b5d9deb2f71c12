package web

import (
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/sdk"
)

// No route sets or reads a cookie: what opens one is a token that the page or program sends itself, so a page of another site has nothing
// that a browser would add. What follows holds all the same, should that ever change.

// sameSite refuses what changes something where a page of another site has a browser send it. Browsers say so by Sec-Fetch-Site, older
// ones by Origin, and no page can change what they say. Programs and Atlassian's servers send neither.
// https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
func (s *Server) sameSite(c *fiber.Ctx) error {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return c.Next()
	}
	if c.Path() == reportPath || atlassianCalls(c.Path()) { // the one changes nothing; of the other Atlassian may hand on what a browser told it
		return c.Next()
	}
	from, origin := c.Get("Sec-Fetch-Site"), c.Get(fiber.HeaderOrigin)
	if from == "same-origin" || from == "none" || from == "" && (origin == "" || s.ours(c, origin)) {
		return c.Next()
	}
	s.Metrics.CrossSite()
	return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "Another site's page asked for this. Open the page from Jira, and do it there."}
}

// ours says whether an origin is that under which the host is reached.
func (s *Server) ours(c *fiber.Ctx, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	base, err := url.Parse(s.BaseURL)
	return err == nil && strings.EqualFold(u.Host, base.Host) || strings.EqualFold(u.Host, string(c.Context().Host()))
}
