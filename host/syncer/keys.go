package syncer

import (
	"context"
	"hash/fnv"
	"math"
	"time"

	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// keyset knows the keys of all rows of a source: eight bytes of each row. It lives in memory alone, and is read again where it
// was lost. Two rows in a million million share a place; then an issue whose row is gone is left alone, or a row is taken for a
// second one and not written.
type keyset struct {
	seen  *slots // sorted as soon as the set is whole
	twice map[uint64]struct{}
	// late are rows that came into the source after its keys were read.
	late  map[uint64]struct{}
	next  []byte
	rows  int64
	whole bool
}

func newKeyset() *keyset {
	return &keyset{seen: &slots{}, twice: map[uint64]struct{}{}, late: map[uint64]struct{}{}}
}

func slot(d identity.Digest) uint64 {
	h := fnv.New64a()
	h.Write([]byte(d))
	return h.Sum64()
}

// add adds a key to a set that is not whole yet.
func (k *keyset) add(d identity.Digest) { k.seen.add(slot(d)) }

// complete makes the set whole: no key is added any more.
func (k *keyset) complete() {
	k.seen.sort(func(v uint64) { k.twice[v] = struct{}{} })
	k.whole = true
}

// meet notes a row that was read while the run went on.
func (k *keyset) meet(d identity.Digest) {
	if !k.has(d) {
		k.late[slot(d)] = struct{}{}
	}
}

func (k *keyset) has(d identity.Digest) bool {
	at := slot(d)
	_, late := k.late[at]
	return late || k.seen.has(at)
}

// empty says that the source has no row with a key.
func (k *keyset) empty() bool { return k.seen.n == 0 && len(k.late) == 0 }

func (k *keyset) doubled(d identity.Digest) bool {
	_, ok := k.twice[slot(d)]
	return ok
}

const (
	keyRows = 5000
	// keyTime is for how long a step reads keys before it gives its worker back.
	keyTime = 5 * time.Second
)

// readKeys goes on reading the keys of all rows, and says whether it knows all of them.
func (st *step) readKeys(ctx context.Context) (bool, error) {
	m := st.memory
	if m.keys == nil {
		m.keys = newKeyset()
	}
	k := m.keys
	columns := m.mapping.KeyColumns()
	if k.whole {
		return true, nil
	}
	r := sync.Read{Columns: columns, Key: columns, Cursor: k.next, Limit: keyRows}
	err := st.ahead(ctx, r, keyTime, math.MaxInt, func(page *sync.Page) error {
		for _, row := range page.Rows {
			if key := mapping.Key(row); key != "" {
				k.add(m.hasher.Row(st.sync.ID, key))
			}
			k.rows++
		}
		if k.next = page.Next; len(k.next) == 0 {
			k.complete()
		}
		return nil
	})
	if err != nil {
		m.keys = nil // a cursor that is not good any more would not get better
	}
	return k.whole && err == nil, err
}
