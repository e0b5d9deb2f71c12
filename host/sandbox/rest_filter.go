package sandbox

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) filterOperations() []operation {
	const filter = "/rest/api/3/filter"
	return []operation{
		{"POST", filter, scopeWrite, false, s.createFilter},
		{"GET", filter + "/search", scopeRead, false, s.searchFilters},
		{"GET", filter + "/my", scopeRead, false, s.myFilters},
		{"GET", filter + "/favourite", scopeRead, false, s.favouriteFilters},
		{"GET", filter + "/{id}", scopeRead, false, s.getFilter},
		{"PUT", filter + "/{id}", scopeWrite, false, s.updateFilter},
		{"DELETE", filter + "/{id}", scopeDelete, false, s.deleteFilter},
	}
}

// seesFilter says whether somebody owns the filter, or has it shared with them.
func seesFilter(st *world.State, who world.AccountID, f *world.Filter) bool {
	if f == nil {
		return false
	}
	u := st.User(who)
	return f.Owner == who || slices.ContainsFunc(slices.Concat(f.Shares, f.Editors), func(h world.Share) bool {
		switch h.Kind {
		case "global", "authenticated", "loggedin":
			return true
		case "user":
			return h.Value == string(who)
		case "group":
			return u != nil && slices.Contains(u.Groups, h.Value)
		case "project":
			return st.CanIn(who, world.BrowseProjects, st.Project(h.Project))
		case "projectRole":
			return st.InRole(who, world.RoleID(h.Value), st.Project(h.Project))
		}
		return false
	})
}

// filterJSON is a filter as somebody sees it. Whom it is shared with is left out: sharing has operations of its own, which are
// not served.
func (s *Site) filterJSON(c *call, st *world.State, f *world.Filter) object {
	query := url.QueryEscape(f.JQL)
	return object{
		"self": s.link("/rest/api/3/filter/%s", f.ID), "id": f.ID, "name": f.Name, "description": f.Description, "jql": f.JQL,
		"owner": s.userOrNil(st, f.Owner), "viewUrl": s.link("/issues/?filter=%s", f.ID), "searchUrl": s.link("/rest/api/3/search/jql?jql=%s", query),
		"favourite": slices.Contains(f.Favourite, c.who.account), "favouritedCount": len(f.Favourite),
		"sharePermissions": []object{}, "editPermissions": []object{},
	}
}

// filtersOf lists the filters that the caller sees and that are wanted, by name.
func (c *call) filtersOf(want func(*world.Filter) bool) []*world.Filter {
	list := slices.DeleteFunc(c.st.Filters.List(), func(f *world.Filter) bool { return !seesFilter(c.st, c.who.account, f) || !want(f) })
	slices.SortStableFunc(list, func(a, b *world.Filter) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return list
}

func (s *Site) searchFilters(c *call) (answer, error) {
	q := c.URL.Query()
	name, owner, ids, expand := strings.ToLower(q.Get("filterName")), q.Get("accountId"), splitNames(q["id"]), splitNames(q["expand"])
	if owner != "" && q.Get("owner") != "" {
		return answer{}, fail(http.StatusBadRequest, "Only one of the accountId and owner parameters can be used.")
	}
	list := c.filtersOf(func(f *world.Filter) bool {
		return strings.Contains(strings.ToLower(f.Name), name) && (owner == "" || string(f.Owner) == owner) && (len(ids) == 0 || slices.Contains(ids, string(f.ID)))
	})
	return paged(s, c, defaultPage, list, func(f *world.Filter) object {
		full := s.filterJSON(c, c.st, f)
		out := object{"self": full["self"], "id": full["id"], "name": full["name"]}
		for _, part := range expand {
			if v, ok := full[part]; ok {
				out[part] = v
			}
		}
		return out
	})
}

func (s *Site) listFilters(c *call, want func(*world.Filter) bool) (answer, error) {
	out := []object{}
	for _, f := range c.filtersOf(want) {
		out = append(out, s.filterJSON(c, c.st, f))
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) myFilters(c *call) (answer, error) {
	liked := c.URL.Query().Get("includeFavourites") == "true"
	return s.listFilters(c, func(f *world.Filter) bool {
		return f.Owner == c.who.account || liked && slices.Contains(f.Favourite, c.who.account)
	})
}

func (s *Site) favouriteFilters(c *call) (answer, error) {
	return s.listFilters(c, func(f *world.Filter) bool { return slices.Contains(f.Favourite, c.who.account) })
}

// filter is the one of the path; in Jira a wrong one is a bad request.
func (c *call) filter(st *world.State) (*world.Filter, error) {
	f := st.Filters.Get(world.FilterID(c.PathValue("id")))
	if !seesFilter(st, c.who.account, f) {
		return nil, fail(http.StatusBadRequest, "The selected filter is not available to you, perhaps it has been deleted or had its permissions changed.")
	}
	return f, nil
}

func (s *Site) getFilter(c *call) (answer, error) {
	f, err := c.filter(c.st)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, s.filterJSON(c, c.st, f)}, nil
}

// filterInput is what creating and changing a filter take.
type filterInput struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	JQL         *string `json:"jql"`
	Favourite   *bool   `json:"favourite"`
	// Shares can only be refused: a filter that somebody believes to be shared, and is not, would be worse.
	Shares  []object `json:"sharePermissions"`
	Editors []object `json:"editPermissions"`
}

