package seal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Key says of a data key what an operator may know.
type Key struct {
	ID      string
	By      string // the id of the wrapping key
	Created time.Time
	Current bool
	// Settled says that no process seals under it any more: two TTLs have gone by since the tenant's last Rotate. Once a walk
	// that began after this was asked has resealed all of the tenant's values, the key may be retired.
	Settled bool
}

// Keys returns the data keys of t in the order of their ids; none where nothing was sealed for t yet, or t was shredded.
func (k *Keeper) Keys(ctx context.Context, t capability.TenantID) ([]Key, error) {
	p, _, err := k.pointer(ctx, t)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("data keys of tenant %s: %w", t, err)
	}
	var keys []Key
	for doc, err := range k.documents(ctx, t) {
		if err != nil {
			return nil, err
		}
		d, err := decodeKeyDocument(doc)
		if err != nil {
			return nil, err
		}
		current := doc.Key.ID == p.ID
		keys = append(keys, Key{ID: doc.Key.ID, By: d.By, Created: d.Created, Current: current, Settled: !current && k.unsettled(p) <= 0})
	}
	return keys, nil
}

// Rotate gives t a new data key, under which its values are sealed from now on (by other processes within their TTL), and
// returns the key's id. The old ones still open what they sealed. Where t has no key there is nothing to rotate:
// store.ErrNotFound. store.ErrConflict says that somebody else is rotating or shredding the same tenant.
func (k *Keeper) Rotate(ctx context.Context, t capability.TenantID) (id string, err error) {
	_, rev, err := k.pointer(ctx, t)
	if err != nil {
		return "", fmt.Errorf("rotate the data key of tenant %s: %w", t, err)
	}
	e, err := k.create(ctx, t, rev)
	if err != nil {
		return "", fmt.Errorf("rotate the data key of tenant %s: %w", t, err)
	}
	k.cache.drop(slot{tenant: t})
	return e.id, nil
}

// Reseal opens a value and seals it under the tenant's current key. Where it was sealed under that one already, it returns the
// value as it is and false. Errors are those of Open.
func (k *Keeper) Reseal(ctx context.Context, t capability.TenantID, at Place, sealed string) (string, bool, error) {
	value, id, err := k.open(ctx, t, at, sealed)
	if err != nil {
		return "", false, err
	}
	e, err := k.current(ctx, t)
	if err != nil {
		return "", false, fmt.Errorf("seal %s for tenant %s: %w", at, t, err)
	}
	if e.id == id {
		return sealed, false, nil
	}
	aad, err := at.aad(t)
	if err != nil {
		return "", false, err
	}
	return k.seal(e, aad, value), true, nil
}

// unsettled returns how long it takes until every process knows that p's key is current. One TTL is for what they hold in
// memory, the other for clocks that differ and for what was sealed and is not yet written.
func (k *Keeper) unsettled(p pointer) time.Duration { return p.Since.Add(2 * k.ttl).Sub(k.now()) }

// Retire deletes a data key of t that is not current; what is still sealed under it is lost. Only the caller knows where values
// are, so it must have resealed all of them, in a walk that began after Keys called the key settled. Retire itself refuses
// a key that is not settled now (store.ErrInvalid). Retiring what is not there is no error.
func (k *Keeper) Retire(ctx context.Context, t capability.TenantID, id string) error {
	if !validDataKeyID(id) {
		return fmt.Errorf("retire a data key of tenant %s: %w: %q is no data key's id", t, store.ErrInvalid, id)
	}
	p, _, err := k.pointer(ctx, t)
	if err != nil {
		return fmt.Errorf("retire data key %s of tenant %s: %w", id, t, err)
	}
	if p.ID == id {
		return fmt.Errorf("retire data key %s of tenant %s: %w: it is the current one; rotate first", id, t, store.ErrInvalid)
	}
	if wait := k.unsettled(p); wait > 0 {
		return fmt.Errorf("retire data key %s of tenant %s: %w: other processes may have sealed under it until now; try again in %s, after another walk",
			id, t, store.ErrInvalid, wait.Round(time.Second))
	}
	if _, err := k.store.Write(ctx, store.Op{Doc: store.Doc{Key: documentKey(t, id)}, Delete: true, IfRev: store.Any}); err != nil {
		return fmt.Errorf("retire data key %s of tenant %s: %w", id, t, err)
	}
	k.cache.drop(slot{t, id})
	return nil
}

// Shred deletes all data keys of t and returns their ids. Its values, wherever they lie, cannot be opened any more: not here from
// now on, not by other processes once their TTL is over. A store's backups hold the keys until they are deleted
// too. Make sure that nobody serves t, since a value that is sealed afterwards makes a new key. Shredding twice is no error.
func (k *Keeper) Shred(ctx context.Context, t capability.TenantID) (ids []string, err error) {
	defer k.cache.forget(t) // after the deletion, so that nothing is read into the cache in between
	for range attempts {
		page, err := k.store.List(ctx, store.Query{Tenant: t, Collection: Collection, Limit: min(store.MaxLimit, store.MaxOps)})
		if err != nil {
			return ids, fmt.Errorf("list the data keys of tenant %s: %w", t, err)
		}
		if len(page) == 0 {
			return ids, nil
		}
		var ops []store.Op
		for _, doc := range page {
			ops = append(ops, store.Op{Doc: store.Doc{Key: doc.Key}, Delete: true, IfRev: store.Any})
		}
		if _, err := k.store.Write(ctx, ops...); err != nil {
			return ids, fmt.Errorf("shred the data keys of tenant %s: %w", t, err)
		}
		for _, doc := range page {
			if doc.Key.ID != pointerID {
				ids = append(ids, doc.Key.ID)
			}
		}
	}
	return ids, fmt.Errorf("shred the data keys of tenant %s: %w: it gets new ones all the time; stop serving it first", t, store.ErrConflict)
}
