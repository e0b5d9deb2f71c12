package jira

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Meta describes a field of issues of one type: what it is and what it takes.
type Meta struct {
	ID       string `json:"fieldId"`
	Key      string `json:"key"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Default  bool   `json:"hasDefaultValue"`
	Schema   Schema `json:"schema"`
	// Operations are what can be done to the field, such as "set".
	Operations []string `json:"operations"`
	Allowed    []Choice `json:"allowedValues"`
}

// Schema is the type of a field: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-fields/
type Schema struct {
	Type   string `json:"type"`
	Items  string `json:"items"`
	System string `json:"system"`
	Custom string `json:"custom"`
}

// Choice is a value that a field can have.
type Choice struct {
	ID       string   `json:"id"`
	Value    string   `json:"value"`
	Name     string   `json:"name"`
	Disabled bool     `json:"disabled"`
	Children []Choice `json:"children"`
}

// Label is what people read of a choice.
func (c Choice) Label() string {
	if c.Value != "" {
		return c.Value
	}
	return c.Name
}

// CreateMeta lists the fields with which the app can create issues of a type in a project.
func (c *Client) CreateMeta(ctx context.Context, t tenant.Tenant, project, issueType string) ([]Meta, error) {
	var out []Meta
	for {
		var page struct {
			Fields []Meta `json:"fields"`
			Total  int    `json:"total"`
		}
		err := c.do(ctx, t, call{
			what: "list the fields of new issues", method: http.MethodGet, again: true, out: &page,
			path:  "/rest/api/3/issue/createmeta/" + url.PathEscape(project) + "/issuetypes/" + url.PathEscape(issueType),
			query: url.Values{"startAt": {strconv.Itoa(len(out))}, "maxResults": {"200"}},
		})
		if err != nil {
			return nil, err
		}
		for _, m := range page.Fields {
			if m.ID == "" {
				m.ID = m.Key
			}
			out = append(out, m)
		}
		if len(page.Fields) == 0 || len(out) >= page.Total {
			return out, nil
		}
	}
}

// Account is a user as the app sees it; Email is empty where its owner hides it.
type Account struct {
	ID     string `json:"accountId"`
	Name   string `json:"displayName"`
	Email  string `json:"emailAddress"`
	Active bool   `json:"active"`
	Kind   string `json:"accountType"` // "atlassian" for a person, "app", "customer"
}

// MaxFound is how many accounts FindAccounts lists at most.
const MaxFound = 50

// FindAccounts lists the accounts of which a name or an address that is shown begins with the query, up to MaxFound.
func (c *Client) FindAccounts(ctx context.Context, t tenant.Tenant, query string) ([]Account, error) {
	var out []Account
	err := c.do(ctx, t, call{
		what: "find accounts", method: http.MethodGet, path: "/rest/api/3/user/search", again: true, out: &out,
		query: url.Values{"query": {query}, "maxResults": {strconv.Itoa(MaxFound)}},
	})
	return out, err
}

// Account returns the account with an id. Errors: not_found where there is none, and invalid where that cannot be one's id.
func (c *Client) Account(ctx context.Context, t tenant.Tenant, id string) (Account, error) {
	var out Account
	err := c.do(ctx, t, call{
		what: "find an account", method: http.MethodGet, path: "/rest/api/3/user", again: true, out: &out, query: url.Values{"accountId": {id}},
	})
	return out, err
}

// AddOption adds a choice to a select field, in the context that issues of the type have in the project. It takes an admin's
// scope. Errors: not_found where the field has no such context.
func (c *Client) AddOption(ctx context.Context, t tenant.Tenant, field, fieldContext, value string) (Choice, error) {
	var got struct {
		Options []Choice `json:"options"`
	}
	err := c.do(ctx, t, call{
		what: "add an option", method: http.MethodPost, out: &got,
		path: "/rest/api/3/field/" + url.PathEscape(field) + "/context/" + url.PathEscape(fieldContext) + "/option",
		body: map[string]any{"options": []map[string]any{{"value": value, "disabled": false}}},
	})
	switch {
	case err != nil:
		return Choice{}, err
	case len(got.Options) != 1:
		return Choice{}, failed("add an option", unreadable, nil)
	}
	return got.Options[0], nil
}

// FieldContext returns the id of the one context that a field has. Errors: not_found where there are several or none.
func (c *Client) FieldContext(ctx context.Context, t tenant.Tenant, field string) (string, error) {
	const what = "list the contexts of a field"
	var got struct {
		Values []struct {
			ID string `json:"id"`
		} `json:"values"`
	}
	err := c.do(ctx, t, call{what: what, method: http.MethodGet, path: "/rest/api/3/field/" + url.PathEscape(field) + "/context", again: true, out: &got})
	if err == nil && len(got.Values) != 1 {
		err = failed(what, sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "The field has several contexts. Add the option in Jira."}, errors.New("several contexts"))
	}
	if err != nil {
		return "", err
	}
	return got.Values[0].ID, nil
}

// Permitted says which of the permissions, by Jira's names, an account has in a project; "" stands for the app itself.
func (c *Client) Permitted(ctx context.Context, t tenant.Tenant, account, project string, permissions ...string) ([]string, error) {
	id, err := strconv.ParseInt(project, 10, 64)
	if err != nil {
		return nil, failed("check permissions", notFound, nil)
	}
	in := map[string]any{
		"globalPermissions":  []string{},
		"projectPermissions": []map[string]any{{"permissions": permissions, "projects": []int64{id}, "issues": []int64{}}},
	}
	if account != "" {
		in["accountId"] = account
	}
	var got struct {
		ProjectPermissions []struct {
			Permission string  `json:"permission"`
			Projects   []int64 `json:"projects"`
		} `json:"projectPermissions"`
	}
	err = c.do(ctx, t, call{what: "check permissions", method: http.MethodPost, path: "/rest/api/3/permissions/check", body: in, again: true, out: &got})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range got.ProjectPermissions {
		if slices.Contains(permissions, p.Permission) && slices.Contains(p.Projects, id) {
			out = append(out, p.Permission)
		}
	}
	return out, nil
}
