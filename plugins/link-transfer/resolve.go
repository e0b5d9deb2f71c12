package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/store"
)

// mostSearches bounds what is asked of Jira to find the keys of a file. Jira refuses a query with a key that it does not know, and does not
// say which, so each wrong one costs some.
const mostSearches = 60

// resolver finds the issues that a file names, as the user sees them.
type resolver struct {
	issues   map[string]*jira.Issue // by what the file names them
	searches int
}

// resolve finds issues by keys and ids. What is not found is not there, or the user may not see it.
func resolve(ctx context.Context, named []string) (*resolver, error) {
	r := &resolver{issues: map[string]*jira.Issue{}}
	var keys, ids []string
	for _, name := range named {
		switch {
		case store.Validate(store.KindIssue, name) == nil:
			ids = append(ids, name)
		case relations.IsKey(name):
			keys = append(keys, name)
		}
	}
	for some := range slices.Chunk(unique(ids), jira.MaxIssues) {
		found, err := jira.Issues(ctx, some, "summary")
		if err != nil {
			return nil, err
		}
		for i := range found.Issues {
			r.issues[found.Issues[i].ID] = &found.Issues[i]
		}
	}
	for some := range slices.Chunk(unique(keys), jira.MaxIssues) {
		if err := r.find(ctx, some); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// find finds issues by their keys: in halves, where Jira does not know one of them.
func (r *resolver) find(ctx context.Context, keys []string) error {
	if r.searches++; r.searches > mostSearches {
		return invalid("Too many keys of the file are not there, or you may not see them. Correct some, or paste fewer lines.")
	}
	s := jira.Search{JQL: jql.Field("key").In(keys...).String(), Fields: []string{"summary"}, Limit: jira.MaxIssues}
	moved := false // an issue is found by a key that it had
	for {
		found, err := jira.Find(ctx, s)
		if sdk.CodeOf(err) == sdk.Invalid {
			if len(keys) == 1 {
				return nil
			}
			return r.halves(ctx, keys)
		}
		if err != nil {
			return err
		}
		for i := range found.Issues {
			issue := &found.Issues[i]
			r.issues[issue.Key] = issue
			if !slices.Contains(keys, issue.Key) {
				moved = true
				if len(keys) == 1 {
					r.issues[keys[0]] = issue
				}
			}
		}
		if s.Cursor = found.Next; s.Cursor == "" {
			break
		}
	}
	if moved && len(keys) > 1 {
		return r.halves(ctx, keys)
	}
	return nil
}

func (r *resolver) halves(ctx context.Context, keys []string) error {
	if err := r.find(ctx, keys[:len(keys)/2]); err != nil {
		return err
	}
	return r.find(ctx, keys[len(keys)/2:])
}

// entry is a row with what it comes to.
type entry struct {
	row
	pair   relations.Pair
	keys   string // of both issues, as they are now
	wrong  string // why no link can come of it
	result relations.Outcome
}

// entries finds the issues of rows, and says what is wrong with a row before any link is judged.
func entries(ctx context.Context, rows []row, relation relations.Side) ([]*entry, error) {
	var named []string
	for _, r := range rows {
		named = append(named, r.first, r.second)
	}
	found, err := resolve(ctx, named)
	if err != nil {
		return nil, err
	}
	lines := map[relations.Pair]int{}
	out := make([]*entry, len(rows))
	for n, r := range rows {
		e := &entry{row: r}
		out[n] = e
		a, b := found.issues[r.first], found.issues[r.second]
		switch {
		case r.relation != "" && !strings.EqualFold(r.relation, relation.Name) && r.relation != relation.Relation:
			e.wrong = "It is of another relation"
		case r.first == "" || r.second == "":
			e.wrong = "An issue is missing"
		case a == nil:
			e.wrong = unknown(r.first)
		case b == nil:
			e.wrong = unknown(r.second)
		default:
			e.pair, e.keys = relations.Pair{Relation: relation.Relation, First: a.ID, Second: b.ID}, a.Key+" and "+b.Key
			if line := lines[e.pair]; line != 0 {
				e.wrong = fmt.Sprintf("Line %d says the same", line)
			} else {
				lines[e.pair] = r.line
			}
		}
	}
	return out, nil
}

func unknown(name string) string {
	if !names(name) {
		return short(name) + " is no key of an issue"
	}
	return name + " is not there, or you may not see it"
}

func short(text string) string {
	if r := []rune(text); len(r) > 30 {
		return string(r[:30]) + "…"
	}
	return text
}

// judge asks advanced links what would become of the entries.
func judge(ctx context.Context, all []*entry) error {
	var open []*entry
	for _, e := range all {
		if e.wrong == "" {
			open = append(open, e)
		}
	}
	for some := range slices.Chunk(open, relations.MostPairs) {
		var pairs []relations.Pair
		for _, e := range some {
			pairs = append(pairs, e.pair)
		}
		out, err := joinPairs(ctx, relations.Joining{Pairs: pairs, Check: true})
		if err != nil {
			return err
		}
		for n := range some {
			some[n].result = out[n]
		}
	}
	return nil
}
