package store

import (
	"context"
	"iter"

	"github.com/pergola-platform/pergola/core/capability"
)

// Each yields every document of a query, page by page of its Limit, and ends with an error. Documents may be written and
// deleted meanwhile; one that is there all the time comes once.
func Each(ctx context.Context, d Driver, q Query) iter.Seq2[Doc, error] {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	return func(yield func(Doc, error) bool) {
		for {
			page, err := d.List(ctx, q)
			if err != nil {
				yield(Doc{}, err)
				return
			}
			for _, doc := range page {
				if q.After = doc.Key.ID; !yield(doc, nil) {
					return
				}
			}
			if len(page) < q.Limit {
				return
			}
		}
	}
}

// EachTenant yields every tenant that has documents, and ends with an error.
func EachTenant(ctx context.Context, s Inventory) iter.Seq2[capability.TenantID, error] {
	return func(yield func(capability.TenantID, error) bool) {
		var after capability.TenantID
		for {
			page, err := s.Tenants(ctx, after, DefaultLimit)
			if err != nil {
				yield("", err)
				return
			}
			for _, t := range page {
				if after = t; !yield(t, nil) {
					return
				}
			}
			if len(page) < DefaultLimit {
				return
			}
		}
	}
}
