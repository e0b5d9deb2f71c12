package sandbox

import (
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) userOperations() []operation {
	return []operation{
		{"GET", "/rest/api/3/user/search", scopeRead, false, s.findUsers},
		{"GET", "/rest/api/3/user/bulk", scopeRead, false, s.bulkUsers},
		{"GET", "/rest/api/3/user/assignable/search", scopeRead, false, s.findAssignable},
		{"GET", "/rest/api/3/groups/picker", scopeRead, false, s.pickGroups},
		{"GET", "/rest/api/3/group/bulk", scopeAdmin, false, s.bulkGroups},
		{"GET", "/rest/api/3/group/member", scopeAdmin, false, s.listMembers},
		{"GET", "/rest/api/3/mypermissions", scopeRead, false, s.myPermissions},
		{"GET", "/rest/api/3/permissions", scopeAdmin, false, s.listPermissions},
		{"POST", "/rest/api/3/permissions/project", scopeRead, false, s.permittedProjects},
	}
}

// matchesUser says whether a word of the name, or an address that is shown, starts with what somebody typed.
func matchesUser(u *world.User, query string) bool {
	query = strings.ToLower(query)
	name := strings.ToLower(u.Name)
	return strings.HasPrefix(name, query) || strings.Contains(name, " "+query) || u.ShowsEmail && strings.HasPrefix(strings.ToLower(u.Email), query)
}

// usersLike lists the open accounts that the query or accountId of the request names; to people who may not browse users, none.
func (c *call) usersLike() []*world.User {
	q := c.URL.Query()
	if !c.st.Can(c.who.account, world.BrowseUsers) {
		return nil
	}
	return slices.DeleteFunc(c.st.Users.List(), func(u *world.User) bool {
		if id := q.Get("accountId"); id != "" {
			return string(u.Account) != id || u.Closed
		}
		return u.Closed || u.Inactive || !matchesUser(u, q.Get("query"))
	})
}

func (s *Site) findUsers(c *call) (answer, error) {
	q := c.URL.Query()
	switch {
	case q.Has("query") && q.Get("accountId") != "":
		return answer{}, fail(http.StatusBadRequest, "Only one of the query and accountId parameters can be used.")
	case !q.Has("query") && q.Get("accountId") == "":
		return answer{}, fail(http.StatusBadRequest, "One of the query, accountId and property parameters must be provided.")
	}
	return cut(c, c.usersLike(), s.userJSON)
}

