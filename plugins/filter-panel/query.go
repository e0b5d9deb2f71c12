package main

import (
	"context"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations/variables"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
)

// mostFound bounds how many issues a panel finds, a hundred in a request.
const mostFound = 500

// query is the panel's for an issue and what its variables stand for: without the issue itself, and in the order of the template. It is
// empty where a variable without a value means that nothing is found, and where nothing bounds it, since conditions were left out.
func (p panel) query(issue string, v variables.Values) (string, error) {
	where, err := p.template.Clause(v, p.without)
	if err != nil || where.String() == "" || where.String() == jql.None {
		return "", err
	}
	whole, err := p.template.Query(v, p.without)
	if err != nil {
		return "", err
	}
	order := strings.TrimSpace(strings.TrimPrefix(whole, where.String()))
	where = jql.And(where, jql.Not(jql.IDs(issue)))
	if order == "" {
		return where.String(), nil
	}
	return where.String() + " " + order, nil
}

// found is what a query finds.
type found struct {
	issues []jira.Issue // that the user may see, in the order of the query
	hidden int          // those that the searching user found and the user may not see
	more   bool         // there are others beyond mostFound
}

// find runs a query to its end, or to mostFound issues. What another account finds is read again by the rights of the user: fields of an issue
// that the user may not see are never here.
func (p panel) find(ctx context.Context, query string, fields []string) (*found, error) {
	s := jira.Search{JQL: query, Fields: fields, Limit: jira.MaxIssues, As: p.searchAs}
	if p.searchAs != "" {
		s.Fields = []string{"summary"}
	}
	out := &found{}
	for {
		page, err := jira.Find(ctx, s)
		if err != nil {
			return nil, err
		}
		out.issues = append(out.issues, page.Issues...)
		if page.Next == "" || len(out.issues) >= mostFound {
			out.more = page.Next != "" || len(out.issues) > mostFound
			out.issues = out.issues[:min(len(out.issues), mostFound)]
			break
		}
		s.Cursor = page.Next
	}
	if p.searchAs == "" {
		return out, nil
	}
	return out, out.again(ctx, fields)
}

// again reads the issues by the rights of the user.
func (f *found) again(ctx context.Context, fields []string) error {
	ids := make([]string, len(f.issues))
	for n := range f.issues {
		ids[n] = f.issues[n].ID
	}
	f.issues = nil
	for some := range slices.Chunk(ids, jira.MaxIssues) {
		list, err := jira.Issues(ctx, some, fields...)
		if err != nil {
			f.issues = nil
			return err
		}
		f.issues, f.hidden = append(f.issues, list.Issues...), f.hidden+list.Hidden
	}
	return nil
}
