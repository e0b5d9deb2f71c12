package platform

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) filterOperations() []rest.Operation {
	const all, one = "/rest/api/3/filter", "/rest/api/3/filter/{id}"
	return []rest.Operation{
		rest.Op("POST", all, rest.ScopeWrite, s.createFilter),
		rest.Op("GET", all+"/favourite", rest.ScopeRead, s.favouriteFilters),
		rest.Op("GET", all+"/my", rest.ScopeRead, s.myFilters),
		rest.Op("GET", all+"/search", rest.ScopeRead, s.searchFilters),
		rest.Op("GET", one, rest.ScopeRead, s.getFilter),
		rest.Op("PUT", one, rest.ScopeWrite, s.updateFilter),
		rest.Op("DELETE", one, rest.ScopeDelete, s.deleteFilter),
		rest.Op("PUT", one+"/favourite", rest.ScopeWrite, s.markFilter),
		rest.Op("DELETE", one+"/favourite", rest.ScopeDelete, s.unmarkFilter),
		rest.Op("PUT", one+"/owner", rest.ScopeWrite, s.giveFilter),
		rest.Op("GET", one+"/permission", rest.ScopeRead, s.listShares),
		rest.Op("POST", one+"/permission", rest.ScopeWrite, s.addShare),
		rest.Op("GET", one+"/permission/{permissionId}", rest.ScopeRead, s.getShare),
		rest.Op("DELETE", one+"/permission/{permissionId}", rest.ScopeDelete, s.deleteShare),
	}
}

func (s *API) filterJSON(c *rest.Call, st *world.State, f *world.Filter) object {
	jql := url.Values{"jql": {f.JQL}}.Encode()
	return object{
		"self": s.Link("/rest/api/3/filter/%s", f.ID), "id": f.ID, "name": f.Name, "description": f.Description, "owner": s.UserOrNil(st, f.Owner),
		"jql": f.JQL, "viewUrl": s.Link("/issues?filter=%s", f.ID), "searchUrl": s.Link("/rest/api/3/search/jql?%s", jql),
		"favourite": slices.Contains(f.Favourite, c.Who.Account), "favouritedCount": len(f.Favourite),
		"sharePermissions": s.sharesJSON(st, f.Shares), "editPermissions": s.sharesJSON(st, f.Editors), "subscriptions": object{
			"size": 0, "items": []object{}, "max-results": 1000, "start-index": 0, "end-index": 0,
		}, "sharedUsers": object{"size": 0, "items": []object{}, "max-results": 1000, "start-index": 0, "end-index": 0},
	}
}

func (s *API) sharesJSON(st *world.State, shares []world.Share) []object {
	out := []object{}
	for _, share := range shares {
		out = append(out, s.shareJSON(st, share))
	}
	return out
}

func (s *API) shareJSON(st *world.State, share world.Share) object {
	kind := share.Kind
	out := object{"id": shape.Number(share.ID)}
	if p := st.Project(share.Project); p != nil {
		out["project"] = s.ProjectJSON(st, p, false)
	}
	switch kind {
	case world.ToUser:
		if u := st.User(world.AccountID(share.Value)); u != nil {
			user := s.UserJSON(u) // here Jira says less of people than elsewhere
			for _, more := range []string{"accountType", "timeZone", "emailAddress"} {
				delete(user, more)
			}
			out["user"] = user
		}
	case world.ToGroup:
		if g := st.Groups.Get(world.GroupName(share.Value)); g != nil {
			out["group"] = s.GroupRef(g)
		}
	case world.ToRole:
		kind = world.ToProject // with a role
		if r := st.Roles.Get(world.RoleID(share.Value)); r != nil {
			out["role"] = object{"self": s.Link("/rest/api/3/project/%s/role/%s", share.Project, r.ID), "id": shape.Number(r.ID), "name": r.Name}
		}
	case world.ToEverybody:
		kind = "loggedin"
	}
	out["type"] = kind
	return out
}

