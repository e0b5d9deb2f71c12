package desk

import (
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) siteOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("GET", root+"/info", rest.ScopeRead, s.info).Anonymous(),
		rest.Op("GET", root+"/knowledgebase/article", rest.ScopeRead, s.articles),
		rest.Op("GET", root+"/assets/workspace", rest.ScopeInaccessible, s.workspaces),
		rest.Op("GET", root+"/insight/workspace", rest.ScopeInaccessible, s.workspaces),
	}
}

// built is when the version of Jira Service Management was made that the operations are like.
var built = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func (s *API) info(c *rest.Call) (rest.Answer, error) {
	return rest.Answer{Status: http.StatusOK, Body: object{
		"version": "1001.0.0-SNAPSHOT", "platformVersion": "1001.0.0-SNAPSHOT", "buildChangeSet": "sandbox", "isLicensedForUse": true,
		"buildDate": s.date(c.St, c.Who.Account, built), "_links": object{"self": s.Link(root + "/info")},
	}}, nil
}

// articles finds nothing: a site has no knowledge base.
func (s *API) articles(c *rest.Call) (rest.Answer, error) {
	if c.URL.Query().Get("query") == "" {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The parameter query is missing: say what the articles shall be about.")
	}
	if c.PathValue("serviceDeskId") != "" {
		if d := FindDesk(c.St, c.PathValue("serviceDeskId")); d == nil || !MayAsk(c.St, c.Who.Account, d) {
			return rest.Answer{}, forbidden("search this service desk")
		}
	}
	return paged(s, c, []*world.Desk{}, s.deskJSONOf(c.St))
}

// workspaces lists none: a site has no objects of Atlassian's Assets.
func (s *API) workspaces(c *rest.Call) (rest.Answer, error) {
	return paged(s, c, []*world.Desk{}, s.deskJSONOf(c.St))
}

func (s *API) deskOperations() []rest.Operation {
	const one = root + "/servicedesk/{serviceDeskId}"
	return []rest.Operation{
		rest.Op("GET", root+"/servicedesk", rest.ScopeRead, s.listDesks),
		rest.Op("GET", one, rest.ScopeRead, s.getDesk),
		rest.Op("GET", one+"/knowledgebase/article", rest.ScopeRead, s.articles),
	}
}

func (s *API) listDesks(c *rest.Call) (rest.Answer, error) {
	return paged(s, c, DesksOf(c.St, c.Who.Account), s.deskJSONOf(c.St))
}

func (s *API) getDesk(c *rest.Call) (rest.Answer, error) {
	d, err := s.desk(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.deskJSON(c.St, d)}, nil
}

func (s *API) deskJSONOf(st *world.State) func(*world.Desk) object {
	return func(d *world.Desk) object { return s.deskJSON(st, d) }
}

func (s *API) deskJSON(st *world.State, d *world.Desk) object {
	p := st.Project(d.Project)
	return object{
		"id": d.ID, "projectId": p.ID, "projectKey": p.Key, "projectName": p.Name, "projectTypeKey": "service_desk",
		"_links": object{"self": s.Link(root+"/servicedesk/%s", d.ID)},
	}
}
