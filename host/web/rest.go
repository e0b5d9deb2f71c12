package web

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/rate"
	"github.com/pergola-platform/pergola/sdk"
)

// The API for programs, below api.Root. No cookie opens it and no other site's page may read it: there are no headers of CORS. What went
// wrong is told as application/problem+json, by RFC 9457.

// restAPI answers a program.
func (s *Server) restAPI(ctx context.Context, c *fiber.Ctx) error {
	parts, query, err := inAPI(c.OriginalURL())
	if err != nil {
		return err
	}
	if slices.Equal(parts, []string{"openapi.json"}) && method(c) == http.MethodGet {
		return s.openAPI(c)
	}
	p, err := s.verified(c)(s.Verifier.Token(ctx, request(c)))
	if err != nil {
		return err
	}
	if err := s.meter(c, p); err != nil {
		return err
	}
	call := api.Call{Method: method(c), Sent: api.Sent{Query: query, ContentType: c.Get(fiber.HeaderContentType), IfMatch: c.Get(fiber.HeaderIfMatch), Body: c.Body()}}
	answer := s.hostRoute
	if strings.Contains(parts[0], ".") { // a plugin's id
		call.Plugin, call.Parts, answer = capability.PluginID(parts[0]), parts[1:], s.Features.Route
	} else {
		call.Parts = parts
	}
	got, err := answer(ctx, p, call)
	if err != nil {
		return err
	}
	c.Status(got.Status)
	if got.ETag != "" {
		c.Set(fiber.HeaderETag, got.ETag)
	}
	if got.Body == nil {
		return nil
	}
	if got.ContentType != "" {
		c.Set(fiber.HeaderContentDisposition, "attachment") // whoever opens it in a browser saves it
	}
	c.Set(fiber.HeaderContentType, cmp.Or(got.ContentType, fiber.MIMEApplicationJSON))
	return c.Send(got.Body)
}

// method is that of the route which answers: HEAD gets the head of what GET gets.
func method(c *fiber.Ctx) string {
	if c.Method() == http.MethodHead {
		return http.MethodGet
	}
	return c.Method()
}

// inAPI returns the parts of a path behind api.Root, decoded one by one: a slash that is part of one is written %2F.
func inAPI(target string) (parts []string, query string, err error) {
	path, query, _ := strings.Cut(target, "?")
	for part := range strings.SplitSeq(strings.TrimPrefix(path, api.Root), "/") {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return nil, "", invalid("The address cannot be read.")
		}
		parts = append(parts, plain)
	}
	return parts, query, nil
}

// meter counts a request against the limits of its token and site, and says in the answer how they stand.
func (s *Server) meter(c *fiber.Ctx, p auth.Principal) error {
	left, ok := s.limiter.Take(s.Now(), map[string]rate.Rate{string(p.Tenant) + "/" + p.Token: api.OfToken, string(p.Tenant): api.OfSite})
	c.Set("RateLimit-Limit", strconv.Itoa(left.Limit))
	c.Set("RateLimit-Remaining", strconv.Itoa(left.Remaining))
	c.Set("RateLimit-Reset", strconv.Itoa(seconds(left.Reset)))
	if ok {
		return nil
	}
	return &sdk.Error{
		Code: sdk.Exhausted, Source: sdk.FromHost, RetryAfter: max(1, seconds(left.Retry)),
		Message: "This token, or all of the site together, asks too often. Wait as long as Retry-After says.",
	}
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// openAPI answers with the document of the whole API. It says nothing of any site, so anybody may read it.
func (s *Server) openAPI(c *fiber.Ctx) error {
	doc, err := api.Document(s.AppName, "1", s.BaseURL, s.Features.Routes()...)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(doc)
}

// sendProblem answers a program with what went wrong.
func (s *Server) sendProblem(c *fiber.Ctx, err error, status int, code sdk.Code, message string) error {
	out := fiber.Map{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": message, "code": code, "requestId": requestID(c)}
	var e *sdk.Error
	if errors.As(err, &e) {
		if e.Field != "" {
			out["field"] = e.Field
		}
	}
	var own *api.Error
	if errors.As(err, &own) {
		if len(own.Faults) > 0 {
			out["errors"] = own.Faults
		}
		if len(own.Allow) > 0 {
			c.Set(fiber.HeaderAllow, strings.Join(own.Allow, ", "))
		}
	}
	challenge(c, status, own)
	if err := c.JSON(out); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/problem+json")
	return nil
}

// challenge says what kind of token is wanted, as RFC 6750 has it.
func challenge(c *fiber.Ctx, status int, own *api.Error) {
	const scheme = `Bearer realm="Pergola"`
	switch {
	case status == http.StatusUnauthorized && c.Get(fiber.HeaderAuthorization) == "":
		c.Set(fiber.HeaderWWWAuthenticate, scheme)
	case status == http.StatusUnauthorized:
		c.Set(fiber.HeaderWWWAuthenticate, scheme+`, error="invalid_token"`)
	case own != nil && own.Scope != "":
		c.Set(fiber.HeaderWWWAuthenticate, scheme+`, error="insufficient_scope", scope="`+own.Scope+`"`)
	}
}
