package world

// Whole is an issue with everything that is read on its own, as it comes from elsewhere.
type Whole struct {
	Issue     *Issue
	Comments  []*Comment
	Worklogs  []*Worklog
	Files     []File
	Histories []*History
}

// File is an attachment with its content.
type File struct {
	*Attachment
	Content []byte
}

// LoadIssue keeps an issue that has a past: its times, changelog and people stay as they are, nobody is told, and an archived
// project takes it, too. Id and number in the project are kept where they are given, and are the next ones where not. Links
// come with [Tx.LoadLink]. Everything in it belongs to the state then.
func (tx *Tx) LoadIssue(w Whole) error {
	i := w.Issue
	p := tx.Project(i.Project)
	if p == nil {
		return about("project", i.Project).missing()
	}
	if i.ID == "" {
		n := tx.next("issue", firstIssue)
		for tx.IssueAt(uint32(n)) != nil {
			n = tx.next("issue", firstIssue)
		}
		i.ID = issueID(uint32(n))
	}
	n := i.ID.Number()
	if n == 0 || tx.IssueAt(n) != nil {
		return about("issue", i.ID).taken("id", "it is no number, or an issue has it")
	}
	if c := tx.counters.Get("issue"); c == nil || c.Next <= int64(n) {
		tx.keep(kindByName["counter"], "issue", &counter{Kind: "issue", Next: max(int64(n)+1, firstIssue)})
	}
	if i.Number == 0 {
		i.Number = p.NextKey
	}
	if i.Number < 1 || i.Number > 1<<31 || tx.inProject(p.ID, uint32(i.Number)) != 0 {
		return about("issue", i.ID).taken("number", "%d is none, or an issue of %s has it", i.Number, p.Key)
	}
	if i.Number >= p.NextKey {
		next := *p // nothing but the counter changes, so the rest may be shared
		next.NextKey = i.Number + 1
		tx.keep(kindOf(&next), string(next.ID), &next)
	}
	if i.Created.IsZero() {
		i.Created = tx.Now
	}
	if i.Updated.IsZero() {
		i.Updated = i.Created
	}
	if i.StatusSince.IsZero() {
		i.StatusSince = i.Created
	}
	if err := tx.checkIssue(i); err != nil {
		return err
	}
	i.Key = tx.keyOf(i)
	tx.loadParts(w)
	tx.place(i)
	doc := tx.docOf(i)
	tx.commentWords(doc, w.Comments)
	tx.edit().Update(n, nil, doc)
	tx.issues.Put(tx.owner, n, cell{mem: i})
	tx.dirty[n] = true
	return nil
}

func (tx *Tx) loadParts(w Whole) {
	i := w.Issue
	for n := range i.Remote {
		if i.Remote[n].ID == "" {
			i.Remote[n].ID = tx.nextID("remoteLink", 10000)
		}
	}
	for _, c := range w.Comments {
		id := tx.next("comment", 10000)
		c.ID, c.Editor = CommentID(text(id)), cmpOr(c.Editor, c.Author)
		if c.Updated.IsZero() {
			c.Updated = c.Created
		}
		i.Comments = append(i.Comments, part{id: id, mem: c})
		tx.enter(commentPart, id, i)
	}
	for _, l := range w.Worklogs {
		id := tx.next("worklog", 10000)
		l.ID, l.Editor = WorklogID(text(id)), cmpOr(l.Editor, l.Author)
		i.Spent += l.Seconds
		i.Worklogs = append(i.Worklogs, part{id: id, mem: l})
		tx.enter(worklogPart, id, i)
	}
	for _, f := range w.Files {
		id := tx.next("attachment", 10000)
		f.ID, f.Size, f.Bytes = AttachmentID(text(id)), int64(len(f.Content)), part{mem: f.Content}
		i.Attachments = append(i.Attachments, part{id: id, mem: f.Attachment})
		tx.enter(attachmentPart, id, i)
	}
	for _, h := range w.Histories {
		id := tx.next("history", 10000)
		h.ID = HistoryID(text(id))
		i.Histories = append(i.Histories, part{id: id, mem: h})
	}
}

// LoadLink is [Tx.AddLink] for links that have been there for long: nothing is written into changelogs, no time changes, and
// nobody is told.
func (tx *Tx) LoadLink(t LinkTypeID, from, to IssueID) error {
	before, other := tx.Issue(from), tx.Issue(to)
	if before == nil || other == nil || from == to || tx.LinkTypes.Get(t) == nil {
		return tx.refuseLink(t, from, to)
	}
	for _, l := range before.Links {
		if l.Type == t && l.Other == to && l.Out {
			return nil
		}
	}
	n := tx.next("link", 10000)
	a, b := before.clone(), other.clone()
	a.Links = append(a.Links, Link{LinkID(text(n)), t, to, true})
	b.Links = append(b.Links, Link{LinkID(text(n)), t, from, false})
	tx.enter(linkPart, n, a)
	a.Key, b.Key = before.Key, other.Key
	tx.store(from.Number(), before, a)
	tx.store(to.Number(), other, b)
	return nil
}
