package world

import "strings"

// formerUser is the name of whoever closed an account, as in Jira.
const formerUser = "Former user"

// RenameUser gives a user another name. Apps that got the old one have to get it anew.
func (tx *Tx) RenameUser(a AccountID, name string) error {
	u := Edit(tx.User(a))
	if u == nil {
		return refuse("rename user %q, who is not there", a)
	}
	u.Name, u.Changed = name, tx.Now
	return tx.Put(u)
}

// CloseUser ends an account: nothing personal is left of it, nobody logs in as it, and what issues say of it stays.
func (tx *Tx) CloseUser(a AccountID) error {
	if tx.User(a) == nil {
		return refuse("close user %q, who is not there", a)
	}
	return tx.Put(&User{Account: a, Name: formerUser, Groups: []string{}, Changed: tx.Now, Closed: true})
}

// Report keeps what an app said of an account; the last time counts.
func (tx *Tx) Report(app AppKey, a AccountID, r Report) error {
	id := strings.Join([]string{string(app), string(a)}, " ")
	return tx.Put(&reportRow{ID: id, App: app, Account: a, Report: r})
}

// EditSite returns a copy of what there is once, for [Tx.Put].
func (tx *Tx) EditSite() *Site { return Edit(tx.Site) }
