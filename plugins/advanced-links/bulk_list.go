package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/store"
)

// servePairs lists links.
func (p *plugin) servePairs(ctx context.Context, _ *service.Request, q *contract.PairsQuestion) (*contract.PairList, error) {
	limit := cmp.Or(q.Limit, contract.MostListed)
	switch {
	case limit < 1 || limit > contract.MostListed:
		return nil, invalid(fmt.Sprintf("Ask for 1 to %d links at a time.", contract.MostListed))
	case q.Relation == "" && q.Batch == 0 || q.Removed && q.Batch == 0:
		return nil, invalid("Name the relation whose links are listed, or a batch.")
	case q.Seen != "" && q.Seen != first && q.Seen != second:
		return nil, invalid("The end at which links are looked for is first or second.")
	}
	if q.Relation != "" {
		s, err := sideAt(ctx, contract.End{Relation: q.Relation, End: first})
		if err != nil {
			return nil, err
		}
		if s.native && q.Batch == 0 {
			return side{s.relation, cmp.Or(q.Seen, first)}.nativePairs(ctx, q, limit)
		}
	}
	switch {
	case q.Removed:
		return batched(ctx, q, removedType, limit)
	case q.Batch != 0:
		return madeBy(ctx, q, limit)
	}
	return storedPairs(ctx, q, linkType, limit)
}

// madeBy lists the links that a batch made: those of the feature's own, then those of Jira's.
func madeBy(ctx context.Context, q *contract.PairsQuestion, limit int) (*contract.PairList, error) {
	own := q.After == nil
	if !own {
		all, err := relations(ctx)
		if err != nil {
			return nil, err
		}
		own = !slices.ContainsFunc(all, func(r relation) bool { return r.native && r.id == q.After.Relation })
	}
	if !own {
		return batched(ctx, q, joinedType, limit)
	}
	out, err := storedPairs(ctx, q, linkType, limit)
	if err != nil || out.More {
		return out, err
	}
	rest := *q
	rest.After = nil
	natives, err := batched(ctx, &rest, joinedType, max(limit-len(out.Pairs), 1))
	if err != nil {
		return nil, err
	}
	if len(out.Pairs) == limit {
		out.More = len(natives.Pairs) > 0
		return out, nil
	}
	out.Pairs, out.More, out.Total = append(out.Pairs, natives.Pairs...), natives.More, out.Total+natives.Total
	return out, nil
}

// batched lists what a batch made or removed, of links of Jira's own no more than one change can be about.
func batched(ctx context.Context, q *contract.PairsQuestion, typ string, limit int) (*contract.PairList, error) {
	out, err := storedPairs(ctx, q, typ, limit)
	if err != nil || len(out.Pairs) <= contract.MostNative {
		return out, err
	}
	all, err := relations(ctx)
	if err != nil {
		return nil, err
	}
	for n, p := range out.Pairs[contract.MostNative:] {
		if slices.ContainsFunc(all, func(r relation) bool { return r.native && r.id == p.Relation }) {
			out.Pairs, out.More = out.Pairs[:contract.MostNative+n], true
			break
		}
	}
	return out, nil
}

// storedPairs lists links by records of a type.
func storedPairs(ctx context.Context, q *contract.PairsQuestion, typ string, limit int) (*contract.PairList, error) {
	in := store.Query{Type: typ, IDs: true, Limit: limit}
	if q.Relation != "" {
		in.Prefix = []string{q.Relation}
	}
	if q.Batch != 0 {
		in.Field, in.Value = batchField, strconv.FormatInt(q.Batch, 10)
	}
	out := &contract.PairList{}
	if q.After == nil {
		counted := in
		counted.Limit, counted.IDs = mostCounted, false
		n, err := store.Count(ctx, counted)
		if err != nil {
			return nil, err
		}
		if !n.More {
			out.Total = n.Records
		}
	} else {
		in.After = store.JoinID(q.After.Relation, q.After.First, q.After.Second)
	}
	page, err := store.List(ctx, in)
	if err != nil {
		return nil, err
	}
	for _, l := range page.Records {
		out.Pairs = append(out.Pairs, contract.Pair{Relation: l.Fields["relation"], First: l.Fields["outward"], Second: l.Fields["inward"]})
	}
	out.More = page.Next != ""
	return out, nil
}
