package world

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// loadPart returns what a part holds.
func loadPart[T any](s *State, p part) *T {
	if v, ok := p.mem.(*T); ok {
		return v
	}
	v := new(T)
	var raw []byte
	var err error
	if encoded, ok := p.mem.(*json.RawMessage); ok { // of a snapshot of a site on disk
		raw = *encoded
	} else {
		raw, err = s.disk.Part(p.row)
	}
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		panic(fmt.Errorf("read part %d: %w", p.row, err))
	}
	return v
}

func loadParts[T any](s *State, parts []part) []*T {
	out := make([]*T, 0, len(parts))
	for _, p := range parts {
		out = append(out, loadPart[T](s, p))
	}
	return out
}

// Comments reads an issue's comments, oldest first.
func (s *State) Comments(i *Issue) []*Comment { return loadParts[Comment](s, i.Comments) }

// Worklogs reads what was logged on an issue, oldest first.
func (s *State) Worklogs(i *Issue) []*Worklog { return loadParts[Worklog](s, i.Worklogs) }

// Attachments reads what is known of an issue's files, oldest first.
func (s *State) Attachments(i *Issue) []*Attachment { return loadParts[Attachment](s, i.Attachments) }

// Histories reads an issue's changelog, oldest first.
func (s *State) Histories(i *Issue) []*History { return loadParts[History](s, i.Histories) }

// Content reads the bytes of an attachment.
func (s *State) Content(a *Attachment) []byte {
	if a.Bytes.mem != nil {
		return a.Bytes.mem.([]byte)
	}
	raw, err := s.disk.Part(a.Bytes.row)
	if err != nil {
		panic(fmt.Errorf("read the content of attachment %s: %w", a.ID, err))
	}
	return raw
}

// Comment finds a comment and its issue, nil where there is none.
func (s *State) Comment(id CommentID) (*Issue, *Comment) {
	return findPart[Comment](s, commentPart, number(id), func(i *Issue) []part { return i.Comments })
}

// Worklog finds a worklog and its issue, nil where there is none.
func (s *State) Worklog(id WorklogID) (*Issue, *Worklog) {
	return findPart[Worklog](s, worklogPart, number(id), func(i *Issue) []part { return i.Worklogs })
}

// Attachment finds an attachment and its issue, nil where there is none.
func (s *State) Attachment(id AttachmentID) (*Issue, *Attachment) {
	return findPart[Attachment](s, attachmentPart, number(id), func(i *Issue) []part { return i.Attachments })
}

// Link finds a link by its id, as the issue has it from which it leads out; nil where there is none.
func (s *State) Link(id LinkID) (*Issue, Link) {
	i := s.IssueAt(s.partOf[linkPart].At(number(id)))
	if i == nil {
		return nil, Link{}
	}
	for _, l := range i.Links {
		if l.ID == id && l.Out {
			return i, l
		}
	}
	return nil, Link{}
}

func findPart[T any](s *State, kind int, id uint32, parts func(*Issue) []part) (*Issue, *T) {
	i := s.IssueAt(s.partOf[kind].At(id))
	if i == nil || id == 0 {
		return nil, nil
	}
	for _, p := range parts(i) {
		if p.id == int64(id) {
			return i, loadPart[T](s, p)
		}
	}
	return nil, nil
}

// dropParts notes the rows of what an issue had and no longer has; a nil i has nothing.
func (tx *Tx) dropParts(before, i *Issue) {
	kept := map[int64]bool{}
	if i != nil {
		for _, list := range i.partLists() {
			for _, p := range *list {
				kept[p.row] = true
			}
		}
	}
	for _, list := range before.partLists() {
		for _, p := range *list {
			if p.row != 0 && !kept[p.row] {
				tx.gone.parts = append(tx.gone.parts, p.row)
				if list == &before.Attachments {
					tx.gone.parts = append(tx.gone.parts, loadPart[Attachment](tx.State, p).Bytes.row)
				}
			}
		}
	}
}

func (i *Issue) partLists() []*[]part {
	return []*[]part{&i.Comments, &i.Worklogs, &i.Attachments, &i.Histories}
}

func (tx *Tx) enter(kind int, id int64, i *Issue) {
	tx.partOf[kind].Put(tx.owner, uint32(id), i.ID.Number())
}

