package seal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Progress says how far a Rewrap is.
type Progress struct {
	Done  int // data keys that this run wrapped by the primary
	Total int // data keys that others than the primary wrapped when the run began
	// Left counts data keys by the other wrapping keys that they still need. A wrapping key that does not appear in the report of
	// a finished run may be taken out of the ring.
	Left map[string]int
}

// RewrapConfig tunes a Rewrap. The zero value is good.
type RewrapConfig struct {
	// Pause is the time between two data keys, for a key management service with a rate; 0 means none.
	Pause time.Duration
	// Report, where set, is called after each tenant of which something was wrapped anew. The map is the callee's.
	Report func(Progress)
}

// Rewrap wraps all data keys in a store by the primary of the ring, while others seal and open; no value changes. It may be stopped
// and run again at any time, and by several processes at once: what is done is done. A data key that cannot be read or
// unwrapped stays as it is; the others are wrapped, and the error names the first.
//
// A process whose ring has another primary goes on making data keys that need it. So run Rewrap when all of them
// have the new one.
func (k *Keeper) Rewrap(ctx context.Context, inventory store.Inventory, cfg RewrapConfig) (Progress, error) {
	ring := k.ring.Load()
	if err := ring.Check(ctx); err != nil {
		return Progress{}, err
	}
	left, err := k.Census(ctx, inventory)
	if err != nil {
		return Progress{}, err
	}
	delete(left, ring.Primary())
	run := rewrap{keeper: k, ring: ring, pause: cfg.Pause, Progress: Progress{Left: left}}
	for _, n := range left {
		run.Total += n
	}
	for t, err := range store.EachTenant(ctx, inventory) {
		if err != nil {
			return run.snapshot(), err
		}
		before := run.Done
		if err := run.tenant(ctx, t); err != nil {
			return run.snapshot(), err
		}
		if run.Done > before && cfg.Report != nil {
			cfg.Report(run.snapshot())
		}
	}
	// Counted anew: others wrapped, made and deleted keys meanwhile.
	if left, err = k.Census(ctx, inventory); err != nil {
		return run.snapshot(), err
	}
	delete(left, ring.Primary())
	run.Left = left
	if run.failed > 0 {
		return run.snapshot(), fmt.Errorf("rewrap: %d data keys stay as they are; the first: %w", run.failed, run.first)
	}
	return run.snapshot(), nil
}

// Census counts the data keys in a store by the wrapping keys that they need; "" stands for documents that cannot be read, of
// which Rewrap says why. A host that finds one which its ring lacks does
// well to say so when it starts, and not when the first tenant calls.
func (k *Keeper) Census(ctx context.Context, inventory store.Inventory) (map[string]int, error) {
	count := map[string]int{}
	for t, err := range store.EachTenant(ctx, inventory) {
		if err != nil {
			return nil, err
		}
		for doc, err := range k.documents(ctx, t) {
			if err != nil {
				return nil, err
			}
			d, err := decodeKeyDocument(doc)
			if err != nil {
				d.By = ""
			}
			count[d.By]++
		}
	}
	return count, nil
}

// rewrap is one run.
type rewrap struct {
	Progress
	keeper *Keeper
	ring   *Ring
	pause  time.Duration
	failed int
	first  error
}

func (r *rewrap) snapshot() Progress {
	p := r.Progress
	p.Left = map[string]int{}
	for by, n := range r.Left {
		if n > 0 {
			p.Left[by] = n
		}
	}
	return p
}

// tenant returns an error that ends the run.
func (r *rewrap) tenant(ctx context.Context, t capability.TenantID) error {
	for doc, err := range r.keeper.documents(ctx, t) {
		if err != nil {
			return err
		}
		by, err := r.document(ctx, doc)
		switch {
		case errors.Is(err, errNothing):
			continue
		case ctx.Err() != nil:
			return fmt.Errorf("rewrap: %w", ctx.Err())
		case errors.Is(err, store.ErrUnavailable):
			return fmt.Errorf("rewrap %s: %w", doc.Key, err)
		case err != nil:
			if r.failed++; r.first == nil {
				r.first = fmt.Errorf("%s: %w", doc.Key, err)
			}
		default:
			r.Done++
			r.Left[by]--
		}
		if err := wait(ctx, r.pause); err != nil {
			return fmt.Errorf("rewrap: %w", err)
		}
	}
	return nil
}

// errNothing says that there was nothing to do.
var errNothing = errors.New("nothing to do")

// document wraps one data key anew and returns the id of the key that it needed before.
func (r *rewrap) document(ctx context.Context, doc store.Doc) (by string, err error) {
	for range attempts {
		d, err := decodeKeyDocument(doc)
		if err != nil {
			return "", err
		}
		if d.By == r.ring.Primary() {
			return "", errNothing
		}
		aad := keyAAD(doc.Key.Tenant, doc.Key.ID)
		raw, err := r.ring.unwrap(ctx, d.By, d.Wrapped, aad)
		if err != nil {
			return "", err
		}
		by := d.By
		d.By = r.ring.Primary()
		d.Wrapped, err = r.ring.wrap(ctx, raw, aad)
		clear(raw)
		if err != nil {
			return "", err
		}
		op, err := putBody(doc.Key.Tenant, doc.Key.ID, doc.Rev, d)
		if err != nil {
			return "", err
		}
		if _, err = r.keeper.store.Write(ctx, op); !errors.Is(err, store.ErrConflict) {
			return by, err
		}
		if doc, err = r.keeper.store.Get(ctx, doc.Key); errors.Is(err, store.ErrNotFound) {
			return "", errNothing // shredded or retired
		} else if err != nil {
			return "", err
		}
	}
	return "", store.ErrConflict
}

// documents yields the data keys of t in the order of their ids, and ends with an error.
func (k *Keeper) documents(ctx context.Context, t capability.TenantID) iter.Seq2[store.Doc, error] {
	return func(yield func(store.Doc, error) bool) {
		for doc, err := range store.Each(ctx, k.store, store.Query{Tenant: t, Collection: Collection}) {
			if err != nil {
				yield(store.Doc{}, fmt.Errorf("list the data keys of tenant %s: %w", t, err))
				return
			}
			if doc.Key.ID != pointerID && !yield(doc, nil) {
				return
			}
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
