package jira

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/tenant"
)

// Request returns the id of the issue behind a request of Jira Service Management, by the id or key of that issue. It is what the app
// sees. Errors: not_found where the issue is no request, or the app cannot browse its project.
func (c *Client) Request(ctx context.Context, t tenant.Tenant, idOrKey string) (string, error) {
	const what = "read a request"
	if !issueForm.MatchString(idOrKey) {
		return "", failed(what, notFound, nil)
	}
	var got struct {
		IssueID string `json:"issueId"`
	}
	err := c.do(ctx, t, call{what: what, method: http.MethodGet, path: "/rest/servicedeskapi/request/" + url.PathEscape(idOrKey), again: true, out: &got})
	if err != nil {
		return "", err
	}
	if !issueForm.MatchString(got.IssueID) {
		return "", failed(what, notFound, nil)
	}
	return got.IssueID, nil
}
