package main

import (
	"context"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
)

// mostFound bounds how many issues a panel finds, a hundred in a request.
const mostFound = 500

// plain are the variables that are no fields.
var plain = []string{"issue.key", "issue.id", "issue.project", "issue.issuetype", "user.accountId"}

// fieldOf is the id of the field for which a variable stands; false for all others.
func fieldOf(variable string) (string, bool) {
	id, ok := strings.CutPrefix(variable, "issue.")
	return id, ok && id != "" && !slices.Contains(plain, variable)
}

// fields are the ids of those that the panel's query needs of the issue at hand. A query that cannot be read needs none.
func (p panel) fields() []string {
	t, err := jql.Parse(p.template)
	if err != nil {
		return nil
	}
	var out []string
	for _, v := range t.Variables() {
		if id, ok := fieldOf(v); ok {
			out = append(out, id)
		}
	}
	return out
}

// query is the panel's for an issue and a user: without the issue itself, and in the order of the look, or else of the template. It is
// empty where nothing bounds it, since conditions were left out.
func (p panel) query(i *jira.Issue, account string) (string, error) {
	t, err := jql.Parse(p.template)
	if err != nil {
		return "", err
	}
	values := func(name string) []string { return valuesOf(name, i, account) }
	where, err := t.Clause(values, p.without)
	if err != nil || where.String() == "" || where.String() == jql.None {
		return "", err
	}
	whole, err := t.Expand(values, p.without)
	if err != nil {
		return "", err
	}
	order := strings.TrimSpace(strings.TrimPrefix(whole, where.String()))
	where = jql.And(where, jql.Not(jql.IDs(i.ID)))
	if order == "" {
		return where.String(), nil
	}
	return where.String() + " " + order, nil
}

// valuesOf is what a variable stands for.
func valuesOf(name string, i *jira.Issue, account string) []string {
	switch name {
	case "issue.key":
		return []string{i.Key}
	case "issue.id":
		return []string{i.ID}
	case "issue.project":
		return []string{i.ProjectID}
	case "issue.issuetype":
		return []string{i.IssueTypeID}
	case "user.accountId":
		return []string{account}
	}
	id, _ := fieldOf(name)
	v := i.Fields[id]
	if v.Items == nil {
		return []string{asked(v)}
	}
	var out []string
	for _, item := range v.Items {
		out = append(out, asked(item))
	}
	return out
}

// asked is how JQL asks for a value: for a person by the account, for all else by its words.
func asked(v jira.Value) string {
	if v.Kind == jira.UserValue {
		return v.ID
	}
	return v.Text
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
