package jira

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/tenant"
)

// Jira's names of the permissions that we ask about.
const (
	administer     = "ADMINISTER"
	browseProjects = "BROWSE_PROJECTS"
)

// maxChecked is how many issues Jira takes in one permission check.
const maxChecked = 1000

type permissionCheck struct {
	AccountID          string              `json:"accountId,omitempty"` // empty asks about the app
	GlobalPermissions  []string            `json:"globalPermissions"`
	ProjectPermissions []projectPermission `json:"projectPermissions"`
}

type projectPermission struct {
	Permissions []string `json:"permissions"`
	Projects    []int64  `json:"projects,omitempty"`
	Issues      []int64  `json:"issues"`
}

type permissionGrants struct {
	GlobalPermissions  []string `json:"globalPermissions"`
	ProjectPermissions []struct {
		Permission string  `json:"permission"`
		Projects   []int64 `json:"projects"`
		Issues     []int64 `json:"issues"`
	} `json:"projectPermissions"`
}

// Browse says which of the issues the account may see. Those it may not see, that are not there or whose id is no number
// are absent. An anonymous account sees nothing: asked without an account, Jira would answer for the app.
func (c *Client) Browse(ctx context.Context, t tenant.Tenant, account string, issueIDs []string) (map[string]bool, error) {
	out := map[string]bool{}
	if account == "" {
		return out, nil
	}
	asked := make([]int64, 0, len(issueIDs))
	for _, id := range issueIDs {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > 0 {
			asked = append(asked, n)
		}
	}
	slices.Sort(asked)
	for chunk := range slices.Chunk(slices.Compact(asked), maxChecked) {
		got, err := c.check(ctx, t, "check who may see issues", permissionCheck{
			AccountID: account, GlobalPermissions: []string{},
			ProjectPermissions: []projectPermission{{Permissions: []string{browseProjects}, Issues: chunk}},
		})
		if err != nil {
			return nil, err
		}
		for _, p := range got.ProjectPermissions {
			if p.Permission != browseProjects {
				continue
			}
			for _, n := range p.Issues {
				if _, ok := slices.BinarySearch(chunk, n); ok {
					out[strconv.FormatInt(n, 10)] = true
				}
			}
		}
	}
	return out, nil
}

// IsAdmin says whether the account administers the Jira site. An anonymous one does not.
func (c *Client) IsAdmin(ctx context.Context, t tenant.Tenant, account string) (bool, error) {
	if account == "" {
		return false, nil
	}
	got, err := c.check(ctx, t, "check who is an admin", permissionCheck{
		AccountID: account, GlobalPermissions: []string{administer}, ProjectPermissions: []projectPermission{},
	})
	if err != nil {
		return false, err
	}
	return slices.Contains(got.GlobalPermissions, administer), nil
}

// Administers says whether the app itself is a Jira admin, which Jira makes it where the site has granted it the scope ADMIN.
func (c *Client) Administers(ctx context.Context, t tenant.Tenant) (bool, error) {
	got, err := c.check(ctx, t, "check whether the app is an admin", permissionCheck{GlobalPermissions: []string{administer}, ProjectPermissions: []projectPermission{}})
	return slices.Contains(got.GlobalPermissions, administer), err
}

func (c *Client) check(ctx context.Context, t tenant.Tenant, what string, in permissionCheck) (permissionGrants, error) {
	var out permissionGrants
	err := c.do(ctx, t, call{what: what, method: http.MethodPost, path: "/rest/api/3/permissions/check", body: in, again: true, out: &out})
	return out, err
}
