package main

import (
	"context"
	"strconv"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

// plan remembers, under a token, which links are said to be made before any is, so that what is said of one counts those that were said before. Where
// the relation takes any number of links at both ends there is nothing to remember.
type plan struct {
	token string
	ends  []string               // of the relation that are bounded
	keep  bool                   // remembers all pairs, whatever the bounds
	lines map[relations.Pair]int // of a file, by which these are told apart
}

// newPlan plans links of a relation.
func newPlan(ctx context.Context, token, relation string) (*plan, error) {
	all, err := relations.Sides(ctx, "")
	switch {
	case err != nil:
		return nil, err
	case all == nil:
		return nil, absent()
	}
	p := &plan{token: token}
	for _, s := range all.Sides {
		if s.Relation == relation && s.Most > 0 {
			p.ends = append(p.ends, s.End.End)
		}
	}
	return p, nil
}

// judge says what would become of up to [relations.MostPairs] pairs. One that was planned before is said to be made again, so a step that is done
// twice says the same.
func (p *plan) judge(ctx context.Context, pairs []relations.Pair) ([]relations.Outcome, error) {
	if len(p.ends) == 0 && !p.keep {
		return joinPairs(ctx, relations.Joining{Pairs: pairs, Check: true})
	}
	out := make([]relations.Outcome, len(pairs))
	var open []relations.Pair
	var at []int
	for n, pair := range pairs {
		_, err := store.Get(ctx, rowType, store.JoinID(p.token, pair.First, pair.Second))
		switch sdk.CodeOf(err) {
		case "":
			out[n].What = relations.Made
		case sdk.NotFound:
			open, at = append(open, pair), append(at, n)
		default:
			return nil, err
		}
	}
	if len(open) == 0 {
		return out, nil
	}
	taken, err := p.taken(ctx, open)
	if err != nil {
		return nil, err
	}
	said, err := joinPairs(ctx, relations.Joining{Pairs: open, Check: true, Taken: taken})
	if err != nil {
		return nil, err
	}
	var put []store.Record
	for n, o := range said {
		out[at[n]] = o
		if o.What == relations.Made {
			r := store.Record{Type: rowType, Fields: map[string]string{"rows": p.token, "first": open[n].First, "second": open[n].Second}}
			if line := p.lines[open[n]]; line > 0 {
				r.Fields["line"] = strconv.Itoa(line)
			}
			put = append(put, r)
		}
	}
	if len(put) > 0 {
		_, err = store.Put(ctx, put...)
	}
	return out, err
}

// taken are how many links are planned already at the bounded ends of pairs.
func (p *plan) taken(ctx context.Context, pairs []relations.Pair) ([]relations.Taken, error) {
	var out []relations.Taken
	for _, end := range p.ends {
		seen := map[string]bool{}
		for _, pair := range pairs {
			issue, field := pair.First, "first"
			if end == relations.Second {
				issue, field = pair.Second, "second"
			}
			if seen[issue] {
				continue
			}
			seen[issue] = true
			n, err := store.Count(ctx, store.Query{Type: rowType, Prefix: []string{p.token}, Field: field, Value: issue, Limit: mostPlanned})
			if err != nil {
				return nil, err
			}
			if n.Records > 0 {
				out = append(out, relations.Taken{End: relations.End{Relation: pair.Relation, End: end}, IssueID: issue, Links: n.Records})
			}
		}
	}
	return out, nil
}

// mostPlanned bounds what is counted at an end: no relation takes more.
const mostPlanned = 10_000

// drop forgets what was planned.
func drop(ctx context.Context, token string) error {
	return clear(ctx, store.Query{Type: rowType, Prefix: []string{token}})
}
