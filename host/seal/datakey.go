package seal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Collection is where a tenant's own documents hold its data keys: one document for each key under the key's id, and one that
// says which is current.
const Collection = "key"

// pointerID cannot be a data key's id, which has ten characters.
const pointerID = "current"

// format is that of the documents here. A newer one than ours is refused.
const format = 1

// keyDocument is a data key as it is stored. It is written anew only to be wrapped by another key; the data key of
// an id never changes, and no id is used twice.
type keyDocument struct {
	Format  int       `json:"format"`
	By      string    `json:"by"` // the wrapping key's id
	Wrapped []byte    `json:"wrapped"`
	Created time.Time `json:"created"`
}

// pointer says which data key is current.
type pointer struct {
	Format int       `json:"format"`
	ID     string    `json:"id"`
	Since  time.Time `json:"since"`
}

func documentKey(t capability.TenantID, id string) store.Key {
	return store.Key{Tenant: t, Collection: Collection, ID: id}
}

// attempts bounds the tries of a change. Each lost one means that another change of the same tenant's keys won.
const attempts = 20

// key returns a data key of t, from memory where it was there within the TTL.
func (k *Keeper) key(ctx context.Context, t capability.TenantID, id string) (entry, error) {
	return k.cache.get(ctx, slot{t, id}, func(old entry) (entry, error) {
		return k.load(ctx, t, id, old)
	})
}

// current returns the key under which values of t are sealed, and makes it where there is none.
func (k *Keeper) current(ctx context.Context, t capability.TenantID) (entry, error) {
	return k.cache.get(ctx, slot{tenant: t}, func(old entry) (entry, error) {
		for range attempts {
			p, rev, err := k.pointer(ctx, t)
			if err == nil {
				var e entry
				if e, err = k.load(ctx, t, p.ID, old); err == nil {
					return e, nil
				}
			}
			// The key is missing where a shredding was interrupted; values are sealed under another one then.
			if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, ErrShredded) {
				return entry{}, err
			}
			e, err := k.create(ctx, t, rev)
			if !errors.Is(err, store.ErrConflict) {
				return e, err
			}
		}
		return entry{}, fmt.Errorf("choose a data key: %w", store.ErrConflict)
	})
}

// load reads a data key from the store. old spares unwrapping it where it is that key.
func (k *Keeper) load(ctx context.Context, t capability.TenantID, id string, old entry) (entry, error) {
	until := k.now().Add(k.ttl) // counted from before the store is asked
	doc, err := k.store.Get(ctx, documentKey(t, id))
	if errors.Is(err, store.ErrNotFound) {
		return entry{}, fmt.Errorf("data key %s: %w: the tenant was shredded, or the key retired", id, ErrShredded)
	}
	if err != nil {
		return entry{}, fmt.Errorf("read data key %s: %w", id, err)
	}
	if old.id == id {
		return entry{id, old.aead, until}, nil
	}
	d, err := decodeKeyDocument(doc)
	if err != nil {
		return entry{}, err
	}
	raw, err := k.ring.Load().unwrap(ctx, d.By, d.Wrapped, keyAAD(t, id))
	if err != nil {
		return entry{}, fmt.Errorf("data key %s: %w", id, err)
	}
	return entry{id, newAEAD(raw), until}, nil
}

// pointer returns which data key is current, and the revision of the document that says so: 0 with store.ErrNotFound.
func (k *Keeper) pointer(ctx context.Context, t capability.TenantID) (pointer, int64, error) {
	doc, err := k.store.Get(ctx, documentKey(t, pointerID))
	if err != nil {
		return pointer{}, 0, fmt.Errorf("read which data key is current: %w", err)
	}
	var p pointer
	if err := decodeBody(doc, &p, &p.Format); err != nil {
		return pointer{}, 0, err
	}
	return p, doc.Rev, nil
}

// create gives t a new data key and makes it current, where the document that says which one is has the revision rev.
func (k *Keeper) create(ctx context.Context, t capability.TenantID, rev int64) (entry, error) {
	now := k.now()
	raw := make([]byte, keyBytes)
	defer clear(raw)
	rand.Read(raw)
	id, ring := randomID(), k.ring.Load()
	wrapped, err := ring.wrap(ctx, raw, keyAAD(t, id))
	if err != nil {
		return entry{}, fmt.Errorf("make a data key: %w", err)
	}
	created := now.UTC().Round(0)
	key, err := putBody(t, id, 0, keyDocument{format, ring.Primary(), wrapped, created})
	if err != nil {
		return entry{}, err
	}
	choice, err := putBody(t, pointerID, rev, pointer{format, id, created})
	if err != nil {
		return entry{}, err
	}
	if _, err := k.store.Write(ctx, key, choice); err != nil {
		return entry{}, fmt.Errorf("write a data key: %w", err)
	}
	return entry{id, newAEAD(raw), now.Add(k.ttl)}, nil
}

func putBody(t capability.TenantID, id string, rev int64, body any) (store.Op, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return store.Op{}, fmt.Errorf("encode %s: %w", documentKey(t, id), err)
	}
	return store.Op{Doc: store.Doc{Key: documentKey(t, id), Body: b}, IfRev: rev}, nil
}

func decodeKeyDocument(doc store.Doc) (keyDocument, error) {
	var d keyDocument
	return d, decodeBody(doc, &d, &d.Format)
}

func decodeBody(doc store.Doc, body any, got *int) error {
	if err := json.Unmarshal(doc.Body, body); err != nil {
		return fmt.Errorf("decode %s: %w", doc.Key, err)
	}
	if *got != format {
		return fmt.Errorf("decode %s: its format is %d, this version reads %d; use the version that wrote it or a newer one", doc.Key, *got, format)
	}
	return nil
}
