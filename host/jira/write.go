package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Jira's bounds of one call.
const (
	MaxCreated = 50  // issues of Create
	MaxFetched = 100 // issues of Fetch
	// MaxReconciled is how many issues a search can be told about that its index may not know yet.
	MaxReconciled = 50
	maxFound      = 5000
)

// Raw is an issue as Jira has it, with its fields and the values of entity properties as JSON.
type Raw struct {
	ID         string                     `json:"id"`
	Key        string                     `json:"key"`
	Fields     map[string]json.RawMessage `json:"fields"`
	Properties map[string]json.RawMessage `json:"properties"`
}

// Value is a field's value as a person would read it.
func (r Raw) Value(field string) jira.Value { return flatten(r.Fields[field]) }

// Scan asks for a page of issues with their properties.
type Scan struct {
	JQL        string
	Fields     []string // "id" and "key" count as fields here; none means ids alone
	Properties []string // at most 5
	// Reconcile are ids of issues that were written just now and that the answer must not miss; at most MaxReconciled.
	Reconcile []string
	Limit     int    // 0 means 50; Jira may return less
	Page      string // what the page before returned, "" for the first
}

// Scan returns a page of issues and the token of the next, "" after the last. Errors: invalid for a query that Jira refuses.
func (c *Client) Scan(ctx context.Context, t tenant.Tenant, s Scan) (issues []Raw, next string, err error) {
	in := struct {
		JQL        string   `json:"jql"`
		Fields     []string `json:"fields,omitempty"`
		Properties []string `json:"properties,omitempty"`
		Reconcile  []int64  `json:"reconcileIssues,omitempty"`
		MaxResults int      `json:"maxResults"`
		Page       string   `json:"nextPageToken,omitempty"`
	}{JQL: s.JQL, Fields: s.Fields, Properties: s.Properties, MaxResults: min(max(s.Limit, 0), maxFound), Page: s.Page}
	if s.Limit <= 0 {
		in.MaxResults = defaultPage
	}
	for _, id := range s.Reconcile {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && len(in.Reconcile) < MaxReconciled {
			in.Reconcile = append(in.Reconcile, n)
		}
	}
	var got struct {
		Issues        []Raw  `json:"issues"`
		NextPageToken string `json:"nextPageToken"`
		IsLast        bool   `json:"isLast"`
	}
	err = c.do(ctx, t, call{what: "scan issues", method: http.MethodPost, path: "/rest/api/3/search/jql", body: in, again: true, out: &got})
	if err != nil || got.IsLast {
		return got.Issues, "", err
	}
	return got.Issues, got.NextPageToken, nil
}

// Fetch returns those of up to MaxFetched issues, by id or key, that are there and that the app sees. It asks Jira's records and not
// its search index, so what was written before is in the answer.
func (c *Client) Fetch(ctx context.Context, t tenant.Tenant, idsOrKeys, fields, properties []string) ([]Raw, error) {
	if len(fields) == 0 {
		fields = []string{"id"}
	}
	in := struct {
		IDs        []string `json:"issueIdsOrKeys"`
		Fields     []string `json:"fields"`
		Properties []string `json:"properties,omitempty"`
	}{idsOrKeys, fields, properties}
	var got struct {
		Issues []Raw `json:"issues"`
	}
	err := c.do(ctx, t, call{what: "fetch issues", method: http.MethodPost, path: "/rest/api/3/issue/bulkfetch", body: in, again: true, out: &got})
	return got.Issues, err
}

// Draft is an issue to be made, or what is to change of one: values by field id, and entity properties by key.
type Draft struct {
	Fields     map[string]any
	Properties map[string]any
}

type entityProperty struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

type issueUpdate struct {
	Fields     map[string]any   `json:"fields"`
	Properties []entityProperty `json:"properties,omitempty"`
}

func (d Draft) update() issueUpdate {
	out := issueUpdate{Fields: d.Fields}
	if out.Fields == nil {
		out.Fields = map[string]any{}
	}
	for _, key := range slices.Sorted(maps.Keys(d.Properties)) {
		out.Properties = append(out.Properties, entityProperty{key, d.Properties[key]})
	}
	return out
}

// Made is an issue that was created, or why it was not.
type Made struct {
	ID  string
	Key string
	// Refused is nil for an issue that was created.
	Refused *Refusal
}

// Refusal is why Jira did not take an issue: the ids of the fields that are wrong, sorted. Jira's words are not kept, because they quote
// values.
type Refusal struct {
	Status int
	Fields []string
}

// Create makes up to MaxCreated issues in one call, and returns what came of each in their order. It is never tried
// again by itself: after an error nobody knows which of them were made. IsUnknown tells whether that is so.
func (c *Client) Create(ctx context.Context, t tenant.Tenant, drafts []Draft) ([]Made, error) {
	const what = "create issues"
	in := struct {
		Updates []issueUpdate `json:"issueUpdates"`
	}{}
	for _, d := range drafts {
		in.Updates = append(in.Updates, d.update())
	}
	var got created
	err := c.do(ctx, t, call{what: what, method: http.MethodPost, path: "/rest/api/3/issue/bulk", body: in, out: &got, wrong: &got})
	var f *Failure
	if errors.As(err, &f) && f.status == http.StatusBadRequest && len(got.Errors) == len(drafts) {
		err = nil // each of them was refused, with its reason
	}
	if err != nil {
		return nil, err
	}
	out := make([]Made, len(drafts))
	for _, e := range got.Errors {
		if e.Number < 0 || e.Number >= len(out) {
			return nil, failed(what, unreadable, nil)
		}
		out[e.Number].Refused = &Refusal{Status: e.Status, Fields: slices.Sorted(maps.Keys(e.Element.Errors))}
	}
	n := 0
	for i := range out {
		if out[i].Refused != nil {
			continue
		}
		if n >= len(got.Issues) {
			return nil, failed(what, unreadable, nil)
		}
		out[i].ID, out[i].Key = got.Issues[n].ID, got.Issues[n].Key
		n++
	}
	return out, nil
}

