package jira

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Computation is an answer to a function in JQL that Jira keeps, a precomputation, with what was asked. The arguments are what users wrote.
type Computation struct {
	ID        string   `json:"id"`
	Operator  string   `json:"operator"`
	Arguments []string `json:"arguments"`
	Value     string   `json:"value"`
	Error     string   `json:"error"`
}

// ComputationPage is a page of the answers, in the order in which they came.
type ComputationPage struct {
	Values []Computation `json:"values"`
	Last   bool          `json:"isLast"`
}

// ComputationUpdate is another answer in the place of one: a value, or else an error.
type ComputationUpdate struct {
	ID    string `json:"id"`
	Value string `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

// Computations lists the answers to a function of the app. It is not_found where Jira does not know the function.
func (c *Client) Computations(ctx context.Context, t tenant.Tenant, functionKey string, start, limit int) (ComputationPage, error) {
	var out ComputationPage
	err := c.do(ctx, t, call{
		what: "list answers to a function in JQL", method: http.MethodGet, path: "/rest/api/3/jql/function/computation", again: true, out: &out,
		query: url.Values{"functionKey": {functionKey}, "orderBy": {"created"}, "startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(limit)}},
	})
	return out, err
}

// UpdateComputations puts other answers in the place of some. Those that Jira does not keep any more are passed over.
func (c *Client) UpdateComputations(ctx context.Context, t tenant.Tenant, list []ComputationUpdate) error {
	if len(list) == 0 {
		return nil
	}
	return c.do(ctx, t, call{
		what: "update answers to a function in JQL", method: http.MethodPost, path: "/rest/api/3/jql/function/computation", again: true,
		query: url.Values{"skipNotFoundPrecomputations": {"true"}}, body: map[string]any{"values": list},
	})
}

// IssueIDs returns the ids of issues by their keys, as the app sees them. Those that are not there are absent. It asks for one after the other: a
// question for several says nothing of a key that an issue had before it was moved.
func (c *Client) IssueIDs(ctx context.Context, t tenant.Tenant, keys []string) (map[string]string, error) {
	out := make(map[string]string, len(keys))
	for _, key := range keys {
		if !issueForm.MatchString(key) || len(numbers([]string{key})) > 0 || out[key] != "" {
			continue
		}
		var got issue
		err := c.do(ctx, t, call{
			what: "find an issue by its key", method: http.MethodGet, path: "/rest/api/3/issue/" + url.PathEscape(key), again: true, out: &got,
			query: url.Values{"fields": {"project"}},
		})
		if sdk.CodeOf(err) == sdk.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[key] = got.ID
	}
	return out, nil
}
