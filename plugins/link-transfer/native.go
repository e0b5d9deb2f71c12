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

// removeNatives removes links of Jira's own whose link of the relation is there, up to so many. What is to be removed is remembered first. It says how
// many are gone, how many could not be removed, and whether there are more.
func (m *migration) removeNatives(ctx context.Context, all []*moving, batch int64, most int) (gone, refused int, more bool, err error) {
	var put []store.Record
	var going []jira.IssueLink
	for some := range slices.Chunk(all, relations.MostPairs) {
		if len(going) >= most {
			more = true
			break
		}
		var pairs []relations.Pair
		for _, l := range some {
			pairs = append(pairs, l.pair)
		}
		whats, err := partPairs(ctx, relations.Parting{Pairs: pairs, Only: batch, Check: true})
		if err != nil {
			return 0, 0, false, err
		}
		for n, l := range some {
			if whats[n].What != relations.Made && whats[n].What != relations.Changed {
				continue // no link is in its place
			}
			if len(going) == most {
				more = true
				break
			}
			r, err := m.record(ctx, l.link, batch, whats[n].What == relations.Made)
			if err != nil {
				return 0, 0, false, err
			}
			put, going = append(put, *r), append(going, l.link)
		}
	}
	if len(put) == 0 {
		return 0, 0, more, nil
	}
	if _, err := store.Put(ctx, put...); err != nil {
		return 0, 0, false, again(err)
	}
	for _, l := range going {
		switch err := jira.Unlink(ctx, l.ID); sdk.CodeOf(err) {
		case sdk.NotFound, "":
			gone++
		case sdk.PermissionDenied:
			refused++
			if err := store.Delete(ctx, nativeType, store.JoinID(l.TypeID, l.FromID, l.ToID)); err != nil {
				return gone, refused, more, err
			}
		default:
			return gone, refused, more, err
		}
	}
	return gone, refused, more, nil
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
