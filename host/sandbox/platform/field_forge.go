package platform

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// forgeFieldOperations are those on how the contexts of Forge apps' fields are configured. Values are written by the apps, see
// package forge.
func (s *API) forgeFieldOperations() []rest.Operation {
	const configuration = "/rest/api/3/app/field/{fieldIdOrKey}/context/configuration"
	return []rest.Operation{
		rest.Op("GET", configuration, rest.ScopeAdmin, s.listConfigurations),
		rest.Op("PUT", configuration, rest.ScopeAdmin, s.putConfigurations),
	}
}

func forgeField(st *world.State, idOrKey string) (*world.Field, error) {
	f, ok := shape.FieldNamed(st, idOrKey)
	if !ok || f.Custom == nil || !shape.OfForge(f.Custom) {
		return nil, rest.Fail(http.StatusNotFound, "The custom field '%s' was not found.", idOrKey)
	}
	return f.Custom, nil
}

// configuration is what a context of a Forge field keeps for the app.
type configuration struct {
	Context       world.ContextID `json:"fieldContextId,omitempty"`
	ID            string          `json:"id"`
	Configuration json.RawMessage `json:"configuration,omitempty"`
	Schema        json.RawMessage `json:"schema,omitempty"`
}

// configured is the field of the path, for administrators and for its app.
func configured(c *rest.Call, st *world.State) (*world.Field, error) {
	f, err := forgeField(st, c.PathValue("fieldIdOrKey"))
	if err != nil {
		return nil, err
	}
	if c.Who.App == nil || c.Who.App.Key != f.App {
		return f, c.NeedAdmin(st)
	}
	return f, nil
}

func (s *API) listConfigurations(c *rest.Call) (rest.Answer, error) {
	f, err := configured(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	wanted, err := configurationFilter(c, f)
	if err != nil {
		return rest.Answer{}, err
	}
	list := slices.DeleteFunc(slices.Clone(contextsOf(f)), func(x world.Context) bool { return !wanted(x) })
	return rest.Paged(c, rest.MaxPage, list, func(x world.Context) object {
		var kept configuration
		_ = json.Unmarshal(x.Config, &kept) // nothing is kept at first
		out := object{"id": x.ID, "fieldContextId": x.ID}
		if len(kept.Configuration) > 0 {
			out["configuration"] = kept.Configuration
		}
		if len(kept.Schema) > 0 {
			out["schema"] = kept.Schema
		}
		return out
	})
}

// configurationFilter reads which configurations the request asks for: by one criterion at most.
func configurationFilter(c *rest.Call, f *world.Field) (func(world.Context) bool, error) {
	q := c.URL.Query()
	given := 0
	for _, list := range [][]string{q["id"], q["fieldContextId"], q["issueId"], append(q["projectKeyOrId"], q["issueTypeId"]...)} {
		given += min(1, len(list))
	}
	at := func(p world.ProjectID, t world.TypeID) func(world.Context) bool {
		here, ok := f.ContextOf(p, t)
		return func(x world.Context) bool { return ok && (x.ID == here.ID || here.ID == "") }
	}
	switch {
	case given > 1:
		return nil, rest.Fail(http.StatusBadRequest, "Only one of id, fieldContextId, issueId, and projectKeyOrId with issueTypeId can be given.")
	case q.Has("issueId"):
		i := c.St.FindIssue(q.Get("issueId"))
		if !c.St.Sees(c.Who.Account, i) {
			return func(world.Context) bool { return false }, nil
		}
		return at(i.Project, i.Type), nil
	case q.Has("projectKeyOrId") != q.Has("issueTypeId"):
		return nil, rest.Fail(http.StatusBadRequest, "projectKeyOrId and issueTypeId can only be given together.")
	case q.Has("projectKeyOrId"):
		p := c.St.FindProject(q.Get("projectKeyOrId"))
		if p == nil {
			return nil, rest.Fail(http.StatusBadRequest, "No project could be found with key '%s'.", q.Get("projectKeyOrId"))
		}
		return at(p.ID, world.TypeID(q.Get("issueTypeId"))), nil
	}
	ids := slices.Concat(q["id"], q["fieldContextId"])
	return func(x world.Context) bool { return len(ids) == 0 || slices.Contains(ids, string(x.ID)) }, nil
}

func (s *API) putConfigurations(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Configurations []configuration `json:"configurations"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if n := len(in.Configurations); n == 0 || n > 1000 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Between 1 and 1000 configurations must be provided, and these are %d.", n)
	}
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		have, err := configured(c, tx.State)
		if err != nil {
			return err
		}
		f := world.Edit(have)
		settle(f)
		for _, each := range in.Configurations {
			n := slices.IndexFunc(f.Contexts, func(x world.Context) bool { return string(x.ID) == each.ID })
			if n < 0 {
				return rest.Fail(http.StatusBadRequest, "The configuration '%s' was not found.", each.ID)
			}
			raw, err := json.Marshal(each)
			if err != nil {
				return err
			}
			f.Contexts[n].Config = raw
		}
		return tx.Put(f)
	})
	return rest.Answer{Status: http.StatusOK, Body: object{}}, err
}
