package world

import "slices"

// The kinds of shares.
const (
	ToUser      = "user"          // Value is the account
	ToGroup     = "group"         // Value is the group's name
	ToProject   = "project"       // whoever sees the project
	ToRole      = "projectRole"   // Value is the role in the project
	ToEverybody = "authenticated" // whoever logs in
	ToWorld     = "global"        // whoever asks
)

// SeesFilter says whether the account, "" for nobody in particular, may use a filter.
func (s *State) SeesFilter(who AccountID, f *Filter) bool {
	return f != nil && (who != "" && f.Owner == who || s.shared(who, f.Shares) || s.EditsFilter(who, f))
}

// EditsFilter says whether the account may change a filter. Administrators may do more than that: give it another owner.
func (s *State) EditsFilter(who AccountID, f *Filter) bool {
	return f != nil && who != "" && (f.Owner == who || s.shared(who, f.Editors))
}

// FiltersOf are the filters that the account sees, by id.
func (s *State) FiltersOf(who AccountID) []*Filter {
	return slices.DeleteFunc(s.Filters.List(), func(f *Filter) bool { return !s.SeesFilter(who, f) })
}

// Favourites are the filters that the account has marked and sees, by id.
func (s *State) Favourites(who AccountID) []*Filter {
	return slices.DeleteFunc(s.FiltersOf(who), func(f *Filter) bool { return !slices.Contains(f.Favourite, who) })
}

func (s *State) shared(who AccountID, shares []Share) bool {
	u := s.User(who)
	return slices.ContainsFunc(shares, func(share Share) bool {
		p := s.Project(share.Project)
		switch share.Kind {
		case ToWorld:
			return true
		case ToEverybody, "loggedin":
			return u != nil && !u.Customer
		case ToUser:
			return u != nil && share.Value == string(who)
		case ToGroup:
			return u != nil && slices.Contains(u.Groups, share.Value)
		case ToRole:
			return s.InRole(who, RoleID(share.Value), p)
		case ToProject:
			if share.Value != "" {
				return s.InRole(who, RoleID(share.Value), p)
			}
			return p != nil && s.CanIn(who, BrowseProjects, p)
		}
		return false
	})
}

// checkFilter refuses a filter without a name or owner, or with the name of another one of that owner. Its shares get ids.
func (tx *Tx) checkFilter(f *Filter) error {
	switch {
	case f.Name == "":
		return about("filter", f.ID).invalid("name", "it has none")
	case tx.User(f.Owner) == nil:
		return about("filter", f.ID).invalid("owner", "there is no user %q", f.Owner)
	case tx.Filters.First(func(o *Filter) bool { return o.ID != f.ID && o.Owner == f.Owner && o.Name == f.Name }) != nil:
		return about("filter", f.ID).taken("name", "%s has another filter %q", f.Owner, f.Name)
	}
	for _, list := range [][]Share{f.Shares, f.Editors} {
		for n := range list {
			if list[n].ID == "" {
				list[n].ID = tx.NewGrantID()
			}
		}
	}
	return nil
}

// MarkFilter makes a filter a favourite of the account, or ends that.
func (tx *Tx) MarkFilter(id FilterID, who AccountID, favourite bool) error {
	f := Edit(tx.Filters.Get(id))
	switch {
	case f == nil:
		return about("filter", id).missing()
	case tx.User(who) == nil:
		return about("user", who).missing()
	case slices.Contains(f.Favourite, who) == favourite:
		return nil
	}
	if favourite {
		f.Favourite = append(f.Favourite, who)
	} else {
		f.Favourite = slices.DeleteFunc(f.Favourite, func(a AccountID) bool { return a == who })
	}
	return tx.Put(f)
}
