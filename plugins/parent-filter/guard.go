package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/config"
)

// guard judges a filter that an admin writes.
func guard(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil
	}
	f := newFilter(c.After)
	for _, s := range []struct {
		setting string
		end     relations.End
	}{{"child", f.child}, {"parent", f.parent}, {"via", f.via}} {
		if s.end.Relation == "" || s.end.End != relations.First && s.end.End != relations.Second {
			return config.No(s.setting+".relation", "Choose a relation and one of its ends."), nil
		}
	}
	if f.child == f.parent {
		return config.No("parent.relation", "What is linked here cannot bound itself. Choose another relation, or the other end."), nil
	}
	ids, all, err := filters(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.Index(ids, c.ID); i >= 0 {
		all = slices.Delete(all, i, i+1)
	}
	if by, circle := bounds(all, f.parent, f.child, len(all)); circle {
		return config.No("parent.relation", fmt.Sprintf("This would go in a circle: by “%s”, what is chosen there already depends on what is chosen here. Choose another one, or change that filter.", by)), nil
	}
	return nil, nil
}

// bounds says whether what is linked at one side is bounded, over any number of filters, by what is linked at another, and by which filter first.
func bounds(all []filter, child, by relations.End, left int) (string, bool) {
	if left < 0 { // of a circle that is there already
		return "", false
	}
	for _, f := range all {
		if f.child != child {
			continue
		}
		if _, further := bounds(all, f.parent, by, left-1); f.parent == by || further {
			return f.name, true
		}
	}
	return "", false
}