// shareInput is what shares are made of, in a filter and on their own.
type shareInput struct {
	Type      string          `json:"type"`
	AccountID world.AccountID `json:"accountId"`
	GroupID   string          `json:"groupId"`
	GroupName string          `json:"groupname"`
	ProjectID string          `json:"projectId"`
	RoleID    string          `json:"projectRoleId"`
	User      struct {
		AccountID world.AccountID `json:"accountId"`
	} `json:"user"`
	Group struct {
		ID   string `json:"groupId"`
		Name string `json:"name"`
	} `json:"group"`
	Project struct {
		ID string `json:"id"`
	} `json:"project"`
	Role struct {
		ID int64 `json:"id"`
	} `json:"role"`
}

func (in shareInput) share(c *rest.Call, st *world.State) (world.Share, error) {
	wrong := func(what string) (world.Share, error) {
		return world.Share{}, rest.Fail(http.StatusBadRequest, "The share permission names no %s that you can share with.", what)
	}
	kind := in.Type
	if kind == "group" || kind == "user" || kind == "project" || kind == "projectRole" || kind == "global" || kind == "loggedin" || kind == "authenticated" {
		if !st.Can(c.Who.Account, world.CreateShared) {
			return world.Share{}, rest.Fail(http.StatusBadRequest, "You do not have permission to share filters.")
		}
	}
	switch kind {
	case "global":
		return world.Share{Kind: world.ToWorld}, nil
	case "loggedin", "authenticated":
		return world.Share{Kind: world.ToEverybody}, nil
	case "user":
		a := cmp.Or(in.AccountID, in.User.AccountID)
		if st.User(a) == nil {
			return wrong("user")
		}
		return world.Share{Kind: world.ToUser, Value: string(a)}, nil
	case "group":
		id, name := cmp.Or(in.GroupID, in.Group.ID), cmp.Or(in.GroupName, in.Group.Name)
		g := st.Groups.First(func(g *world.Group) bool { return id != "" && g.ID == id || id == "" && string(g.Name) == name })
		if g == nil {
			return wrong("group")
		}
		return world.Share{Kind: world.ToGroup, Value: string(g.Name)}, nil
	case "project", "projectRole":
		p := st.FindProject(cmp.Or(in.ProjectID, in.Project.ID))
		if p == nil || !st.CanIn(c.Who.Account, world.BrowseProjects, p) {
			return wrong("project")
		}
		role := world.RoleID(in.RoleID)
		if in.Role.ID != 0 {
			role = world.RoleID(shape.Text(in.Role.ID))
		}
		if role == "" {
			return world.Share{Kind: world.ToProject, Project: p.ID}, nil
		}
		if st.Roles.Get(role) == nil {
			return wrong("role")
		}
		return world.Share{Kind: world.ToRole, Project: p.ID, Value: string(role)}, nil
	}
	return world.Share{}, rest.Fail(http.StatusBadRequest, "'%s' is no type of share permission.", in.Type)
}

// filter returns the filter of the path, if the caller may use it.
func filter(c *rest.Call, st *world.State) (*world.Filter, error) {
	f := st.Filters.Get(world.FilterID(c.PathValue("id")))
	if !st.SeesFilter(c.Who.Account, f) {
		return nil, rest.Fail(http.StatusBadRequest, "The selected filter is not available to you, perhaps it has been deleted or had its permissions changed.")
	}
	return f, nil
}

