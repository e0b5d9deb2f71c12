package web

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/sdk"
)

// openPlain returns what answers on a listener without TLS where the host is reached by TLS: it sends on whoever looks, and refuses what would
// have sent a token in the clear, so that its sender is noticed and mended.
func (s *Server) openPlain() *fiber.App {
	plain := s.newApp()
	plain.Use(s.observe, s.recover, s.limit)
	plain.Use(func(c *fiber.Ctx) error {
		if c.Method() != http.MethodGet && c.Method() != http.MethodHead || c.Get(fiber.HeaderAuthorization) != "" {
			return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "This address is for https only. Use " + s.BaseURL + ", and replace a token that was sent here: it can have been read on its way."}
		}
		target := c.OriginalURL()
		if !strings.HasPrefix(target, "/") { // a whole address, as to a proxy
			target = "/"
		}
		if base, err := url.Parse(s.BaseURL); err == nil { // which holds the path of base_url already
			return c.Redirect(base.Scheme+"://"+base.Host+target, http.StatusPermanentRedirect)
		}
		return c.Redirect(s.BaseURL, http.StatusPermanentRedirect)
	})
	return plain
}

// ServePlain sends on plain HTTP on l to BaseURL until Shutdown, and closes it.
func (s *Server) ServePlain(l net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return l.Close()
	}
	s.plainly = l
	s.mu.Unlock()
	if err := s.plain.Listener(l); err != nil {
		return fmt.Errorf("send plain HTTP on to TLS: %w", err)
	}
	return nil
}
