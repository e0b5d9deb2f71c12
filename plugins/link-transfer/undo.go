package main

import (
	"context"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
)

// undoStep takes a few links back: first those whose link of Jira's own has to be made again, then the rest of what the run made. What
// somebody changed since is left alone.
func (p *plugin) undoStep(ctx context.Context, s *job.Step) (*job.Result, error) {
	batch := job.Int(s.Input, "batch")
	if batch == 0 {
		return nil, invalid("It is not said which run is taken back.")
	}
	if s.Cursor["rest"] != "true" {
		return restoreNatives(ctx, batch, s.Cursor)
	}
	return unmake(ctx, batch, s.Cursor)
}

// unmake removes links that the run made.
func unmake(ctx context.Context, batch int64, at map[string]string) (*job.Result, error) {
	q := relations.PairsQuestion{Batch: batch, Limit: relations.MostPairs}
	if at["first"] != "" {
		q.After = &relations.Pair{Relation: at["relation"], First: at["first"], Second: at["second"]}
	}
	page, err := relations.Pairs(ctx, q)
	if err != nil {
		return nil, err
	}
	if page == nil {
		return nil, absent()
	}
	out := &job.Result{Counts: map[string]int64{}, Finished: !page.More}
	if len(page.Pairs) == 0 {
		return out, nil
	}
	whats, err := partPairs(ctx, relations.Parting{Pairs: page.Pairs, Only: batch})
	if err != nil {
		return nil, err
	}
	for _, o := range whats {
		out.Counts[undone(o.What)]++
	}
	out.Done = int64(len(page.Pairs))
	last := page.Pairs[len(page.Pairs)-1]
	out.Cursor = map[string]string{"rest": "true", "relation": last.Relation, "first": last.First, "second": last.Second}
	return out, nil
}

func undone(what string) string {
	switch what {
	case relations.Made:
		return "unmade"
	case relations.Nothing, relations.Changed:
		return "changed"
	}
	return "refused"
}

// removed is a link of Jira's own that a run removed, with the one of the relation in its place.
type removed struct {
	record store.Record
	link   jira.IssueLink
	pair   relations.Pair
	made   bool // by the run
}

// restoreNatives makes links of Jira's own again.
func restoreNatives(ctx context.Context, batch int64, at map[string]string) (*job.Result, error) {
	q := store.Query{Type: nativeType, Field: "batch", Value: strconv.FormatInt(batch, 10), Limit: relations.MostPairs}
	if at["type"] != "" {
		q.After = store.JoinID(at["type"], at["first"], at["second"])
	}
	page, err := store.List(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &job.Result{Counts: map[string]int64{}, Cursor: map[string]string{"rest": "true"}}
	if len(page.Records) == 0 && page.Next == "" {
		return out, nil
	}
	relation, err := relationOf(ctx, batch)
	if err != nil {
		return nil, err
	}
	var all []*removed
	for _, r := range page.Records {
		l := jira.IssueLink{TypeID: r.Fields["type"], FromID: r.Fields["from"], ToID: r.Fields["to"]}
		all = append(all, &removed{record: r, link: l, pair: pairOf(relation, r.Fields["direction"], l), made: r.Fields["made"] == "true"})
	}
	if err := restore(ctx, batch, all, out.Counts); err != nil {
		return nil, err
	}
	out.Done = int64(len(all))
	if page.Next != "" && len(all) > 0 {
		last := all[len(all)-1].link
		out.Cursor = map[string]string{"type": last.TypeID, "first": last.FromID, "second": last.ToID}
	}
	return out, nil
}

// relationOf is the relation of which a run made links; "" where none of them is as it was made.
func relationOf(ctx context.Context, batch int64) (string, error) {
	page, err := relations.Pairs(ctx, relations.PairsQuestion{Batch: batch, Limit: 1})
	switch {
	case err != nil:
		return "", err
	case page == nil:
		return "", absent()
	case len(page.Pairs) == 0:
		return "", nil
	}
	return page.Pairs[0].Relation, nil
}

// restore makes the links of Jira's own again that nobody changed since the run: those that the run found linked already, and those whose link is as
// the run made it, which goes then.
func restore(ctx context.Context, batch int64, all []*removed, counts map[string]int64) error {
	untouched, err := asMade(ctx, batch, all)
	if err != nil {
		return err
	}
	there, err := natives(ctx, all)
	if err != nil {
		return err
	}
	var parting []relations.Pair
	var done []store.Record
	for n, r := range all {
		switch {
		case there[r.link]: // made again by a step that is done again, or by somebody
			counts["restored"]++
		case r.made && !untouched[n]:
			counts["changed"]++
			done = append(done, r.record)
			continue
		default:
			_, err := jira.Link(ctx, jira.NewLink{TypeID: r.link.TypeID, FromID: r.link.FromID, ToID: r.link.ToID})
			switch sdk.CodeOf(err) {
			case "":
				counts["restored"]++
			case sdk.NotFound, sdk.PermissionDenied, sdk.Invalid:
				counts["refused"]++
				continue
			default:
				return err
			}
		}
		if untouched[n] {
			parting = append(parting, r.pair)
		}
		done = append(done, r.record)
	}
	if len(parting) > 0 {
		whats, err := partPairs(ctx, relations.Parting{Pairs: parting, Only: batch})
		if err != nil {
			return err
		}
		for _, o := range whats {
			counts[undone(o.What)]++
		}
	}
	if len(done) == 0 {
		return nil
	}
	_, err = store.Write(ctx, store.Changes{Delete: done})
	return again(err)
}

// asMade says of which the link of the relation is as the run made it, so that it can go.
func asMade(ctx context.Context, batch int64, all []*removed) ([]bool, error) {
	out := make([]bool, len(all))
	var pairs []relations.Pair
	var at []int
	for n, r := range all {
		if r.made && r.pair.Relation != "" {
			pairs, at = append(pairs, r.pair), append(at, n)
		}
	}
	if len(pairs) == 0 {
		return out, nil
	}
	whats, err := partPairs(ctx, relations.Parting{Pairs: pairs, Only: batch, Check: true})
	if err != nil {
		return nil, err
	}
	for n, o := range whats {
		out[at[n]] = o.What == relations.Made
	}
	return out, nil
}

// natives are those of the links that are in Jira, without their ids.
func natives(ctx context.Context, all []*removed) (map[jira.IssueLink]bool, error) {
	var ids []string
	for _, r := range all {
		ids = append(ids, r.link.FromID)
	}
	slices.Sort(ids)
	links, err := jira.LinksOf(ctx, slices.Compact(ids)...)
	if err != nil {
		return nil, err
	}
	out := map[jira.IssueLink]bool{}
	for _, l := range links.Links {
		l.ID = ""
		out[l] = true
	}
	return out, nil
}
