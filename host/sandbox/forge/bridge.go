package forge

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/desk"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// bridgeCall is what a frame asks for, with where it stands.
type bridgeCall struct {
	App     world.AppKey    `json:"app"`
	Module  string          `json:"module"`
	Issue   string          `json:"issue"`
	Proj    string          `json:"project"`
	Method  string          `json:"method"`
	Payload json.RawMessage `json:"payload"`
}

// place is a call of the bridge whose caller may see what it names.
type place struct {
	bridgeCall
	st      *world.State
	app     *world.App
	m       *Manifest
	module  *Module
	user    *world.User
	issue   *world.Issue
	project *world.Project
}

func (s *Forge) bridge(w http.ResponseWriter, r *http.Request) {
	p, err := s.place(w, r)
	var out any
	if err == nil {
		out, err = s.answer(r.Context(), p)
	}
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusOK, out)
}

func (s *Forge) place(w http.ResponseWriter, r *http.Request) (*place, error) {
	p := &place{st: s.Store.State()}
	if p.user = session.User(r, p.st); p.user == nil {
		return nil, rest.Fail(http.StatusUnauthorized, "Log in first.")
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody)).Decode(&p.bridgeCall) != nil {
		return nil, rest.Fail(http.StatusBadRequest, "The request is no JSON object.")
	}
	if p.app = p.st.App(p.App); p.app == nil || p.app.Forge == nil || p.app.State != world.AppEnabled {
		return nil, rest.Fail(http.StatusNotFound, "The app is not installed, or disabled.")
	}
	var err error
	if p.m, err = manifest(p.app); err != nil {
		return nil, err
	}
	if p.module = p.m.module(p.Module); p.module == nil || !slices.Contains(pageKinds, p.module.Kind) {
		return nil, rest.Fail(http.StatusNotFound, "The app has no module %s.", p.Module)
	}
	if p.module.Kind == AdminPage && !p.st.Can(p.user.Account, world.Administer) {
		return nil, rest.Fail(http.StatusForbidden, "Only a site admin can open this.")
	}
	if p.Issue != "" {
		p.issue = p.st.FindIssue(p.Issue)
		if !p.st.Sees(p.user.Account, p.issue) && (p.module.Kind != PortalPanel || !desk.Sees(p.st, p.user.Account, p.issue)) {
			return nil, rest.NoIssue()
		}
		p.project = p.st.Project(p.issue.Project)
	} else if p.Proj != "" {
		if p.project = p.st.FindProject(p.Proj); !p.st.CanIn(p.user.Account, world.BrowseProjects, p.project) {
			return nil, rest.Fail(http.StatusNotFound, "No project could be found with key '%s'.", p.Proj)
		}
	}
	if p.module.Kind == ProjectSettings && !p.st.CanIn(p.user.Account, world.AdministerProject, p.project) {
		return nil, rest.Fail(http.StatusForbidden, "Only who administers the project can open this.")
	}
	return p, nil
}

// extension is what a frame reads of where it stands. On the customer portal it is a request, of which the issue is not told.
func (p *place) extension() object {
	out := object{"type": p.module.Kind}
	if p.module.Kind == PortalPanel {
		if t, d := desk.TypeOf(p.st, p.issue); t != nil && d != nil {
			out["request"], out["portal"] = object{"key": p.issue.Key, "typeId": t.ID}, object{"id": d.ID}
		}
		return out
	}
	if i := p.issue; i != nil {
		issue := object{"id": i.ID, "key": i.Key, "typeId": i.Type}
		if t := p.st.Type(i.Type); t != nil {
			issue["type"] = t.Name
		}
		out["issue"] = issue
	}
	if j := p.project; j != nil {
		out["project"] = object{"id": j.ID, "key": j.Key, "type": "software"}
	}
	return out
}

func (s *Forge) pageContext(p *place) object {
	out := s.context(p.st, p.module.Key)
	out["extension"] = p.extension()
	return out
}

// answer does what a method of the bridge is for.
func (s *Forge) answer(ctx context.Context, p *place) (any, error) {
	switch p.Method {
	case "getContext":
		out := s.pageContext(p)
		out["environmentId"] = lastOf(p.app.Forge.Environment)
		out["environmentType"], out["accountId"], out["localId"] = "DEVELOPMENT", p.user.Account, p.app.Forge.ID+"/"+p.module.Key
		out["locale"], out["timezone"] = "en-GB", p.user.TimeZone
		return out, nil
	case "getUrl":
		return s.address(p)
	case "openModal":
		return s.modal(p)
	case "invoke":
		return s.invoke(ctx, p)
	case "fetchProduct":
		return s.fetchProduct(ctx, p)
	case "fetchRemote":
		return s.fetchRemote(p)
	}
	return nil, rest.Fail(http.StatusNotImplemented, "The sandbox's bridge has no %s.", p.Method)
}

// modal says where the resource of a dialog is: that of the module without a key.
func (s *Forge) modal(p *place) (any, error) {
	var in struct {
		Resource string `json:"resource"`
	}
	if err := json.Unmarshal(p.Payload, &in); err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "Modal: want the key of a resource.")
	}
	if in.Resource == "" {
		in.Resource = p.module.Resource
	}
	if p.m.resource(in.Resource) == nil {
		return nil, rest.Fail(http.StatusNotFound, "Modal: the manifest has no resource %q.", in.Resource)
	}
	return object{"url": s.resourceURL(p.app, in.Resource)}, nil
}
