package web

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/sdk"
)

// Forge knows the sites that leave; forge.Sites is one. Those that arrive are the verifier's.
type Forge interface {
	Left(ctx context.Context, i auth.Invocation) error
}

// Visits keeps the tokens of people who look at pages of Forge; *jira.Client does.
type Visits interface {
	Visited(t capability.TenantID, account, token string)
}

// forgePrefix stands before every route that a token of Forge opens, and no other does.
const forgePrefix = "/forge"

// eventTime is how long Forge waits for an answer to an event or a schedule, less what the way takes.
const eventTime = 4 * time.Second

// pageAPIs are where pages call. Programs with a token of their own call elsewhere, and not by way of Forge.
var pageAPIs = []string{"/api/plugin/", adminAPI + "/", tokensAPI + "/", auditAPI + "/", projectAPI}

// forgeRoutes adds the routes of the Forge app: its own, and one for each call of a page, which does the same for whoever comes by Forge.
// It is called after all others have been added.
func (s *Server) forgeRoutes() {
	s.app.Post(forge.PathPage, s.wrapped(s.working(s.forgePage)))
	s.app.Post(forge.PathEvent, s.wrapped(s.soon(s.forgeEvent)))
	s.app.Post(forge.PathRefresh, s.wrapped(s.soon(s.forgeAwake)))
	s.app.Post(forge.PathInstalled, s.wrapped(s.soon(s.forgeAwake)))
	s.app.Post(forge.PathUninstalled, s.wrapped(s.soon(s.forgeUninstalled)))
	s.app.Post(forge.PathFunction+":plugin/:function", s.working(s.forgeFunction))
	for _, ofMethod := range s.app.Stack() {
		for _, r := range ofMethod {
			for _, prefix := range pageAPIs {
				if strings.HasPrefix(r.Path, prefix) && r.Method != fiber.MethodHead { // which a GET brings along
					s.app.Add(r.Method, forgePrefix+r.Path, s.wrapped(r.Handlers[len(r.Handlers)-1]))
				}
			}
		}
	}
}

// soon makes a handler that has to answer within eventTime.
func (s *Server) soon(h func(ctx context.Context, c *fiber.Ctx) error) fiber.Handler {
	return s.working(func(ctx context.Context, c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(ctx, eventTime)
		defer cancel()
		return h(ctx, c)
	})
}

// envelope is an answer on its way through Forge, which passes on nothing but JSON.
type envelope struct {
	Type        string `json:"type"`
	Text        string `json:"text,omitempty"`
	Base64      string `json:"base64,omitempty"` // of what is no text
	Disposition string `json:"disposition,omitempty"`
}

// wrapped makes of a handler one whose answers, refusals too, stand in an envelope.
func (s *Server) wrapped(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Locals(wrappedKey{}, true)
		if err := h(c); err != nil {
			if err := s.fail(c, err); err != nil {
				return err
			}
		}
		answer := c.Response()
		out := envelope{Type: string(answer.Header.ContentType()), Disposition: string(answer.Header.Peek(fiber.HeaderContentDisposition))}
		if body := answer.Body(); textual(out.Type) {
			out.Text = string(body)
		} else {
			out.Base64 = base64.StdEncoding.EncodeToString(body)
		}
		answer.Header.Del(fiber.HeaderContentDisposition)
		if answer.StatusCode() == http.StatusNoContent {
			return nil
		}
		return c.JSON(out)
	}
}

// wrappedKey marks a request whose answer is put into an envelope.
type wrappedKey struct{}

// bare says whether a request of Forge's was refused on its way to a handler that would have wrapped the refusal, such as by a limit. The page in
// the frame reads nothing that is not in an envelope.
func bare(c *fiber.Ctx) bool {
	return strings.HasPrefix(c.Path(), forgePrefix+"/") && !strings.HasPrefix(c.Path(), forge.PathFunction) && c.Locals(wrappedKey{}) == nil
}

func textual(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return kind == fiber.MIMEApplicationJSON || strings.HasPrefix(kind, "text/")
}

// principalKey is where a handler leaves who asks for another handler to which it leads on.
type principalKey struct{}

// opener verifies whoever opens a page.
func (s *Server) opener(ctx context.Context, c *fiber.Ctx) (auth.Principal, error) {
	if p, ok := c.Locals(principalKey{}).(auth.Principal); ok {
		return p, nil
	}
	return s.verified(c)(s.Verifier.Page(ctx, request(c)))
}

// caller verifies the call of a page. Which token opens it the route decides, and nothing that the visitor sends.
func (s *Server) caller(ctx context.Context, c *fiber.Ctx) (auth.Principal, error) {
	if strings.HasPrefix(c.Route().Path, forgePrefix+"/") {
		return s.visitor(ctx, c)
	}
	return s.verified(c)(s.Verifier.API(ctx, request(c)))
}

// userTokenHeader carries the token of whoever looks, where the app's manifest asks for it.
const userTokenHeader = "X-Forge-Oauth-User"

