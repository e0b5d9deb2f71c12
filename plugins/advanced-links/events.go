package main

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/store"
)

// clearing bounds how long the links of a deleted issue are cleared in one call, which has ten seconds.
const clearing = 6 * time.Second

// deleted forgets the links of an issue that is gone. What it finds no time for it clears when the event comes again. Links that are Jira's own
// went with the issue.
func (p *plugin) deleted(ctx context.Context, e *event.Event) error {
	if e.IssueID == "" {
		return nil
	}
	if err := forgetting(ctx, e.IssueID); err != nil {
		return again(err)
	}
	end := p.now().Add(clearing)
	for _, q := range []store.Query{
		{Type: "link", Field: "outward", Value: e.IssueID}, {Type: "link", Field: "inward", Value: e.IssueID}, {Type: "end", Field: "issue", Value: e.IssueID},
		{Type: removedType, Field: "outward", Value: e.IssueID}, {Type: removedType, Field: "inward", Value: e.IssueID},
		{Type: joinedType, Field: "outward", Value: e.IssueID}, {Type: joinedType, Field: "inward", Value: e.IssueID},
	} {
		for more := true; more; {
			if !p.now().Before(end) {
				return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "The issue had more links than can be cleared at once. The rest follows."}
			}
			n, err := store.Clear(ctx, q)
			if err != nil {
				return again(err)
			}
			more = n.More
		}
	}
	return nil
}

// forgetting has the index follow of what the issue is linked to. The marks come before the links go: where this ends in between, it is done
// again, and a mark too many does no harm.
func forgetting(ctx context.Context, issue string) error {
	searchable, err := allSearchable(ctx)
	if err != nil || len(searchable) == 0 {
		return err
	}
	marked := 0
	for _, end := range []string{first, second} {
		n, err := markOthers(ctx, searchable, end, issue)
		if err != nil {
			return err
		}
		marked += n
	}
	if marked > 0 {
		refreshSoon(ctx)
	}
	return nil
}

// again makes an error that others caused by writing the same records one that a later try mends.
func again(err error) error {
	if sdk.CodeOf(err) == sdk.Exists {
		return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "Others link the same issue at this moment."}
	}
	return err
}
