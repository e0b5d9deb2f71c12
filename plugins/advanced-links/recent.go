package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/pergola-platform/pergola/sdk/store"
)

const (
	mostRecent = 5 // of what a user linked lately that is offered first

	// mostOwn bounds the links of a user that are looked through for the latest. Who made more is offered none: the store knows them by their
	// ids, and the first ones are not the latest.
	mostOwn = 4 * mostListed
)

// recent returns what a user linked lately at the side's end, the latest first. Links of Jira's own do not say who made them.
func (s side) recent(ctx context.Context, account string) ([]string, error) {
	if s.native || account == "" {
		return nil, nil
	}
	q := store.Query{Type: "link", Field: "by", Value: account, Prefix: []string{s.id}, Limit: mostListed}
	latest := map[string]string{} // when, by issue
	for seen := 0; ; {
		page, err := store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			other := r.Fields[s.otherField()]
			latest[other] = max(latest[other], r.Fields["at"])
		}
		seen += len(page.Records)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
		if seen >= mostOwn {
			return nil, nil
		}
	}
	ids := make([]string, 0, len(latest))
	for id := range latest {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(latest[b], latest[a]), cmp.Compare(a, b)) })
	return ids[:min(len(ids), mostRecent)], nil
}
