package main

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/store"
)

const passedType = "passed" // of records

// place is where a walk through the issues of a query stands: behind an issue of a project. A run may remember these ids, and neither a key nor
// Jira's own cursor, so the walk goes through one project after another, by the numbers of their keys, which JQL can compare.
type place struct{ project, issue string }

// stretch is what a walk finds at a time.
type stretch struct {
	issues  []jira.Issue
	project string
	last    bool // there is no more in the project
}

// end is the last issue of a stretch that has some.
func (s *stretch) end() string { return s.issues[len(s.issues)-1].ID }

// walk finds the issues behind a place; there are none where all projects are passed. The projects that a walk is done with are remembered under its
// token.
func walk(ctx context.Context, scope jql.Clause, at place, token string) (*stretch, error) {
	out := &stretch{project: at.project}
	if out.project == "" {
		var err error
		if out.project, err = nextProject(ctx, scope, token); err != nil || out.project == "" {
			return out, err
		}
	}
	where := jql.And(scope, jql.Field("project").Eq(out.project))
	if at.issue != "" {
		seen, err := jira.Issues(ctx, []string{at.issue}, "summary")
		if err != nil {
			return nil, err
		}
		// Where the issue is gone or was moved, the project is gone through anew: what was done is found done.
		if len(seen.Issues) == 1 && seen.Issues[0].ProjectID == out.project {
			where = jql.And(where, jql.Field("key").Greater(seen.Issues[0].Key))
		}
	}
	found, next, err := find(ctx, where, jira.MaxIssues)
	if err != nil {
		return nil, err
	}
	out.issues, out.last = found, !next
	return out, nil
}

// find returns the first issues of a query by the number of their keys; more says that there are others.
func find(ctx context.Context, where jql.Clause, limit int) (issues []jira.Issue, more bool, err error) {
	s := jira.Search{JQL: jql.OrderBy(where, jql.Field("key").Asc()), Fields: []string{"summary"}, Limit: limit}
	for {
		page, err := jira.Find(ctx, s)
		if err != nil {
			return nil, false, err
		}
		issues = append(issues, page.Issues...) // some may be left out
		if s.Cursor = page.Next; s.Cursor == "" || len(issues) > 0 {
			return issues, s.Cursor != "", nil
		}
	}
}

// nextProject returns a project with issues of the query that the walk did not pass yet, "" where there is none.
func nextProject(ctx context.Context, scope jql.Clause, token string) (string, error) {
	passed, err := list(ctx, store.Query{Type: passedType, Prefix: []string{token}, IDs: true})
	if err != nil {
		return "", err
	}
	var ids []string
	for _, r := range passed {
		ids = append(ids, r.Fields["project"])
	}
	first, _, err := find(ctx, jql.And(scope, jql.Field("project").NotIn(ids...)), 1)
	if err != nil || len(first) == 0 {
		return "", err
	}
	return first[0].ProjectID, nil
}

// pass remembers that a walk is done with a project.
func pass(ctx context.Context, token, project string) error {
	_, err := store.Put(ctx, store.Record{Type: passedType, Fields: map[string]string{"pass": token, "project": project}})
	if sdk.CodeOf(err) == sdk.Exists {
		return nil // the step is done again
	}
	return err
}

// forget forgets what a walk passed.
func forget(ctx context.Context, token string) error {
	return clear(ctx, store.Query{Type: passedType, Prefix: []string{token}})
}

// list returns all records of a query.
func list(ctx context.Context, q store.Query) ([]store.Record, error) {
	var out []store.Record
	q.Limit = 500
	for {
		page, err := store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Records...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return out, nil
		}
	}
}

// clear deletes the records of a query.
func clear(ctx context.Context, q store.Query) error {
	for {
		n, err := store.Clear(ctx, q)
		if err != nil || !n.More {
			return err
		}
	}
}
