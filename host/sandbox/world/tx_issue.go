package world

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// firstIssue is the id of a site's first issue.
const firstIssue = 10100

func (i *Issue) clone() *Issue {
	c := *i
	c.Labels, c.Components, c.Affects, c.Fixes = slices.Clone(i.Labels), slices.Clone(i.Components), slices.Clone(i.Affects), slices.Clone(i.Fixes)
	c.Watchers, c.Voters, c.OldKeys, c.Orgs = slices.Clone(i.Watchers), slices.Clone(i.Voters), slices.Clone(i.OldKeys), slices.Clone(i.Orgs)
	c.Links, c.Remote = slices.Clone(i.Links), slices.Clone(i.Remote)
	c.Comments, c.Worklogs = slices.Clone(i.Comments), slices.Clone(i.Worklogs)
	c.Attachments, c.Histories = slices.Clone(i.Attachments), slices.Clone(i.Histories)
	c.Custom, c.Properties, c.Was = maps.Clone(i.Custom), maps.Clone(i.Properties), maps.Clone(i.Was)
	if c.Custom == nil {
		c.Custom = map[FieldID]json.RawMessage{}
	}
	if c.Properties == nil {
		c.Properties = Properties{}
	}
	return &c
}

// EditIssue returns a copy of the issue with that id or key for [Tx.PutIssue], nil where there is none. Its slices and maps may
// be changed, and its Custom and Properties are never nil; the bytes of its documents must not be.
func (tx *Tx) EditIssue(idOrKey string) *Issue {
	i := tx.FindIssue(idOrKey)
	if i == nil {
		return nil
	}
	return i.clone()
}

// AddIssue keeps a new issue. It gets its id and key, and where nothing is given, its times, creator, first status and
// default priority. The issue belongs to the state then.
func (tx *Tx) AddIssue(i *Issue) (*Issue, error) {
	p := tx.Project(i.Project)
	if err := tx.takesIssues(p, i.Project); err != nil {
		return nil, err
	}
	n := uint32(tx.next("issue", firstIssue))
	p = Edit(p)
	i.ID, i.Number, i.Key = issueID(n), p.NextKey, ""
	p.NextKey++
	tx.keep(kindOf(p), string(p.ID), p)
	if i.Created.IsZero() {
		i.Created = tx.Now
	}
	if i.Updated.IsZero() {
		i.Updated = i.Created
	}
	if i.Creator == "" {
		i.Creator = cmpOr(tx.By, i.Reporter)
	}
	if i.Status == "" {
		i.Status = tx.FirstStatus(p, i.Type)
	}
	if i.Priority == "" {
		if d := tx.Priorities.First(func(p *Priority) bool { return p.Default }); d != nil {
			i.Priority = d.ID
		}
	}
	if i.StatusSince.IsZero() {
		i.StatusSince = i.Created
	}
	if err := tx.checkIssue(i); err != nil {
		return nil, err
	}
	i.Key = tx.keyOf(i)
	tx.place(i)
	tx.store(n, nil, i)
	tx.emit(Event{Kind: "issue", Op: Created, ID: string(i.ID), Issue: i})
	return i, nil
}

// FirstStatus is the status of a new issue.
func (s *State) FirstStatus(p *Project, t TypeID) StatusID {
	if w := s.WorkflowOf(p, t); w != nil && len(w.Statuses) > 0 {
		return w.Statuses[0]
	}
	if first := s.Statuses.First(func(*Status) bool { return true }); first != nil {
		return first.ID
	}
	return ""
}

func (tx *Tx) checkIssue(i *Issue) error {
	t := tx.Type(i.Type)
	if t == nil || tx.Status(i.Status) == nil {
		return about("issue", i.ID).invalid("type", "type %q, status %q", i.Type, i.Status)
	}
	if i.Parent == "" {
		if t.Subtask() {
			return about("issue", i.ID).invalid("parent", "a subtask needs one")
		}
		return nil
	}
	parent := tx.Issue(i.Parent)
	if parent == nil || parent.ID == i.ID {
		return about("issue", i.ID).invalid("parent", "there is no issue %s", i.Parent)
	}
	if pt := tx.Type(parent.Type); pt == nil || pt.Level <= t.Level {
		return about("issue", i.ID).invalid("parent", "%s is not of a higher level", parent.Key)
	}
	if t.Subtask() && parent.Project != i.Project {
		return about("issue", i.ID).invalid("parent", "a subtask is in its parent's project")
	}
	return nil
}

// PutIssue keeps a new version of an issue that [Tx.EditIssue] returned. What changed is written into its changelog and the
// indexes, and it counts as updated now. Its project, number, links and parts have methods of their own and must be as they
// were.
func (tx *Tx) PutIssue(i *Issue) error {
	i.Updated = tx.Now
	return tx.putChecked(i, Updated)
}

// PutQuietly is PutIssue without a new time of the update and without an event: no app hears of it. The changelog has it.
func (tx *Tx) PutQuietly(i *Issue) error { return tx.putChecked(i, quietly) }

func (tx *Tx) putChecked(i *Issue, op Op) error {
	before := tx.Issue(i.ID)
	if before == nil {
		return about("issue", i.ID).missing()
	}
	if before.Project != i.Project || before.Number != i.Number {
		return about("issue", i.ID).invalid("project", "only a move changes it")
	}
	if before.Parent != i.Parent || before.Type != i.Type || before.Status != i.Status {
		if err := tx.checkIssue(i); err != nil {
			return err
		}
	}
	tx.put(before, i, op)
	return nil
}

