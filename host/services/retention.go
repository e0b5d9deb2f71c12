package services

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
)

// expiryPage is how many records ExpireRecords reads at a time, and so how many it may find in vain between two looks at the
// context.
const expiryPage = 200

// writtenTime returns when a record was last written; false for one of a time when that was not kept.
func (r *record) writtenTime() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, r.Written)
	return at, err == nil
}

// expired says whether the time of a record is over. One that does not say when it was written is not: ExpireRecords begins
// to count when it meets it.
func (r *record) expired(keep manifest.Retention, now time.Time) bool {
	at, ok := r.writtenTime()
	return ok && keep.Days > 0 && !now.Before(at.AddDate(0, 0, keep.Days))
}

// stamp is the form in which the time of a write is kept.
func stamp(now time.Time) string { return now.UTC().Format(time.RFC3339) }

// ExpireRecords deletes a tenant's records whose time is over by the retention that the manifests declare, and returns how
// many; manifests holds one for each plugin, that of the version in force. A record that is written meanwhile stays. Records
// without the time of their last write count as written now. What goes wrong with one record keeps no other one; only where
// the store is not available or the context ends it stops. Calling it again goes on from there.
func ExpireRecords(ctx context.Context, s store.Driver, manifests []*manifest.Manifest, t capability.TenantID, now time.Time) (removed int, err error) {
	var failed []error
	for _, m := range manifests {
		for _, declared := range m.Records {
			if declared.Retention.Days == 0 {
				continue
			}
			n, err := expireType(ctx, s, store.Query{Tenant: t, Collection: privacy.RecordCollection(m.ID, declared.Type), Limit: expiryPage}, declared.Retention, now)
			removed += n
			if err != nil {
				failed = append(failed, fmt.Errorf("expire records %s of %s: %w", declared.Type, m.ID, err))
			}
			if ctx.Err() != nil || errors.Is(err, store.ErrUnavailable) {
				return removed, errors.Join(failed...)
			}
		}
	}
	return removed, errors.Join(failed...)
}

// expireType goes through all records of a type. One that cannot be expired keeps no other one from it; the first error is
// returned at the end.
func expireType(ctx context.Context, s store.Driver, q store.Query, keep manifest.Retention, now time.Time) (removed int, err error) {
	for d, failed := range store.Each(ctx, s, q) {
		if failed != nil {
			return removed, failed
		}
		gone, failed := expire(ctx, s, d, keep, now)
		if gone {
			removed++
		}
		if failed != nil && err == nil {
			err = failed
		}
		if ctx.Err() != nil || errors.Is(failed, store.ErrUnavailable) {
			break
		}
	}
	return removed, err
}

// expire deletes one record if its time is over, or begins to count it. Each is a write of its own: in a batch, one that was
// written meanwhile would hold up all others.
func expire(ctx context.Context, s store.Driver, d store.Doc, keep manifest.Retention, now time.Time) (gone bool, err error) {
	r, err := decodeRecord(d)
	if err != nil {
		return false, err
	}
	op := store.Op{Doc: d, IfRev: d.Rev}
	if _, ok := r.writtenTime(); !ok {
		r.Written = stamp(now)
		if op.Doc.Body, err = json.Marshal(r); err != nil {
			return false, fmt.Errorf("encode record %s: %w", d.Key, err)
		}
	} else if op.Delete = r.expired(keep, now); !op.Delete {
		return false, nil
	}
	if _, err := s.Write(ctx, op); errors.Is(err, store.ErrConflict) {
		return false, nil // somebody writes it right now
	} else if err != nil {
		return false, err
	}
	return op.Delete, nil
}
