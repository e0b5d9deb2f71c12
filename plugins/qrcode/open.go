package main

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// open draws the page to which a scanned code leads, after Jira's login, and moves on to the issue. Who holds a code
// without the right to see its issue learns that much, but neither the issue's key nor anything else of it.
func (p *plugin) open(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	token := r.Params["code"]
	if !validToken(token) {
		return unknownCode(), nil
	}
	code, err := store.Get(ctx, recordCode, token)
	switch {
	case sdk.CodeOf(err) == sdk.NotFound:
		return unknownCode(), nil
	case err != nil:
		return nil, err
	case code.Fields["state"] != stateActive:
		return openNotice("This code was revoked", "The label is out of date. Ask whoever looks after this item for a new one."), nil
	}
	issue, err := jira.Get(ctx, code.Fields["issue"])
	switch sdk.CodeOf(err) {
	case "":
	case sdk.NotFound, sdk.PermissionDenied, sdk.Unauthenticated:
		return openNotice("You cannot open this", "The issue behind this code was deleted, or you do not have permission to see it. Log in with another account, or ask your Jira admin."), nil
	default:
		return nil, err
	}
	return &view.Page{
		Title:     "Opening " + issue.Key,
		OpenIssue: issue.ID,
		Blocks: []view.Block{{Text: &view.Text{Spans: []view.Span{
			{Text: "Opening "}, {Text: issue.Key, IssueID: issue.ID}, {Text: " …"},
		}}}},
	}, nil
}

func openNotice(title, body string) *view.Page {
	return &view.Page{Title: "QR code", Blocks: []view.Block{{Notice: &view.Notice{Tone: view.Warning, Title: title, Body: body}}}}
}

func unknownCode() *view.Page {
	return openNotice("This code is not known",
		"It may have been misread or belong to another site. Scan it again; if that does not help, print a new label from the issue.")
}
