package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

// writing is what a change of many links comes to, to be written at once. All of it was read before: where one of the records has changed
// meanwhile, nothing is written, and it is read again.
type writing struct {
	changes store.Changes
	marks   map[string]bool // issues
	ends    map[string]*roomAt
	taken   map[string]int // links beside those that are there, by the ids of ends
}

// roomAt is how many links an end of an issue still takes.
type roomAt struct {
	gate *store.Record
	left int
	used bool
}

// written decides about the items that are open and, unless it only checks, writes what follows. It says how many links that was.
func (p *plugin) written(ctx context.Context, all []*item, check bool, taken map[string]int, decide func(w *writing, i *item) (what string, err error)) (int, error) {
	open := undecided(all)
	if len(open) == 0 {
		return 0, nil
	}
	for range attempts {
		w := &writing{marks: map[string]bool{}, ends: map[string]*roomAt{}, taken: taken}
		whats, made := make([]string, len(open)), 0
		for n, i := range open {
			before := len(w.changes.Put) + len(w.changes.Delete)
			var err error
			if whats[n], err = decide(w, i); err != nil {
				return 0, err
			}
			if whats[n] == contract.Made && len(w.changes.Put)+len(w.changes.Delete) > before {
				made++
			}
		}
		err := w.write(ctx, check)
		if sdk.CodeOf(err) == sdk.Exists {
			continue
		}
		if err != nil {
			return 0, err
		}
		for n, i := range open {
			i.decide(whats[n])
		}
		if check {
			made = 0
		}
		return made, nil
	}
	return 0, busy()
}

func (w *writing) write(ctx context.Context, check bool) error {
	if check || len(w.changes.Put)+len(w.changes.Delete) == 0 {
		return nil
	}
	for _, at := range w.ends {
		if at.used {
			w.changes.Put = append(w.changes.Put, *at.gate)
		}
	}
	marks, err := marksOf(ctx, slices.Sorted(maps.Keys(w.marks)))
	if err != nil {
		return err
	}
	w.changes.Put = append(w.changes.Put, marks...)
	if _, err := store.Write(ctx, w.changes); err != nil {
		return err
	}
	if len(marks) > 0 {
		refreshSoon(ctx)
	}
	return nil
}

// join makes a link of an item.
func (w *writing) join(ctx context.Context, p *plugin, i *item, batch int64, account string) (string, error) {
	old, err := get(ctx, linkType, i.id())
	switch {
	case err != nil:
		return "", err
	case old != nil:
		return linkedBy(old, batch), nil
	}
	return w.put(ctx, i, map[string]string{"by": account, "at": p.stamp()}, batch)
}

// put adds a link where both ends have room.
func (w *writing) put(ctx context.Context, i *item, fields map[string]string, batch int64) (string, error) {
	var ends []*roomAt
	for _, end := range []string{first, second} {
		at, err := w.room(ctx, i, end)
		switch {
		case err != nil:
			return "", err
		case at == nil:
			continue
		case at.left <= 0:
			return contract.ByMaximum, nil
		}
		ends = append(ends, at)
	}
	for _, at := range ends {
		at.left--
		at.used = true
	}
	l := store.Record{Type: linkType, Fields: map[string]string{"relation": i.relation.id, "outward": i.First, "inward": i.Second}}
	for field, value := range fields {
		if value != "" {
			l.Fields[field] = value
		}
	}
	if batch != 0 {
		l.Fields[batchField] = strconv.FormatInt(batch, 10)
	}
	w.changes.Put = append(w.changes.Put, l)
	w.mark(i)
	return contract.Made, nil
}

// room is how many links an end of an item takes, nil for any number. What was decided before counts.
func (w *writing) room(ctx context.Context, i *item, end string) (*roomAt, error) {
	s, issue := i.side(end), i.at(end)
	most := s.here().most
	if most == 0 {
		return nil, nil
	}
	id := i.endID(end)
	if at := w.ends[id]; at != nil {
		return at, nil
	}
	gate, err := get(ctx, "end", id)
	if err != nil {
		return nil, err
	}
	if gate == nil {
		gate = &store.Record{Type: "end", Fields: map[string]string{"relation": s.id, "end": end, "issue": issue}}
	}
	n, err := s.count(ctx, issue, most) // after the revision was read
	if err != nil {
		return nil, err
	}
	w.ends[id] = &roomAt{gate: gate, left: most - n.Records - w.taken[id]}
	return w.ends[id], nil
}

func (w *writing) mark(i *item) {
	if i.searchable {
		w.marks[i.First], w.marks[i.Second] = true, true
	}
}

// part removes the link of an item, and leaves what can be made again.
func (w *writing) part(ctx context.Context, p *plugin, i *item, q *contract.Parting, account string) (string, error) {
	l, err := get(ctx, linkType, i.id())
	if err != nil {
		return "", err
	}
	if l == nil {
		stone, err := get(ctx, removedType, i.id())
		if err == nil && stone != nil && q.Batch != 0 && batchOf(stone) == q.Batch {
			return contract.Made, nil // by this step, which was done before
		}
		return contract.Nothing, err
	}
	if q.Only != 0 && batchOf(l) != q.Only {
		return contract.Changed, nil
	}
	stone, err := p.tombstone(ctx, l, account)
	if err != nil {
		return "", err
	}
	if q.Batch != 0 {
		stone.Fields[batchField] = strconv.FormatInt(q.Batch, 10)
	}
	w.changes.Put, w.changes.Delete = append(w.changes.Put, *stone), append(w.changes.Delete, *l)
	w.mark(i)
	return contract.Made, nil
}

// restore makes a link again that a batch removed.
func (w *writing) restore(ctx context.Context, p *plugin, i *item, batch int64) (string, error) {
	l, err := get(ctx, linkType, i.id())
	if err != nil {
		return "", err
	}
	stone, err := get(ctx, removedType, i.id())
	if err != nil {
		return "", err
	}
	ours := stone != nil && batchOf(stone) == batch
	switch {
	case l != nil && ours: // somebody made it again: the history still tells of the removal, and nothing is left to take back
		delete(stone.Fields, batchField)
		w.changes.Put = append(w.changes.Put, *stone)
		return contract.Nothing, nil
	case l != nil:
		return contract.Nothing, nil
	case !ours:
		return contract.Changed, nil
	}
	at := stone.Fields["linked_at"]
	if at == "" {
		at = p.stamp()
	}
	what, err := w.put(ctx, i, map[string]string{"by": stone.Fields["linked_by"], "at": at}, 0)
	if what == contract.Made {
		w.changes.Delete = append(w.changes.Delete, *stone)
	}
	return what, err
}

// get returns a record, nil where there is none.
func get(ctx context.Context, typ, id string) (*store.Record, error) {
	r, err := store.Get(ctx, typ, id)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil, nil
	}
	return r, err
}

// batchOf is the batch that a record names, 0 where it names none.
func batchOf(r *store.Record) int64 {
	n, err := strconv.ParseInt(r.Fields[batchField], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
