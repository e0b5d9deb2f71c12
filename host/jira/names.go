package jira

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

const (
	// MaxNamed is of how many accounts Names tells the names, in one request.
	MaxNamed = 100
	// browseUsers is Jira's name of the global permission to browse users and groups.
	browseUsers = "USER_PICKER"
	// formerUser is what Jira calls accounts that were closed for good:
	// https://developer.atlassian.com/cloud/jira/platform/user-privacy-developer-guide/
	formerUser = "Former user"
)

// Names tells what up to MaxNamed accounts are called, by id, as a viewer may know it. One that is not there, or is closed for good, has the name "". It asks as the
// viewer; where the app may not act in people's names, it asks as the app, if the viewer may browse users. Errors: permission_denied where the viewer may
// not.
func (c *Client) Names(ctx context.Context, t tenant.Tenant, viewer string, ids []string) (map[string]string, error) {
	const what = "name accounts"
	if viewer == "" {
		return nil, failed(what, forbidden, nil)
	}
	ids = ids[:min(len(ids), MaxNamed)]
	if len(ids) == 0 {
		return map[string]string{}, nil
	}
	if !c.alone.known(t.ID, c.clock()) {
		out, err := c.names(AsUser(ctx, viewer), t, what, ids)
		if sdk.CodeOf(err) != sdk.PermissionDenied {
			return out, err
		}
	}
	got, err := c.check(ctx, t, "check who may browse users", permissionCheck{
		AccountID: viewer, GlobalPermissions: []string{browseUsers}, ProjectPermissions: []projectPermission{},
	})
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(got.GlobalPermissions, browseUsers):
		return nil, failed(what, forbidden, nil)
	}
	c.alone.add(t.ID, c.clock())
	return c.names(ctx, t, what, ids)
}

func (c *Client) names(ctx context.Context, t tenant.Tenant, what string, ids []string) (map[string]string, error) {
	var got struct {
		Values []Account `json:"values"`
	}
	err := c.do(ctx, t, call{
		what: what, method: http.MethodGet, path: "/rest/api/3/user/bulk", again: true, out: &got,
		query: url.Values{"accountId": ids, "maxResults": {strconv.Itoa(len(ids))}},
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(ids))
	for _, id := range ids {
		out[id] = ""
	}
	for _, a := range got.Values {
		if _, asked := out[a.ID]; asked && (a.Active || a.Name != formerUser) {
			out[a.ID] = a.Name
		}
	}
	return out, nil
}
