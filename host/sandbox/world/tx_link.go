package world

import "slices"

// AddLink links one issue to another in the words of the type: from "blocks" to. A link that is there already stays alone.
func (tx *Tx) AddLink(t LinkTypeID, from, to IssueID) (LinkID, error) {
	a, b := tx.EditIssue(string(from)), tx.EditIssue(string(to))
	if a == nil || b == nil || a.ID == b.ID || tx.LinkTypes.Get(t) == nil {
		return "", tx.refuseLink(t, from, to)
	}
	for _, l := range a.Links {
		if l.Type == t && l.Other == b.ID && l.Out {
			return l.ID, nil
		}
	}
	n := tx.next("link", 10000)
	id := LinkID(text(n))
	kind := tx.LinkTypes.Get(t)
	a.Links = append(a.Links, Link{id, t, b.ID, true})
	b.Links = append(b.Links, Link{id, t, a.ID, false})
	tx.enter(linkPart, n, a)
	tx.relink(a, []ChangeItem{linkItem("", b.Key, kind.Outward)}, b, []ChangeItem{linkItem("", a.Key, kind.Inward)})
	tx.emit(Event{Kind: "link", Op: Created, ID: string(id), Issue: a, LinkType: kind, New: &Link{id, t, b.ID, true}})
	return id, nil
}

// DeleteLink forgets a link at both ends.
func (tx *Tx) DeleteLink(id LinkID) error {
	from, l := tx.Link(id)
	if from == nil {
		return about("link", id).missing()
	}
	a, b := from.clone(), tx.EditIssue(string(l.Other))
	is := func(o Link) bool { return o.ID == id }
	a.Links, b.Links = slices.DeleteFunc(a.Links, is), slices.DeleteFunc(b.Links, is)
	tx.partOf[linkPart].Put(tx.owner, number(id), 0)
	kind := tx.LinkTypes.Get(l.Type)
	tx.relink(a, []ChangeItem{linkItem(b.Key, "", kind.Outward)}, b, []ChangeItem{linkItem(a.Key, "", kind.Inward)})
	tx.emit(Event{Kind: "link", Op: Deleted, ID: string(id), Issue: a, LinkType: kind, Old: &l})
	return nil
}

// refuseLink says which of what a link names is not there.
func (s *State) refuseLink(t LinkTypeID, from, to IssueID) error {
	switch {
	case s.LinkTypes.Get(t) == nil:
		return about("linkType", t).missing()
	case s.Issue(from) == nil:
		return about("issue", from).missing()
	case s.Issue(to) == nil:
		return about("issue", to).missing()
	}
	return about("issue", from).invalid("links", "an issue cannot be linked to itself")
}

func linkItem(from, to, words string) ChangeItem {
	item := ChangeItem{Field: "Link", FieldType: "jira", From: from, To: to}
	if from != "" {
		item.FromString = "This issue " + words + " " + from
	} else {
		item.ToString = "This issue " + words + " " + to
	}
	return item
}

func (tx *Tx) relink(a *Issue, forA []ChangeItem, b *Issue, forB []ChangeItem) {
	for i, items := range map[*Issue][]ChangeItem{a: forA, b: forB} {
		before := tx.Issue(i.ID)
		i.Updated = tx.Now
		tx.log(i, items)
		tx.put(before, i, quietly)
	}
}
