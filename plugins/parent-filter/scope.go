package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/store"
)

// mostIDs is how many issues a clause names at most: with more a query would be longer than Jira takes.
const mostIDs = 500

// scope says what can still be linked at a side. Where several filters are for it, each has to leave an issue.
func scope(ctx context.Context, _ *service.Request, q *relations.ScopeQuestion) (*relations.Scope, error) {
	_, all, err := filters(ctx)
	if err != nil {
		return nil, err
	}
	out := &relations.Scope{}
	var bounds [][]string
	for _, f := range all {
		if f.child != q.End {
			continue
		}
		if key := relations.ChosenKey(f.parent); f.clear && !slices.Contains(out.Follows, key) {
			out.Follows = append(out.Follows, key)
		}
		parents, nothing, err := f.parents(ctx, &q.Where)
		if err == nil && nothing == "" && len(parents) == 0 {
			if f.open {
				continue
			}
			nothing = cmp.Or(f.hint, "Nothing can be linked here yet: choose first what it belongs to.")
		}
		f.join(out, parents, nothing)
		var left []string
		if err == nil && nothing == "" {
			left, nothing, err = f.leaves(ctx, parents)
		}
		if err != nil {
			return nil, err
		}
		if out.Nothing = cmp.Or(out.Nothing, nothing); nothing == "" {
			bounds = append(bounds, left)
		}
	}
	if out.NoNew != "" {
		out.Joins = nil
	}
	if out.Nothing != "" || len(bounds) == 0 {
		return out, nil
	}
	left := inEach(bounds)
	switch {
	case len(left) == 0:
		out.Nothing = "Nothing can be linked here: no issue belongs to what is chosen."
	case len(left) > mostIDs:
		out.Nothing = tooMany
	default:
		out.Clause, out.IssueIDs = jql.IDs(left...).String(), left
	}
	return out, nil
}

var tooMany = fmt.Sprintf("Nothing can be linked here: more than %d issues belong to what is chosen, which are too many to search in.", mostIDs)

// mostJoined is how many issues a new one can belong to.
const mostJoined = 20

var tooManyToJoin = fmt.Sprintf("Nothing can be created here: it would belong to more than %d issues.", mostJoined)

// join notes what a new issue has to be linked to: each of the parents, which is right for any and for all of them.
func (f *filter) join(out *relations.Scope, parents []string, nothing string) {
	if nothing == "" && len(parents) > mostJoined {
		nothing = tooManyToJoin
	}
	if out.NoNew = cmp.Or(out.NoNew, nothing); out.NoNew != "" {
		return
	}
	for _, id := range parents {
		if j := (relations.Join{End: f.via, IssueID: id}); !slices.Contains(out.Joins, j) {
			out.Joins = append(out.Joins, j)
		}
	}
}

// parents are the issues at the parent side: what the form holds, before what is saved.
func (f *filter) parents(ctx context.Context, w *relations.Where) (ids []string, nothing string, err error) {
	chosen, there := w.Chosen[relations.ChosenKey(f.parent)]
	switch {
	case there:
		ids = slices.DeleteFunc(slices.Clone(chosen), func(id string) bool { return store.Validate(store.KindIssue, id) != nil }) // from a browser
		slices.Sort(ids)
		ids = slices.Compact(ids)
	case w.IssueID != "":
		list, err := linked(ctx, f.parent, []string{w.IssueID}, relations.MostLinked)
		if err != nil {
			return nil, "", err
		}
		if ids = list[0].Others; list[0].More {
			return nil, tooMany, nil
		}
	}
	if len(ids) > relations.MostLinked {
		return nil, tooMany, nil
	}
	return ids, "", nil
}

// leaves returns what the parents are linked to.
func (f *filter) leaves(ctx context.Context, parents []string) (left []string, nothing string, err error) {
	list, err := linked(ctx, f.via, parents, relations.MostPerIssue)
	if err != nil {
		return nil, "", err
	}
	var sets [][]string
	for _, l := range list {
		if l.More { // with any, what is missing could not be linked; with all, neither
			return nil, tooMany, nil
		}
		sets = append(sets, l.Others)
	}
	if f.all {
		return inEach(sets), "", nil
	}
	left = slices.Concat(sets...)
	slices.Sort(left)
	return slices.Compact(left), "", nil
}

// inEach returns what all lists have in common, sorted.
func inEach(sets [][]string) []string {
	times := map[string]int{}
	for _, set := range sets {
		set = slices.Clone(set)
		slices.Sort(set)
		for _, id := range slices.Compact(set) {
			times[id]++
		}
	}
	var out []string
	for id, n := range times {
		if n == len(sets) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// linked asks advanced links. It answers for each of the issues.
func linked(ctx context.Context, at relations.End, ids []string, limit int) ([]relations.Linked, error) {
	list, err := relations.LinkedTo(ctx, relations.LinkedQuestion{End: at, IssueIDs: ids, Limit: limit})
	if err != nil {
		return nil, err
	}
	if list == nil || len(list.Issues) != len(ids) {
		return nil, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "What is linked cannot be read at the moment. A Jira admin can see on the Pergola page whether Advanced links is switched on."}
	}
	return list.Issues, nil
}
