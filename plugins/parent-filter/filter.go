package main

import (
	"context"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/settings"
)

const filterType = "filter"

// filter is what an admin wrote: what can be linked at the child side is what the issues at the parent side are linked to by a third relation.
type filter struct {
	name          string
	child, parent relations.End // sides of the issue at hand
	via           relations.End // the side of the parent's issues
	all           bool          // what can be linked is linked to each of them
	open          bool          // without a parent nothing is bounded
	clear         bool          // a form drops what is chosen when the parent changes
	hint          string        // what users read without a parent
}

func newFilter(v *settings.Values) filter {
	end := func(group string) relations.End {
		return relations.End{Relation: v.String(group + ".relation"), End: v.String(group + ".end")}
	}
	return filter{
		name: v.String("name"), child: end("child"), parent: end("parent"), via: end("via"),
		all: v.String("mode") == "all", open: v.String("empty") == "all", clear: v.Bool("clear"), hint: v.String("hint"),
	}
}

// filters returns what admins wrote, by the id of the document.
func filters(ctx context.Context) (ids []string, all []filter, err error) {
	docs, err := config.List(ctx, filterType)
	for i := range docs {
		ids, all = append(ids, docs[i].ID), append(all, newFilter(&docs[i].Values))
	}
	return ids, all, err
}
