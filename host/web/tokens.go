package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// The page API: the tokens of the site, and how programs use them. It is made of the blocks of plugins' pages.

const tokensAPI = "/api/tokens"

func (s *Server) tokenRoutes() {
	s.app.Get("/connect/api", s.working(s.tokensPage))
	s.app.Post(tokensAPI+"/action/make", s.working(s.makeToken))
	s.app.Post(tokensAPI+"/action/revoke", s.working(s.revokeToken))
}

func (s *Server) tokensPage(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.opened(ctx, c)
	if err != nil {
		return err
	}
	page, err := s.drawTokens(ctx, t, made{})
	if err != nil {
		return err
	}
	shell := s.adminShell(t, "API", tokensAPI)
	var out bytes.Buffer
	if err := s.UI.Page(&out, shell, page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

// made is what came of a form that was sent.
type made struct {
	text  string // of a token that was just made
	form  map[string][]string
	wrong *sdk.Error
	flag  *view.Flag
}

// makeToken makes a token in the name of the admin who asks, and shows it once. Nobody makes one in somebody else's name.
func (s *Server) makeToken(ctx context.Context, c *fiber.Ctx) error {
	t, account, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	w := token.Wish{Name: first(body.Form["name"])}
	for _, scope := range s.scopes() {
		if first(body.Form[slotOf(scope.Name)]) == "true" {
			w.Scopes = append(w.Scopes, scope.Name)
		}
	}
	for _, life := range lives {
		if life.Value == first(body.Form["expires"]) {
			w.Life = life.of
		}
	}
	one, text, err := s.Tokens.Make(ctx, t, account, w)
	var wrong *sdk.Error
	if errors.As(err, &wrong) && wrong.Code == sdk.Invalid {
		return s.sendTokens(ctx, c, t, made{form: body.Form, wrong: wrong})
	}
	if err != nil {
		return err
	}
	s.note(ctx, t, account, audit.Entry{Action: audit.TokenMade, Object: one.ID})
	return s.sendTokens(ctx, c, t, made{text: text, flag: &view.Flag{Tone: view.Success, Title: "The token is made"}})
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (s *Server) revokeToken(ctx context.Context, c *fiber.Ctx) error {
	t, account, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	one, unknown := s.Tokens.Get(ctx, t.ID, body.Params["token"])
	if err := s.Tokens.Revoke(ctx, t.ID, body.Params["token"]); err != nil {
		return err
	}
	if unknown == nil { // otherwise it is no id, but what somebody sent
		s.note(ctx, t, account, audit.Entry{Action: audit.TokenRevoked, Object: one.ID})
	}
	return s.sendTokens(ctx, c, t, made{flag: &view.Flag{Tone: view.Success, Title: "The token is revoked"}})
}

func (s *Server) sendTokens(ctx context.Context, c *fiber.Ctx, t tenant.Tenant, m made) error {
	page, err := s.drawTokens(ctx, t, m)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := s.UI.Fragment(&out, s.shell(ui.KindAdmin, "API", tokensAPI), page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

func (s *Server) drawTokens(ctx context.Context, t tenant.Tenant, m made) (*view.Page, error) {
	all, err := s.Tokens.List(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	page := &view.Page{Title: "API", Flag: m.flag, Blocks: []view.Block{
		view.P("Programs read and write through the API what people do on pages. Each shows a token that an admin made, acts in that admin’s name, and can do what they may do in Jira and the token is for."),
	}}
	if m.text != "" {
		page.Blocks = append(page.Blocks,
			view.Block{Notice: &view.Notice{Tone: view.Success, Title: "Copy the token now", Body: "It is shown this once. Keep it as you keep passwords; if you lose it, revoke it and make another one."}},
			view.Block{Text: &view.Text{Spans: []view.Span{{Text: m.text, Code: true}}}})
	}
	page.Blocks = append(page.Blocks, view.H("Tokens"), s.tokenTable(ctx, t, all))
	page.Blocks = append(page.Blocks, view.H("Make a token"), tokenForm(m, s.scopes()))
	return &view.Page{Title: page.Title, Flag: page.Flag, Blocks: append(page.Blocks, s.howToCall()...)}, nil
}

// tokenTable lists the tokens of a site.
func (s *Server) tokenTable(ctx context.Context, t tenant.Tenant, all []token.Token) view.Block {
	if len(all) == 0 {
		return view.Block{Empty: &view.Empty{Title: "No program has a token", Body: "Make one below for each program, so that you can revoke one and leave the others."}}
	}
	accounts := map[string]bool{}
	for _, one := range all {
		accounts[one.Account] = true
	}
	names := s.Features.Names(ctx, t, accounts)
	table := &view.Table{Caption: "API tokens", RowHeads: true, Columns: []view.Column{
		{Title: "Name"}, {Title: "In the name of"}, {Title: "For"}, {Title: "Made"}, {Title: "Good until"}, {Title: "Last used"}, {Title: ""},
	}}
	for _, one := range all {
		until := view.T(one.Expires.Format(time.DateOnly))
		if !s.Now().Before(one.Expires) {
			until.Spans = append(until.Spans, view.Span{Text: "Expired", Lozenge: true, Tone: view.Danger})
		}
		used := "Never"
		if !one.Used.IsZero() {
			used = one.Used.Format(time.DateOnly)
		}
		table.Rows = append(table.Rows, view.Row{Cells: []view.Cell{
			view.T(one.Name), view.T(names[one.Account]), view.T(strings.Join(one.Scopes, ", ")), view.T(one.Created.Format(time.DateOnly)), until, view.T(used),
			{Buttons: []view.Button{{Label: "Revoke", Action: "revoke", Params: map[string]string{"token": one.ID}, Confirm: fmt.Sprintf("Programs that use “%s” stop working at once.", one.Name)}}},
		}})
	}
	return view.Block{Table: table}
}

// lives are how long a token can be good.
var lives = []struct {
	view.Option
	of time.Duration
}{
	{view.Option{Value: "30", Label: "30 days"}, 30 * 24 * time.Hour},
	{view.Option{Value: "90", Label: "90 days"}, 90 * 24 * time.Hour},
	{view.Option{Value: "180", Label: "180 days"}, 180 * 24 * time.Hour},
	{view.Option{Value: "365", Label: "A year"}, token.MaxLife},
}

// slotOf names the switch of a scope among the fields of the form.
func slotOf(scope string) string { return strings.ReplaceAll(scope, ":", "-") }

// scopes are those that some route of this host needs: nobody chooses what is good for nothing.
func (s *Server) scopes() []manifest.Scope {
	needed := map[string]bool{}
	for _, routes := range s.Features.Routes() {
		for _, r := range routes.All {
			needed[r.Scope] = true
		}
	}
	return slices.DeleteFunc(manifest.Scopes(), func(scope manifest.Scope) bool { return !needed[scope.Name] })
}

func tokenForm(m made, offered []manifest.Scope) view.Block {
	wrong := func(field string) string {
		if m.wrong == nil || m.wrong.Field != field {
			return ""
		}
		return m.wrong.Message
	}
	f := &view.Form{Action: "make", Submit: "Make token", Error: wrong("scopes"), Fields: []view.Field{{
		Name: "name", Label: "Name", Kind: view.TextField, Required: true, Value: first(m.form["name"]), Error: wrong("name"),
		Help: "Which program it is for, such as Nightly import. All admins read it.",
	}}}
	for _, scope := range offered {
		f.Fields = append(f.Fields, view.Field{Name: slotOf(scope.Name), Label: scope.Title, Kind: view.SwitchField, Value: first(m.form[slotOf(scope.Name)]), Help: scope.Name})
	}
	expires := view.Field{Name: "expires", Label: "Good for", Kind: view.SelectField, Required: true, Value: "90", Error: wrong("expires")}
	if chosen := first(m.form["expires"]); chosen != "" {
		expires.Value = chosen
	}
	for _, life := range lives {
		expires.Options = append(expires.Options, life.Option)
	}
	f.Fields = append(f.Fields, expires)
	return view.Block{Form: f}
}

func (s *Server) howToCall() []view.Block {
	code := func(text string) view.Block {
		return view.Block{Text: &view.Text{Spans: []view.Span{{Text: text, Code: true}}}}
	}
	document := s.BaseURL + api.Root + "openapi.json"
	return []view.Block{
		view.H("How to call"),
		view.P("Send the token in a header, never in an address. This says what the token is:"),
		code(`curl -H "Authorization: Bearer $TOKEN" ` + s.BaseURL + api.Root + `token`),
		view.P("This reads the relations between issues, with a token for links:read, where Advanced links is switched on:"),
		code(`curl -H "Authorization: Bearer $TOKEN" ` + s.BaseURL + api.Root + `pergola.links/relations`),
		{Text: &view.Text{Spans: []view.Span{
			{Text: "All addresses, with what they take and answer, are in the "}, {Text: "OpenAPI document", Href: document}, {Text: ". Programs that draw or test APIs read it as it is."},
		}}},
		view.Muted(fmt.Sprintf("A token may ask %d times at once and %d times a minute, all tokens of the site together %d times at once and %d times a minute. Beyond that the answer is 429, with the header Retry-After.",
			api.OfToken.Burst, api.OfToken.Minute, api.OfSite.Burst, api.OfSite.Minute)),
	}
}
