package web

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/functions"
	"github.com/pergola-platform/pergola/sdk"
)

// function answers a function in JQL of a plugin. Jira names no user: what it is told is for everybody. What went wrong is an answer too, which
// whoever searches reads, and which Jira is not to keep: the next search may mend it.
// https://developer.atlassian.com/cloud/jira/platform/modules/jql-functions/
func (s *Server) function(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.verified(c)(s.Verifier.Webhook(ctx, request(c)))
	if err != nil {
		return err
	}
	return s.answer(ctx, c, p.Tenant)
}

// forgeFunction does so for a site that has the app by Forge, which asks the same.
func (s *Server) forgeFunction(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.verified(c)(s.Verifier.Forge(ctx, request(c)))
	if err != nil {
		return err
	}
	return s.answer(ctx, c, p.Tenant)
}

func (s *Server) answer(ctx context.Context, c *fiber.Ctx, t capability.TenantID) error {
	var in struct {
		Clause struct {
			Operator  string   `json:"operator"`
			Arguments []string `json:"arguments"`
		} `json:"clause"`
	}
	if json.Unmarshal(c.Body(), &in) != nil || in.Clause.Operator == "" {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "That is no question about a function in JQL."}
	}
	if s.Functions == nil {
		return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "Nobody here answers functions in JQL."}
	}
	plugin, key := capability.PluginID(c.Params("plugin")), c.Params("function")
	jql, err := s.Functions.Answer(ctx, t, plugin, key, functions.Asked{Operator: in.Clause.Operator, Arguments: in.Clause.Arguments})
	c.Set(fiber.HeaderCacheControl, "no-store")
	if err == nil {
		return c.JSON(fiber.Map{"jql": jql})
	}
	if status, _, _ := public(err); status >= http.StatusInternalServerError {
		s.Log.ErrorContext(ctx, "function in JQL failed", "id", requestID(c), "route", route(c), "plugin", plugin, "error", cause(err))
	} else {
		s.Log.InfoContext(ctx, "function in JQL refused", "id", requestID(c), "route", route(c), "plugin", plugin, "reason", reason(err))
	}
	return c.JSON(fiber.Map{"error": functions.Words(err), "storeErrorAsPrecomputation": false})
}
