package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

const (
	defaultPage = 50
	maxPage     = 100
)

var (
	issueForm = regexp.MustCompile(`^([0-9]{1,20}|[A-Z][A-Z0-9_]{0,50}-[0-9]{1,20})$`)
	// fieldForm leaves out *all and -field, with which more would come than was asked for.
	fieldForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,254}$`)
)

// issue is an issue as REST returns it.
type issue struct {
	ID     string                     `json:"id"`
	Key    string                     `json:"key"`
	Fields map[string]json.RawMessage `json:"fields"`
}

// located are the fields that are always asked for: where an issue is decides what a plugin may show beside it.
var located = []string{"project", "issuetype"}

// Issue returns the issue with that id or key, with only those fields; a field that is empty or unknown is absent. It is
// what the app sees: ask Browse what a user may see. Errors: not_found, invalid for what cannot be a field.
func (c *Client) Issue(ctx context.Context, t tenant.Tenant, id string, fields []string) (*jira.Issue, error) {
	const what = "read an issue"
	if !issueForm.MatchString(id) {
		return nil, failed(what, notFound, nil)
	}
	if err := checkFields(what, fields); err != nil {
		return nil, err
	}
	var got issue
	err := c.do(ctx, t, call{
		what: what, method: http.MethodGet, path: "/rest/api/3/issue/" + url.PathEscape(id), again: true, out: &got,
		query: url.Values{"fields": {strings.Join(withLocation(fields), ",")}},
	})
	if err != nil {
		return nil, err
	}
	out := got.flat(fields)
	return &out, nil
}

// Search returns a page of the issues that a query finds, as the app sees them: ask Browse what a user may see. Errors:
// invalid where Jira refuses the query, in Jira's own words.
//
// The query travels in the body and not in the address, which proxies log.
func (c *Client) Search(ctx context.Context, t tenant.Tenant, s jira.Search) (*jira.Found, error) {
	const what = "search issues"
	if err := checkFields(what, s.Fields); err != nil {
		return nil, err
	}
	size := s.Limit
	if size <= 0 {
		size = defaultPage
	}
	in := struct {
		JQL           string   `json:"jql"`
		Fields        []string `json:"fields"`
		MaxResults    int      `json:"maxResults"`
		NextPageToken string   `json:"nextPageToken,omitempty"`
	}{s.JQL, withLocation(s.Fields), min(size, maxPage), s.Cursor}
	var got struct {
		Issues        []issue `json:"issues"`
		NextPageToken string  `json:"nextPageToken"`
		IsLast        bool    `json:"isLast"`
	}
	err := c.do(ctx, t, call{
		what: what, method: http.MethodPost, path: "/rest/api/3/search/jql", body: in, again: true, words: true, out: &got,
	})
	if err != nil {
		return nil, err
	}
	out := &jira.Found{Issues: make([]jira.Issue, 0, len(got.Issues))}
	for _, i := range got.Issues {
		out.Issues = append(out.Issues, i.flat(s.Fields))
	}
	if !got.IsLast {
		out.Next = got.NextPageToken
	}
	return out, nil
}

func checkFields(what string, fields []string) error {
	for _, f := range fields {
		if !fieldForm.MatchString(f) {
			return failed(what, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "A field is named by its id, such as summary or customfield_10001."}, nil)
		}
	}
	return nil
}

// withLocation returns the fields and what tells where an issue is, each once.
func withLocation(fields []string) []string {
	out := slices.Concat(located, fields)
	slices.Sort(out)
	return slices.Compact(out)
}

func (i issue) flat(fields []string) jira.Issue {
	out := jira.Issue{
		ID: i.ID, Key: i.Key, ProjectID: flatten(i.Fields["project"]).ID, IssueTypeID: flatten(i.Fields["issuetype"]).ID,
		Fields: map[string]jira.Value{},
	}
	for _, name := range fields {
		if v := flatten(i.Fields[name]); v.Text != "" {
			out.Fields[name] = v
		}
	}
	return out
}
