package world

import (
	"encoding/json"
	"fmt"

	"github.com/pergola-platform/pergola/host/sandbox/world/disk"
)

// write puts what a transaction changed on disk in one step. In memory, the rows take the place of their contents.
func (s *Store) write(tx *Tx) error {
	var b disk.Batch
	for key := range tx.entities {
		e := disk.Entity{Kind: key.kind, ID: key.id}
		if v := kindByName[key.kind].table(tx.State).get(key.id); v != nil {
			raw, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("encode %s %s: %w", key.kind, key.id, err)
			}
			e.JSON = raw
		}
		b.Entities = append(b.Entities, e)
	}
	written := map[int64]*Issue{}
	for n := range tx.dirty {
		if c := s.current.Load().issues.At(n); c.version != 0 {
			tx.gone.issues = append(tx.gone.issues, c.version)
		}
		tx.versions.issue++
		row := disk.Issue{Version: tx.versions.issue, Number: n}
		i := tx.issues.At(n).mem
		if i == nil {
			tx.gone.issues = append(tx.gone.issues, row.Version) // it says that the issue is gone, until no index knows it
			b.Issues = append(b.Issues, row)
			continue
		}
		for _, list := range i.partLists() {
			if err := tx.writeParts(*list, &b); err != nil {
				return err
			}
		}
		var err error
		if row.JSON, err = json.Marshal(i); err != nil {
			return fmt.Errorf("encode issue %s: %w", i.ID, err)
		}
		b.Issues = append(b.Issues, row)
		tx.issues.Put(tx.owner, n, cell{version: row.Version})
		written[row.Version] = i
	}
	if err := s.disk.Write(b); err != nil {
		return err
	}
	for version, i := range written {
		tx.cache.put(version, i)
	}
	return nil
}

// writeParts gives rows to the parts that are in memory only.
func (tx *Tx) writeParts(list []part, b *disk.Batch) error {
	row := func(p *part, body []byte, load func() ([]byte, error)) {
		tx.versions.part++
		p.row, p.mem = tx.versions.part, nil
		b.Parts = append(b.Parts, disk.Part{Version: p.row, Body: body, Load: load})
	}
	for n := range list {
		p := &list[n]
		if p.mem == nil {
			continue
		}
		v := p.mem
		if a, ok := v.(*Attachment); ok && a.Bytes.mem != nil {
			c := *a // an event has the other one
			content := c.Bytes
			if body, ok := content.mem.([]byte); ok {
				row(&c.Bytes, body, nil)
			} else {
				row(&c.Bytes, nil, func() ([]byte, error) { return tx.content(content) }) // one at a time
			}
			v = &c
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode part %d: %w", p.id, err)
		}
		row(p, raw, nil)
	}
	return nil
}
