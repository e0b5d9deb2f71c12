package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/rest"
)

// configRoute answers on the routes of configuration documents, which are for Jira admins.
func (s *Server) configRoute(ctx context.Context, p auth.Principal, r rest.Request, ifMatch string) (api.Answered, error) {
	t, err := s.Features.Admin(ctx, p)
	if err != nil {
		return api.Answered{}, err
	}
	v := configVisit{t, p.Account, capability.PluginID(r.Params["plugin"]), r.Params["type"], r.Params["id"]}
	ctx = audit.Via(ctx, audit.API)
	switch r.Name {
	case api.HandleConfig:
		d, err := s.Features.DocumentedOne(ctx, t.ID, v.plugin, v.typ, v.id)
		if err != nil {
			return api.Answered{}, err
		}
		return documented(http.StatusOK, d)
	case api.HandleConfigCreate, api.HandleConfigChange:
		return s.writeByProgram(ctx, v, r, ifMatch)
	case api.HandleConfigDelete:
		return s.deleteByProgram(ctx, v, ifMatch)
	}
	all, err := s.Features.Documented(ctx, t.ID, v.plugin, v.typ)
	if err != nil {
		return api.Answered{}, err
	}
	shapes := []fiber.Map{}
	for _, d := range all {
		shapes = append(shapes, documentShape(d))
	}
	return answered(http.StatusOK, fiber.Map{"documents": shapes})
}

func documentShape(d tenant.Config) fiber.Map {
	return fiber.Map{"id": d.ID, "version": d.Rev, "values": d.Values, "created": d.Created, "changed": d.Changed}
}

func documented(status int, d tenant.Config) (api.Answered, error) {
	out, err := answered(status, documentShape(d))
	out.ETag = api.ETag(d.Rev)
	return out, err
}

func (s *Server) writeByProgram(ctx context.Context, v configVisit, r rest.Request, ifMatch string) (api.Answered, error) {
	w := feature.Written{Plugin: v.plugin, Type: v.typ, ID: v.id, Try: r.Params["dryRun"] == "true"}
	var err error
	if v.id != "" {
		if w.Rev, err = api.Version(ifMatch); err != nil {
			return api.Answered{}, err
		}
	}
	var sent struct {
		Values json.RawMessage `json:"values"`
	}
	if err := api.Read(r, &sent); err != nil {
		return api.Answered{}, err
	}
	w.Values = sent.Values
	d, problems, err := s.Features.SaveConfig(ctx, v.tenant, v.account, w)
	switch {
	case errors.Is(err, feature.ErrFields):
		return api.Answered{}, api.Unfit(faultsOf(problems)...)
	case errors.Is(err, feature.ErrChanged):
		return api.Answered{}, api.Stale()
	case err != nil:
		return api.Answered{}, err
	}
	if w.Try && v.id == "" {
		return answered(http.StatusOK, fiber.Map{"values": d.Values})
	}
	if w.Try {
		return documented(http.StatusOK, d)
	}
	status, action := http.StatusOK, audit.ConfigChanged
	if v.id == "" {
		status, action, v.id = http.StatusCreated, audit.ConfigCreated, d.ID
	}
	s.noteConfig(ctx, v, action)
	return documented(status, d)
}

func (s *Server) deleteByProgram(ctx context.Context, v configVisit, ifMatch string) (api.Answered, error) {
	rev, err := api.Version(ifMatch)
	if err != nil {
		return api.Answered{}, err
	}
	err = s.Features.DeleteConfig(ctx, v.tenant, v.account, v.plugin, v.typ, v.id, rev)
	if errors.Is(err, feature.ErrChanged) {
		return api.Answered{}, api.Stale()
	}
	if err != nil {
		return api.Answered{}, err
	}
	s.noteConfig(ctx, v, audit.ConfigDeleted)
	return api.Answered{Status: http.StatusNoContent}, nil
}

// faultsOf say what is wrong with values that were sent, by places in the body.
func faultsOf(problems schemaform.Errors) []api.Fault {
	var out []api.Fault
	for _, p := range problems {
		at := "/values"
		if p.Path != "" {
			at += "/" + strings.ReplaceAll(p.Path, ".", "/")
		}
		out = append(out, api.Fault{Pointer: at, Detail: p.Message})
	}
	return out
}
