package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/tenant"
)

// hostRoute answers on the host's own routes.
func (s *Server) hostRoute(ctx context.Context, p auth.Principal, call api.Call) (api.Answered, error) {
	route, given, err := api.Own().Find(call.Method, call.Parts)
	if err != nil {
		return api.Answered{}, err
	}
	if route.Scope != "" && !slices.Contains(p.Scopes, route.Scope) {
		return api.Answered{}, api.Lacks(route.Scope)
	}
	r, err := route.Request(given, call.Sent)
	if err != nil {
		return api.Answered{}, err
	}
	switch r.Name {
	case api.HandleToken:
		return s.tokenRoute(ctx, p)
	case api.HandleConfigs, api.HandleConfig, api.HandleConfigCreate, api.HandleConfigChange, api.HandleConfigDelete:
		return s.configRoute(ctx, p, r, call.IfMatch)
	case api.HandleSyncs, api.HandleSyncStart, api.HandleSyncRun:
		return s.syncRoute(ctx, p, r.Name, r.Params)
	}
	return api.Answered{}, errors.New("own.json names a handler that is not there: " + r.Name)
}

func (s *Server) tokenRoute(ctx context.Context, p auth.Principal) (api.Answered, error) {
	t, err := s.Features.Tenants.ByID(ctx, p.Tenant)
	if err != nil {
		return api.Answered{}, err
	}
	found, err := s.Tokens.Get(ctx, p.Tenant, p.Token)
	if err != nil {
		return api.Answered{}, err
	}
	return answered(http.StatusOK, fiber.Map{
		"name": found.Name, "accountId": found.Account, "site": t.BaseURL, "scopes": found.Scopes, "created": found.Created, "expires": found.Expires,
	})
}

func answered(status int, body fiber.Map) (api.Answered, error) {
	raw, err := json.Marshal(body)
	return api.Answered{Status: status, Body: raw}, err
}

func (s *Server) syncRoute(ctx context.Context, p auth.Principal, handler string, params map[string]string) (api.Answered, error) {
	t, err := s.Features.Admin(ctx, p)
	if err != nil {
		return api.Answered{}, err
	}
	switch handler {
	case api.HandleSyncs:
		all, err := s.Syncs.Synchronizations(ctx, t)
		if err != nil {
			return api.Answered{}, err
		}
		shapes := []fiber.Map{}
		for _, one := range all {
			shapes = append(shapes, fiber.Map{"id": one.ID, "name": one.Name})
		}
		return answered(http.StatusOK, fiber.Map{"synchronizations": shapes})
	case api.HandleSyncStart:
		id, err := s.Syncs.Start(ctx, t, p.Account, params["sync"], params["approved"] == "true")
		if err != nil {
			return api.Answered{}, err
		}
		s.note(audit.Via(ctx, audit.API), t, p.Account, audit.Entry{Action: audit.SyncStarted, Object: params["sync"]})
		return s.syncRun(ctx, t, http.StatusAccepted, id)
	}
	return s.syncRun(ctx, t, http.StatusOK, jobs.RunID(params["run"]))
}

func (s *Server) syncRun(ctx context.Context, t tenant.Tenant, status int, id jobs.RunID) (api.Answered, error) {
	r, err := s.Syncs.Run(ctx, t, id)
	if err != nil {
		return api.Answered{}, err
	}
	out := fiber.Map{"id": r.ID, "synchronization": r.Sync, "state": r.State, "done": r.Done, "counts": r.Counts, "created": r.Created}
	if r.Counts == nil {
		out["counts"] = fiber.Map{}
	}
	for name, word := range map[string]string{"stopped": r.Stopped, "code": string(r.Code)} {
		if word != "" {
			out[name] = word
		}
	}
	for name, at := range map[string]time.Time{"started": r.Started, "ended": r.Ended} {
		if !at.IsZero() {
			out[name] = at
		}
	}
	if r.Total > 0 {
		out["total"] = r.Total
	}
	return answered(status, out)
}