// AddComment keeps a new comment on an issue; it gets its id, times and author where they are not given.
func (tx *Tx) AddComment(on IssueID, c *Comment) error {
	i := tx.EditIssue(string(on))
	if i == nil {
		return refuse("comment on issue %q", on)
	}
	id := tx.next("comment", 10000)
	c.ID = CommentID(text(id))
	if c.Created.IsZero() {
		c.Created = tx.Now
	}
	if c.Updated.IsZero() {
		c.Updated = c.Created
	}
	c.Author = cmpOr(c.Author, tx.By)
	c.Editor = cmpOr(c.Editor, c.Author)
	i.Comments = append(i.Comments, part{id: id, mem: c})
	tx.enter(commentPart, id, i)
	doc := &index.Doc{}
	tx.commentWords(doc, []*Comment{c})
	tx.addWords(i.ID, doc)
	i.Updated = tx.Now
	tx.put(tx.Issue(on), i, quietly)
	tx.emit(Event{Kind: "comment", Op: Created, ID: string(c.ID), Issue: i, New: c})
	return nil
}

// PutComment keeps a new version of a comment; its time of update is now.
func (tx *Tx) PutComment(c *Comment) error {
	on, before := tx.Comment(c.ID)
	if on == nil {
		return refuse("put comment %q, which is not there", c.ID)
	}
	i := on.clone()
	c.Updated, c.Editor = tx.Now, cmpOr(tx.By, c.Editor)
	replacePart(i.Comments, number(c.ID), c)
	tx.replaceComments(i, tx.Comments(on), tx.Comments(i))
	tx.dropParts(on, i)
	i.Updated = tx.Now
	tx.put(on, i, quietly)
	tx.emit(Event{Kind: "comment", Op: Updated, ID: string(c.ID), Issue: i, Old: before, New: c})
	return nil
}

// DeleteComment forgets a comment.
func (tx *Tx) DeleteComment(id CommentID) error {
	on, before := tx.Comment(id)
	if on == nil {
		return refuse("delete comment %q, which is not there", id)
	}
	i := on.clone()
	i.Comments = withoutPart(i.Comments, number(id))
	tx.partOf[commentPart].Put(tx.owner, number(id), 0)
	tx.replaceComments(i, tx.Comments(on), tx.Comments(i))
	tx.dropParts(on, i)
	i.Updated = tx.Now
	tx.put(on, i, quietly)
	tx.emit(Event{Kind: "comment", Op: Deleted, ID: string(id), Issue: i, Old: before})
	return nil
}

// AddWorklog keeps time that was spent, and adds it to the issue's.
func (tx *Tx) AddWorklog(on IssueID, w *Worklog) error {
	i := tx.EditIssue(string(on))
	if i == nil {
		return refuse("log work on issue %q", on)
	}
	id := tx.next("worklog", 10000)
	w.ID = WorklogID(text(id))
	if w.Created.IsZero() {
		w.Created = tx.Now
	}
	if w.Updated.IsZero() {
		w.Updated = w.Created
	}
	w.Author = cmpOr(w.Author, tx.By)
	w.Editor = cmpOr(w.Editor, w.Author)
	i.Worklogs = append(i.Worklogs, part{id: id, mem: w})
	tx.enter(worklogPart, id, i)
	i.Spent += w.Seconds
	i.Updated = tx.Now
	tx.put(tx.Issue(on), i, Updated)
	tx.emit(Event{Kind: "worklog", Op: Created, ID: string(w.ID), Issue: i, New: w})
	return nil
}

// PutWorklog keeps a new version of a worklog; its time of update is now.
func (tx *Tx) PutWorklog(w *Worklog) error {
	on, before := tx.Worklog(w.ID)
	if on == nil {
		return refuse("put worklog %q, which is not there", w.ID)
	}
	i := on.clone()
	w.Updated, w.Editor = tx.Now, cmpOr(tx.By, w.Editor)
	replacePart(i.Worklogs, number(w.ID), w)
	i.Spent += w.Seconds - before.Seconds
	tx.dropParts(on, i)
	i.Updated = tx.Now
	tx.put(on, i, Updated)
	tx.emit(Event{Kind: "worklog", Op: Updated, ID: string(w.ID), Issue: i, Old: before, New: w})
	return nil
}

// DeleteWorklog forgets a worklog and takes its time off the issue's.
func (tx *Tx) DeleteWorklog(id WorklogID) error {
	on, before := tx.Worklog(id)
	if on == nil {
		return refuse("delete worklog %q, which is not there", id)
	}
	i := on.clone()
	i.Worklogs = withoutPart(i.Worklogs, number(id))
	tx.partOf[worklogPart].Put(tx.owner, number(id), 0)
	i.Spent -= before.Seconds
	tx.dropParts(on, i)
	i.Updated = tx.Now
	tx.put(on, i, Updated)
	tx.emit(Event{Kind: "worklog", Op: Deleted, ID: string(id), Issue: i, Old: before})
	return nil
}