// visitor verifies an invocation behind which a person is, whose token is kept for calls in this person's name. A browser can send that header, too, with
// an invocation token of its own user; what it puts there is used for nobody else.
func (s *Server) visitor(ctx context.Context, c *fiber.Ctx) (auth.Principal, error) {
	p, err := s.verified(c)(s.Verifier.Forge(ctx, request(c)))
	if err == nil && s.Visits != nil {
		s.Visits.Visited(p.Tenant, p.Account, strings.Clone(c.Get(userTokenHeader)))
	}
	return p, err
}

// forgePage draws what a frame of the Forge app shows. Of a panel the token says which it is, and beside which issue or request. An app has one page
// and one page for admins; which of those below it is wanted the frame says, as the address of a page does on Connect.
func (s *Server) forgePage(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.visitor(ctx, c)
	if err != nil {
		return err
	}
	body, err := read[struct {
		Place string `json:"place"`
		Code  string `json:"code"`
	}](c)
	if err != nil {
		return err
	}
	c.Locals(principalKey{}, p)
	kind, key := manifest.IssuePanel, p.Module.Key
	switch p.Module.Type {
	case "jira:issuePanel":
	case auth.PortalModule:
		kind = manifest.PortalPanel
	case "jira:globalPage":
		kind, key = manifest.GeneralPage, body.Place
	case "jira:adminPage":
		kind, key = manifest.AdminPage, body.Place
	case "jira:projectSettingsPage":
		return s.projectPage(ctx, c)
	default:
		return noPlace()
	}
	if kind == manifest.AdminPage {
		own := map[string]func(context.Context, *fiber.Ctx) error{
			"": s.adminPage, surface.AdminKey: s.adminPage, surface.SyncKey: s.syncPage, surface.APIKey: s.tokensPage, surface.AuditKey: s.changesPage,
			surface.StoredKey: s.storedPage, surface.ConfigKey: s.setPage,
		}
		if draw, ok := own[key]; ok {
			return draw(ctx, c)
		}
	}
	at, err := s.place(ctx, p, kind, key)
	if err != nil {
		return err
	}
	return s.drawModule(ctx, c, p, at, body.Code)
}

func noPlace() error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "There is no such page. It may have been taken out; open another one from Jira's menu."}
}

// place finds the module of a plugin by the key under which Jira knows it. "" is the first that is switched on.
func (s *Server) place(ctx context.Context, p auth.Principal, kind, key string) (feature.Place, error) {
	for _, installed := range s.Features.Manifests() {
		for _, m := range installed.Modules {
			if m.Type != kind || key != "" && manifest.ConnectModuleKey(installed.ID, m.Key) != key || key == "" && (m.Hidden || !s.switchedOn(ctx, p, installed.ID)) {
				continue
			}
			return feature.Place{Plugin: installed.ID, Module: m.Key, IssueID: p.IssueID, ProjectID: p.ProjectID, RequestKey: p.RequestKey}, nil
		}
	}
	if key == "" {
		return feature.Place{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "Nothing here is switched on. A Jira admin can do that in the settings of apps."}
	}
	return feature.Place{}, noPlace()
}

func (s *Server) switchedOn(ctx context.Context, p auth.Principal, id capability.PluginID) bool {
	f, err := s.Features.Get(ctx, p.Tenant, id)
	return err == nil && f.Choice.Enabled
}

// forgeEvent takes an event of Jira. It is accepted once it is queued; whoever hears of it does so later.
func (s *Server) forgeEvent(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.verified(c)(s.Verifier.Forge(ctx, request(c)))
	if err != nil {
		return err
	}
	now := s.Now()
	e, err := forge.ParseEvent(c.Body(), now)
	switch {
	case err != nil:
		return err
	case surface.IsProjectEvent(e.Name):
		err = s.Syncs.ProjectsChanged(ctx, p.Tenant, e.ID, now)
	case e.Name != "" && s.Events != nil:
		err = s.Events.Take(ctx, p.Tenant, e.Name, e.ID, now, e.Webhook)
	}
	if err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}

// forgeAwake follows an installation or a major upgrade, and comes again each hour. It brings a token, which the verifier has kept by then, and
// the site learns which modules to show: an event that was lost is made up for within the hour.
func (s *Server) forgeAwake(ctx context.Context, c *fiber.Ctx) error {
	p, err := s.verified(c)(s.Verifier.Forge(ctx, request(c)))
	if err != nil {
		return err
	}
	if err := s.Features.AnnounceTo(ctx, p.Tenant); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}

// forgeUninstalled is the last call of a site that uninstalls the app.
func (s *Server) forgeUninstalled(ctx context.Context, c *fiber.Ctx) error {
	i, err := s.Verifier.Invocation(ctx, request(c))
	if err := s.passes(c, err); err != nil {
		return err
	}
	if s.Forge != nil {
		if err := s.Forge.Left(ctx, i); err != nil {
			return err
		}
	}
	return c.SendStatus(http.StatusNoContent)
}
