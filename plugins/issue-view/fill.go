package main

import (
	"context"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/log"
)

// mostNamed is how many issues a field can name: as many as can be linked at once.
const mostNamed = 20

// filled links what a field of an issue names, where an admin said so: a panel cannot stand on Jira's form for new issues, a field can. It writes
// nothing into the issue, so it hears nothing of itself, and links that are there already stay as they are.
func filled(ctx context.Context, e *event.Event) error {
	if e.IssueID == "" {
		return nil
	}
	all, err := config.List(ctx, viewType)
	if err != nil {
		return err
	}
	var due []look
	for i := range all {
		l := newLook(&all[i].Values)
		if l.field != "" && (e.Kind != event.IssueUpdated || e.Changes(l.field) || len(e.Changed) >= event.MaxChanged) {
			due = append(due, l)
		}
	}
	if len(due) == 0 {
		return nil
	}
	sides, err := relations.Sides(ctx, "")
	if err != nil || sides == nil {
		return err
	}
	return fillAll(ctx, e.IssueID, due, sides)
}

// fillAll fills one side after another. What is refused is tried again as long as others were linked: a link can be what another one depends on.
func fillAll(ctx context.Context, issue string, due []look, sides *relations.SideList) error {
	for {
		var again []look
		linked, refused := 0, 0
		for _, l := range due {
			out, err := l.fill(ctx, issue, sides)
			if err != nil {
				return err
			}
			if linked += out.Changed; len(out.Refused) > 0 {
				again, refused = append(again, l), refused+len(out.Refused)
			}
		}
		if linked > 0 {
			log.Write(ctx, log.Info, "field.linked", log.Count("links", linked))
		}
		if len(again) > 0 && linked > 0 && len(due) > 1 {
			due = again
			continue
		}
		if refused > 0 {
			log.Write(ctx, log.Info, "field.refused", log.Count("issues", refused))
		}
		return nil
	}
}

// fill links what the field of one issue names. What cannot be linked is left out: nobody looks on who could be told.
func (l look) fill(ctx context.Context, issue string, sides *relations.SideList) (*relations.LinkOutcome, error) {
	nothing := &relations.LinkOutcome{}
	here, there := sideOf(sides, l.End), sideOf(sides, relations.End{Relation: l.Relation, End: relations.Other(l.End.End)})
	if here == nil || there == nil {
		return nothing, nil // the relation is deleted
	}
	got, err := jira.IssuesAs(ctx, l.as, []string{issue}, l.field)
	switch sdk.CodeOf(err) {
	case sdk.NotFound, sdk.PermissionDenied: // the account is closed, or named no more
		log.Write(ctx, log.Warn, "field.account")
		return nothing, nil
	}
	if err != nil || len(got.Issues) == 0 {
		return nothing, err
	}
	// What the other side takes is what can be at this one.
	if !there.Contexts.Hold(&got.Issues[0]) {
		return nothing, nil
	}
	found, err := l.find(ctx, keysIn(got.Issues[0].Fields[l.field]))
	if err != nil {
		return nil, err
	}
	var others []string
	for i := range found {
		if found[i].ID != issue && here.Contexts.Hold(&found[i]) {
			others = append(others, found[i].ID)
		}
	}
	if others, err = l.mayLink(ctx, issue, others); err != nil || len(others) == 0 {
		return nothing, err
	}
	out, err := relations.Link(ctx, relations.OpLink, relations.Linking{End: l.End, IssueID: issue, Others: others})
	if err == nil && out == nil {
		out = nothing
	}
	return out, err
}

// mayLink leaves the issues that the searching user could link to this one in Jira: who fills in the field gains no right by it that neither has.
func (l look) mayLink(ctx context.Context, issue string, others []string) ([]string, error) {
	if len(others) == 0 {
		return nil, nil
	}
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: append(slices.Clone(others), issue), As: l.as})
	if err != nil || !rights.OnIssue(jira.LinkIssues, issue) {
		return nil, err
	}
	return slices.DeleteFunc(others, func(id string) bool { return !rights.OnIssue(jira.LinkIssues, id) }), nil
}

func sideOf(all *relations.SideList, e relations.End) *relations.Side {
	for i := range all.Sides {
		if all.Sides[i].End == e {
			return &all.Sides[i]
		}
	}
	return nil
}

// find reads the issues of those keys that the searching user may see. Jira refuses a query with a key that is not there, and does not say
// which; then each is asked for alone.
func (l look) find(ctx context.Context, keys []string) ([]jira.Issue, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	found, err := jira.Find(ctx, jira.Search{JQL: jql.Field("issuekey").In(keys...).String(), Fields: []string{"summary"}, Limit: mostNamed, As: l.as})
	if err == nil {
		return found.Issues, nil
	}
	if sdk.CodeOf(err) != sdk.Invalid || len(keys) == 1 {
		if sdk.CodeOf(err) == sdk.Invalid {
			err = nil
		}
		return nil, err
	}
	var out []jira.Issue
	for _, k := range keys {
		one, err := l.find(ctx, []string{k})
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

// keysIn returns the keys of issues that stand in a text or among labels, each once, at most mostNamed.
func keysIn(v jira.Value) []string {
	words := strings.FieldsFunc(v.Text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;|()[]\"'", r) })
	var out []string
	for _, w := range words {
		if w = strings.ToUpper(w); relations.IsKey(w) && !slices.Contains(out, w) && len(out) < mostNamed {
			out = append(out, w)
		}
	}
	return out
}
