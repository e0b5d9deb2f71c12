package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Snapshot is a site at one moment, from which others can begin. It shares everything with the site that it was taken of, and
// takes no time and no room of its own; that one must stay open as long as the snapshot is used, if it lies on disk.
type Snapshot struct{ state *State }

// Snapshot returns the site as it is now.
func (s *Store) Snapshot() *Snapshot { return &Snapshot{s.State()} }

// Restore makes the site what the snapshot says, in one change. Watchers get one event of the kind "site".
func (s *Store) Restore(from *Snapshot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	now := s.current.Load()
	if s.disk == nil {
		next := *from.state
		next.gen = now.gen + 1
		s.publish(&next, []Event{{Kind: "site", Op: Updated, ID: siteID, At: s.clock().UTC()}})
		return nil
	}
	tx := now.begin(s.clock(), "")
	if err := tx.empty(); err != nil {
		return err
	}
	if err := from.fill(tx); err != nil {
		return err
	}
	tx.events = []Event{{Kind: "site", Op: Updated, ID: siteID, At: tx.Now}}
	return s.commit(tx)
}

// empty removes everything.
func (tx *Tx) empty() error {
	for n := range tx.Index().All().All() {
		tx.replace(n, nil, cell{})
	}
	for i := range tableKinds {
		k := &tableKinds[i]
		var ids []string
		k.table(tx.State).each(func(id string, _ any) { ids = append(ids, id) })
		for _, id := range ids {
			k.table(tx.State).drop(tx.owner, id)
			tx.entities[entityKey{k.name, id}] = true
		}
	}
	return nil
}

// fill puts everything of the snapshot into an empty site.
func (from *Snapshot) fill(tx *Tx) error {
	fresh := newState()
	tx.Site, tx.logins, tx.projectKeys = fresh.Site, fresh.logins, fresh.projectKeys
	for i := range tableKinds {
		k := &tableKinds[i]
		k.table(from.state).each(func(id string, v any) { tx.keep(k, id, v.(Entity)) })
	}
	tx.derive()
	for n := range from.state.index.All().All() {
		i := from.state.IssueAt(n).clone()
		for _, list := range i.partLists() {
			for n := range *list {
				(*list)[n] = from.state.inMemory(list == &i.Attachments, (*list)[n])
			}
		}
		tx.replace(n, i, cell{mem: i})
	}
	return nil
}

// inMemory is the part with what it holds. The content of an attachment stays where it is until it is written.
func (s *State) inMemory(attachment bool, p part) part {
	if p.mem != nil {
		return p
	}
	if attachment {
		a := loadPart[Attachment](s, p)
		if a.Bytes.mem == nil {
			a.Bytes = part{mem: borrowed{s, a.Bytes.row}}
		}
		return part{id: p.id, mem: a}
	}
	return part{id: p.id, mem: loadPart[json.RawMessage](s, p)}
}

// WriteFile writes the snapshot as a new site into the file at path, such as [FileName] in an empty data directory.
func (from *Snapshot) WriteFile(path string) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("write a snapshot: %s is there already", path)
	}
	dir, err := os.MkdirTemp("", "site")
	if err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := Open(Config{Dir: dir, From: from})
	if err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	return errors.Join(s.disk.Copy(path), s.Close())
}

// MarshalJSON is everything that the site knows, for people and tests to read.
func (s *State) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	for i := range tableKinds {
		k := &tableKinds[i]
		rows := map[string]any{}
		k.table(s).each(func(id string, v any) { rows[id] = v })
		if len(rows) > 0 {
			out[k.name] = rows
		}
	}
	type whole struct {
		Key string `json:"key"`
		*Issue
		Comments    []*Comment    `json:"comments,omitempty"`
		Worklogs    []*Worklog    `json:"worklogs,omitempty"`
		Attachments []*Attachment `json:"attachments,omitempty"`
		Histories   []*History    `json:"histories,omitempty"`
	}
	issues := map[IssueID]whole{}
	for n := range s.index.All().All() {
		i := s.IssueAt(n)
		issues[i.ID] = whole{i.Key, i, s.Comments(i), s.Worklogs(i), s.Attachments(i), s.Histories(i)}
	}
	out["issue"] = issues
	return json.Marshal(out)
}
