package world

import "fmt"

// borrowed is content that lies in the file of another site until it is written into one's own.
type borrowed struct {
	from *State
	row  int64
}

// Content reads the bytes of an attachment. They are shared where the site is in memory, and must not be changed. An
// attachment that is not there any more, as in an event, has none.
func (s *State) Content(a *Attachment) []byte {
	b := a.Bytes
	if b.row == 0 && b.mem == nil {
		if _, a = s.Attachment(a.ID); a == nil {
			return nil
		}
		b = a.Bytes
	}
	raw, err := s.content(b)
	if err != nil {
		panic(fmt.Errorf("read the content of attachment %s: %w", a.ID, err))
	}
	return raw
}

func (s *State) content(b part) ([]byte, error) {
	switch mem := b.mem.(type) {
	case []byte:
		return mem, nil
	case borrowed:
		return mem.from.disk.Part(mem.row)
	}
	return s.disk.Part(b.row)
}

// AddAttachment keeps a file at an issue. Attachment and content belong to the state then; on disk the content leaves memory
// with the change.
func (tx *Tx) AddAttachment(on IssueID, a *Attachment, content []byte) error {
	i := tx.EditIssue(string(on))
	if i == nil {
		return about("issue", on).missing()
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
	tx.emit(Event{Kind: "attachment", Op: Created, ID: string(a.ID), Issue: i, New: withoutBytes(a)})
	return nil
}

// DeleteAttachment forgets a file.
func (tx *Tx) DeleteAttachment(id AttachmentID) error {
	on, before := tx.Attachment(id)
	if on == nil {
		return about("attachment", id).missing()
	}
	i := on.clone()
	i.Attachments = withoutPart(i.Attachments, number(id))
	tx.partOf[attachmentPart].Put(tx.owner, number(id), 0)
	tx.dropParts(on, i)
	i.Updated = tx.Now
	tx.log(i, []ChangeItem{{Field: "Attachment", FieldType: "jira", FieldID: "attachment", From: string(id), FromString: before.Name}})
	tx.put(on, i, quietly)
	tx.emit(Event{Kind: "attachment", Op: Deleted, ID: string(id), Issue: i, Old: withoutBytes(before)})
	return nil
}

// withoutBytes is the attachment as events have it: who watches holds on to them, and finds the content by the id.
func withoutBytes(a *Attachment) *Attachment {
	c := *a
	c.Bytes = part{}
	return &c
}
