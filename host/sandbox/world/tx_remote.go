package world

import (
	"encoding/json"
	"fmt"
	"slices"
)

// RemoteLink returns the issue's remote link with that id, nil where there is none.
func (i *Issue) RemoteLink(id string) *RemoteLink {
	return i.remote(func(l RemoteLink) bool { return l.ID == id })
}

// RemoteLinkTo returns the issue's remote link with that global id, nil where there is none.
func (i *Issue) RemoteLinkTo(globalID string) *RemoteLink {
	return i.remote(func(l RemoteLink) bool { return l.GlobalID == globalID && globalID != "" })
}

func (i *Issue) remote(is func(RemoteLink) bool) *RemoteLink {
	if n := slices.IndexFunc(i.Remote, is); n >= 0 {
		l := i.Remote[n]
		return &l
	}
	return nil
}

// PutRemoteLink keeps a remote link: instead of the one with its id, which must be there then, or of the one with its global
// id, or as a new one. It returns the link with its id, and whether it is new.
func (tx *Tx) PutRemoteLink(on IssueID, l RemoteLink) (kept RemoteLink, made bool, err error) {
	before := tx.Issue(on)
	if before == nil {
		return l, false, about("issue", on).missing()
	}
	if !json.Valid(l.Object) {
		return l, false, about("remoteLink", l.ID).invalid("object", "it is not JSON")
	}
	old := before.RemoteLink(l.ID)
	switch {
	case l.ID != "" && old == nil:
		return l, false, about("remoteLink", l.ID).missing()
	case l.ID == "":
		if old = before.RemoteLinkTo(l.GlobalID); old != nil {
			l.ID = old.ID
		}
	}
	i := before.clone()
	var item ChangeItem
	e := Event{Kind: "remoteLink", Op: Updated, Issue: i, New: &l}
	if old == nil {
		l.ID, e.Op = tx.nextID("remoteLink", 10000), Created
		i.Remote = append(i.Remote, l)
		item = remoteItem(RemoteLink{}, l)
	} else {
		e.Old = old
		i.Remote[slices.IndexFunc(i.Remote, func(o RemoteLink) bool { return o.ID == l.ID })] = l
		item = remoteItem(*old, l)
	}
	e.ID, i.Updated = l.ID, tx.Now
	tx.log(i, []ChangeItem{item})
	tx.put(before, i, quietly)
	tx.emit(e)
	return l, old == nil, nil
}

// DeleteRemoteLink forgets a remote link. [Issue.RemoteLinkTo] finds the id behind a global one.
func (tx *Tx) DeleteRemoteLink(on IssueID, id string) error {
	before := tx.Issue(on)
	if before == nil {
		return about("issue", on).missing()
	}
	old := before.RemoteLink(id)
	if old == nil {
		return about("remoteLink", id).missing()
	}
	i := before.clone()
	i.Remote = slices.DeleteFunc(i.Remote, func(l RemoteLink) bool { return l.ID == id })
	i.Updated = tx.Now
	tx.log(i, []ChangeItem{remoteItem(*old, RemoteLink{})})
	tx.put(before, i, quietly)
	tx.emit(Event{Kind: "remoteLink", Op: Deleted, ID: id, Issue: i, Old: old})
	return nil
}

func remoteItem(was, is RemoteLink) ChangeItem {
	return ChangeItem{Field: "RemoteIssueLink", FieldType: "jira", From: was.ID, FromString: was.words(), To: is.ID, ToString: is.words()}
}

// words are what a changelog says of a link.
func (l RemoteLink) words() string {
	if l.ID == "" {
		return ""
	}
	var object struct{ Title string }
	var application struct{ Name string }
	_ = json.Unmarshal(l.Object, &object) // what says nothing is told without its name
	if len(l.Application) > 0 {
		_ = json.Unmarshal(l.Application, &application)
	}
	if application.Name != "" {
		return fmt.Sprintf("This issue links to \"%s (%s)\"", object.Title, application.Name)
	}
	return fmt.Sprintf("This issue links to %q", object.Title)
}