// created is what Jira answers to a bulk of issues.
type created struct {
	Issues []struct{ ID, Key string }
	Errors []struct {
		Status  int
		Number  int `json:"failedElementNumber"`
		Element struct {
			Errors map[string]string
		} `json:"elementErrors"`
	}
}

// Edit changes fields and properties of an issue together. Nobody is notified by mail. A refusal for the sake of fields is a
// *RefusedError.
func (c *Client) Edit(ctx context.Context, t tenant.Tenant, id string, d Draft) error {
	var wrong struct{ Errors map[string]string }
	err := c.do(ctx, t, call{
		what: "edit an issue", method: http.MethodPut, path: "/rest/api/3/issue/" + url.PathEscape(id), body: d.update(), again: true,
		query: url.Values{"notifyUsers": {"false"}}, wrong: &wrong,
	})
	return withFields(err, wrong.Errors)
}

// RefusedError is a refusal that names fields.
type RefusedError struct {
	Refusal
	err error
}

func (e *RefusedError) Error() string { return e.err.Error() }

// Unwrap returns the failure itself.
func (e *RefusedError) Unwrap() error { return e.err }

func withFields(err error, wrong map[string]string) error {
	var f *Failure
	if !errors.As(err, &f) || f.status != http.StatusBadRequest {
		return err
	}
	return &RefusedError{Refusal{f.status, slices.Sorted(maps.Keys(wrong))}, err}
}

// SetIssueProperty writes an entity property of an issue.
func (c *Client) SetIssueProperty(ctx context.Context, t tenant.Tenant, id, key string, value any) error {
	return c.do(ctx, t, call{
		what: "write a property of an issue", method: http.MethodPut, body: value, again: true,
		path: "/rest/api/3/issue/" + url.PathEscape(id) + "/properties/" + url.PathEscape(key),
	})
}

// Transition is a way out of an issue's status that is open to the app.
type Transition struct {
	ID string `json:"id"`
	To struct {
		ID string `json:"id"`
	} `json:"to"`
	Fields map[string]struct {
		Required   bool `json:"required"`
		HasDefault bool `json:"hasDefaultValue"`
	} `json:"fields"`
}

// NeedsInput says whether the transition cannot be made without values.
func (t Transition) NeedsInput() bool {
	for _, f := range t.Fields {
		if f.Required && !f.HasDefault {
			return true
		}
	}
	return false
}

// Transitions lists the transitions that the app may make of an issue now.
func (c *Client) Transitions(ctx context.Context, t tenant.Tenant, id string) ([]Transition, error) {
	var got struct {
		Transitions []Transition `json:"transitions"`
	}
	err := c.do(ctx, t, call{
		what: "list transitions", method: http.MethodGet, path: "/rest/api/3/issue/" + url.PathEscape(id) + "/transitions", again: true, out: &got,
		query: url.Values{"expand": {"transitions.fields"}},
	})
	return got.Transitions, err
}

// Transit makes a transition. It is not tried again after it may have been made, because a second one could lead elsewhere.
func (c *Client) Transit(ctx context.Context, t tenant.Tenant, id, transition string) error {
	var wrong struct{ Errors map[string]string }
	err := c.do(ctx, t, call{
		what: "make a transition", method: http.MethodPost, path: "/rest/api/3/issue/" + url.PathEscape(id) + "/transitions",
		body: map[string]any{"transition": map[string]string{"id": transition}}, wrong: &wrong,
	})
	return withFields(err, wrong.Errors)
}

// Archive puts up to 1000 issues away. Jira needs a premium plan and the permission of an admin for it. It fails where only some of
// them could be archived.
func (c *Client) Archive(ctx context.Context, t tenant.Tenant, ids []string) error {
	var got struct {
		Errors map[string]struct {
			Count int `json:"count"`
		} `json:"errors"`
	}
	err := c.do(ctx, t, call{
		what: "archive issues", method: http.MethodPut, path: "/rest/api/3/issue/archive", body: map[string]any{"issueIdsOrKeys": ids}, again: true, out: &got,
	})
	left := 0
	for _, e := range got.Errors {
		left += e.Count
	}
	if err == nil && left > 0 {
		return failed("archive issues", wrong, fmt.Errorf("%d of %d were not archived", left, len(ids)))
	}
	return err
}

// IsUnknown says whether a write may have been carried out though it returned err: the answer was lost, and not a refusal.
func IsUnknown(err error) bool {
	var f *Failure
	if !errors.As(err, &f) {
		return err != nil
	}
	if f.unsent {
		return false
	}
	return f.status < 300 || f.status >= 500 || f.status == http.StatusRequestTimeout
}

// Count returns about how many issues a query finds.
func (c *Client) Count(ctx context.Context, t tenant.Tenant, jql string) (int, error) {
	var got struct {
		Count int `json:"count"`
	}
	err := c.do(ctx, t, call{
		what: "count issues", method: http.MethodPost, path: "/rest/api/3/search/approximate-count", body: map[string]string{"jql": jql}, again: true, out: &got,
	})
	return got.Count, err
}

// Project returns the project with that id or key.
func (c *Client) Project(ctx context.Context, t tenant.Tenant, id string) (Project, error) {
	var out Project
	err := c.do(ctx, t, call{what: "read a project", method: http.MethodGet, path: "/rest/api/3/project/" + url.PathEscape(id), again: true, out: &out})
	return out, err
}
