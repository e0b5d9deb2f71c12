package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) listFields(c *call) (answer, error) {
	out := []object{{
		"id": "issuekey", "key": "issuekey", "name": "Key", "custom": false, "orderable": false, "navigable": true, "searchable": false,
		"clauseNames": issueKey.clauses,
	}}
	for _, f := range allFields(c.st) {
		out = append(out, object{
			"id": f.id, "key": f.id, "name": f.name, "custom": f.custom != nil, "orderable": f.sort, "navigable": true, "searchable": len(f.clauses) > 0,
			"clauseNames": append([]string{}, f.clauses...), "schema": f.schema,
		})
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) listIssueTypes(c *call) (answer, error) {
	out := []object{}
	for t := range c.st.Types.All() {
		used := func(p *world.Project) bool {
			return slices.Contains(p.Types, t.ID) && c.st.CanIn(c.who.account, world.BrowseProjects, p)
		}
		if c.st.Projects.First(used) != nil {
			out = append(out, s.typeJSON(t))
		}
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) listCategories(c *call) (answer, error) {
	out := []object{}
	for k := range c.st.Categories.All() {
		out = append(out, s.categoryJSON(k))
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) projectJSON(st *world.State, p *world.Project, full bool) object {
	out := s.projectRef(st, p)
	out["expand"] = "description,lead,issueTypes,url,projectKeys,permissions,insight"
	out["style"], out["isPrivate"], out["properties"] = "classic", false, object{}
	if full {
		types := []object{}
		for _, t := range p.Types {
			types = append(types, s.typeJSON(st.Type(t)))
		}
		out["description"], out["lead"], out["issueTypes"] = p.Description, s.userOrNil(st, p.Lead), types
		out["assigneeType"], out["components"], out["versions"], out["roles"] = "UNASSIGNED", []object{}, []object{}, object{}
	}
	return out
}

func (s *Site) getProject(c *call) (answer, error) {
	p := c.st.FindProject(c.PathValue("projectIdOrKey"))
	if !c.st.CanIn(c.who.account, world.BrowseProjects, p) {
		return answer{}, fail(http.StatusNotFound, "No project could be found with key '%s'.", c.PathValue("projectIdOrKey"))
	}
	return answer{http.StatusOK, s.projectJSON(c.st, p, true)}, nil
}

func (s *Site) searchProjects(c *call) (answer, error) {
	q := c.URL.Query()
	start, err := queryInt(q.Get("startAt"), 0)
	if err != nil {
		return answer{}, err
	}
	size, err := queryInt(q.Get("maxResults"), defaultPage)
	if err != nil {
		return answer{}, err
	}
	size = min(size, maxPage)
	wanted := func(p *world.Project) bool {
		query := strings.ToLower(q.Get("query"))
		matches := query == "" || strings.Contains(strings.ToLower(p.Name), query) || strings.Contains(strings.ToLower(p.Key), query)
		ids, keys := splitNames(q["id"]), splitNames(q["keys"])
		return matches && (len(ids) == 0 || slices.Contains(ids, string(p.ID))) && (len(keys) == 0 || slices.Contains(keys, p.Key)) &&
			(q.Get("categoryId") == "" || q.Get("categoryId") == p.Category)
	}
	var found []*world.Project
	for _, p := range visibleProjects(c.st, c.who.account) {
		if wanted(p) {
			found = append(found, p)
		}
	}
	end := min(start+size, len(found))
	values := []object{}
	for _, p := range found[min(start, end):end] {
		row := s.projectJSON(c.st, p, false)
		expand := splitNames(q["expand"])
		full := s.projectJSON(c.st, p, true)
		for _, name := range []string{"description", "lead", "issueTypes"} {
			if slices.Contains(expand, name) {
				row[name] = full[name]
			}
		}
		values = append(values, row)
	}
	out := object{
		"self": s.link("/rest/api/3/project/search?startAt=%d&maxResults=%d", start, size), "startAt": start, "maxResults": size,
		"total": len(found), "isLast": end == len(found), "values": values,
	}
	if end < len(found) {
		out["nextPage"] = s.link("/rest/api/3/project/search?startAt=%d&maxResults=%d", end, size)
	}
	return answer{http.StatusOK, out}, nil
}

func queryInt(text string, fallback int) (int, error) {
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fail(http.StatusBadRequest, "'%s' is not a number that fits here.", text)
	}
	return n, nil
}

// visibleProjects lists the projects that somebody may see, by key.
func visibleProjects(st *world.State, who world.AccountID) []*world.Project {
	var out []*world.Project
	for p := range st.Projects.All() {
		if st.CanIn(who, world.BrowseProjects, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *world.Project) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

func (s *Site) myself(c *call) (answer, error) {
	u := c.st.User(c.who.account)
	out := s.userJSON(u)
	if c.who.app == nil {
		out["emailAddress"], out["locale"] = u.Email, "en_GB"
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) getUser(c *call) (answer, error) {
	u := c.st.User(world.AccountID(c.URL.Query().Get("accountId")))
	if u == nil {
		return answer{}, fail(http.StatusNotFound, "Specified user does not exist or you do not have required permissions")
	}
	if !c.st.Can(c.who.account, world.BrowseUsers) && u.Account != c.who.account {
		return answer{}, fail(http.StatusForbidden, "You do not have permission to browse users.")
	}
	return answer{http.StatusOK, s.userJSON(u)}, nil
}

func (s *Site) serverInfo(c *call) (answer, error) {
	return answer{http.StatusOK, object{
		"baseUrl": s.baseURL, "displayUrl": s.baseURL, "version": "1001.0.0-SANDBOX", "versionNumbers": []int{1001, 0, 0},
		"deploymentType": "Cloud", "buildNumber": 100300, "buildDate": "2026-11-02T00:00:00.000+0000", "serverTime": s.now().Format(jiraTime),
		"scmInfo": "sandbox", "serverTitle": c.st.Title, "serverTimeZone": "Europe/Berlin",
	}}, nil
}

// checkPermissions answers which of the asked permissions somebody has, where.
func (s *Site) checkPermissions(c *call) (answer, error) {
	var in struct {
		AccountID          world.AccountID `json:"accountId"`
		GlobalPermissions  []string        `json:"globalPermissions"`
		ProjectPermissions []struct {
			Permissions []string `json:"permissions"`
			Projects    []int64  `json:"projects"`
			Issues      []int64  `json:"issues"`
		} `json:"projectPermissions"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	who := in.AccountID
	if who == "" {
		who = c.who.account
	}
	// An app may ask about anybody, and so may an admin; others only about themselves.
	if who != c.who.account && c.who.app == nil && !c.st.Can(c.who.account, world.Administer) {
		return answer{}, fail(http.StatusForbidden, "You may only check your own permissions.")
	}
	global := []string{}
	for _, p := range in.GlobalPermissions {
		if !slices.Contains(world.GlobalPermissions, p) {
			return answer{}, fail(http.StatusBadRequest, "Unrecognized permission: %s", p)
		}
		if c.st.Can(who, p) {
			global = append(global, p)
		}
	}
	grants := []object{}
	things := 0
	for _, ask := range in.ProjectPermissions {
		if things += len(ask.Projects) + len(ask.Issues); things > 2000 {
			return answer{}, fail(http.StatusBadRequest, "Up to 1000 projects and 1000 issues can be checked in one request.")
		}
		for _, p := range ask.Permissions {
			if !slices.Contains(world.ProjectPermissions, p) {
				return answer{}, fail(http.StatusBadRequest, "Unrecognized permission: %s", p)
			}
			projects, issues := []int64{}, []int64{}
			for _, id := range ask.Projects {
				if c.st.CanIn(who, p, c.st.Project(world.ProjectID(strconv.FormatInt(id, 10)))) {
					projects = append(projects, id)
				}
			}
			for _, id := range ask.Issues {
				if c.st.CanDo(who, p, c.st.Issue(world.IssueID(strconv.FormatInt(id, 10)))) {
					issues = append(issues, id)
				}
			}
			grants = append(grants, object{"permission": p, "projects": projects, "issues": issues})
		}
	}
	return answer{http.StatusOK, object{"globalPermissions": global, "projectPermissions": grants}}, nil
}
