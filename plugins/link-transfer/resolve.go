package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/store"
)

// mostSearches bounds how many keys are looked for alone that no issue has now: an issue that was moved is found by a former key only so.
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

// find finds issues by their keys.
func (r *resolver) find(ctx context.Context, keys []string) error {
	found, err := jira.ByKey(ctx, keys, "summary")
	if err != nil {
		return err
	}
	for i := range found.Issues {
		r.issues[found.Issues[i].Key] = &found.Issues[i]
	}
	for _, key := range keys {
		if r.issues[key] != nil || r.searches == mostSearches {
			continue
		}
		r.searches++
		found, err := jira.Find(ctx, jira.Search{JQL: jql.Field("key").In(key).String(), Fields: []string{"summary"}, Limit: 1})
		switch {
		case sdk.CodeOf(err) == sdk.Invalid: // Jira knows no such key
		case err != nil:
			return err
		case len(found.Issues) == 1:
			r.issues[key] = &found.Issues[0]
		}
	}
	return nil
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
		switch e.wrong = r.wrong(&relation); {
		case e.wrong != "":
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

// judge asks advanced links what would become of the entries, each as if those before it were made.
func judge(ctx context.Context, all []*entry) error {
	taken := map[string]int{} // links, by keyOf
	var open []*entry
	for _, e := range all {
		if e.wrong == "" {
			open = append(open, e)
		}
	}
	for some := range slices.Chunk(open, relations.MostPairs) {
		q := relations.Joining{Check: true}
		told := map[string]bool{}
		for _, e := range some {
			q.Pairs = append(q.Pairs, e.pair)
			for _, at := range endsOf(e.pair) {
				key := keyOf(at)
				if at.Links = taken[key]; at.Links > 0 && !told[key] {
					told[key] = true
					q.Taken = append(q.Taken, at)
				}
			}
		}
		out, err := joinPairs(ctx, q)
		if err != nil {
			return err
		}
		for n := range some {
			if some[n].result = out[n]; out[n].What == relations.Made {
				for _, at := range endsOf(some[n].pair) {
					taken[keyOf(at)]++
				}
			}
		}
	}
	return nil
}

// keyOf tells ends apart.
func keyOf(at relations.Taken) string {
	return at.Relation + " " + at.End.End + " " + at.IssueID
}

// endsOf are both ends of a link.
func endsOf(p relations.Pair) [2]relations.Taken {
	return [2]relations.Taken{
		{End: relations.End{Relation: p.Relation, End: relations.First}, IssueID: p.First},
		{End: relations.End{Relation: p.Relation, End: relations.Second}, IssueID: p.Second},
	}
}
