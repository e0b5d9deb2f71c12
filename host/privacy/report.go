package privacy

import (
	"context"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Entry is a type with how many documents of it there are about one site.
type Entry struct {
	Type
	Documents int64
	// Former says that nobody writes such documents any more: their plugin, or its record type, was taken out.
	Former bool
}

// Report counts what is stored about a site: every type that documents of the site can have, and of what was taken out
// what is left. The platform's documents about it are those in about.
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
		e := Entry{Type: typ, Documents: count[typ.Collection]}
		if !t.current(typ.Collection) {
			if e.Former = true; e.Documents == 0 {
				continue
			}
		}
		all = append(all, e)
	}
	return all, nil
}
