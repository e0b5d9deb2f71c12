package main

import (
	"context"
	"fmt"
	"slices"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// join is a link that a new issue gets: that of an issue at a side.
type join struct {
	side
	issue string
}

// joinsOf are the links that make a new issue belong to what is linked here already, as the parent filter wants it: without them the filter
// would not let the issue be linked. problem says why the issue cannot be created.
func joinsOf(ctx context.Context, at contract.Where, what *preset) (out []join, problem string, err error) {
	scope, err := contract.ScopeOf(ctx, contract.ScopeQuestion{Where: at})
	if err != nil || scope.NoNew != "" || len(scope.Joins) == 0 {
		return nil, scope.NoNew, err
	}
	var issues []string
	for _, j := range scope.Joins {
		s, err := sideAt(ctx, j.End)
		if err == nil {
			err = s.takes(ctx, j.IssueID, what)
		}
		switch sdk.CodeOf(err) {
		case sdk.Invalid, sdk.NotFound:
			return nil, messageOf(err), nil
		}
		if err != nil {
			return nil, "", err
		}
		out, issues = append(out, join{s, j.IssueID}), append(issues, j.IssueID)
	}
	slices.Sort(issues)
	issues = slices.Compact(issues)
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: issues})
	if err != nil {
		return nil, "", err
	}
	for _, id := range issues {
		if !rights.OnIssue(jira.LinkIssues, id) {
			return nil, "You may not link what the new issue would belong to. Ask an admin of its project for the permission Link issues.", nil
		}
	}
	return out, "", nil
}

// takes is an error where an issue at the side takes no new issue.
func (s side) takes(ctx context.Context, issue string, what *preset) error {
	if !s.there().contexts.Hold(&jira.Issue{ProjectID: what.project, IssueTypeID: what.issueType}) {
		return invalid(fmt.Sprintf("What would be created cannot be linked as “%s”: the relation is for issues of other projects or types.", s.here().label))
	}
	return s.hasRoom(ctx, issue)
}
