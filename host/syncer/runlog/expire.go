package runlog

import (
	"context"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Expire deletes what is kept of a tenant's runs that last changed before a time, and returns how many runs those were.
func Expire(ctx context.Context, s store.Driver, t capability.TenantID, before time.Time) (int, error) {
	removed := 0
	for d, err := range store.Each(ctx, s, store.Query{Tenant: t, Collection: headers}) {
		if err != nil {
			return removed, fmt.Errorf("list runs: %w", err)
		}
		h, err := decode(d)
		if err != nil {
			return removed, err
		}
		if !h.Changed.Before(before) {
			continue
		}
		// The header last: as long as it is there, the rest is found again.
		if err := deleteRows(ctx, s, t, h.Run); err != nil {
			return removed, err
		}
		if _, err := s.Write(ctx, store.Op{Doc: store.Doc{Key: d.Key}, Delete: true, IfRev: store.Any}); err != nil {
			return removed, fmt.Errorf("delete run %s: %w", h.Run, err)
		}
		removed++
	}
	return removed, nil
}

func deleteRows(ctx context.Context, s store.Driver, t capability.TenantID, run string) error {
	var ops []store.Op
	flush := func() error {
		if len(ops) == 0 {
			return nil
		}
		_, err := s.Write(ctx, ops...)
		ops = ops[:0]
		if err != nil {
			return fmt.Errorf("delete the rows of run %s: %w", run, err)
		}
		return nil
	}
	for d, err := range store.Each(ctx, s, store.Query{Tenant: t, Collection: pages, Index: byRun, Value: run}) {
		if err != nil {
			return fmt.Errorf("list the rows of run %s: %w", run, err)
		}
		if ops = append(ops, store.Op{Doc: store.Doc{Key: d.Key}, Delete: true, IfRev: store.Any}); len(ops) == store.MaxOps {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
