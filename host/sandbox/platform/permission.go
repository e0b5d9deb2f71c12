package platform

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) permissionOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("POST", "/rest/api/3/permissions/check", rest.ScopeRead, s.checkPermissions),
		rest.Op("GET", "/rest/api/3/mypermissions", rest.ScopeRead, s.myPermissions),
		rest.Op("GET", "/rest/api/3/permissions", rest.ScopeAdmin, s.listPermissions),
		rest.Op("POST", "/rest/api/3/permissions/project", rest.ScopeRead, s.permittedProjects),
	}
}

// checkPermissions answers which of the asked permissions somebody has, where.
func (s *API) checkPermissions(c *rest.Call) (rest.Answer, error) {
	var in struct {
		AccountID          world.AccountID `json:"accountId"`
		GlobalPermissions  []string        `json:"globalPermissions"`
		ProjectPermissions []struct {
			Permissions []string `json:"permissions"`
			Projects    []int64  `json:"projects"`
			Issues      []int64  `json:"issues"`
		} `json:"projectPermissions"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	who := in.AccountID
	if who == "" {
		who = c.Who.Account
	}
	// An app may ask about anybody, and so may an admin; others only about themselves.
	if who != c.Who.Account && c.Who.App == nil && !c.St.Can(c.Who.Account, world.Administer) {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "You may only check your own permissions.")
	}
	global := []string{}
	for _, p := range in.GlobalPermissions {
		if !slices.Contains(world.GlobalPermissions, p) {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Unrecognized permission: %s", p)
		}
		if c.St.Can(who, p) {
			global = append(global, p)
		}
	}
	grants := []object{}
	things := 0
	for _, ask := range in.ProjectPermissions {
		if things += len(ask.Projects) + len(ask.Issues); things > 2000 {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Up to 1000 projects and 1000 issues can be checked in one request.")
		}
		for _, p := range ask.Permissions {
			if !slices.Contains(world.ProjectPermissions, p) {
				return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Unrecognized permission: %s", p)
			}
			projects, issues := []int64{}, []int64{}
			for _, id := range ask.Projects {
				if c.St.CanIn(who, p, c.St.Project(world.ProjectID(strconv.FormatInt(id, 10)))) {
					projects = append(projects, id)
				}
			}
			for _, id := range ask.Issues {
				if c.St.CanDo(who, p, c.St.Issue(world.IssueID(strconv.FormatInt(id, 10)))) {
					issues = append(issues, id)
				}
			}
			grants = append(grants, object{"permission": p, "projects": projects, "issues": issues})
		}
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"globalPermissions": global, "projectPermissions": grants}}, nil
}

func (s *API) listPermissions(c *rest.Call) (rest.Answer, error) {
	if err := c.NeedAdmin(c.St); err != nil {
		return rest.Answer{}, err
	}
	out := object{}
	for _, key := range slices.Concat(world.GlobalPermissions, world.ProjectPermissions) {
		out[key] = permissionJSON(key)
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"permissions": out}}, nil
}

func (s *API) myPermissions(c *rest.Call) (rest.Answer, error) {
	q, who := c.URL.Query(), c.Who.Account
	keys := rest.SplitNames(q["permissions"])
	if len(keys) == 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The 'permissions' query parameter is required.")
	}
	// Without a project, a permission is had if it is had somewhere.
	can := func(key string) bool {
		return c.St.Projects.First(func(p *world.Project) bool { return c.St.CanIn(who, key, p) }) != nil
	}
	if issue := firstOf(q.Get("issueKey"), q.Get("issueId")); issue != "" {
		i := c.St.FindIssue(issue)
		if !c.St.Sees(who, i) {
			return rest.Answer{}, rest.NoIssue()
		}
		can = func(key string) bool { return c.St.CanDo(who, key, i) }
	} else if project := firstOf(q.Get("projectKey"), q.Get("projectId")); project != "" {
		p := c.St.FindProject(project)
		if !c.St.CanIn(who, world.BrowseProjects, p) {
			return rest.Answer{}, rest.Fail(http.StatusNotFound, "No project could be found with key '%s'.", project)
		}
		can = func(key string) bool { return c.St.CanIn(who, key, p) }
	}
	all, out := slices.Concat(world.GlobalPermissions, world.ProjectPermissions), object{}
	for _, key := range keys {
		n := slices.Index(all, key)
		if n < 0 {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Unrecognized permission: %s", key)
		}
		row := permissionJSON(key)
		row["id"], row["havePermission"] = strconv.Itoa(n), row["type"] == "GLOBAL" && c.St.Can(who, key) || row["type"] == "PROJECT" && can(key)
		out[key] = row
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"permissions": out}}, nil
}

func (s *API) permittedProjects(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Permissions []string `json:"permissions"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	for _, key := range in.Permissions {
		if !slices.Contains(world.ProjectPermissions, key) {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Unrecognized permission: %s", key)
		}
	}
	out := []object{}
	for _, p := range shape.VisibleProjects(c.St, c.Who.Account) {
		if slices.ContainsFunc(in.Permissions, func(key string) bool { return !c.St.CanIn(c.Who.Account, key, p) }) {
			continue
		}
		id, err := strconv.ParseInt(string(p.ID), 10, 64)
		if err != nil {
			return rest.Answer{}, err
		}
		out = append(out, object{"id": id, "key": p.Key})
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"projects": out}}, nil
}
