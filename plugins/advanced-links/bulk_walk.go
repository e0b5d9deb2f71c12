package main

import (
	"context"
	"fmt"
	"strconv"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/store"
)

const walkedType = "walked" // of records

// mostWalked is how many pages of issues one question about links of Jira's own goes through. Where these have none, the next question goes on.
const mostWalked = 5

// walk is a list of links of Jira's own on its way. It goes through one project after another, by the numbers of their keys, which JQL can compare:
// whoever asks may remember the ids of a link, and neither a key nor Jira's own cursor.
type walk struct {
	side
	scope  string     // a clause, of the issues at the side's end
	word   jql.Clause // leaves those that have links of the type
	number int64
	limit  int
	out    *contract.PairList
}

// nativePairs lists links of Jira's own.
func (s side) nativePairs(ctx context.Context, q *contract.PairsQuestion, limit int) (*contract.PairList, error) {
	if q.Walk < 1 {
		return nil, invalid(fmt.Sprintf("The links of “%s” are Jira’s own: a list of them needs a number by which it goes on.", s.name))
	}
	w := &walk{side: s, scope: q.Scope, number: q.Walk, limit: limit, out: &contract.PairList{}}
	all, err := jira.LinkTypes(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.ID == s.linkType {
			word := t.Outward
			if s.end == second {
				word = t.Inward
			}
			w.word = jql.Field("issueLinkType").Eq(word)
		}
	}
	if w.word.String() == "" {
		return nil, invalid(fmt.Sprintf("The type of Jira’s links that “%s” stands for is not there any more. A Jira admin can choose another one in the relation.", s.name))
	}
	return w.out, w.from(ctx, q.After)
}

// pair is a link as it is listed.
func (s side) pair(here, there string) contract.Pair {
	if s.end == first {
		return contract.Pair{Relation: s.id, First: here, Second: there}
	}
	return contract.Pair{Relation: s.id, First: there, Second: here}
}

// parts are the issue at the side's end of a pair, and the other one.
func (s side) parts(p *contract.Pair) (here, there string) {
	if s.end == first {
		return p.First, p.Second
	}
	return p.Second, p.First
}

// from fills the list from behind a link on. A project is remembered as passed when nothing is left of it at the beginning of a question, so that a
// question that is asked again is answered again.
func (w *walk) from(ctx context.Context, after *contract.Pair) error {
	passed, now, err := walked(ctx, w.number)
	if err != nil {
		return err
	}
	key := ""
	if now != nil && after != nil && after.First+after.Second != "" {
		here, there := w.parts(after)
		seen, err := jira.Issues(ctx, []string{here}, "summary")
		if err != nil {
			return err
		}
		// Where the issue is gone or was moved, the project is gone through anew.
		if len(seen.Issues) == 1 && seen.Issues[0].ProjectID == now.Fields["project"] {
			key = seen.Issues[0].Key
			if there != "" {
				if full, err := w.take(ctx, seen.Issues, there); full || err != nil {
					return err
				}
			}
		}
	}
	w.out.More = true
	for range mostWalked {
		if now == nil {
			if now, err = w.enter(ctx, passed); err != nil || now == nil {
				w.out.More = false
				return err
			}
		}
		project := now.Fields["project"]
		where := jql.Field("project").Eq(project)
		if key != "" {
			where = jql.And(where, jql.Field("key").Greater(key))
		}
		found, err := w.find(ctx, where, min(w.limit, jira.MaxIssues))
		switch {
		case err != nil:
			return err
		case len(found) == 0 && len(w.out.Pairs) > 0:
			return nil
		case len(found) == 0:
			now.Fields["passed"] = "true"
			if _, err := store.Put(ctx, *now); err != nil {
				return again(err)
			}
			passed, now, key = append(passed, project), nil, ""
			continue
		}
		if full, err := w.take(ctx, found, ""); full || err != nil {
			return err
		}
		key = found[len(found)-1].Key
	}
	return nil
}

// walked are the projects that the walk of a number passed, and the one that it is in.
func walked(ctx context.Context, number int64) (passed []string, now *store.Record, err error) {
	q := store.Query{Type: walkedType, Field: "walk", Value: strconv.FormatInt(number, 10), Limit: mostListed}
	for {
		page, err := store.List(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range page.Records {
			if r.Fields["passed"] == "true" {
				passed = append(passed, r.Fields["project"])
			} else {
				now = &r
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return passed, now, nil
		}
	}
}

// enter begins with a project that has such issues and was not passed; nil where there is none.
func (w *walk) enter(ctx context.Context, passed []string) (*store.Record, error) {
	var where jql.Clause
	if len(passed) > 0 {
		where = jql.Field("project").NotIn(passed...)
	}
	found, err := w.find(ctx, where, 1)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	token, err := store.Tokens(ctx, 1)
	if err != nil {
		return nil, err
	}
	now := store.Record{Type: walkedType, ID: token[0], Fields: map[string]string{
		"walk": strconv.FormatInt(w.number, 10), "project": found[0].ProjectID, "passed": "false",
	}}
	put, err := store.Put(ctx, now)
	if err != nil {
		return nil, err
	}
	return &put[0], nil
}

// find returns the first issues at the side's end that may have links, by the number of their keys.
func (w *walk) find(ctx context.Context, where jql.Clause, limit int) ([]jira.Issue, error) {
	s := jira.Search{Fields: []string{"summary"}, Limit: limit}
	for {
		page, err := w.here().contexts.Find(ctx, "", func(inside jql.Clause) (*jira.Found, error) {
			s.JQL = jql.OrderBy(jql.And(inside, w.word, where), jql.Field("key").Asc())
			if w.scope != "" {
				s.JQL = "(" + w.scope + ") AND " + s.JQL
			}
			return jira.Find(ctx, s)
		})
		if err != nil {
			return nil, err
		}
		if s.Cursor = page.Next; s.Cursor == "" || len(page.Issues) > 0 { // some may be left out
			return page.Issues, nil
		}
	}
}

// take lists the links of issues, of one of them behind a link. It says whether the list is full.
func (w *walk) take(ctx context.Context, issues []jira.Issue, behind string) (bool, error) {
	var ids []string
	for _, i := range issues {
		ids = append(ids, i.ID)
	}
	links, err := jira.LinksOf(ctx, ids...)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		for _, l := range w.among(links.Links, id) {
			_, other := w.split(l)
			if behind != "" && !later(other, behind) {
				continue
			}
			if len(w.out.Pairs) == w.limit {
				w.out.More = true
				w.out.Next = nil
				return true, nil
			}
			w.out.Pairs = append(w.out.Pairs, w.pair(id, other))
		}
		at := w.pair(id, "")
		w.out.Next = &at
	}
	return false, nil
}

// later says whether an id comes behind another one, in the order of [side.among].
func later(id, than string) bool {
	if len(id) != len(than) {
		return len(id) > len(than)
	}
	return id > than
}
