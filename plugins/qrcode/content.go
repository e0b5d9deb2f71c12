package main

import (
	"context"
	"errors"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Why an issue has nothing to encode.
var (
	errNoCode     = errors.New("the issue has no code yet")
	errEmptyField = errors.New("the field is empty")
)

// errNoField is shown where the admin chose a field's value as content, but no field.
var errNoField = &problem{"No field is chosen", "The codes are to contain a field's value. Ask your Jira admin to choose the field in the settings of QR codes."}

// errNoLink is shown where the host offers no short links.
var errNoLink = &problem{"Short links are not available", "Ask your Jira admin to let the codes contain the issue's address instead, in the settings of QR codes."}

// subject is an issue with what its code says.
type subject struct {
	issue *jira.Issue
	text  string // what the code says
	token string // the code's id, for contentLink
}

// load reads the issue of this call and what its code says. Where there is nothing to encode, the error is errNoCode,
// errEmptyField or a *problem, and the subject holds the issue all the same.
func load(ctx context.Context, r *sdk.Request, o options) (subject, error) {
	var fields []string
	if o.content == contentField && o.field != "" {
		fields = []string{o.field}
	}
	issue, err := jira.Get(ctx, r.Context.IssueID, fields...)
	if err != nil {
		return subject{}, err
	}
	s := subject{issue: issue}
	if err := o.ready(r); err != nil {
		return s, err
	}
	switch o.content {
	case contentLink:
		if s.token, _, err = activeCode(ctx, issue.ID); err != nil {
			return s, err
		}
		if s.token == "" {
			return s, errNoCode
		}
		s.text = shortLink(r, s.token)
	case contentField:
		if s.text = fieldText(issue, o.field); s.text == "" {
			return s, errEmptyField
		}
	default:
		s.text = issueURL(r, issue.Key)
	}
	return s, nil
}

// ready says whether codes can be made with these options at all; the error is a *problem.
func (o options) ready(r *sdk.Request) error {
	switch {
	case o.content == contentField && o.field == "":
		return errNoField
	case o.content == contentLink && r.Context.LinkURL == "":
		return errNoLink
	}
	return nil
}

func shortLink(r *sdk.Request, token string) string { return r.Context.LinkURL + token }

func issueURL(r *sdk.Request, key string) string { return r.Context.SiteURL + "/browse/" + key }

// fieldText is the field's value as one line without white space at its ends.
func fieldText(issue *jira.Issue, field string) string {
	return strings.TrimSpace(issue.Fields[field].Text)
}

// meaning tells in a sentence or two what the codes contain.
func (o options) meaning() string {
	switch o.content {
	case contentURL:
		return "Contains the issue's address: works without Pergola, but not after the site's address changes. Asks for Jira's login."
	case contentField:
		return "Contains the value of a field, not a link. When the value changes, print a new label."
	}
	return "Leads to the issue, survives moves; asks for Jira's login."
}
