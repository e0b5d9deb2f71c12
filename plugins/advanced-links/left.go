package main

import (
	"context"
	"strconv"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/store"
)

// The index job goes through links, so it never meets an issue that has none and whose property still names some: where the relation was deleted or
// is not searchable any more, or the store was put back from a backup. Jira knows these. So the job leftovers searches for all issues with the
// property, and looks for links of each. Only a user may search: it has the rights of the admin who began it, and marks what it finds. The job
// refresh, which has nobody's, writes it.

const leftJob = "leftovers"

// leftIn is how many links of an issue are read at a time, to find one that is searchable. Most issues have one among the first.
const leftIn = 20

// leftovers looks at the issues of one page of a search, and marks those whose property names links though they have none.
func (p *plugin) leftovers(ctx context.Context, s *job.Step) (*job.Result, error) {
	searchable, err := allSearchable(ctx)
	if err != nil {
		return nil, err
	}
	t := tour{number: contract.BatchOf(s.Run), project: s.Cursor["project"], issue: s.Cursor["issue"]}
	issues, more, err := t.next(ctx)
	if err != nil {
		return nil, err
	}
	if t.project == "" {
		return &job.Result{Finished: true}, nil
	}
	out := &job.Result{Done: int64(len(issues)), Counts: map[string]int64{}}
	var left []string
	for _, i := range issues {
		has, err := hasIndexed(ctx, searchable, i.ID)
		if err != nil {
			return nil, err
		}
		if has {
			out.Counts["linked"]++
		} else {
			left = append(left, i.ID)
		}
	}
	out.Counts["left"] = int64(len(left))
	if s.Input["how"] == howRepair && len(left) > 0 {
		if _, err := mark(ctx, left); err != nil {
			return nil, err
		}
		refreshSoon(ctx)
		out.Counts["marked"] = int64(len(left))
	}
	out.Counts = counted(out.Counts)
	if more {
		out.Cursor = map[string]string{"project": t.project, "issue": issues[len(issues)-1].ID}
		return out, nil
	}
	return out, t.pass(ctx)
}

// hasIndexed says whether an issue has a link that its property is to name.
func hasIndexed(ctx context.Context, searchable map[string]relation, issue string) (bool, error) {
	for _, end := range []string{first, second} {
		q := store.Query{Type: "link", Field: side{end: end}.field(), Value: issue, Limit: leftIn, IDs: true}
		for {
			page, err := store.List(ctx, q)
			if err != nil {
				return false, err
			}
			for _, l := range page.Records {
				if _, ok := searchable[l.Fields["relation"]]; ok {
					return true, nil
				}
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			q.Limit = indexPage
		}
	}
	return false, nil
}

// tour goes through all issues with the property, one project after another and there by the numbers of keys, which JQL can compare: a run may
// remember ids, and neither a key nor Jira's own cursor. Projects that it is done with are remembered under its number.
type tour struct {
	number         int64
	project, issue string // behind which it goes on
}

// next returns the next issues, and whether the project may have others. There is no project where there are none.
func (t *tour) next(ctx context.Context) (issues []jira.Issue, more bool, err error) {
	if t.project == "" {
		return t.enter(ctx)
	}
	where := jql.Field("project").Eq(t.project)
	if t.issue != "" {
		seen, err := jira.Issues(ctx, []string{t.issue}, "summary")
		if err != nil {
			return nil, false, err
		}
		// Where the issue is gone or was moved, the project is gone through anew: what was counted is counted again.
		if len(seen.Issues) == 1 && seen.Issues[0].ProjectID == t.project {
			where = jql.And(where, jql.Field("key").Greater(seen.Issues[0].Key))
		}
	}
	return t.find(ctx, where)
}

// enter begins with a project that the tour did not pass: with those of its issues that a search finds first.
func (t *tour) enter(ctx context.Context) (issues []jira.Issue, more bool, err error) {
	passed, _, err := walked(ctx, t.number)
	if err != nil {
		return nil, false, err
	}
	var where jql.Clause
	if len(passed) > 0 {
		where = jql.Field("project").NotIn(passed...)
	}
	found, more, err := t.find(ctx, where)
	if err != nil || len(found) == 0 {
		return nil, false, err
	}
	t.project = found[0].ProjectID
	for _, i := range found {
		if i.ProjectID == t.project {
			issues = append(issues, i)
		}
	}
	return issues, more || len(issues) < len(found), nil
}

// find returns the first issues with the property by their keys. Pages of which the user may see nothing are passed over.
func (t *tour) find(ctx context.Context, where jql.Clause) (issues []jira.Issue, more bool, err error) {
	s := jira.Search{JQL: jql.OrderBy(jql.And(indexedLinks.NotEmpty(), where), jql.Field("key").Asc()), Fields: []string{"summary"}, Limit: jira.MaxIssues}
	for {
		page, err := jira.Find(ctx, s)
		if err != nil {
			return nil, false, err
		}
		if s.Cursor = page.Next; s.Cursor == "" || len(page.Issues) > 0 {
			return page.Issues, s.Cursor != "", nil
		}
	}
}

// pass remembers that the tour is done with the project. A step that is done again remembers it twice, which does no harm.
func (t *tour) pass(ctx context.Context) error {
	token, err := store.Tokens(ctx, 1)
	if err != nil {
		return err
	}
	_, err = store.Put(ctx, store.Record{Type: walkedType, ID: token[0], Fields: map[string]string{
		"walk": strconv.FormatInt(t.number, 10), "project": t.project, "passed": "true",
	}})
	return err
}
