package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// foundProject is a project as the search of projects returns it.
type foundProject struct {
	ID          string          `json:"id"`
	Key         string          `json:"key"`
	Name        string          `json:"name"`
	Type        string          `json:"projectTypeKey"`
	Style       string          `json:"style"`
	Archived    bool            `json:"archived"`
	Private     bool            `json:"isPrivate"`
	Simplified  bool            `json:"simplified"`
	Description json.RawMessage `json:"description"`
	URL         string          `json:"url"`
	Category    struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"projectCategory"`
	Lead struct {
		AccountID string `json:"accountId"`
		Name      string `json:"displayName"`
		Email     string `json:"emailAddress"`
	} `json:"lead"`
	Insight *struct {
		Issues     int64  `json:"totalIssueCount"`
		LastUpdate string `json:"lastIssueUpdateTime"`
	} `json:"insight"`
}

// FindProjects returns a page of the projects that a query finds, as the app sees them, in the order of their keys.
func (c *Client) FindProjects(ctx context.Context, t tenant.Tenant, q jira.ProjectQuery) (*jira.ProjectPage, error) {
	var got struct {
		Total  int            `json:"total"`
		Values []foundProject `json:"values"`
	}
	err := c.do(ctx, t, call{
		what: "search projects", method: http.MethodGet, path: "/rest/api/3/project/search", again: true, out: &got, query: projectSearch(q),
	})
	if sdk.CodeOf(err) == sdk.NotFound {
		// So Jira says that nothing is found; and so does whatever stands where a site no longer is.
		err = c.Ping(ctx, t)
	}
	if err != nil {
		return nil, err
	}
	out := &jira.ProjectPage{Total: got.Total, Projects: make([]jira.Project, 0, len(got.Values))}
	for _, p := range got.Values {
		out.Projects = append(out.Projects, p.flat(q.Details))
	}
	return out, nil
}

func projectSearch(q jira.ProjectQuery) url.Values {
	size := q.Limit
	if size <= 0 {
		size = defaultPage
	}
	out := url.Values{"startAt": {strconv.Itoa(q.First)}, "maxResults": {strconv.Itoa(min(size, maxPage))}, "orderBy": {"key"}}
	if len(q.IDs) > 0 {
		out["id"] = q.IDs
	}
	if q.Category != "" {
		out.Set("categoryId", q.Category)
	}
	if len(q.Types) > 0 {
		out.Set("typeKey", strings.Join(q.Types, ","))
	}
	if q.Text != "" {
		out.Set("query", q.Text)
	}
	if q.Archived {
		out["status"] = []string{"live", "archived"}
	}
	if q.Details {
		out.Set("expand", "description,lead,url,insight")
	}
	return out
}

func (p foundProject) flat(details bool) jira.Project {
	out := jira.Project{
		ID: p.ID, Key: p.Key, Name: p.Name, Type: p.Type, Style: p.Style, CategoryID: p.Category.ID, CategoryName: p.Category.Name,
		Archived: p.Archived, Private: p.Private, Simplified: p.Simplified,
	}
	if !details {
		return out
	}
	out.Description, out.URL = flatten(p.Description).Text, p.URL
	out.LeadID, out.LeadName, out.LeadEmail = p.Lead.AccountID, p.Lead.Name, p.Lead.Email
	if p.Insight != nil {
		out.Insight, out.Issues, out.LastUpdate = true, p.Insight.Issues, inRFC3339(p.Insight.LastUpdate)
	}
	return out
}

// inRFC3339 writes a time as Jira does, 2021-04-22T05:37:05.000+0000, as the RFC does; what is none is nothing.
func inRFC3339(text string) string {
	for _, form := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339Nano} {
		if at, err := time.Parse(form, text); err == nil {
			return at.Format(time.RFC3339Nano)
		}
	}
	return ""
}

// Categories lists the categories of projects.
func (c *Client) Categories(ctx context.Context, t tenant.Tenant) (*jira.CategoryList, error) {
	var got []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	err := c.do(ctx, t, call{what: "list the categories of projects", method: http.MethodGet, path: "/rest/api/3/projectCategory", again: true, out: &got})
	if err != nil {
		return nil, err
	}
	out := &jira.CategoryList{Categories: make([]jira.Category, 0, len(got))}
	for _, k := range got {
		out.Categories = append(out.Categories, jira.Category{ID: k.ID, Name: k.Name})
	}
	return out, nil
}
