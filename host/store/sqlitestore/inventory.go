package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Tenants returns a page of the tenants that have documents.
func (s *Store) Tenants(ctx context.Context, after capability.TenantID, limit int) ([]capability.TenantID, error) {
	limit, err := store.ValidateTenants(after, limit)
	if err != nil {
		return nil, err
	}
	r, err := s.readers.take(ctx)
	if err != nil {
		return nil, err
	}
	defer s.readers.give(r)
	var page []capability.TenantID
	for len(page) < limit {
		err := r.tenant.QueryRowContext(uncancelled(ctx), after).Scan(&after)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return nil, s.fail("list the tenants", err)
		}
		page = append(page, after)
	}
	return page, nil
}

// Collections returns the collections of a tenant.
func (s *Store) Collections(ctx context.Context, t capability.TenantID) ([]store.Collection, error) {
	if err := store.ValidateTenant(t); err != nil {
		return nil, err
	}
	r, err := s.readers.take(ctx)
	if err != nil {
		return nil, err
	}
	defer s.readers.give(r)
	all, err := r.counts(uncancelled(ctx), t)
	if err != nil {
		return nil, s.fail("list the collections of "+string(t), err)
	}
	return all, nil
}

func (r *reader) counts(ctx context.Context, t capability.TenantID) ([]store.Collection, error) {
	rows, err := r.collections.QueryContext(ctx, t)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []store.Collection
	for rows.Next() {
		var c store.Collection
		if err := rows.Scan(&c.Name, &c.Documents); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}
