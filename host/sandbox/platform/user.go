package platform

import (
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) myself(c *rest.Call) (rest.Answer, error) {
	u := c.St.User(c.Who.Account)
	out := s.UserJSON(u)
	if c.Who.App == nil {
		out["emailAddress"], out["locale"] = u.Email, "en_GB"
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) getUser(c *rest.Call) (rest.Answer, error) {
	u := c.St.User(world.AccountID(c.URL.Query().Get("accountId")))
	if u == nil {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "Specified user does not exist or you do not have required permissions")
	}
	if !c.St.Can(c.Who.Account, world.BrowseUsers) && u.Account != c.Who.Account {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "You do not have permission to browse users.")
	}
	return rest.Answer{Status: http.StatusOK, Body: s.UserJSON(u)}, nil
}

func (s *API) userOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/myself", rest.ScopeRead, s.myself),
		rest.Op("GET", "/rest/api/3/user", rest.ScopeRead, s.getUser),
		rest.Op("GET", "/rest/api/3/user/search", rest.ScopeRead, s.findUsers),
		rest.Op("GET", "/rest/api/3/user/bulk", rest.ScopeRead, s.bulkUsers),
		rest.Op("GET", "/rest/api/3/user/assignable/search", rest.ScopeRead, s.findAssignable),
		rest.Op("GET", "/rest/api/3/groups/picker", rest.ScopeRead, s.pickGroups),
		rest.Op("GET", "/rest/api/3/group/bulk", rest.ScopeAdmin, s.bulkGroups),
		rest.Op("GET", "/rest/api/3/group/member", rest.ScopeAdmin, s.listMembers),
	}
}

// matchesUser says whether a word of the name, or an address that is shown, starts with what somebody typed.
func matchesUser(u *world.User, query string) bool {
	query = strings.ToLower(query)
	name := strings.ToLower(u.Name)
	return strings.HasPrefix(name, query) || strings.Contains(name, " "+query) || u.ShowsEmail && strings.HasPrefix(strings.ToLower(u.Email), query)
}

// usersLike lists the open accounts that the query or accountId of the request names; to people who may not browse users, none.
func usersLike(c *rest.Call) []*world.User {
	q := c.URL.Query()
	if !c.St.Can(c.Who.Account, world.BrowseUsers) {
		return nil
	}
	return slices.DeleteFunc(c.St.Users.List(), func(u *world.User) bool {
		if id := q.Get("accountId"); id != "" {
			return string(u.Account) != id || u.Closed
		}
		return u.Closed || u.Inactive || !matchesUser(u, q.Get("query"))
	})
}

func (s *API) findUsers(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	switch {
	case q.Has("query") && q.Get("accountId") != "":
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Only one of the query and accountId parameters can be used.")
	case !q.Has("query") && q.Get("accountId") == "":
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "One of the query, accountId and property parameters must be provided.")
	}
	return rest.Cut(c, usersLike(c), s.UserJSON)
}

func (s *API) findAssignable(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	var can func(u *world.User) bool
	switch issue := firstOf(q.Get("issueKey"), q.Get("issueId")); {
	case issue != "":
		i := c.St.FindIssue(issue)
		if !c.St.Sees(c.Who.Account, i) {
			return rest.Answer{}, rest.NoIssue()
		}
		can = func(u *world.User) bool { return c.St.CanDo(u.Account, world.AssignableUser, i) }
	case q.Get("project") != "":
		p := c.St.FindProject(q.Get("project"))
		if !c.St.CanIn(c.Who.Account, world.BrowseProjects, p) {
			return rest.Answer{}, rest.Fail(http.StatusNotFound, "No project could be found with key '%s'.", q.Get("project"))
		}
		can = func(u *world.User) bool { return c.St.CanIn(u.Account, world.AssignableUser, p) }
	default:
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "One of the project, issueKey and issueId parameters must be provided.")
	}
	return rest.Cut(c, slices.DeleteFunc(usersLike(c), func(u *world.User) bool { return u.App || !can(u) }), s.UserJSON)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (s *API) bulkUsers(c *rest.Call) (rest.Answer, error) {
	ids := c.URL.Query()["accountId"]
	if len(ids) == 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The accountId parameter must be provided.")
	}
	var list []*world.User
	for _, id := range ids {
		if u := c.St.User(world.AccountID(id)); u != nil && !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	return rest.Paged(c, 10, list, s.UserJSON)
}

func (s *API) pickGroups(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	size, err := rest.QueryInt(q.Get("maxResults"), 20)
	if err != nil {
		return rest.Answer{}, err
	}
	query, out, total := strings.ToLower(q.Get("query")), []object{}, 0
	if c.St.Can(c.Who.Account, world.BrowseUsers) {
		for g := range c.St.Groups.All() {
			if !strings.Contains(strings.ToLower(string(g.Name)), query) || slices.Contains(q["exclude"], string(g.Name)) || slices.Contains(q["excludeId"], g.ID) {
				continue
			}
			if total++; total <= size {
				out = append(out, object{"name": g.Name, "groupId": g.ID, "html": html.EscapeString(string(g.Name)), "labels": []object{}})
			}
		}
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"header": "Showing " + strconv.Itoa(len(out)) + " of " + strconv.Itoa(total) + " matching groups", "total": total, "groups": out,
	}}, nil
}

func (s *API) bulkGroups(c *rest.Call) (rest.Answer, error) {
	if err := c.NeedAdmin(c.St); err != nil {
		return rest.Answer{}, err
	}
	names, ids := c.URL.Query()["groupName"], c.URL.Query()["groupId"]
	list := slices.DeleteFunc(c.St.Groups.List(), func(g *world.Group) bool {
		return len(names)+len(ids) > 0 && !slices.Contains(names, string(g.Name)) && !slices.Contains(ids, g.ID)
	})
	return rest.Paged(c, rest.DefaultPage, list, func(g *world.Group) object { return object{"name": g.Name, "groupId": g.ID} })
}

func (s *API) listMembers(c *rest.Call) (rest.Answer, error) {
	if err := c.NeedAdmin(c.St); err != nil {
		return rest.Answer{}, err
	}
	q := c.URL.Query()
	name, id := q.Get("groupname"), q.Get("groupId")
	if (name == "") == (id == "") {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "One of the groupname and groupId parameters must be provided.")
	}
	g := c.St.Groups.First(func(g *world.Group) bool { return string(g.Name) == name || g.ID == id })
	if g == nil {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The group '%s' does not exist.", name+id)
	}
	inactive := q.Get("includeInactiveUsers") == "true"
	list := slices.DeleteFunc(c.St.Members(g.Name), func(u *world.User) bool { return (u.Inactive || u.Closed) && !inactive })
	return rest.Paged(c, rest.DefaultPage, list, s.UserJSON)
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
