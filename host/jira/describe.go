package jira

import (
	"context"
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// scoped is where something belongs that one project may have for itself.
type scoped struct {
	Project struct {
		ID string `json:"id"`
	} `json:"project"`
}

// DescribeFields lists the site's fields, with names in that language where Jira has them.
func (c *Client) DescribeFields(ctx context.Context, t tenant.Tenant, locale string) (*jira.FieldList, error) {
	var got []struct {
		ID         string   `json:"id"`
		Name       string   `json:"name"`
		Custom     bool     `json:"custom"`
		Orderable  bool     `json:"orderable"`
		Navigable  bool     `json:"navigable"`
		Searchable bool     `json:"searchable"`
		Clauses    []string `json:"clauseNames"`
		Schema     Schema   `json:"schema"`
		Scope      scoped   `json:"scope"`
	}
	err := c.do(ctx, t, call{what: "list fields", method: http.MethodGet, path: "/rest/api/3/field", again: true, out: &got, locale: locale})
	if err != nil {
		return nil, err
	}
	out := &jira.FieldList{Fields: make([]jira.Field, len(got))}
	for i, f := range got {
		out.Fields[i] = jira.Field{
			ID: f.ID, Name: f.Name, Type: f.Schema.Type, Items: f.Schema.Items, Kind: f.Schema.Custom, Custom: f.Custom,
			Orderable: f.Orderable, Navigable: f.Navigable, Searchable: f.Searchable, Clauses: f.Clauses, ProjectID: f.Scope.Project.ID,
		}
	}
	return out, nil
}

// DescribeLinkTypes lists the types of links between issues; where links are switched off there are none.
func (c *Client) DescribeLinkTypes(ctx context.Context, t tenant.Tenant, locale string) (*jira.LinkTypeList, error) {
	var got struct {
		Types []struct {
			ID      string `json:"id"`
			Name    string `json:"name"`
			Outward string `json:"outward"`
			Inward  string `json:"inward"`
		} `json:"issueLinkTypes"`
	}
	err := c.do(ctx, t, call{what: "list link types", method: http.MethodGet, path: "/rest/api/3/issueLinkType", again: true, out: &got, locale: locale})
	if gone(err) {
		return &jira.LinkTypeList{}, nil // Jira's answer where links are switched off
	}
	if err != nil {
		return nil, err
	}
	out := &jira.LinkTypeList{LinkTypes: make([]jira.LinkType, len(got.Types))}
	for i, l := range got.Types {
		out.LinkTypes[i] = jira.LinkType{ID: l.ID, Name: l.Name, Outward: l.Outward, Inward: l.Inward}
	}
	return out, nil
}

// DescribeIssueTypes lists the issue types of a project, or with "" all of the site. Errors: not_found where there is no such project.
func (c *Client) DescribeIssueTypes(ctx context.Context, t tenant.Tenant, locale, project string) (*jira.IssueTypeList, error) {
	type kind struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Subtask bool   `json:"subtask"`
		Scope   scoped `json:"scope"`
	}
	var kinds []kind
	var err error
	if project == "" {
		err = c.do(ctx, t, call{what: "list issue types", method: http.MethodGet, path: "/rest/api/3/issuetype", again: true, out: &kinds, locale: locale})
	} else {
		var got struct {
			Kinds []kind `json:"issueTypes"`
		}
		err = c.do(ctx, t, call{
			what: "list the issue types of a project", method: http.MethodGet, path: "/rest/api/3/project/" + url.PathEscape(project), again: true,
			query: url.Values{"expand": {"issueTypes"}}, out: &got, locale: locale,
		})
		kinds = got.Kinds
	}
	if err != nil {
		return nil, err
	}
	out := &jira.IssueTypeList{IssueTypes: make([]jira.IssueType, len(kinds))}
	for i, k := range kinds {
		out.IssueTypes[i] = jira.IssueType{ID: k.ID, Name: k.Name, Subtask: k.Subtask, ProjectID: k.Scope.Project.ID}
	}
	return out, nil
}
