package world

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// cascade removes what cannot be without a thing, before the thing goes.
func (tx *Tx) cascade(e any) error {
	switch e := e.(type) {
	case *Project:
		return tx.cascadeProject(e)
	case *User:
		if e.Login != "" {
			tx.editLogins().Delete(e.Login)
		}
	case *Group:
		for _, u := range tx.Members(e.Name) {
			c := Edit(u)
			c.Groups = slices.DeleteFunc(c.Groups, func(g string) bool { return g == string(e.Name) })
			if err := tx.Put(c); err != nil {
				return err
			}
		}
	case *Field:
		return tx.editAll(tx.Index().Present(string(e.ID)), func(i *Issue) { delete(i.Custom, e.ID) })
	case *Version:
		return tx.replaceVersion(e.ID, "", "")
	case *Component:
		return tx.replaceComponent(e.ID, "")
	case *Desk:
		for _, t := range tx.RequestTypes.List() {
			if t.Desk == e.ID {
				if err := tx.Delete(t); err != nil {
					return err
				}
			}
		}
	case *RequestType:
		return tx.editAll(tx.Index().Equal("request", string(e.ID)), func(i *Issue) { i.Request = "" })
	case *Organization:
		return tx.cascadeOrganization(e)
	case *SecurityScheme:
		if p := tx.Projects.First(func(p *Project) bool { return p.Security == e.ID }); p != nil {
			return about("securityScheme", e.ID).inUse("project %s uses it", p.Key)
		}
	case *Role:
		return tx.cascadeRole(e)
	case *Category:
		for _, p := range tx.Projects.List() {
			if p.Category == e.ID {
				c := Edit(p)
				c.Category = ""
				if err := tx.Put(c); err != nil {
					return err
				}
			}
		}
	case *LinkType:
		set := tx.Index().Equal("issueLinkType", string(e.ID)+":out")
		for n := range set.All() {
			for _, l := range tx.IssueAt(n).Links {
				if l.Type == e.ID {
					if err := tx.DeleteLink(l.ID); err != nil {
						return err
					}
				}
			}
		}
	case *IndexedProperty:
		return tx.reindex(tx.index.Equal("propertyKey", e.Key), func() {}, func() { tx.restore(e, nil) })
	case *Status:
		if !tx.Index().Equal("status", string(e.ID)).Empty() {
			return about("status", e.ID).inUse("issues have it")
		}
	case *IssueType:
		if !tx.Index().Equal("issuetype", string(e.ID)).Empty() {
			return about("issueType", e.ID).inUse("issues have it")
		}
	case *PermissionScheme:
		if p := tx.Projects.First(func(p *Project) bool { return p.Permissions == e.ID }); p != nil {
			return about("permissionScheme", e.ID).inUse("project %s uses it", p.Key)
		}
	}
	return nil
}

func (tx *Tx) cascadeProject(p *Project) error {
	for n := range tx.Index().Equal("project", string(p.ID)).All() {
		if i := tx.IssueAt(n); i != nil { // a subtask goes with its parent
			if err := tx.DeleteIssue(i.ID); err != nil {
				return err
			}
		}
	}
	var parts []Entity
	for _, v := range tx.VersionsOf(p.ID) {
		parts = append(parts, v)
	}
	for _, c := range tx.ComponentsOf(p.ID) {
		parts = append(parts, c)
	}
	for d := range tx.Desks.All() {
		if d.Project == p.ID {
			parts = append(parts, d)
		}
	}
	parts = append(parts, tx.ownedBy(p.ID)...)
	for _, e := range parts {
		if err := tx.Delete(e); err != nil {
			return err
		}
	}
	if err := tx.forgetProject(p.ID); err != nil {
		return err
	}
	tx.projectKeys = tx.projectKeys.Copy()
	for _, key := range append(slices.Clip(p.OldKeys), p.Key) {
		tx.projectKeys.Delete(key)
	}
	if !tx.ownsKeys {
		tx.keys, tx.ownsKeys = tx.keys.Copy(), true
	}
	tx.keys.Delete(p.ID)
	return nil
}

// ownedBy are the screens' uses, filters' shares and contexts of fields that name a project alone: without it they would be for
// all projects.
func (tx *Tx) ownedBy(p ProjectID) (gone []Entity) {
	for u := range tx.ScreenUses.All() {
		if u.Project == p {
			gone = append(gone, u)
		}
	}
	for t := range tx.Types.All() {
		if t.Project == p {
			gone = append(gone, t)
		}
	}
	return gone
}

// forgetProject takes the project out of what names several.
func (tx *Tx) forgetProject(p ProjectID) error {
	for _, f := range tx.Fields.List() {
		if !slices.ContainsFunc(f.Contexts, func(c Context) bool { return slices.Contains(c.Projects, p) }) {
			continue
		}
		f = Edit(f)
		for n := range f.Contexts {
			c := &f.Contexts[n]
			if c.Projects = slices.DeleteFunc(c.Projects, func(id ProjectID) bool { return id == p }); len(c.Projects) == 0 {
				c.ID = "" // marks it: a context without projects is one for all of them
			}
		}
		f.Contexts = slices.DeleteFunc(f.Contexts, func(c Context) bool { return c.ID == "" })
		if len(f.Contexts) == 0 {
			f.Contexts = []Context{{ID: tx.NewContextID(), Name: "Nowhere", Projects: []ProjectID{p}}} // none would be everywhere
		}
		if err := tx.Put(f); err != nil {
			return err
		}
	}
	for _, f := range tx.Filters.List() {
		names := func(s Share) bool { return s.Project == p }
		if !slices.ContainsFunc(append(slices.Clip(f.Shares), f.Editors...), names) {
			continue
		}
		f = Edit(f)
		f.Shares, f.Editors = slices.DeleteFunc(f.Shares, names), slices.DeleteFunc(f.Editors, names)
		if err := tx.Put(f); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) cascadeOrganization(o *Organization) error {
	for _, d := range tx.Desks.List() {
		if slices.Contains(d.Orgs, o.ID) {
			d = Edit(d)
			d.Orgs = slices.DeleteFunc(d.Orgs, func(id OrgID) bool { return id == o.ID })
			if err := tx.Put(d); err != nil {
				return err
			}
		}
	}
	return tx.editAll(tx.Index().Equal("organization", string(o.ID)), func(i *Issue) {
		i.Orgs = slices.DeleteFunc(i.Orgs, func(id OrgID) bool { return id == o.ID })
	})
}

func (tx *Tx) cascadeRole(r *Role) error {
	for s := range tx.PermissionSchemes.All() {
		if slices.ContainsFunc(s.Grants, func(g Grant) bool { return g.Holder == Holder{ByRole, string(r.ID)} }) {
			return about("role", r.ID).inUse("permission scheme %s names it", s.Name)
		}
	}
	for _, p := range tx.Projects.List() {
		if _, ok := p.Actors[r.ID]; ok {
			p = Edit(p)
			delete(p.Actors, r.ID)
			if err := tx.Put(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) editAll(set index.Set, change func(*Issue)) error {
	for n := range set.All() {
		i := tx.IssueAt(n).clone()
		change(i)
		if err := tx.PutIssue(i); err != nil {
			return err
		}
	}
	return nil
}
