package syncer

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// keyset knows the keys of all rows of a source: eight bytes of each row. It lives in memory alone, and is read again where it
// was lost. Two rows in a million million share a place; then an issue whose row is gone is left alone, or a row is taken for a
// second one and not written.
type keyset struct {
	seen  map[uint64]struct{}
	twice map[uint64]struct{}
	next  []byte
	rows  int64
	whole bool
}

func newKeyset() *keyset {
	return &keyset{seen: map[uint64]struct{}{}, twice: map[uint64]struct{}{}}
}

func slot(d identity.Digest) uint64 {
	h := fnv.New64a()
	h.Write([]byte(d))
	return h.Sum64()
}

func (k *keyset) add(d identity.Digest) {
	at := slot(d)
	if _, ok := k.seen[at]; ok {
		k.twice[at] = struct{}{}
	}
	k.seen[at] = struct{}{}
}

func (k *keyset) has(d identity.Digest) bool {
	_, ok := k.seen[slot(d)]
	return ok
}

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
	err := st.ahead(ctx, r, keyTime, func(page *sync.Page) error {
		for _, row := range page.Rows {
			if key := mapping.Key(row); key != "" {
				k.add(m.hasher.Row(st.sync.ID, key))
			}
			k.rows++
		}
		k.next, k.whole = page.Next, len(page.Next) == 0
		return nil
	})
	if err != nil {
		m.keys = nil // a cursor that is not good any more would not get better
	}
	return k.whole && err == nil, err
}
