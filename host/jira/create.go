package jira

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// CreateIssue makes an issue. It is never tried again by itself: after an error for which IsUnknown is true nobody knows whether it was made.
// Errors: invalid where Jira refuses a value, in Jira's words, with the field.
func (c *Client) CreateIssue(ctx context.Context, t tenant.Tenant, n jira.New) (*jira.Created, error) {
	fields := map[string]any{}
	for id, raw := range n.Fields {
		fields[id] = json.RawMessage(raw)
	}
	fields["project"], fields["issuetype"], fields["summary"] = ref{n.ProjectID}, ref{n.IssueTypeID}, n.Summary
	var wrong struct {
		Errors map[string]string `json:"errors"`
	}
	var out jira.Created
	err := c.do(ctx, t, call{
		what: "create an issue", method: http.MethodPost, path: "/rest/api/3/issue", body: issueUpdate{Fields: fields}, words: true, wrong: &wrong, out: &out,
	})
	var f *Failure
	if errors.As(err, &f) && f.status == http.StatusBadRequest && len(wrong.Errors) > 0 {
		f.public.Field = slices.Min(slices.Collect(maps.Keys(wrong.Errors)))
	}
	if err != nil {
		return nil, err
	}
	return &out, nil
}
