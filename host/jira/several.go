package jira

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Issues returns those of up to MaxFetched issues, by numeric id, that are there and that the app sees, in the order of the ids. It is what
// the app sees: ask Browse what a user may see. Errors: invalid for what cannot be a field.
//
// It asks once, for Jira's records and not for its search index. Jira wants the scope WRITE for that; where the site has not granted it, the index
// answers instead, so what was changed a moment ago may be missing.
func (c *Client) Issues(ctx context.Context, t tenant.Tenant, ids, fields []string) ([]jira.Issue, error) {
	const what = "read issues"
	if err := checkFields(what, fields); err != nil {
		return nil, err
	}
	found, err := c.several(ctx, t, what, ids, withLocation(fields))
	if err != nil {
		return nil, err
	}
	return inOrder(ids, found, fields), nil
}

// several reads issues in no order.
func (c *Client) several(ctx context.Context, t tenant.Tenant, what string, ids, fields []string) ([]issue, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return len(numbers([]string{id})) == 0 })
	if len(ids) == 0 {
		return nil, nil
	}
	var found []issue
	err := error(failed(what, forbidden, nil))
	if !c.readers.known(t.ID, c.clock()) {
		found, err = c.fetch(ctx, t, what, ids, fields)
	}
	if sdk.CodeOf(err) == sdk.PermissionDenied && t.State == tenant.Active {
		c.readers.add(t.ID, c.clock())
		found, err = c.findEach(ctx, t, what, "id", ids, withLocation(fields))
	}
	return found, err
}

// ByKeys is Issues by keys. One that was moved is found by a former key where it is the only one that is asked for. What is no key is left out.
func (c *Client) ByKeys(ctx context.Context, t tenant.Tenant, keys, fields []string) ([]jira.Issue, error) {
	const what = "read issues"
	if err := checkFields(what, fields); err != nil {
		return nil, err
	}
	var asked []string
	for _, key := range keys {
		if key = strings.ToUpper(key); issueForm.MatchString(key) && strings.Contains(key, "-") && !slices.Contains(asked, key) {
			asked = append(asked, key)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	var found []issue
	err := error(failed(what, forbidden, nil))
	if !c.readers.known(t.ID, c.clock()) {
		found, err = c.fetch(ctx, t, what, asked, withLocation(fields))
	}
	if sdk.CodeOf(err) == sdk.PermissionDenied && t.State == tenant.Active {
		c.readers.add(t.ID, c.clock())
		found, err = c.findEach(ctx, t, what, "key", asked, withLocation(fields))
	}
	if err != nil {
		return nil, err
	}
	var out []jira.Issue
	for _, key := range asked {
		at := slices.IndexFunc(found, func(i issue) bool { return i.Key == key })
		if at < 0 && len(asked) == 1 && len(found) == 1 { // by a former key
			at = 0
		}
		if at >= 0 {
			out = append(out, found[at].flat(fields))
		}
	}
	return out, nil
}

func inOrder(ids []string, found []issue, fields []string) []jira.Issue {
	byID := make(map[string]issue, len(found))
	for _, i := range found {
		byID[i.ID] = i
	}
	out := make([]jira.Issue, 0, len(found))
	for _, id := range ids {
		if i, ok := byID[id]; ok {
			out = append(out, i.flat(fields))
			delete(byID, id) // each once
		}
	}
	return out
}

func (c *Client) fetch(ctx context.Context, t tenant.Tenant, what string, ids, fields []string) ([]issue, error) {
	in := struct {
		IDs    []string `json:"issueIdsOrKeys"`
		Fields []string `json:"fields"`
	}{ids, fields}
	var got struct {
		Issues []issue `json:"issues"`
	}
	err := c.do(ctx, t, call{what: what, method: http.MethodPost, path: "/rest/api/3/issue/bulkfetch", body: in, again: true, out: &got})
	return got.Issues, err
}

// findEach reads issues by a search for their ids or keys, as name says. Jira refuses a query that names an issue which the app does not see, and does not say which; then the
// issues are read in halves until the one is found, which is left out.
func (c *Client) findEach(ctx context.Context, t tenant.Tenant, what, name string, ids, fields []string) ([]issue, error) {
	n := numbers(ids) // none of keys
	in := struct {
		JQL        string   `json:"jql"`
		Fields     []string `json:"fields"`
		Reconcile  []int64  `json:"reconcileIssues,omitempty"`
		MaxResults int      `json:"maxResults"`
	}{name + " in (" + strings.Join(ids, ",") + ")", fields, n[:min(len(n), MaxReconciled)], len(ids)}
	var got struct {
		Issues []issue `json:"issues"`
	}
	err := c.do(ctx, t, call{what: what, method: http.MethodPost, path: "/rest/api/3/search/jql", body: in, again: true, out: &got})
	switch {
	case sdk.CodeOf(err) == sdk.Invalid && len(ids) == 1:
		return nil, nil
	case sdk.CodeOf(err) == sdk.Invalid:
		left, err := c.findEach(ctx, t, what, name, ids[:len(ids)/2], fields)
		if err != nil {
			return nil, err
		}
		right, err := c.findEach(ctx, t, what, name, ids[len(ids)/2:], fields)
		return append(left, right...), err
	}
	return got.Issues, err
}

// readersFor is how long a site is taken for one that lets the app read only.
const readersFor = 5 * time.Minute

// readers remembers for a while the sites that do not let the app do something, such as write, so that they are not asked each time.
type readers struct {
	mu    sync.Mutex
	until map[capability.TenantID]time.Time
}

func (r *readers) known(t capability.TenantID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.until[t])
}

func (r *readers) add(t capability.TenantID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until = map[capability.TenantID]time.Time{}
	}
	if !now.Before(r.until[t]) {
		r.until[t] = now.Add(readersFor)
	}
}
