package services

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Limits of a question to Jira.
const (
	maxFields    = 50
	maxFound     = 100 // issues of a page; Browse takes as many
	defaultFound = 50
	maxJQL       = 10_000 // bytes
	maxCursor    = 4096   // bytes
)

// jiraService reads Jira as the tenant's app. The app sees more than the user, so nothing leaves here that the user was
// not asked for: every issue passes visible, for the user or for the account that an admin chose in their place.
type jiraService struct {
	jira    Jira
	configs Configs
	visible *visibility
	lists   *lists
	log     *slog.Logger
}

func (s *jiraService) issue(ctx context.Context, b *capability.Binding, q *jira.IssueQuery) (*jira.Issue, error) {
	if err := s.allowed(b); err != nil {
		return nil, err
	}
	if wanted := fits(manifest.KindIssue, q.ID); wanted != "" {
		return nil, withField("id", hostError(sdk.Invalid, "an issue's id: %s", wanted))
	}
	fields, err := fieldList(q.Fields)
	if err != nil {
		return nil, err
	}
	if isRequest(b, q.ID) {
		for _, f := range fields {
			if !slices.Contains(onPortal, f) {
				return nil, withField("fields", hostError(sdk.PermissionDenied, "on the customer portal, of the request itself only %v can be read: customers may see no other field", onPortal))
			}
		}
	}
	issue, err := s.read(ctx, b, q.ID, fields)
	if sdk.CodeOf(err) == sdk.NotFound || err == nil && (issue == nil || issue.ID != q.ID) {
		// Word for word the same, whether the issue is not there or not for this user.
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "there is no issue " + q.ID + ", or you may not see it"}
	}
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return only(issue, fields), nil
}

// onPortal are the fields of a request that every customer sees who sees the request.
var onPortal = []string{"summary"}

// isRequest says whether an issue is the request beside which a customer is. Jira has shown it to them, although they may not browse the
// issue.
func isRequest(b *capability.Binding, id string) bool { return b.Portal && id == b.Context.IssueID }

// read returns nil for an issue that the user may not see.
func (s *jiraService) read(ctx context.Context, b *capability.Binding, id string, fields []string) (*jira.Issue, error) {
	if isRequest(b, id) {
		return s.jira.Issue(ctx, b.Tenant, id, fields)
	}
	visible, err := s.visible.of(ctx, b.Tenant, b.Context.Account, []string{id})
	if err != nil || !visible[id] {
		return nil, err
	}
	return s.jira.Issue(ctx, b.Tenant, id, fields)
}

func (s *jiraService) search(ctx context.Context, b *capability.Binding, q *jira.Search) (*jira.Found, error) {
	account, err := s.whose(ctx, b, q.As)
	if err != nil {
		return nil, err
	}
	fields, err := fieldList(q.Fields)
	if err != nil {
		return nil, err
	}
	if q.JQL == "" || len(q.JQL) > maxJQL {
		return nil, withField("jql", hostError(sdk.Invalid, "the JQL has 1 to %d bytes; name at least a project, such as project = OPS", maxJQL))
	}
	if len(q.Cursor) > maxCursor {
		return nil, withField("cursor", hostError(sdk.Invalid, "the cursor is none that a search returned"))
	}
	asked := jira.Search{JQL: q.JQL, Fields: fields, Limit: defaultFound, Cursor: q.Cursor}
	if q.Limit != 0 {
		asked.Limit = min(max(q.Limit, 1), maxFound)
	}
	found, err := s.jira.Search(ctx, b.Tenant, account, asked)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	if found == nil {
		return &jira.Found{}, nil
	}
	ids := make([]string, len(found.Issues))
	for i := range found.Issues {
		ids[i] = found.Issues[i].ID
	}
	visible, err := s.visible.of(ctx, b.Tenant, account, ids)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	shown := &jira.Found{Next: found.Next}
	for i := range found.Issues {
		if issue := &found.Issues[i]; visible[issue.ID] {
			shown.Issues = append(shown.Issues, *only(issue, fields))
		}
	}
	return shown, nil
}

// allowed refuses a call on nobody's behalf: without a user there is nobody whose rights could bound what is shown.
func (s *jiraService) allowed(b *capability.Binding) error {
	if s.jira == nil {
		return hostError(sdk.Unimplemented, "this host has no Jira")
	}
	if b.Context.Account == "" {
		return hostError(sdk.PermissionDenied, "issues are shown to users who are logged in to Jira; log in and try again")
	}
	return nil
}

// downstream makes an error of Jira one for the plugin. The text of an error that was not written for people may hold
// content, so neither the plugin nor the log gets it.
func (s *jiraService) downstream(ctx context.Context, b *capability.Binding, err error) error {
	var e *sdk.Error
	switch {
	case errors.As(err, &e):
		if e.Source == sdk.FromHost {
			return e
		}
		return withSource(e, sdk.FromDownstream)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	s.log.ErrorContext(ctx, "jira", "tenant", b.Tenant, "plugin", b.Plugin, "error", fmt.Sprintf("%T", err))
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira did not answer as expected; try again later"}
}

// fieldList checks the fields that are asked for and takes out repetitions. Patterns such as *all are none.
func fieldList(asked []string) ([]string, error) {
	var fields []string
	for _, f := range asked {
		if wanted := fits(manifest.KindField, f); wanted != "" {
			return nil, withField("fields", hostError(sdk.Invalid, "the fields to read: %s", wanted))
		}
		if !slices.Contains(fields, f) {
			if fields = append(fields, f); len(fields) > maxFields {
				return nil, withField("fields", hostError(sdk.Invalid, "at most %d fields can be read at a time", maxFields))
			}
		}
	}
	return fields, nil
}

// only leaves of an issue's fields those that were asked for.
func only(issue *jira.Issue, fields []string) *jira.Issue {
	maps.DeleteFunc(issue.Fields, func(name string, _ jira.Value) bool { return !slices.Contains(fields, name) })
	return issue
}
