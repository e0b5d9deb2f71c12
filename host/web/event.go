package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

// event takes a webhook of Jira. Of one about a project only the time is read: what has changed, whoever runs asks Jira itself. Of one
// about issues host/events reads ids.
func (s *Server) event(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.verified(c)(s.Verifier.Webhook(ctx, request(c)))
	if err != nil {
		return err
	}
	name, id, at := c.Params("event"), c.Get("X-Atlassian-Webhook-Identifier"), events.Happened(c.Body(), s.Now())
	if name == connect.Registered {
		if name, err = registeredEvent(c.Body()); err != nil {
			return err
		}
	}
	switch {
	case surface.IsProjectEvent(name):
		err = s.Syncs.ProjectsChanged(ctx, p.Tenant, id, at)
	case slices.Contains(event.Kinds(), name) && s.Events != nil:
		err = s.Events.Take(ctx, p.Tenant, name, id, at, c.Body())
	default:
		err = &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "Nobody here waits for this event."}
	}
	if err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}

// registeredEvent is of what a webhook tells that the app registered: all lead to one address.
func registeredEvent(body []byte) (string, error) {
	name, ok := connect.EventOf(body)
	if !ok {
		return "", &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "Nobody here waits for this event."}
	}
	return name, nil
}
