package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/view"
)

// mostPicked bounds how many issues are linked at once.
const mostPicked = 20

// add links the issues that the user picked. All of it comes from the browser: which issues can be linked is checked again.
func (p *plugin) add(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	s, err := pick(sides, string(r.State))
	if err != nil {
		return nil, err
	}
	again := func(problem string) (*view.Page, error) {
		return p.draw(ctx, r, shown{adding: s.key(), problem: problem})
	}
	ids := r.Form["issues"]
	switch {
	case len(ids) == 0:
		return again("Pick an issue.")
	case len(ids) > mostPicked:
		return again(fmt.Sprintf("Pick %d issues at most at a time.", mostPicked))
	}
	keys, problem, err := s.linkable(ctx, r.Context.IssueID, ids)
	if err != nil {
		return nil, err
	}
	if problem != "" {
		return again(problem)
	}
	added, err := p.link(ctx, s, r.Context.IssueID, ids, r.Context.Account)
	if added > 0 {
		log.Write(ctx, log.Info, "links.added", log.Count("links", added))
	}
	switch sdk.CodeOf(err) {
	case sdk.Invalid, sdk.Unavailable, sdk.PermissionDenied:
		return again(messageOf(err))
	}
	if err != nil {
		return nil, err
	}
	return p.draw(ctx, r, shown{flag: addedFlag(added, keys)})
}

func addedFlag(added int, keys []string) *view.Flag {
	switch {
	case added == 0:
		return &view.Flag{Tone: view.Info, Title: "Linked already"}
	case len(keys) == 1:
		return &view.Flag{Tone: view.Success, Title: keys[0] + " is linked"}
	}
	return &view.Flag{Tone: view.Success, Title: fmt.Sprintf("%d issues are linked", added)}
}

// linkable returns the keys of the issues, or what keeps the user from linking one of them.
func (s side) linkable(ctx context.Context, issue string, ids []string) (keys []string, problem string, err error) {
	list, err := jira.Issues(ctx, ids, "summary")
	if err != nil {
		return nil, "", err
	}
	if list.Hidden > 0 {
		return nil, "One of these issues is not there any more, or you may not see it. Pick again.", nil
	}
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: append(slices.Clone(ids), issue)})
	if err != nil {
		return nil, "", err
	}
	if !rights.OnIssue(jira.LinkIssues, issue) {
		return nil, "You may not link this issue. Ask an admin of the project for the permission Link issues.", nil
	}
	for _, i := range list.Issues {
		switch {
		case i.ID == issue:
			return nil, "An issue cannot be linked to itself.", nil
		case !s.there().holds(&i):
			return nil, fmt.Sprintf("%s cannot be linked here: the relation is for issues of other projects or types.", i.Key), nil
		case !rights.OnIssue(jira.LinkIssues, i.ID):
			return nil, fmt.Sprintf("You may not link %s. Ask an admin of its project for the permission Link issues.", i.Key), nil
		}
		keys = append(keys, i.Key)
	}
	return keys, "", nil
}

// remove takes a link away.
func (p *plugin) remove(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	s, err := pick(sides, r.Params["side"])
	if err != nil {
		return nil, err
	}
	other := r.Params["issue"]
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: []string{r.Context.IssueID, other}})
	if err != nil {
		return nil, err
	}
	if !rights.OnIssue(jira.LinkIssues, r.Context.IssueID) || !rights.OnIssue(jira.LinkIssues, other) {
		return nil, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "You may not remove this link: it takes the permission Link issues at both ends."}
	}
	if err := s.unlink(ctx, r.Context.IssueID, other, r.Params["ref"]); err != nil {
		return nil, err
	}
	log.Write(ctx, log.Info, "links.removed")
	return p.draw(ctx, r, shown{flag: &view.Flag{Tone: view.Success, Title: "The link is removed"}})
}