func (s *Site) findAssignable(c *call) (answer, error) {
	q := c.URL.Query()
	var can func(u *world.User) bool
	switch issue := firstOf(q.Get("issueKey"), q.Get("issueId")); {
	case issue != "":
		i := c.st.FindIssue(issue)
		if !c.st.Sees(c.who.account, i) {
			return answer{}, noIssue()
		}
		can = func(u *world.User) bool { return c.st.CanDo(u.Account, world.AssignableUser, i) }
	case q.Get("project") != "":
		p := c.st.FindProject(q.Get("project"))
		if !c.st.CanIn(c.who.account, world.BrowseProjects, p) {
			return answer{}, fail(http.StatusNotFound, "No project could be found with key '%s'.", q.Get("project"))
		}
		can = func(u *world.User) bool { return c.st.CanIn(u.Account, world.AssignableUser, p) }
	default:
		return answer{}, fail(http.StatusBadRequest, "One of the project, issueKey and issueId parameters must be provided.")
	}
	return cut(c, slices.DeleteFunc(c.usersLike(), func(u *world.User) bool { return u.App || !can(u) }), s.userJSON)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (s *Site) bulkUsers(c *call) (answer, error) {
	ids := c.URL.Query()["accountId"]
	if len(ids) == 0 {
		return answer{}, fail(http.StatusBadRequest, "The accountId parameter must be provided.")
	}
	var list []*world.User
	for _, id := range ids {
		if u := c.st.User(world.AccountID(id)); u != nil && !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	return paged(c, 10, list, s.userJSON)
}

func (s *Site) pickGroups(c *call) (answer, error) {
	q := c.URL.Query()
	size, err := queryInt(q.Get("maxResults"), 20)
	if err != nil {
		return answer{}, err
	}
	query, out, total := strings.ToLower(q.Get("query")), []object{}, 0
	if c.st.Can(c.who.account, world.BrowseUsers) {
		for g := range c.st.Groups.All() {
			if !strings.Contains(strings.ToLower(string(g.Name)), query) || slices.Contains(q["exclude"], string(g.Name)) || slices.Contains(q["excludeId"], g.ID) {
				continue
			}
			if total++; total <= size {
				out = append(out, object{"name": g.Name, "groupId": g.ID, "html": html.EscapeString(string(g.Name)), "labels": []object{}})
			}
		}
	}
	return answer{http.StatusOK, object{
		"header": "Showing " + strconv.Itoa(len(out)) + " of " + strconv.Itoa(total) + " matching groups", "total": total, "groups": out,
	}}, nil
}

func (s *Site) bulkGroups(c *call) (answer, error) {
	if err := c.needAdmin(c.st); err != nil {
		return answer{}, err
	}
	names, ids := c.URL.Query()["groupName"], c.URL.Query()["groupId"]
	list := slices.DeleteFunc(c.st.Groups.List(), func(g *world.Group) bool {
		return len(names)+len(ids) > 0 && !slices.Contains(names, string(g.Name)) && !slices.Contains(ids, g.ID)
	})
	return paged(c, defaultPage, list, func(g *world.Group) object { return object{"name": g.Name, "groupId": g.ID} })
}

func (s *Site) listMembers(c *call) (answer, error) {
	if err := c.needAdmin(c.st); err != nil {
		return answer{}, err
	}
	q := c.URL.Query()
	name, id := q.Get("groupname"), q.Get("groupId")
	if (name == "") == (id == "") {
		return answer{}, fail(http.StatusBadRequest, "One of the groupname and groupId parameters must be provided.")
	}
	g := c.st.Groups.First(func(g *world.Group) bool { return string(g.Name) == name || g.ID == id })
	if g == nil {
		return answer{}, fail(http.StatusNotFound, "The group '%s' does not exist.", name+id)
	}
	inactive := q.Get("includeInactiveUsers") == "true"
	list := slices.DeleteFunc(c.st.Members(g.Name), func(u *world.User) bool { return (u.Inactive || u.Closed) && !inactive })
	return paged(c, defaultPage, list, s.userJSON)
}

// permissionJSON is a permission in words made of its key: Jira's own are translated texts.
func permissionJSON(key string) object {
	words := strings.ToLower(strings.ReplaceAll(key, "_", " "))
	kind := "PROJECT"
	if slices.Contains(world.GlobalPermissions, key) {
		kind = "GLOBAL"
	}
	return object{"key": key, "name": strings.ToUpper(words[:1]) + words[1:], "type": kind, "description": "Permission to " + words}
}

func (s *Site) listPermissions(c *call) (answer, error) {
	if err := c.needAdmin(c.st); err != nil {
		return answer{}, err
	}
	out := object{}
	for _, key := range slices.Concat(world.GlobalPermissions, world.ProjectPermissions) {
		out[key] = permissionJSON(key)
	}
	return answer{http.StatusOK, object{"permissions": out}}, nil
}

func (s *Site) myPermissions(c *call) (answer, error) {
	q, who := c.URL.Query(), c.who.account
	keys := splitNames(q["permissions"])
	if len(keys) == 0 {
		return answer{}, fail(http.StatusBadRequest, "The 'permissions' query parameter is required.")
	}
	// Without a project, a permission is had if it is had somewhere.
	can := func(key string) bool {
		return c.st.Projects.First(func(p *world.Project) bool { return c.st.CanIn(who, key, p) }) != nil
	}
	if issue := firstOf(q.Get("issueKey"), q.Get("issueId")); issue != "" {
		i := c.st.FindIssue(issue)
		if !c.st.Sees(who, i) {
			return answer{}, noIssue()
		}
		can = func(key string) bool { return c.st.CanDo(who, key, i) }
	} else if project := firstOf(q.Get("projectKey"), q.Get("projectId")); project != "" {
		p := c.st.FindProject(project)
		if !c.st.CanIn(who, world.BrowseProjects, p) {
			return answer{}, fail(http.StatusNotFound, "No project could be found with key '%s'.", project)
		}
		can = func(key string) bool { return c.st.CanIn(who, key, p) }
	}
	all, out := slices.Concat(world.GlobalPermissions, world.ProjectPermissions), object{}
	for _, key := range keys {
		n := slices.Index(all, key)
		if n < 0 {
			return answer{}, fail(http.StatusBadRequest, "Unrecognized permission: %s", key)
		}
		row := permissionJSON(key)
		row["id"], row["havePermission"] = strconv.Itoa(n), row["type"] == "GLOBAL" && c.st.Can(who, key) || row["type"] == "PROJECT" && can(key)
		out[key] = row
	}
	return answer{http.StatusOK, object{"permissions": out}}, nil
}

func (s *Site) permittedProjects(c *call) (answer, error) {
	var in struct {
		Permissions []string `json:"permissions"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	for _, key := range in.Permissions {
		if !slices.Contains(world.ProjectPermissions, key) {
			return answer{}, fail(http.StatusBadRequest, "Unrecognized permission: %s", key)
		}
	}
	out := []object{}
	for _, p := range visibleProjects(c.st, c.who.account) {
		if slices.ContainsFunc(in.Permissions, func(key string) bool { return !c.st.CanIn(c.who.account, key, p) }) {
			continue
		}
		id, err := strconv.ParseInt(string(p.ID), 10, 64)
		if err != nil {
			return answer{}, err
		}
		out = append(out, object{"id": id, "key": p.Key})
	}
	return answer{http.StatusOK, object{"projects": out}}, nil
}
