package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/tinylib/msgp/msgp"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/store"
)

// mostMany bounds the links that one bulk read tells of; the issues behind it are told to have more.
const mostMany = 2000

// restMany reads the links of many issues. What is at the other ends is read together.
func (p *plugin) restMany(ctx context.Context, r *rest.Request) (int, msgp.Marshaler, error) {
	var q manyQuestion
	if err := r.Read(&q); err != nil {
		return 0, nil, err
	}
	if len(q.Issues) > contract.MostLinked {
		return 0, nil, invalid("Ask for the links of 100 issues at most at a time.")
	}
	all, err := relations(ctx)
	if err != nil {
		return 0, nil, err
	}
	found, missing, err := issuesNamed(ctx, q.Issues)
	if err != nil {
		return 0, nil, err
	}
	out := &manyAnswer{Missing: missing}
	told, others, raw := map[string]bool{}, []string{}, [][]linkedAt{}
	for _, name := range q.Issues {
		issue := found[name]
		if issue == nil || told[issue.ID] { // by id and by key
			continue
		}
		told[issue.ID] = true
		sides, err := chosenSides(all, issue, q.Relation, q.Direction)
		if err != nil {
			return 0, nil, err
		}
		links, more, err := linksAt(ctx, issue.ID, sides, min(cmp.Or(q.Limit, usuallyLinked), mostMany-len(others)))
		if err != nil {
			return 0, nil, err
		}
		for _, l := range links {
			others = append(others, l.other)
		}
		out.Issues, raw = append(out.Issues, manyLinks{Issue: refTo(issue), More: more}), append(raw, links)
	}
	seen, err := readIssues(ctx, slices.Compact(slices.Sorted(slices.Values(others))), "summary")
	if err != nil {
		return 0, nil, err
	}
	for i, links := range raw {
		for _, l := range links {
			if other := seen[l.other]; other != nil {
				out.Issues[i].Links = append(out.Issues[i].Links, l.shape(out.Issues[i].Issue.ID, other))
			} else {
				out.Issues[i].Hidden++
			}
		}
	}
	return 200, out, nil
}

// linksAt reads up to limit links at some sides of an issue: those of the feature's own in one question for each end, whatever the number of relations,
// and those of Jira's own in one for all.
func linksAt(ctx context.Context, issue string, sides []side, limit int) (out []linkedAt, more bool, err error) {
	for _, end := range []string{first, second} {
		var some []side
		for _, s := range sides {
			if s.end == end && !s.native {
				some = append(some, s)
			}
		}
		found, rest, err := ownLinksAt(ctx, issue, some, limit-len(out))
		if err != nil {
			return nil, false, err
		}
		out, more = append(out, found...), more || rest
	}
	sides = slices.DeleteFunc(slices.Clone(sides), func(s side) bool { return !s.native })
	if len(sides) == 0 {
		return out, more, nil
	}
	all, err := jira.Links(ctx, issue)
	if err != nil {
		return nil, false, err
	}
	for _, s := range sides {
		for _, l := range s.among(all.Links, issue) {
			if len(out) >= limit {
				return out, true, nil
			}
			_, other := s.split(l)
			out = append(out, linkedAt{s, other})
		}
	}
	return out, more, nil
}

// ownLinksAt reads up to limit links at sides of one end.
func ownLinksAt(ctx context.Context, issue string, sides []side, limit int) (out []linkedAt, more bool, err error) {
	if len(sides) == 0 {
		return nil, false, nil
	}
	q := store.Query{Type: linkType, Field: sides[0].field(), Value: issue, IDs: true, Limit: mostListed}
	if len(sides) == 1 {
		q.Prefix = sides[0].prefix(issue)
	}
	for {
		page, err := store.List(ctx, q)
		if err != nil {
			return nil, false, err
		}
		for _, r := range page.Records {
			at := slices.IndexFunc(sides, func(s side) bool { return s.id == r.Fields["relation"] })
			if at < 0 { // of a relation that does not show here
				continue
			}
			if len(out) >= limit {
				return out, true, nil
			}
			out = append(out, linkedAt{sides[at], r.Fields[sides[at].otherField()]})
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return out, false, nil
		}
	}
}
