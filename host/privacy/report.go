package privacy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Entry is a type with how many documents of it there are about one site.
type Entry struct {
	Type
	Documents int64
	// Undeclared says that documents are there of which no declaration is known: records of a plugin that was taken out. They
	// were declared when they were written.
	Undeclared bool
}

// Report counts what is stored about a site: every type that documents of the site can have, and whatever else stands under its
// tenant. The platform's documents about it are those in about.
func (t *Types) Report(ctx context.Context, s store.Store, site capability.TenantID, about []store.Key) ([]Entry, error) {
	count := map[string]int64{}
	there, err := s.Collections(ctx, site)
	if err != nil {
		return nil, fmt.Errorf("count what is stored about site %s: %w", site, err)
	}
	for _, c := range there {
		count[c.Name] = c.Documents
	}
	for _, key := range about {
		if _, err := s.Get(ctx, key); err == nil {
			count[key.Collection]++
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("count what is stored about site %s: %w", site, err)
		}
	}
	var all []Entry
	for _, typ := range t.All() {
		if typ.Scope == OfPlatform {
			continue
		}
		all = append(all, Entry{Type: typ, Documents: count[typ.Collection]})
	}
	for _, c := range there {
		if slices.ContainsFunc(all, func(e Entry) bool { return e.Collection == c.Name }) {
			continue
		}
		plugin, name, ok := recordOf(c.Name)
		if !ok {
			name = c.Name
		}
		all = append(all, Entry{Type: Type{Collection: c.Name, Name: name, Plugin: plugin}, Documents: c.Documents, Undeclared: true})
	}
	return all, nil
}
