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
		return about("issue", on).missing()
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
		return about("comment", c.ID).missing()
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
		return about("comment", id).missing()
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

// SetIssueProperty sets a property of an issue, or removes it where value is nil. It says whether the property was there.
func (tx *Tx) SetIssueProperty(id IssueID, key string, value json.RawMessage) (was bool, err error) {
	before := tx.Issue(id)
	if before == nil {
		return false, about("issue", id).missing()
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
