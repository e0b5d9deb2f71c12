package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/pergola-platform/pergola/host/sandbox/world/disk"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// load reads the state from disk: the small things, the copy of the indexes, and the issues that it misses.
func (s *Store) load() (*State, error) {
	st := newState()
	st.disk = s.disk
	o := &owner{}
	err := s.disk.Entities(func(e disk.Entity) error {
		k := kindByName[e.Kind]
		if k == nil {
			return fmt.Errorf("a %s, which this version does not know", e.Kind)
		}
		v, err := k.table(st).decode(e.JSON)
		if err != nil {
			return fmt.Errorf("decode %s %s: %w", e.Kind, e.ID, err)
		}
		k.table(st).put(o, e.ID, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	st.derive()
	indexed := st.loadIndex()
	if !indexed {
		st.keys.Clear()
		// It may name rows that are removed from now on.
		if err := os.Remove(st.indexPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	tx := st.begin(s.clock(), "")
	if err := s.catchUp(tx); err != nil {
		return nil, err
	}
	issue, part := s.disk.Last()
	tx.versions.issue, tx.versions.part = max(tx.versions.issue, issue), max(tx.versions.part, part)
	s.track(tx.State)
	if indexed {
		s.keeper.copied, s.keeper.saved = true, tx.gen
	}
	s.keep(tx)
	return tx.State, nil
}

// derive finds what follows from the tables.
func (s *State) derive() {
	if site := s.sites.Get(siteID); site != nil {
		s.Site = site
	}
	for u := range s.Users.All() {
		if u.Login != "" {
			s.logins.Set(u.Login, u.Account)
		}
	}
	for p := range s.Projects.All() {
		for _, key := range p.OldKeys {
			s.projectKeys.Set(key, p.ID)
		}
	}
	for p := range s.Projects.All() {
		s.projectKeys.Set(p.Key, p.ID)
	}
}

// catchUp indexes the versions of issues that the indexes do not have.
func (s *Store) catchUp(tx *Tx) error {
	return s.disk.Issues(tx.versions.issue, func(row disk.Issue) error {
		var i *Issue
		if row.JSON != nil {
			i = &Issue{}
			if err := json.Unmarshal(row.JSON, i); err != nil {
				return fmt.Errorf("decode issue %d: %w", row.Number, err)
			}
		}
		tx.versions.issue = row.Version
		tx.replace(row.Number, i, cell{version: row.Version})
		if i == nil {
			tx.gone.issues = append(tx.gone.issues, row.Version)
		}
		return nil
	})
}

// replace puts another version of an issue, or none, in the place of the one that is there.
func (tx *Tx) replace(n uint32, i *Issue, c cell) {
	old := tx.issues.At(n)
	before := tx.IssueAt(n)
	tx.edit().Update(n, tx.wholeDoc(before), tx.wholeDoc(i))
	if before != nil {
		tx.leave(before)
		before.eachID(func(kind int, id uint32) { tx.partOf[kind].Put(tx.owner, id, 0) })
		tx.dropParts(before, i)
		tx.gone.issues = append(tx.gone.issues, old.version)
	}
	if i == nil {
		c = cell{}
	} else {
		tx.place(i)
		i.eachID(func(kind int, id uint32) { tx.partOf[kind].Put(tx.owner, id, n) })
	}
	tx.issues.Put(tx.owner, n, c)
	tx.dirty[n] = true
}

// wholeDoc is docOf with the comments.
func (tx *Tx) wholeDoc(i *Issue) *index.Doc {
	d := tx.docOf(i)
	if i != nil {
		tx.commentWords(d, tx.Comments(i))
	}
	return d
}

// eachID calls do for what is found by an id of its own.
func (i *Issue) eachID(do func(kind int, id uint32)) {
	for kind, parts := range [][]part{commentPart: i.Comments, worklogPart: i.Worklogs, attachmentPart: i.Attachments} {
		for _, p := range parts {
			do(kind, uint32(p.id))
		}
	}
	for _, l := range i.Links {
		if l.Out {
			do(linkPart, number(l.ID))
		}
	}
}