func (s *API) showFilters(c *rest.Call, list []*world.Filter) (rest.Answer, error) {
	out := []object{}
	for _, f := range list {
		out = append(out, s.filterJSON(c, c.St, f))
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) favouriteFilters(c *rest.Call) (rest.Answer, error) {
	return s.showFilters(c, c.St.Favourites(c.Who.Account))
}

func (s *API) myFilters(c *rest.Call) (rest.Answer, error) {
	also := c.URL.Query().Get("includeFavourites") == "true"
	return s.showFilters(c, slices.DeleteFunc(c.St.FiltersOf(c.Who.Account), func(f *world.Filter) bool {
		return f.Owner != c.Who.Account && (!also || !slices.Contains(f.Favourite, c.Who.Account))
	}))
}

func (s *API) searchFilters(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	ids := rest.SplitNames(q["id"])
	list := slices.DeleteFunc(c.St.FiltersOf(c.Who.Account), func(f *world.Filter) bool {
		return !containsFold(f.Name, q.Get("filterName")) || q.Get("accountId") != "" && string(f.Owner) != q.Get("accountId") ||
			len(ids) > 0 && !slices.Contains(ids, string(f.ID)) ||
			q.Get("groupname") != "" && !slices.ContainsFunc(f.Shares, func(s world.Share) bool { return s.Kind == world.ToGroup && s.Value == q.Get("groupname") }) ||
			q.Get("projectId") != "" && !slices.ContainsFunc(f.Shares, func(s world.Share) bool { return string(s.Project) == q.Get("projectId") })
	})
	if err := order(list, cmp.Or(q.Get("orderBy"), "name"), map[string]func(a, b *world.Filter) int{
		"name":            func(a, b *world.Filter) int { return compareFold(a.Name, b.Name) },
		"id":              func(a, b *world.Filter) int { return world.CompareIDs(string(a.ID), string(b.ID)) },
		"description":     func(a, b *world.Filter) int { return compareFold(a.Description, b.Description) },
		"owner":           func(a, b *world.Filter) int { return cmp.Compare(a.Owner, b.Owner) },
		"favourite_count": func(a, b *world.Filter) int { return cmp.Compare(len(a.Favourite), len(b.Favourite)) },
	}); err != nil {
		return rest.Answer{}, err
	}
	expand := rest.SplitNames(q["expand"])
	return rest.Paged(c, 50, list, func(f *world.Filter) map[string]any {
		out := s.filterJSON(c, c.St, f)
		delete(out, "subscriptions")
		delete(out, "sharedUsers")
		out["expand"] = "description,owner,jql,viewUrl,searchUrl,favourite,favouritedCount,sharePermissions,editPermissions,isWritable,subscriptions"
		for _, name := range []string{"description", "owner", "jql", "viewUrl", "searchUrl", "favourite", "favouritedCount", "sharePermissions", "editPermissions"} {
			if !slices.Contains(expand, name) {
				delete(out, name)
			}
		}
		return out
	})
}

func (s *API) getFilter(c *rest.Call) (rest.Answer, error) {
	f, err := filter(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.filterJSON(c, c.St, f)}, nil
}

// filterInput is what filters are made of; nil leaves what there is.
type filterInput struct {
	Name        *string      `json:"name"`
	Description *string      `json:"description"`
	JQL         *string      `json:"jql"`
	Favourite   *bool        `json:"favourite"`
	Shares      []shareInput `json:"sharePermissions"`
	Editors     []shareInput `json:"editPermissions"`
}

func (in *filterInput) apply(s *API, c *rest.Call, st *world.State, f *world.Filter) error {
	set(&f.Name, in.Name)
	set(&f.Description, in.Description)
	set(&f.JQL, in.JQL)
	f.Name = strings.TrimSpace(f.Name)
	switch {
	case f.Name == "":
		return rest.FailField("filterName", "You must specify a name to save this filter as.")
	case st.Filters.First(func(o *world.Filter) bool { return o.ID != f.ID && o.Owner == f.Owner && o.Name == f.Name }) != nil:
		return rest.FailField("filterName", "Filter with same name already exists.")
	}
	q, err := query.Parse(f.JQL)
	if err != nil {
		return err
	}
	if _, err := query.Find(st, c.Who.Account, s.now(), q); err != nil {
		return err
	}
	for to, from := range map[*[]world.Share][]shareInput{&f.Shares: in.Shares, &f.Editors: in.Editors} {
		if from == nil {
			continue
		}
		*to = nil
		for _, each := range from {
			share, err := each.share(c, st)
			if err != nil {
				return err
			}
			*to = append(*to, share)
		}
	}
	if in.Favourite != nil {
		f.Favourite = slices.DeleteFunc(f.Favourite, func(a world.AccountID) bool { return a == c.Who.Account })
		if *in.Favourite {
			f.Favourite = append(f.Favourite, c.Who.Account)
		}
	}
	return nil
}

func (s *API) createFilter(c *rest.Call) (rest.Answer, error) {
	var in filterInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	return s.putFilter(c, in, func(*world.Tx) (*world.Filter, error) { return &world.Filter{Owner: c.Who.Account}, nil })
}

func (s *API) updateFilter(c *rest.Call) (rest.Answer, error) {
	var in filterInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	return s.putFilter(c, in, func(tx *world.Tx) (*world.Filter, error) { return editedFilter(c, tx) })
}

func (s *API) putFilter(c *rest.Call, in filterInput, which func(*world.Tx) (*world.Filter, error)) (rest.Answer, error) {
	var out object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := which(tx)
		if err != nil {
			return err
		}
		if err := in.apply(s, c, tx.State, f); err != nil {
			return err
		}
		if err := tx.Put(f); err != nil {
			return err
		}
		out = s.filterJSON(c, tx.State, f)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

// editedFilter is the filter of the path to be changed, if the caller may.
func editedFilter(c *rest.Call, tx *world.Tx) (*world.Filter, error) {
	f, err := filter(c, tx.State)
	if err != nil {
		return nil, err
	}
	if !tx.EditsFilter(c.Who.Account, f) && !c.Administers(tx.State) {
		return nil, rest.Fail(http.StatusBadRequest, "You do not have permission to change the filter.")
	}
	return world.Edit(f), nil
}

func (s *API) deleteFilter(c *rest.Call) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := filter(c, tx.State)
		if err != nil {
			return err
		}
		if f.Owner != c.Who.Account && !c.Administers(tx.State) {
			return rest.Fail(http.StatusBadRequest, "Only the owner of the filter, and administrators, can delete it.")
		}
		return tx.Delete(f)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) markFilter(c *rest.Call) (rest.Answer, error)   { return s.mark(c, true) }
func (s *API) unmarkFilter(c *rest.Call) (rest.Answer, error) { return s.mark(c, false) }

func (s *API) mark(c *rest.Call, favourite bool) (rest.Answer, error) {
	var out object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := filter(c, tx.State)
		if err != nil {
			return err
		}
		if err := tx.MarkFilter(f.ID, c.Who.Account, favourite); err != nil {
			return err
		}
		out = s.filterJSON(c, tx.State, tx.Filters.Get(f.ID))
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

func (s *API) giveFilter(c *rest.Call) (rest.Answer, error) {
	var in struct {
		AccountID world.AccountID `json:"accountId"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := filter(c, tx.State)
		if err != nil {
			return err
		}
		if f.Owner != c.Who.Account && !c.Administers(tx.State) {
			return rest.Fail(http.StatusForbidden, "Only the owner of the filter, and administrators, can give it to somebody else.")
		}
		if tx.User(in.AccountID) == nil {
			return rest.Fail(http.StatusBadRequest, "The user %s does not exist.", in.AccountID)
		}
		f = world.Edit(f)
		f.Owner = in.AccountID
		return tx.Put(f)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) listShares(c *rest.Call) (rest.Answer, error) {
	f, err := filter(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.sharesJSON(c.St, f.Shares)}, nil
}

func (s *API) addShare(c *rest.Call) (rest.Answer, error) {
	var in shareInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out []object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := editedFilter(c, tx)
		if err != nil {
			return err
		}
		share, err := in.share(c, tx.State)
		if err != nil {
			return err
		}
		if share.Kind == world.ToWorld || share.Kind == world.ToEverybody { // such a one stands alone
			f.Shares = nil
		}
		f.Shares = append(f.Shares, share)
		if err := tx.Put(f); err != nil {
			return err
		}
		out = s.sharesJSON(tx.State, f.Shares)
		return nil
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

// shareOf is where the share of the path stands in the filter.
func shareOf(c *rest.Call, f *world.Filter) (int, error) {
	n := slices.IndexFunc(f.Shares, func(s world.Share) bool { return s.ID == c.PathValue("permissionId") })
	if n < 0 {
		return 0, rest.Fail(http.StatusNotFound, "The share permission '%s' was not found.", c.PathValue("permissionId"))
	}
	return n, nil
}

func (s *API) getShare(c *rest.Call) (rest.Answer, error) {
	f, err := filter(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	n, err := shareOf(c, f)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.shareJSON(c.St, f.Shares[n])}, nil
}

func (s *API) deleteShare(c *rest.Call) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := editedFilter(c, tx)
		if err != nil {
			return err
		}
		n, err := shareOf(c, f)
		if err != nil {
			return err
		}
		f.Shares = slices.Delete(f.Shares, n, n+1)
		return tx.Put(f)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
