package retention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Purge destroys everything that is kept of an uninstalled site and returns the receipt. Called again after it was
// interrupted, it goes on; several hosts that do it at once do no harm. store.ErrInvalid where the app is installed.
func (s *Sweeper) Purge(ctx context.Context, id capability.TenantID) (Receipt, error) {
	t, err := s.Tenants.StartPurge(ctx, id, s.Now())
	if err != nil {
		return Receipt{}, err
	}
	return s.purge(ctx, t)
}

// purge goes on with a site in Purging. store.ErrNotFound and store.ErrConflict mean that another host does it.
func (s *Sweeper) purge(ctx context.Context, t tenant.Tenant) (Receipt, error) {
	id := t.ID
	receipt, rev, err := s.draft(ctx, t)
	if err != nil {
		return Receipt{}, err
	}
	shredded, err := s.Keys.Shred(ctx, id)
	if err != nil {
		return Receipt{}, fmt.Errorf("purge tenant %s: %w", id, err)
	}
	for _, key := range shredded {
		if !slices.Contains(receipt.Keys, key) { // one that could not be read
			receipt.Keys = append(receipt.Keys, key)
		}
	}
	if err := s.empty(ctx, id); err != nil {
		return Receipt{}, fmt.Errorf("purge tenant %s: %w", id, err)
	}
	receipt.Purged = s.Now().UTC().Round(0)
	key, err := s.signer(ctx)
	if err != nil {
		return Receipt{}, fmt.Errorf("purge tenant %s: %w", id, err)
	}
	if err := receipt.sign(key); err != nil {
		return Receipt{}, fmt.Errorf("sign the receipt of tenant %s: %w", id, err)
	}
	op, err := putReceipt(receipt, rev)
	if err != nil {
		return Receipt{}, err
	}
	if err := s.Tenants.Forget(ctx, id, op); err != nil {
		return Receipt{}, err
	}
	if err := store.Scrub(ctx, s.Store); err != nil { // the next sweep does
		s.Log.WarnContext(ctx, "what was purged is in the files until the next sweep", "tenant", id, "error", err)
	}
	s.Log.InfoContext(ctx, "site purged", "tenant", id, "collections", len(receipt.Removed), "keys", len(receipt.Keys))
	return receipt, nil
}

// draft writes down what there is before anything is destroyed, or reads what an interrupted purge wrote.
func (s *Sweeper) draft(ctx context.Context, t tenant.Tenant) (Receipt, int64, error) {
	d, err := s.Store.Get(ctx, receiptKey(t.ID))
	if err == nil {
		r, err := decodeReceipt(d)
		return r, d.Rev, err
	}
	if !errors.Is(err, store.ErrNotFound) {
		return Receipt{}, 0, fmt.Errorf("read receipt: %w", err)
	}
	there, err := s.Store.Collections(ctx, t.ID)
	if err != nil {
		return Receipt{}, 0, fmt.Errorf("count what is kept of tenant %s: %w", t.ID, err)
	}
	// A key that cannot be read can still be destroyed, so that is no reason to stop.
	keys, err := s.Keys.Keys(ctx, t.ID)
	if errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
		return Receipt{}, 0, err
	}
	r := Receipt{Tenant: t.ID, Uninstalled: t.Uninstalled, Started: s.Now().UTC().Round(0), Removed: []Removed{}, Keys: []string{}}
	for _, k := range keys {
		r.Keys = append(r.Keys, k.ID)
	}
	for _, c := range there {
		r.Removed = append(r.Removed, Removed{c.Name, c.Documents})
	}
	op, err := putReceipt(r, 0)
	if err != nil {
		return Receipt{}, 0, err
	}
	revs, err := s.Store.Write(ctx, op)
	if err != nil {
		return Receipt{}, 0, fmt.Errorf("write receipt: %w", err)
	}
	return r, revs[0], nil
}

// empty deletes every document under a tenant.
func (s *Sweeper) empty(ctx context.Context, id capability.TenantID) error {
	for {
		there, err := s.Store.Collections(ctx, id)
		if err != nil || len(there) == 0 {
			return err
		}
		for _, c := range there {
			if err := s.emptyCollection(ctx, store.Query{Tenant: id, Collection: c.Name, Limit: store.MaxOps}); err != nil {
				return err
			}
		}
	}
}

func (s *Sweeper) emptyCollection(ctx context.Context, q store.Query) error {
	for {
		docs, err := s.Store.List(ctx, q)
		if err != nil || len(docs) == 0 {
			return err
		}
		ops := make([]store.Op, len(docs))
		for i, d := range docs {
			ops[i] = store.Op{Doc: store.Doc{Key: d.Key}, Delete: true, IfRev: store.Any}
		}
		if _, err := s.Store.Write(ctx, ops...); err != nil {
			return err
		}
	}
}

func putReceipt(r Receipt, rev int64) (store.Op, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return store.Op{}, fmt.Errorf("encode the receipt of tenant %s: %w", r.Tenant, err)
	}
	return store.Op{Doc: store.Doc{Key: receiptKey(r.Tenant), Body: body}, IfRev: rev}, nil
}
