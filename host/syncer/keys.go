package syncer

import (
	"context"
	"math"
	"time"

	"github.com/pergola-platform/pergola/host/syncer/keyset"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// keys are those of all rows of a source. They live in memory alone, and are read again where they were lost.
type keys struct {
	*keyset.Set
	next  []byte
	rows  int64
	again bool // they are read a second time
	whole bool
}

// close ends a reading. Where the set wants another one, that begins with the first row.
func (k *keys) close() {
	k.whole = k.Close()
	k.again = true
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
		m.keys = &keys{Set: keyset.New()}
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
				k.Add(m.hasher.Row(st.sync.ID, key))
			}
		}
		if !k.again {
			k.rows += int64(len(page.Rows))
		}
		if k.next = page.Next; len(k.next) == 0 {
			k.close()
		}
		return nil
	})
	if err != nil {
		m.keys = nil // a cursor that is not good any more would not get better
		return false, err
	}
	if k.whole && st.sync.Config.Missing.Policy == mapping.Ignore {
		k.Forget() // nobody will ask which rows there are
	}
	return k.whole, nil
}
