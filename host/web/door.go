package web

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Sites finds tenants for the operator; *tenant.Tenants is one.
type Sites interface {
	ByID(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
	Each(ctx context.Context) iter.Seq2[tenant.Tenant, error]
}

var _ Sites = (*tenant.Tenants)(nil)

// openDoor returns the routes of the operator's commands, for a listener that only the operator reaches: nobody is asked who they are. They
// have no account, so what they do is done by "".
func (s *Server) openDoor() *fiber.App {
	door := s.newApp()
	door.Use(s.observe, s.recover)
	s.operatorRoutes(func(method, path string, h fiber.Handler) { door.Add(method, path, h) })
	s.credentialRoutes(door)
	return door
}

// Where the routes about a site begin, and behind that those of its synchronizations.
const (
	ofTenant   = "/tenants/:tenant"
	syncPrefix = "/sync"
)

// operatorRoutes are the routes of the operator's commands, below whatever opens them.
func (s *Server) operatorRoutes(add func(method, path string, h fiber.Handler)) {
	add(http.MethodGet, "/tenants", s.working(s.listTenants))
	if s.State != nil {
		add(http.MethodGet, "/state", s.working(func(ctx context.Context, c *fiber.Ctx) error { return c.JSON(s.State(ctx)) }))
	}
	site := func(method, path string, h syncHandler) { add(method, ofTenant+path, s.ofOperator(h)) }
	s.syncRoutes(func(method, path string, h syncHandler) { site(method, syncPrefix+path, h) })
	site(http.MethodGet, "/config/export", s.exportSet)
	site(http.MethodPost, "/config/import", s.importSet)
	s.deadOperatorRoutes(site)
}

// ServeDoor answers the operator's commands on l until Shutdown, and closes it. Config.Sites has to be set.
func (s *Server) ServeDoor(l net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return l.Close()
	}
	s.doorway = l
	s.mu.Unlock()
	if err := s.door.Listener(l); err != nil {
		return fmt.Errorf("serve the operator's commands: %w", err)
	}
	return nil
}

// tenantShape is what the operator reads of a tenant.
type tenantShape struct {
	ID      capability.TenantID `json:"id"`
	Alias   string              `json:"alias"`
	Address string              `json:"address"`
	State   tenant.State        `json:"state"`
}

func (s *Server) listTenants(ctx context.Context, c *fiber.Ctx) error {
	out := []tenantShape{}
	for t, err := range s.Sites.Each(ctx) {
		if err != nil {
			return err
		}
		out = append(out, tenantShape{t.ID, t.Alias, t.BaseURL, t.State})
	}
	return c.JSON(out)
}

// ofOperator opens a route of synchronizations to the operator, for the tenant that the address names. Of a site that left there is
// nothing to do but to wait for the end of its data; one that is switched off can be prepared.
func (s *Server) ofOperator(h syncHandler) fiber.Handler {
	return s.working(func(ctx context.Context, c *fiber.Ctx) error {
		t, err := s.Sites.ByID(ctx, capability.TenantID(c.Params("tenant")))
		switch {
		case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
			return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Field: "tenant", Message: "There is no such site here. It may have been purged; pergola admin sites lists those there are."}
		case err != nil:
			return err
		case t.State != tenant.Active && t.State != tenant.Disabled:
			return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Field: "tenant", Message: "This site uninstalled the app. Install it there again first."}
		}
		return h(audit.ByOperator(ctx, credentialOf(c).Name), c, asker{tenant: t})
	})
}

// forPrograms says whether an error is read by a program, not by people.
func (s *Server) forPrograms(c *fiber.Ctx) bool {
	return c.App() == s.door || c.App() == s.remote || c.Method() != http.MethodGet && c.Method() != http.MethodHead
}
