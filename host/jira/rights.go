package jira

import (
	"context"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Rights says what an account may do, all in one question; "" stands for the app itself. Of issues and projects that are not there, or
// whose id is no number, nobody may do anything.
func (c *Client) Rights(ctx context.Context, t tenant.Tenant, account string, q jira.RightsQuery) (*jira.Rights, error) {
	issues, projects := numbers(q.IssueIDs), numbers(q.ProjectIDs)
	in := permissionCheck{AccountID: account, GlobalPermissions: []string{}, ProjectPermissions: []projectPermission{}}
	var local []string
	for _, p := range q.Permissions {
		if p == administer {
			in.GlobalPermissions = []string{p}
		} else if !slices.Contains(local, p) {
			local = append(local, p)
		}
	}
	if len(local) > 0 && len(issues)+len(projects) > 0 {
		in.ProjectPermissions = []projectPermission{{Permissions: local, Projects: projects, Issues: issues}}
	}
	out := &jira.Rights{}
	if len(in.GlobalPermissions)+len(in.ProjectPermissions) == 0 {
		return out, nil
	}
	got, err := c.check(ctx, t, "check what somebody may do", in)
	if err != nil {
		return nil, err
	}
	if len(in.GlobalPermissions) > 0 && slices.Contains(got.GlobalPermissions, administer) {
		out.Rights = append(out.Rights, jira.Right{Permission: administer, Global: true})
	}
	for _, p := range got.ProjectPermissions {
		if slices.Contains(local, p.Permission) {
			out.Rights = append(out.Rights, jira.Right{
				Permission: p.Permission, IssueIDs: asked(issues, p.Issues), ProjectIDs: asked(projects, p.Projects),
			})
		}
	}
	return out, nil
}

// numbers returns the ids that are numbers, sorted and each once.
func numbers(ids []string) []int64 {
	out := make([]int64, 0, len(ids))
	for _, id := range ids {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > 0 {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// asked returns those of an answer that were asked for, as ids.
func asked(wanted, got []int64) []string {
	var out []string
	for _, n := range got {
		if _, ok := slices.BinarySearch(wanted, n); ok {
			out = append(out, strconv.FormatInt(n, 10))
		}
	}
	return out
}
