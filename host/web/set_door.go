package web

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/sdk"
)

// exportSet answers the operator with a file of the plugins in ?plugin=a,b, or of all.
func (s *Server) exportSet(ctx context.Context, c *fiber.Ctx, by asker) error {
	var plugins []string
	if list := c.Query("plugin"); list != "" {
		plugins = strings.Split(list, ",")
	}
	return s.sendSet(ctx, c, by, plugins)
}

// setShape is what the operator reads of an import.
type setShape struct {
	Import string                `json:"import,omitempty"`
	Items  []setItem             `json:"items"`
	Open   []setOpen             `json:"open"` // things for which nothing was found
	People []string              `json:"leftOut"`
	Left   []capability.PluginID `json:"notInstalled"`
	Notes  []string              `json:"notes"`
	Why    string                `json:"refused,omitempty"`
}

type setItem struct {
	Ref      string                 `json:"ref"`
	Label    string                 `json:"label"`
	What     configset.What         `json:"what"`
	Diff     []configset.Difference `json:"diff,omitempty"`
	Problems []configset.Problem    `json:"problems,omitempty"`
	Notes    []string               `json:"notes,omitempty"`
}

type setOpen struct {
	Source string `json:"source"`
	ID     string `json:"id"`
	Name   string `json:"name"`
}

// importSet imports a file for the operator; ?dry=true only says what that would do. Guards judge by the rights of an admin of the site, whom
// the operator names, since the operator has no account there.
func (s *Server) importSet(ctx context.Context, c *fiber.Ctx, by asker) error {
	body, err := read[struct {
		File    string                `json:"file"`
		Plugins []capability.PluginID `json:"plugins"`
		Map     configset.Mapping     `json:"map"`
		Lenient bool                  `json:"lenient"`
		As      string                `json:"as"`
	}](c)
	if err != nil {
		return err
	}
	if body.As != "" {
		ok, err := s.Features.Jira.IsAdmin(ctx, by.tenant, body.As)
		if err != nil {
			return err
		}
		if !ok {
			return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Field: "as", Message: "This account is no admin of the site. Name one who is."}
		}
	}
	f, err := configset.Read([]byte(body.File))
	if err != nil {
		return err
	}
	in := configset.Import{File: f, Plugins: body.Plugins, Map: body.Map, Lenient: body.Lenient}
	var done configset.Done
	if c.QueryBool("dry") {
		done.Plan, err = s.Sets.Plan(ctx, by.tenant, body.As, in)
	} else {
		done, err = s.Sets.Import(ctx, by.tenant, body.As, in, "")
	}
	switch {
	case err != nil && body.As == "" && sdk.CodeOf(err) == sdk.PermissionDenied:
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Field: "as", Message: "A plugin judges this by the rights of an admin of the site. Name the account of one with --as."}
	case err != nil && done.Plan.Count(configset.Refused) == 0:
		return err
	}
	if err == nil && done.Import != "" {
		s.note(ctx, by.tenant, body.As, audit.Entry{Action: audit.ConfigImported, Object: done.Import})
	}
	out := shapeOf(done)
	if err != nil {
		_, _, out.Why = public(err)
	}
	return c.JSON(out)
}

func shapeOf(done configset.Done) setShape {
	out := setShape{Import: done.Import, Items: []setItem{}, Open: []setOpen{}, People: []string{}, Left: append([]capability.PluginID{}, done.Plan.Left...), Notes: append([]string{}, done.Plan.Notes...)}
	for _, i := range done.Plan.Items {
		out.Items = append(out.Items, setItem{i.Ref, i.Label, i.What, i.Diff, i.Problems, i.Notes})
	}
	for _, m := range done.Plan.Matches {
		if m.State == configset.Open {
			out.Open = append(out.Open, setOpen{string(m.Source), m.Thing.ID, m.Thing.String()})
		}
	}
	for _, p := range done.Plan.People {
		if !p.Kept {
			out.People = append(out.People, p.Account)
		}
	}
	return out
}