// AddAttachment keeps a file at an issue; content belongs to the state then.
func (tx *Tx) AddAttachment(on IssueID, a *Attachment, content []byte) error {
	i := tx.EditIssue(string(on))
	if i == nil {
		return refuse("attach to issue %q", on)
	}
	id := tx.next("attachment", 10000)
	a.ID, a.Size, a.Bytes = AttachmentID(text(id)), int64(len(content)), part{mem: content}
	if a.Created.IsZero() {
		a.Created = tx.Now
	}
	a.Author = cmpOr(a.Author, tx.By)
	i.Attachments = append(i.Attachments, part{id: id, mem: a})
	tx.enter(attachmentPart, id, i)
	i.Updated = tx.Now
	before := tx.Issue(on)
	tx.log(i, []ChangeItem{{Field: "Attachment", FieldType: "jira", FieldID: "attachment", To: string(a.ID), ToString: a.Name}})
	tx.put(before, i, quietly)
	tx.emit(Event{Kind: "attachment", Op: Created, ID: string(a.ID), Issue: i, New: a})
	return nil
}

// DeleteAttachment forgets a file.
func (tx *Tx) DeleteAttachment(id AttachmentID) error {
	on, before := tx.Attachment(id)
	if on == nil {
		return refuse("delete attachment %q, which is not there", id)
	}
	i := on.clone()
	i.Attachments = withoutPart(i.Attachments, number(id))
	tx.partOf[attachmentPart].Put(tx.owner, number(id), 0)
	tx.dropParts(on, i)
	i.Updated = tx.Now
	tx.log(i, []ChangeItem{{Field: "Attachment", FieldType: "jira", FieldID: "attachment", From: string(id), FromString: before.Name}})
	tx.put(on, i, quietly)
	tx.emit(Event{Kind: "attachment", Op: Deleted, ID: string(id), Issue: i, Old: before})
	return nil
}

func replacePart(parts []part, id uint32, v any) {
	for n := range parts {
		if parts[n].id == int64(id) {
			parts[n] = part{id: int64(id), mem: v}
		}
	}
}

func withoutPart(parts []part, id uint32) []part {
	return slices.DeleteFunc(parts, func(p part) bool { return p.id == int64(id) })
}

// AddLink links one issue to another in the words of the type: from "blocks" to. A link that is there already stays alone.
func (tx *Tx) AddLink(t LinkTypeID, from, to IssueID) (LinkID, error) {
	a, b := tx.EditIssue(string(from)), tx.EditIssue(string(to))
	if a == nil || b == nil || a.ID == b.ID || tx.LinkTypes.Get(t) == nil {
		return "", refuse("link issue %s to %s by %s", from, to, t)
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
	tx.emit(Event{Kind: "link", Op: Created, ID: string(id), Issue: a, New: &Link{id, t, b.ID, true}})
	return id, nil
}

// DeleteLink forgets a link at both ends.
func (tx *Tx) DeleteLink(id LinkID) error {
	from, l := tx.Link(id)
	if from == nil {
		return refuse("delete link %q, which is not there", id)
	}
	a, b := from.clone(), tx.EditIssue(string(l.Other))
	is := func(o Link) bool { return o.ID == id }
	a.Links, b.Links = slices.DeleteFunc(a.Links, is), slices.DeleteFunc(b.Links, is)
	tx.partOf[linkPart].Put(tx.owner, number(id), 0)
	kind := tx.LinkTypes.Get(l.Type)
	tx.relink(a, []ChangeItem{linkItem(b.Key, "", kind.Outward)}, b, []ChangeItem{linkItem(a.Key, "", kind.Inward)})
	tx.emit(Event{Kind: "link", Op: Deleted, ID: string(id), Issue: a, Old: &l})
	return nil
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

// SetIssueProperty sets a property of an issue, or removes it where value is nil. It says whether the property was there.
func (tx *Tx) SetIssueProperty(id IssueID, key string, value json.RawMessage) (was bool, err error) {
	before := tx.Issue(id)
	if before == nil {
		return false, refuse("set a property of issue %q", id)
	}
	i := before.clone()
	_, was = i.Properties[key]
	op := Updated
	if value == nil {
		op = Deleted
		delete(i.Properties, key)
	} else {
		i.Properties[key] = value
	}
	i.Updated = tx.Now
	tx.put(before, i, quietly)
	tx.emit(Event{Kind: "issueProperty", Op: op, ID: string(id), Key: key, Issue: i, Value: value})
	return was, nil
}
