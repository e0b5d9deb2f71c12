package seeding

import (
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (w *siteWriter) filters() error {
	ids := numbered(w.site.Filters, "", 10000, func(f *seed.Filter) string { return f.ID })
	for n, f := range w.site.Filters {
		filter := &world.Filter{
			ID: world.FilterID(ids[n]), Name: f.Name, Description: f.Description, Owner: w.users[f.Owner], JQL: f.JQL, Favourite: w.accounts(f.Favourites),
		}
		for _, to := range []struct {
			texts  []string
			shares *[]world.Share
		}{{f.Shared, &filter.Shares}, {f.Editors, &filter.Editors}} {
			for _, text := range to.texts {
				share, err := w.share(text)
				if err != nil {
					return fmt.Errorf("filter %s: %w", f.Name, err)
				}
				*to.shares = append(*to.shares, share)
			}
		}
		if err := w.tx.Put(filter); err != nil {
			return err
		}
	}
	return nil
}

// share reads what [seed.Filter] says of with whom a filter is shared.
func (w *siteWriter) share(text string) (world.Share, error) {
	kind, value, _ := strings.Cut(text, ":")
	switch kind {
	case "project":
		key, role, inRole := strings.Cut(value, "/")
		if inRole {
			return world.Share{Kind: world.ToRole, Project: w.projects[key], Value: string(w.roles[role])}, nil
		}
		return world.Share{Kind: world.ToProject, Project: w.projects[key]}, nil
	case "group":
		return world.Share{Kind: world.ToGroup, Value: value}, nil
	case "user":
		return world.Share{Kind: world.ToUser, Value: string(w.users[value])}, nil
	case "logged in":
		return world.Share{Kind: world.ToEverybody}, nil
	case "anyone":
		return world.Share{Kind: world.ToWorld}, nil
	}
	return world.Share{}, fmt.Errorf("it is shared with %q; write group:NAME, user:LOGIN, project:KEY, project:KEY/ROLE, logged in or anyone", text)
}