// put keeps a version, with its changelog.
func (tx *Tx) put(before, i *Issue, op Op) {
	if before.Status != i.Status {
		i.StatusSince = tx.Now
	}
	if before.Resolution != i.Resolution {
		i.Resolved = time.Time{}
		if i.Resolution != "" {
			i.Resolved = tx.Now
		}
	}
	i.Key = tx.keyOf(i)
	items := tx.compareIssues(before, i)
	remember(before, i)
	tx.log(i, items)
	tx.store(i.ID.Number(), before, i)
	if op != quietly {
		tx.emit(Event{Kind: "issue", Op: op, ID: string(i.ID), Issue: i, Before: before, History: tx.logged[i.ID.Number()]})
	}
}

// store puts the version into its cell and the index.
func (tx *Tx) store(n uint32, before, i *Issue) {
	tx.edit().Update(n, tx.docOf(before), tx.docOf(i))
	tx.issues.Put(tx.owner, n, cell{mem: i})
	tx.dirty[n] = true
}

// place enters the issue's number in its project; leave takes it out.
func (tx *Tx) place(i *Issue) { tx.setKey(i, i.ID.Number()) }
func (tx *Tx) leave(i *Issue) { tx.setKey(i, 0) }

func (tx *Tx) setKey(i *Issue, n uint32) {
	if !tx.ownsKeys {
		tx.keys, tx.ownsKeys = tx.keys.Copy(), true
	}
	a, _ := tx.keys.Get(i.Project)
	a.Put(tx.owner, uint32(i.Number), n)
	tx.keys.Set(i.Project, a)
}

// MoveIssue gives an issue, and its subtasks, a key in another project. Its id stays, and the old key leads to it from now on.
// A type or status that the other project does not have becomes that project's first one.
func (tx *Tx) MoveIssue(id IssueID, to ProjectID) error {
	before, p := tx.Issue(id), tx.Project(to)
	if before == nil {
		return about("issue", id).missing()
	}
	if err := tx.takesIssues(p, to); err != nil {
		return err
	}
	if len(p.Types) == 0 {
		return about("project", to).invalid("types", "it has none, so no issue can move there")
	}
	if before.Project == to {
		return nil
	}
	subtasks := tx.subtasks(id)
	i := before.clone()
	tx.leave(before)
	i.OldKeys = append(i.OldKeys, before.Key)
	tx.keep(kindByName["moved"], before.Key, &movedKey{before.Key, i.ID})
	p = Edit(p)
	i.Project, i.Number, i.Updated = p.ID, p.NextKey, tx.Now
	p.NextKey++
	tx.keep(kindOf(p), string(p.ID), p)
	i.Key = tx.keyOf(i)
	if !slices.Contains(p.Types, i.Type) {
		i.Type = p.Types[0]
		for _, t := range p.Types {
			if have := tx.Type(t); have.Subtask() == (tx.Type(before.Type).Level < 0) {
				i.Type = t
				break
			}
		}
	}
	if w := tx.WorkflowOf(p, i.Type); w != nil && !slices.Contains(w.Statuses, i.Status) {
		i.Status = tx.FirstStatus(p, i.Type)
	}
	i.Components, i.Fixes, i.Affects, i.Security = nil, nil, nil, ""
	tx.place(i)
	tx.put(before, i, Moved)
	for _, sub := range subtasks {
		if err := tx.MoveIssue(sub, to); err != nil {
			return err
		}
	}
	return nil
}

func (s *State) subtasks(id IssueID) []IssueID {
	var out []IssueID
	for n := range s.Children(id).All() {
		if i := s.IssueAt(n); s.Type(i.Type).Subtask() {
			out = append(out, i.ID)
		}
	}
	return out
}

// Children are the issues whose parent this one is.
func (s *State) Children(id IssueID) index.Set { return s.index.Equal("parent", string(id)) }

// DeleteIssue forgets an issue with its subtasks, links, parts and keys. Other children only lose their parent.
func (tx *Tx) DeleteIssue(id IssueID) error {
	i := tx.Issue(id)
	if i == nil {
		return about("issue", id).missing()
	}
	for n := range tx.Children(id).All() {
		child := tx.IssueAt(n)
		if tx.Type(child.Type).Subtask() {
			if err := tx.DeleteIssue(child.ID); err != nil {
				return err
			}
			continue
		}
		c := child.clone()
		c.Parent = ""
		if err := tx.PutIssue(c); err != nil {
			return err
		}
	}
	for _, l := range i.Links {
		if err := tx.DeleteLink(l.ID); err != nil {
			return err
		}
	}
	i = tx.Issue(id)
	n := id.Number()
	for _, key := range i.OldKeys {
		tx.moved.drop(tx.owner, key)
		tx.entities[entityKey{"moved", key}] = true
	}
	for kind, parts := range map[int][]part{commentPart: i.Comments, worklogPart: i.Worklogs, attachmentPart: i.Attachments} {
		for _, p := range parts {
			tx.partOf[kind].Put(tx.owner, uint32(p.id), 0)
		}
	}
	tx.dropParts(i, nil)
	tx.leave(i)
	words := &index.Doc{}
	tx.commentWords(words, tx.Comments(i))
	doc := tx.docOf(i)
	doc.Words = append(doc.Words, words.Words...)
	tx.edit().Update(n, doc, nil)
	tx.issues.Put(tx.owner, n, cell{})
	tx.dirty[n] = true
	tx.emit(Event{Kind: "issue", Op: Deleted, ID: string(id), Issue: i, Before: i})
	return nil
}
