package world

import (
	"slices"
	"strings"
)

// formerUser is the name of whoever closed an account, as in Jira.
const formerUser = "Former user"

// RenameUser gives a user another name. Apps that got the old one have to get it anew.
func (tx *Tx) RenameUser(a AccountID, name string) error {
	u := Edit(tx.User(a))
	if u == nil {
		return about("user", a).missing()
	}
	u.Name, u.Changed = name, tx.Now
	return tx.Put(u)
}

// CloseUser ends an account: nothing personal is left of it, nobody logs in as it, and what issues say of it stays.
func (tx *Tx) CloseUser(a AccountID) error {
	if tx.User(a) == nil {
		return about("user", a).missing()
	}
	return tx.Put(&User{Account: a, Name: formerUser, Groups: []string{}, Changed: tx.Now, Closed: true})
}

// DeleteUser removes a user from the site: from groups, roles, schemes, service desks, organizations and what they watch. What
// issues say of the account stays, and shows as somebody who is gone. Whoever leads a project or component must hand it over
// before.
func (tx *Tx) DeleteUser(a AccountID) error {
	u := tx.User(a)
	if u == nil {
		return about("user", a).missing()
	}
	if p := tx.Projects.First(func(p *Project) bool { return p.Lead == a }); p != nil {
		return about("user", a).inUse("leads project %s", p.Key)
	}
	if c := tx.Components.First(func(c *Component) bool { return c.Lead == a }); c != nil {
		return about("user", a).inUse("leads component %s", c.ID)
	}
	if err := tx.takeOut(a); err != nil {
		return err
	}
	for n := range tx.Index().Equal("watcher", string(a)).Or(tx.Index().Equal("voter", string(a))).All() {
		before := tx.IssueAt(n)
		i := before.clone()
		is := func(other AccountID) bool { return other == a }
		i.Watchers, i.Voters = slices.DeleteFunc(i.Watchers, is), slices.DeleteFunc(i.Voters, is)
		tx.put(before, i, quietly)
	}
	if u.Login != "" {
		tx.editLogins().Delete(u.Login)
	}
	gone := &User{Account: a, Name: formerUser, Groups: []string{}, Changed: tx.Now, Closed: true, Deleted: true}
	tx.keep(kindOf(gone), string(a), gone)
	tx.emit(Event{Kind: "user", Op: Deleted, ID: string(a), Old: u})
	return nil
}

// takeOut removes an account wherever it is one of several.
func (tx *Tx) takeOut(a AccountID) error {
	var changed []Entity
	holds := func(h Holder) bool { return h == Holder{ByUser, string(a)} }
	is := func(other AccountID) bool { return other == a }
	for p := range tx.Projects.All() {
		for _, actors := range p.Actors {
			if slices.ContainsFunc(actors, holds) {
				c := Edit(p)
				for r := range c.Actors {
					c.Actors[r] = slices.DeleteFunc(c.Actors[r], holds)
				}
				changed = append(changed, c)
				break
			}
		}
	}
	for s := range tx.PermissionSchemes.All() {
		if slices.ContainsFunc(s.Grants, func(g Grant) bool { return holds(g.Holder) }) {
			c := Edit(s)
			c.Grants = slices.DeleteFunc(c.Grants, func(g Grant) bool { return holds(g.Holder) })
			changed = append(changed, c)
		}
	}
	for d := range tx.Desks.All() {
		if slices.Contains(d.Customers, a) {
			c := Edit(d)
			c.Customers = slices.DeleteFunc(c.Customers, is)
			changed = append(changed, c)
		}
	}
	for o := range tx.Organizations.All() {
		if slices.Contains(o.Members, a) {
			c := Edit(o)
			c.Members = slices.DeleteFunc(c.Members, is)
			changed = append(changed, c)
		}
	}
	for f := range tx.Filters.All() {
		if slices.Contains(f.Favourite, a) {
			c := Edit(f)
			c.Favourite = slices.DeleteFunc(c.Favourite, is)
			changed = append(changed, c)
		}
	}
	return tx.putAll(changed)
}

// Report keeps what an app said of an account; the last time counts.
func (tx *Tx) Report(app AppKey, a AccountID, r Report) error {
	id := strings.Join([]string{string(app), string(a)}, " ")
	return tx.Put(&reportRow{ID: id, App: app, Account: a, Report: r})
}

// EditSite returns a copy of what there is once, for [Tx.Put].
func (tx *Tx) EditSite() *Site { return Edit(tx.Site) }
