package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// MaxPropertyIssues is of how many issues SetIssueProperties can set properties, and MaxPropertyKeys how many of each: Jira's bounds.
const (
	MaxPropertyIssues = 100
	MaxPropertyKeys   = 10
)

var taskForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// How often a task is looked at: soon, since most are done at once, and then less and less.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = 3 * time.Second
	// taskPatience ends the wait for a task where the context has no deadline.
	taskPatience = 2 * time.Minute
)

// IssueProperty returns the JSON of an entity property of an issue. Errors: not_found.
func (c *Client) IssueProperty(ctx context.Context, t tenant.Tenant, id, key string) ([]byte, error) {
	var got struct {
		Value json.RawMessage `json:"value"`
	}
	err := c.do(ctx, t, call{what: "read a property of an issue", method: http.MethodGet, path: issueProperty(id, key), again: true, out: &got})
	return got.Value, err
}

// DeleteIssueProperty removes an entity property of an issue. One that is not there is no error.
func (c *Client) DeleteIssueProperty(ctx context.Context, t tenant.Tenant, id, key string) error {
	err := c.do(ctx, t, call{what: "delete a property of an issue", method: http.MethodDelete, path: issueProperty(id, key), again: true})
	if gone(err) {
		return nil
	}
	return err
}

func issueProperty(id, key string) string {
	return "/rest/api/3/issue/" + url.PathEscape(id) + "/properties/" + url.PathEscape(key)
}

// SetIssueProperties writes entity properties of up to MaxPropertyIssues issues, each with its own values, and waits until Jira has done so. Either
// all are written or, with the code invalid, none: Jira refuses the request where the app may not edit one of the issues. After the
// codes deadline and unavailable Jira may still be writing.
//
// It is one request and a task instead of one request for each issue: Jira counts every write against the quota that all sites share, and
// the burst limit of single writes would let no more than 50 of them through in a second.
func (c *Client) SetIssueProperties(ctx context.Context, t tenant.Tenant, list []jira.Property) error {
	const what = "write properties of issues"
	type set struct {
		Issue      int64                      `json:"issueID"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var in struct {
		Issues []set `json:"issues"`
	}
	for _, p := range list {
		n, err := strconv.ParseInt(p.IssueID, 10, 64)
		if err != nil {
			return failed(what, notFound, nil)
		}
		at := slices.IndexFunc(in.Issues, func(s set) bool { return s.Issue == n })
		if at < 0 {
			at = len(in.Issues)
			in.Issues = append(in.Issues, set{n, map[string]json.RawMessage{}})
		}
		in.Issues[at].Properties[p.Key] = p.Value
	}
	var task string
	err := c.do(ctx, t, call{what: what, method: http.MethodPost, path: "/rest/api/3/issue/properties/multi", body: in, again: true, task: &task})
	if err != nil || task == "" {
		return err
	}
	return c.await(ctx, t, what, task)
}

// await looks at a task until it has ended.
func (c *Client) await(ctx context.Context, t tenant.Tenant, what, task string) error {
	end := c.clock().Add(taskPatience)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		var got struct {
			Status string `json:"status"`
		}
		err := c.do(ctx, t, call{what: what + ": look at the task", method: http.MethodGet, path: "/rest/api/3/task/" + url.PathEscape(task), again: true, out: &got})
		if err != nil {
			return err
		}
		switch got.Status {
		case "COMPLETE":
			return nil
		case "ENQUEUED", "RUNNING", "CANCEL_REQUESTED":
		default:
			return failed(what, sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira gave up while it wrote. Try again in a minute."}, nil)
		}
		if c.clock().Add(pause).After(end) {
			return failed(what, slow, nil)
		}
		if err := c.sleep(ctx, pause); err != nil {
			return unreachable(ctx, what, err)
		}
	}
}
