package world

import "strings"

// check refuses a second thing under a name that must be one's own.
func (tx *Tx) check(e Entity) error {
	switch e := e.(type) {
	case *Project:
		if e.Key == "" || e.Key != strings.ToUpper(e.Key) || strings.Contains(e.Key, "-") {
			return about("project", e.ID).invalid("key", "%q is not in capitals", e.Key)
		}
		if other := tx.FindProject(e.Key); other != nil && other.ID != e.ID {
			return about("project", e.ID).taken("key", "%s belongs to project %s", e.Key, other.ID)
		}
		if other := tx.Projects.First(func(o *Project) bool { return o.ID != e.ID && o.Name == e.Name && e.Name != "" }); other != nil {
			return about("project", e.ID).taken("name", "%q is that of project %s", e.Name, other.ID)
		}
		if e.NextKey == 0 {
			e.NextKey = 1
		}
		if tx.PermissionSchemes.Get(e.Permissions) == nil {
			return about("project", e.ID).invalid("permissions", "there is no permission scheme %q", e.Permissions)
		}
	case *User:
		if e.Login != "" {
			if other := tx.Login(e.Login); other != nil && other.Account != e.Account {
				return about("user", e.Account).taken("login", "%s logs in as %s already", other.Account, e.Login)
			}
		}
		if e.Groups == nil {
			e.Groups = []string{}
		}
	case *Version:
		if tx.Project(e.Project) == nil {
			return about("version", e.ID).invalid("project", "there is no project %q", e.Project)
		}
		return distinct(&tx.Versions, e, "version", func(o *Version) bool {
			return o.ID != e.ID && o.Project == e.Project && strings.EqualFold(o.Name, e.Name)
		})
	case *Component:
		if err := tx.checkComponent(e); err != nil {
			return err
		}
		return distinct(&tx.Components, e, "component", func(o *Component) bool {
			return o.ID != e.ID && o.Project == e.Project && strings.EqualFold(o.Name, e.Name)
		})
	case *Status:
		return distinct(&tx.Statuses, e, "status", func(o *Status) bool { return o.ID != e.ID && strings.EqualFold(o.Name, e.Name) })
	case *Category:
		return distinct(&tx.Categories, e, "category", func(o *Category) bool { return o.ID != e.ID && strings.EqualFold(o.Name, e.Name) })
	case *Filter:
		return tx.checkFilter(e)
	}
	return nil
}

func distinct[K ~string, T any](t *Table[K, T], e Entity, what string, same func(*T) bool) error {
	if t.First(same) != nil {
		return about(what, *e.entityID()).taken("name", "there is another one with that name")
	}
	return nil
}
