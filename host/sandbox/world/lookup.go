package world

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// link builds the indexes that a decoded state lacks.
func (s *State) link() {
	s.index = make(map[string]IssueID, len(s.Issues))
	for id, i := range s.Issues {
		s.index[i.Key] = id
	}
	s.accounts = make(map[AccountID]*User, len(s.Users))
	for _, u := range s.Users {
		s.accounts[u.Account] = u
	}
	s.projects = make(map[ProjectID]*Project, len(s.Projects))
	for _, p := range s.Projects {
		s.projects[p.ID] = p
	}
}

// User returns the account's user, nil where there is none.
func (s *State) User(a AccountID) *User { return s.accounts[a] }

// Login returns the person who logs in under that name, nil where there is none.
func (s *State) Login(name string) *User {
	for _, u := range s.Users {
		if name != "" && u.Login == name {
			return u
		}
	}
	return nil
}

// Project returns a project by its id.
func (s *State) Project(id ProjectID) *Project { return s.projects[id] }

// FindProject returns a project by id or key, nil where there is none.
func (s *State) FindProject(idOrKey string) *Project {
	for _, p := range s.Projects {
		if string(p.ID) == idOrKey || strings.EqualFold(p.Key, idOrKey) {
			return p
		}
	}
	return nil
}

// FindIssue returns an issue by id, by key, or by a key that it had before a move; nil where there is none.
func (s *State) FindIssue(idOrKey string) *Issue {
	if i := s.Issues[IssueID(idOrKey)]; i != nil {
		return i
	}
	key := strings.ToUpper(idOrKey)
	if i := s.Issues[s.index[key]]; i != nil {
		return i
	}
	return s.Issues[s.Moved[key]]
}

// Type, Status, Category and Field return a thing by its id, nil where there is none.
func (s *State) Type(id TypeID) *IssueType {
	return find(s.Types, func(t *IssueType) bool { return t.ID == id })
}

// Status returns a status by its id.
func (s *State) Status(id StatusID) *Status {
	return find(s.Statuses, func(t *Status) bool { return t.ID == id })
}

// Category returns a project category by its id.
func (s *State) Category(id string) *Category {
	return find(s.Categories, func(c *Category) bool { return c.ID == id })
}

// Field returns a custom field by its id.
func (s *State) Field(id FieldID) *Field {
	return find(s.Fields, func(f *Field) bool { return f.ID == id })
}

// Option returns the field's option with that id, or one with an empty value.
func (f *Field) Option(id string) FieldOption {
	for _, o := range f.Options {
		if o.ID == id {
			return o
		}
	}
	return FieldOption{}
}

// App returns the app while it is installed, nil otherwise.
func (s *State) App(key AppKey) *App {
	if a := s.Apps[key]; a != nil && a.State != AppUninstalled {
		return a
	}
	return nil
}

// InstalledApps lists the installed apps by key.
func (s *State) InstalledApps() []*App {
	var out []*App
	for _, a := range s.Apps {
		if a.State != AppUninstalled {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *App) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// CompareIDs orders decimal ids by number.
func CompareIDs[T ~string](a, b T) int {
	x, errX := strconv.ParseInt(string(a), 10, 64)
	y, errY := strconv.ParseInt(string(b), 10, 64)
	if errX != nil || errY != nil {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(x, y)
}

// CompareKeys orders issue keys by project key, then by number.
func CompareKeys(a, b string) int {
	pa, na, _ := strings.Cut(a, "-")
	pb, nb, _ := strings.Cut(b, "-")
	if c := cmp.Compare(pa, pb); c != 0 {
		return c
	}
	return CompareIDs(na, nb)
}

func find[T any](list []*T, ok func(*T) bool) *T {
	if i := slices.IndexFunc(list, ok); i >= 0 {
		return list[i]
	}
	return nil
}
