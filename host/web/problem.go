package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk"
)

// fail answers a request that went wrong: JSON for the pages' calls and for Jira, a page for people. What they read is
// the error's own message where it was written for them, and a plain word otherwise; the log has the rest.
func (s *Server) fail(c *fiber.Ctx, err error) error {
	if bare(c) {
		return s.wrapped(func(*fiber.Ctx) error { return err })(c)
	}
	status, code, message := public(err)
	if status >= http.StatusInternalServerError {
		s.Log.ErrorContext(c.UserContext(), "request failed", "id", requestID(c), "route", route(c), "status", status, "error", cause(err))
	} else {
		s.Log.Log(c.UserContext(), levelOf(c, err), "request refused", "id", requestID(c), "route", route(c), "status", status, "reason", reason(err))
	}
	c.Response().ResetBody()
	c.Response().Header.Del(fiber.HeaderContentDisposition)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Status(status)
	var own *sdk.Error
	if errors.As(err, &own) && own.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(own.RetryAfter))
	}
	if c.App() == s.app && strings.HasPrefix(c.Path(), api.Root) {
		return s.sendProblem(c, err, status, code, message)
	}
	if s.forPrograms(c) || strings.HasPrefix(c.Path(), "/api/") || strings.HasPrefix(c.Path(), forgePrefix+"/") {
		return c.JSON(fiber.Map{"error": problem(err, code, message), "requestId": requestID(c)})
	}
	shell := s.shell(ui.KindPage, "", "")
	if !strings.HasPrefix(c.Path(), "/connect/") {
		shell.BridgeURL = ""
	}
	var page bytes.Buffer
	if err := s.UI.Problem(&page, shell, ui.Problem{Status: status, Detail: message, RequestID: requestID(c)}); err != nil {
		return c.SendString(message)
	}
	return sendPage(c, page.Bytes())
}

// problem is what a program reads of an error.
func problem(err error, code sdk.Code, message string) fiber.Map {
	out := fiber.Map{"code": code, "message": message}
	var e *sdk.Error
	if errors.As(err, &e) && e.Field != "" {
		out["field"] = e.Field
	}
	if problems := problemsOf(err); len(problems) > 0 {
		out["problems"] = problems
	}
	return out
}

// public returns what the world may know of an error.
func public(err error) (status int, code sdk.Code, message string) {
	var web *fiber.Error
	if errors.As(err, &web) {
		switch {
		case web.Code == http.StatusNotFound:
			return web.Code, sdk.NotFound, "There is no such page."
		case web.Code == http.StatusMethodNotAllowed:
			return web.Code, sdk.Unimplemented, "This address does not do that."
		case web.Code == http.StatusRequestEntityTooLarge:
			return web.Code, sdk.Invalid, "What was sent is too large. Send less at once."
		case web.Code == http.StatusRequestHeaderFieldsTooLarge:
			return web.Code, sdk.Invalid, "The address is too long."
		case web.Code == http.StatusRequestTimeout:
			return web.Code, sdk.Deadline, "The request took too long to arrive. Try again."
		case web.Code < http.StatusInternalServerError: // its own words may quote the request
			return web.Code, sdk.Invalid, "The request could not be read."
		}
	}
	var own *api.Error
	if errors.As(err, &own) {
		return own.Status, own.Err.Code, sentence(own.Err.Message)
	}
	var e *sdk.Error
	switch {
	case errors.As(err, &e):
		return statusOf(e), e.Code, sentence(e.Message)
	case errors.Is(err, store.ErrUnavailable):
		return http.StatusServiceUnavailable, sdk.Unavailable, "We cannot reach our own store just now. Try again in a minute."
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, sdk.Deadline, "This took too long. Try again."
	case errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, sdk.Unavailable, "The server is being restarted. Try again in a minute."
	}
	return http.StatusInternalServerError, sdk.Internal, "Something is broken on our side. Try again; if it stays so, tell your admin the number of this request."
}

// sentence begins a message with a capital and ends it with a full stop: those of the engine are clauses.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	s = string(unicode.ToUpper(first)) + s[size:]
	if last, _ := utf8.DecodeLastRuneInString(s); !strings.ContainsRune(".!?…", last) {
		s += "."
	}
	return s
}

func statusOf(e *sdk.Error) int {
	switch e.Code {
	case sdk.Invalid:
		return http.StatusBadRequest
	case sdk.NotFound:
		return http.StatusNotFound
	case sdk.Exists:
		return http.StatusConflict
	case sdk.PermissionDenied:
		return http.StatusForbidden
	case sdk.Unauthenticated:
		return http.StatusUnauthorized
	case sdk.Exhausted:
		return http.StatusTooManyRequests
	case sdk.Canceled:
		return 499 // the client closed the request
	case sdk.Deadline:
		return http.StatusGatewayTimeout
	case sdk.Unavailable:
		return http.StatusServiceUnavailable
	case sdk.Unimplemented:
		return http.StatusNotImplemented
	case sdk.Internal:
	}
	if e.Source == sdk.FromDownstream {
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}

// reason is what the log keeps of a refusal: the code and, for a token, why it was refused. Never the message, which may
// quote what somebody typed.
func reason(err error) string {
	var r interface{ Reason() string }
	if errors.As(err, &r) {
		return r.Reason()
	}
	var web *fiber.Error
	if errors.As(err, &web) {
		return http.StatusText(web.Code)
	}
	return string(sdk.CodeOf(err))
}

// cause is what the log keeps of a failure. An sdk.Error's own words are for the visitor and may quote an issue, most of
// all when they come from a plugin; so of an error that repeats them only code and source are kept.
func cause(err error) string {
	var e *sdk.Error
	if errors.As(err, &e) && strings.Contains(err.Error(), e.Message) {
		return string(e.Code) + " from " + string(e.Source)
	}
	return err.Error()
}
