package main

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/store"
)

const nativePortal = "Links of Jira’s own can be read by those alone who may browse the issue, and customers may not. Choose “Customers see nothing”, or links of this feature."

// onPortal says whether customers see something at an end.
func (r *relation) onPortal(end string) bool {
	return r.ends[end].portal == portalShows || r.ends[end].portal == portalLinks
}

// guard judges a relation that an admin writes.
func (p *plugin) guard(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil // what it joined is kept as long as that can be taken back, and goes with it
	}
	r := newRelation(c.ID, c.After)
	switch {
	case r.native && r.linkType == "":
		return config.No("linkType", "Choose the type that Jira’s links have."), nil
	case r.native && r.searchable:
		return config.No("searchable", "Jira finds its own links by itself: with linkedIssues(KEY), or with issueLinkType = \"…\". Switch this off."), nil
	case r.native && r.onPortal(first):
		return config.No("first.portal", nativePortal), nil
	case r.native && r.onPortal(second):
		return config.No("second.portal", nativePortal), nil
	case !r.ends[first].show && !r.ends[second].show && !r.onPortal(first) && !r.onPortal(second):
		return config.No("first.show", "Show it at one end at least, or nobody will see it."), nil
	}
	if c.Before == nil {
		return nil, nil
	}
	before := newRelation(c.ID, c.Before)
	if before.native == r.native && (!r.native || before.linkType == r.linkType) {
		return nil, nil
	}
	links, err := store.Count(ctx, store.Query{Type: "link", Prefix: []string{c.ID}, Limit: 1})
	if err != nil {
		return nil, err
	}
	if links.Records > 0 {
		return config.No("storage", "There are links already, and they would be lost. Make another relation, and delete this one when nobody needs it."), nil
	}
	return nil, nil
}
