package main

import (
	"context"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
)

const nativeType = "native" // of records

// removeNatives removes links of Jira's own whose link of the relation is there. What is to be removed is remembered first.
func (m *migration) removeNatives(ctx context.Context, all []*moving, batch int64, counts map[string]int64) error {
	var put []store.Record
	var going []jira.IssueLink
	for some := range slices.Chunk(all, relations.MostPairs) {
		var pairs []relations.Pair
		for _, l := range some {
			pairs = append(pairs, l.pair)
		}
		whats, err := partPairs(ctx, relations.Parting{Pairs: pairs, Only: batch, Check: true})
		if err != nil {
			return err
		}
		for n, l := range some {
			if whats[n].What != relations.Made && whats[n].What != relations.Changed {
				continue // no link is in its place
			}
			r, err := m.record(ctx, l.link, batch, whats[n].What == relations.Made)
			if err != nil {
				return err
			}
			put, going = append(put, *r), append(going, l.link)
		}
	}
	for len(put) > 0 {
		n := min(len(put), 500)
		if _, err := store.Put(ctx, put[:n]...); err != nil {
			return again(err)
		}
		put = put[n:]
	}
	for _, l := range going {
		switch err := jira.Unlink(ctx, l.ID); sdk.CodeOf(err) {
		case sdk.NotFound, "":
		case sdk.PermissionDenied:
			counts["unremoved"]++
			if err := store.Delete(ctx, nativeType, store.JoinID(l.TypeID, l.FromID, l.ToID)); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// record is what is remembered of a link of Jira's own; made says that the run made the one in its place.
func (m *migration) record(ctx context.Context, l jira.IssueLink, batch int64, made bool) (*store.Record, error) {
	r := &store.Record{Type: nativeType, Fields: map[string]string{
		"type": l.TypeID, "from": l.FromID, "to": l.ToID, "batch": strconv.FormatInt(batch, 10), "direction": m.direction, "made": strconv.FormatBool(made),
	}}
	old, err := store.Get(ctx, nativeType, store.JoinID(l.TypeID, l.FromID, l.ToID))
	switch {
	case err == nil:
		r.ID, r.Rev = old.ID, old.Rev
	case sdk.CodeOf(err) != sdk.NotFound:
		return nil, err
	}
	return r, nil
}

// again makes an error that others caused by writing the same records one that a later try mends.
func again(err error) error {
	if sdk.CodeOf(err) == sdk.Exists {
		return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "Another run moves the same links at this moment."}
	}
	return err
}