// fill writes what was given into a filter, and keeps it.
func (in filterInput) fill(s *Site, c *call, tx *world.Tx, f *world.Filter) error {
	if len(in.Shares)+len(in.Editors) > 0 {
		return fail(http.StatusBadRequest, "The sandbox does not share filters.")
	}
	if in.Name != nil {
		f.Name = strings.TrimSpace(*in.Name)
	}
	if in.Description != nil {
		f.Description = *in.Description
	}
	if in.JQL != nil {
		q, err := parseJQL(*in.JQL)
		if err != nil {
			return err
		}
		if _, err := s.find(tx.State, c.who.account, q); err != nil {
			return err
		}
		f.JQL = *in.JQL
	}
	if in.Favourite != nil {
		f.Favourite = slices.DeleteFunc(f.Favourite, func(a world.AccountID) bool { return a == c.who.account })
		if *in.Favourite {
			f.Favourite = append(f.Favourite, c.who.account)
		}
	}
	switch {
	case f.Name == "":
		return failField("filterName", "You must specify a name to save this filter as.")
	case len([]rune(f.Name)) > 255:
		return failField("filterName", "The entered filter name is too long, it must be less than 255 chars.")
	case tx.Filters.First(func(o *world.Filter) bool { return o.ID != f.ID && o.Owner == f.Owner && o.Name == f.Name }) != nil:
		return failField("filterName", "Filter with same name already exists.")
	}
	return tx.Put(f)
}

func (s *Site) createFilter(c *call) (answer, error) {
	var in filterInput
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	f := &world.Filter{Owner: c.who.account}
	if err := s.store.ChangeAs(c.who.account, func(tx *world.Tx) error { return in.fill(s, c, tx, f) }); err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, s.filterJSON(c, c.st, f)}, nil
}

func (s *Site) updateFilter(c *call) (answer, error) {
	var in filterInput
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	var f *world.Filter
	err := s.changeFilter(c, func(tx *world.Tx, have *world.Filter) error {
		f = world.Edit(have)
		return in.fill(s, c, tx, f)
	})
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, s.filterJSON(c, c.st, f)}, nil
}

// changeFilter changes the filter of the path, which its owner may, and an administrator who sees it.
func (s *Site) changeFilter(c *call, change func(*world.Tx, *world.Filter) error) error {
	return s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		f, err := c.filter(tx.State)
		if err != nil {
			return err
		}
		if f.Owner != c.who.account && !c.administers(tx.State) {
			return fail(http.StatusBadRequest, "You do not have permission to change the filter '%s'.", f.Name)
		}
		return change(tx, f)
	})
}

func (s *Site) deleteFilter(c *call) (answer, error) {
	err := s.changeFilter(c, func(tx *world.Tx, f *world.Filter) error { return tx.Delete(f) })
	return answer{status: http.StatusNoContent}, err
}
