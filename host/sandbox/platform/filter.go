package platform

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
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

// filter returns the filter of the path, if the caller may use it; missing is the status of the refusal.
func filter(c *rest.Call, st *world.State, missing int) (*world.Filter, error) {
	f := st.Filters.Get(world.FilterID(c.PathValue("id")))
	if !st.SeesFilter(c.Who.Account, f) {
		return nil, rest.Fail(missing, "The selected filter is not available to you, perhaps it has been deleted or had its permissions changed.")
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
	f, err := filter(c, c.St, http.StatusBadRequest)
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
	if _, err := query.Find(st, c.Who.Account, s.now(), q, s.apps); err != nil {
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
	return s.putFilter(c, in, func(tx *world.Tx) (*world.Filter, error) { return editedFilter(c, tx, http.StatusBadRequest) })
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

// editedFilter is the filter of the path to be changed, if the caller may; missing is the status of the refusal.
func editedFilter(c *rest.Call, tx *world.Tx, missing int) (*world.Filter, error) {
	f, err := filter(c, tx.State, missing)
	if err != nil {
		return nil, err
	}
	if !tx.EditsFilter(c.Who.Account, f) && !c.Administers(tx.State) {
		return nil, rest.Fail(missing, "You do not have permission to change the filter.")
	}
	return world.Edit(f), nil
}

func (s *API) deleteFilter(c *rest.Call) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := filter(c, tx.State, http.StatusBadRequest)
		if err != nil {
			return err
		}
		if f.Owner != c.Who.Account && !c.Administers(tx.State) {
			return rest.Fail(http.StatusUnauthorized, "Only the owner of the filter, and administrators, can delete it.")
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
		f, err := filter(c, tx.State, http.StatusBadRequest)
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
		f, err := filter(c, tx.State, http.StatusNotFound)
		if err != nil {
			return err
		}
		if f.Owner != c.Who.Account && !c.Administers(tx.State) {
			return rest.Fail(http.StatusForbidden, "Only the owner of the filter, and administrators, can give it to somebody else.")
		}
		if tx.User(in.AccountID) == nil {
			return rest.Fail(http.StatusNotFound, "The user %s does not exist.", in.AccountID)
		}
		if tx.Filters.First(func(o *world.Filter) bool { return o.ID != f.ID && o.Owner == in.AccountID && o.Name == f.Name }) != nil {
			return rest.Fail(http.StatusBadRequest, "The new owner has a filter of the same name.")
		}
		f = world.Edit(f)
		f.Owner = in.AccountID
		return tx.Put(f)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
