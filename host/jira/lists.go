package jira

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pergola-platform/pergola/host/tenant"
)

// Project is a project that the app can see.
type Project struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

// IssueType is an issue type of the site. Team-managed projects have types of their own, often with the same names.
type IssueType struct {
	ID      string
	Name    string
	Project string // id of the one project that has it; empty for a type of the whole site
}

// Field is a field of the site.
type Field struct {
	ID     string `json:"id"` // such as summary or customfield_10001
	Name   string `json:"name"`
	Custom bool   `json:"custom"`
}

// Named is something of the site that has an id and a name, such as a filter.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// maxListed bounds long lists: beyond it nobody finds anything in a form.
const maxListed = 2000

// Projects lists the site's projects by name, the first 2000.
func (c *Client) Projects(ctx context.Context, t tenant.Tenant) ([]Project, error) {
	return listed[Project](ctx, c, t, "list projects", "/rest/api/3/project/search", 100)
}

// ProjectWithTypes returns a project with all its issue types, also those of which the app can create no issues.
func (c *Client) ProjectWithTypes(ctx context.Context, t tenant.Tenant, id string) (Project, []IssueType, error) {
	var got struct {
		Project
		Types []struct{ ID, Name string } `json:"issueTypes"`
	}
	err := c.do(ctx, t, call{what: "read a project", method: http.MethodGet, path: "/rest/api/3/project/" + url.PathEscape(id), again: true, out: &got})
	if err != nil {
		return Project{}, nil, err
	}
	types := make([]IssueType, len(got.Types))
	for i, g := range got.Types {
		types[i] = IssueType{ID: g.ID, Name: g.Name, Project: got.ID}
	}
	return got.Project, types, nil
}

// Filters lists the filters that are shared with the app, by name, the first 2000.
func (c *Client) Filters(ctx context.Context, t tenant.Tenant) ([]Named, error) {
	return listed[Named](ctx, c, t, "list filters", "/rest/api/3/filter/search", 50)
}

// listed reads a list by name, page by page.
func listed[T any](ctx context.Context, c *Client, t tenant.Tenant, what, path string, page int) ([]T, error) {
	var out []T
	for len(out) < maxListed {
		var got struct {
			Values []T  `json:"values"`
			IsLast bool `json:"isLast"`
		}
		err := c.do(ctx, t, call{
			what: what, method: http.MethodGet, path: path, again: true, out: &got,
			query: url.Values{"startAt": {strconv.Itoa(len(out))}, "maxResults": {strconv.Itoa(page)}, "orderBy": {"name"}},
		})
		if err != nil {
			return nil, err
		}
		out = append(out, got.Values...)
		if got.IsLast || len(got.Values) == 0 {
			return out, nil
		}
	}
	return out[:maxListed], nil
}

// LinkTypes lists the types of links between issues.
func (c *Client) LinkTypes(ctx context.Context, t tenant.Tenant) ([]Named, error) {
	var got struct {
		Types []Named `json:"issueLinkTypes"`
	}
	err := c.do(ctx, t, call{what: "list link types", method: http.MethodGet, path: "/rest/api/3/issueLinkType", again: true, out: &got})
	return got.Types, err
}

// IssueTypes lists the site's issue types.
func (c *Client) IssueTypes(ctx context.Context, t tenant.Tenant) ([]IssueType, error) {
	var got []struct {
		ID, Name string
		Scope    struct {
			Project struct{ ID string }
		}
	}
	err := c.do(ctx, t, call{what: "list issue types", method: http.MethodGet, path: "/rest/api/3/issuetype", again: true, out: &got})
	if err != nil {
		return nil, err
	}
	out := make([]IssueType, len(got))
	for i, g := range got {
		out[i] = IssueType{ID: g.ID, Name: g.Name, Project: g.Scope.Project.ID}
	}
	return out, nil
}

// CreatableTypes lists the issue types of which the app can create issues in a project.
func (c *Client) CreatableTypes(ctx context.Context, t tenant.Tenant, project string) ([]IssueType, error) {
	var out []IssueType
	for {
		var page struct {
			Types []struct{ ID, Name string } `json:"issueTypes"`
			Total int                         `json:"total"`
		}
		err := c.do(ctx, t, call{
			what: "list the issue types of a project", method: http.MethodGet, again: true, out: &page,
			path:  "/rest/api/3/issue/createmeta/" + url.PathEscape(project) + "/issuetypes",
			query: url.Values{"startAt": {strconv.Itoa(len(out))}, "maxResults": {"200"}},
		})
		if err != nil {
			return nil, err
		}
		for _, g := range page.Types {
			out = append(out, IssueType{ID: g.ID, Name: g.Name, Project: project})
		}
		if len(page.Types) == 0 || len(out) >= page.Total {
			return out, nil
		}
	}
}

// Status is a status that issues can be in.
type Status struct {
	ID       string
	Name     string
	Category string // such as "To Do"
	Project  string // id of the one project that has it; empty for a status of the whole site
}

// Statuses lists the site's statuses.
func (c *Client) Statuses(ctx context.Context, t tenant.Tenant) ([]Status, error) {
	var got []struct {
		ID, Name       string
		StatusCategory struct{ Name string }
		Scope          struct {
			Project struct{ ID string }
		}
	}
	err := c.do(ctx, t, call{what: "list statuses", method: http.MethodGet, path: "/rest/api/3/status", again: true, out: &got})
	if err != nil {
		return nil, err
	}
	out := make([]Status, len(got))
	for i, g := range got {
		out[i] = Status{ID: g.ID, Name: g.Name, Category: g.StatusCategory.Name, Project: g.Scope.Project.ID}
	}
	return out, nil
}

// Fields lists the site's fields.
func (c *Client) Fields(ctx context.Context, t tenant.Tenant) ([]Field, error) {
	var out []Field
	err := c.do(ctx, t, call{what: "list fields", method: http.MethodGet, path: "/rest/api/3/field", again: true, out: &out})
	return out, err
}

// Self is the account under which the app itself works on the site.
func (c *Client) Self(ctx context.Context, t tenant.Tenant) (string, error) {
	const what = "ask who we are"
	var got struct {
		AccountID string `json:"accountId"`
	}
	err := c.do(ctx, t, call{what: what, method: http.MethodGet, path: "/rest/api/3/myself", again: true, out: &got})
	if err == nil && got.AccountID == "" {
		err = failed(what, unreadable, nil)
	}
	return got.AccountID, err
}

// Ping checks that the site takes our calls: the address is right, the secret still holds and the app is switched on.
func (c *Client) Ping(ctx context.Context, t tenant.Tenant) error {
	return c.do(ctx, t, call{what: "ask who we are", method: http.MethodGet, path: "/rest/api/3/myself", again: true})
}
