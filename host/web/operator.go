package web

import (
	"bytes"
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk"
)

// home tells whoever opens the host's own address what this is and how a Jira site installs it.
func (s *Server) home(c *fiber.Ctx) error {
	var page bytes.Buffer
	shell := s.shell(ui.KindPage, s.AppName, "")
	shell.BridgeURL = ""
	if err := s.UI.Home(&page, shell, ui.Home{AppName: s.AppName, DescriptorURL: s.BaseURL + "/atlassian-connect.json"}); err != nil {
		return err
	}
	return sendPage(c, page.Bytes())
}

// health says that the process lives.
func (s *Server) health(c *fiber.Ctx) error { return c.SendString("ok\n") }

// Detail says how a host runs, to its operator. Anybody may ask /readyz, so there is no reason, name or path in it.
type Detail struct {
	// Snapshot is how the memory of Wasm plugins goes back after a call: "pagemap_scan", "pagemap" or "copy", the best
	// first. Refused are better ones that do not work on this system; the log says why.
	Snapshot string   `json:"snapshot"`
	Refused  []string `json:"refused"`
	// MemoryUsed and MemoryLimit are what all Wasm plugins together use and may use, in bytes.
	MemoryUsed  int64 `json:"memoryUsedBytes"`
	MemoryLimit int64 `json:"memoryLimitBytes"`
}

// ready says whether the host can serve, part by part. Anybody may ask, so the reasons go to the log.
func (s *Server) ready(ctx context.Context, c *fiber.Ctx) error {
	parts := map[string]string{}
	for name, err := range s.Ready(ctx) {
		parts[name] = "ok"
		if err != nil {
			parts[name] = "failed"
			s.Log.ErrorContext(ctx, "not ready", "id", requestID(c), "part", name, "error", err)
			c.Status(http.StatusServiceUnavailable)
		}
	}
	answer := fiber.Map{"parts": parts}
	if s.Detail != nil {
		answer["engine"] = s.Detail()
	}
	return c.JSON(answer)
}

// metrics serves Prometheus: to whoever has the token, or, where none is configured, to this machine. It goes by the
// connection and by our own address; a header can say anything.
func (s *Server) metrics(c *fiber.Ctx) error {
	if s.MetricsToken == "" {
		peer, _, err := net.SplitHostPort(c.Context().RemoteAddr().String())
		if ip := net.ParseIP(peer); err != nil || !ip.IsLoopback() || !s.loopback {
			return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "The metrics of a host that others can reach need a token: set metrics.token."}
		}
	} else if token, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer "); !ok || subtle.ConstantTimeCompare([]byte(token), []byte(s.MetricsToken)) != 1 {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
		if ok {
			s.strike(c)
		}
		return &sdk.Error{Code: sdk.Unauthenticated, Source: sdk.FromHost, Message: "The metrics need the configured bearer token."}
	}
	return adaptor.HTTPHandler(s.Metrics.Handler())(c)
}

// isLoopback says whether an address of ours is reached from this machine only.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

// static serves the files of host/ui. Their addresses carry a digest where a page names them, so they may be kept.
func (s *Server) static(c *fiber.Ctx) error {
	body, contentType, etag, ok := s.UI.Static(c.Params("*"))
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	// While hosts of two versions serve, the old one must not give its file to a cache under the new one's address.
	if `"`+c.Query("v")+`"` == etag {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	c.Set("Cross-Origin-Resource-Policy", "cross-origin") // the icon is shown by Jira itself
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), etag) {
		return c.SendStatus(http.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, contentType)
	return c.Send(body)
}

// descriptor serves the Connect descriptor.
func (s *Server) descriptor(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	return c.Send(s.Descriptor())
}
