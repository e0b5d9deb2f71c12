package functions

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Kind is the name of the jobs that ask for answers anew.
const Kind = "jql.refresh"

const (
	// page is how many answers a step looks at, and so how many Jira is told of with one request.
	page = 25
	// enough is after which time a step leaves the rest of its page to the next.
	enough      = 20 * time.Second
	stepTimeout = 2 * time.Minute
)

// What a run counts.
const (
	counted = "answers" // that were asked for anew
	changed = "changed" // of these, those of which Jira was told
)

var retry = jobs.Retry{Attempts: 8, First: 2 * time.Second, Most: 5 * time.Minute}

// input is that of a run.
type input struct {
	Keys []string `json:"keys"` // of functions, sorted
}

// cursor is where a run stands.
type cursor struct {
	Function int    `json:"f"`              // which of the keys
	At       int    `json:"at"`             // how many answers of it are done
	Last     string `json:"last,omitempty"` // the id of the last of these
}

// step asks for a page of the answers anew.
func (s *Service) step(ctx context.Context, js jobs.Step) (jobs.Next, error) {
	var in input
	var at cursor
	if json.Unmarshal(js.Input, &in) != nil || len(js.Cursor) > 0 && json.Unmarshal(js.Cursor, &at) != nil || at.Function < 0 || at.At < 0 {
		return jobs.Next{}, refuse(sdk.Invalid, "the input of the run is damaged; the next change begins another one")
	}
	t, err := s.cfg.Tenants.ByID(ctx, js.Tenant)
	if err != nil {
		return jobs.Next{}, fmt.Errorf("load tenant: %w", err)
	}
	if t.State != tenant.Active {
		return jobs.Next{}, refuse(sdk.Unavailable, "the app is not switched on for this Jira site")
	}
	declared, err := s.cfg.Features.Functions(ctx, t.ID, js.Plugin)
	if err != nil {
		return jobs.Next{}, err
	}
	for ; at.Function < len(in.Keys); at = (cursor{Function: at.Function + 1}) {
		if slices.ContainsFunc(declared, func(f manifest.Function) bool { return f.Key == in.Keys[at.Function] }) {
			break // others are gone with a newer version
		}
	}
	if at.Function >= len(in.Keys) {
		return jobs.Next{Done: true}, nil
	}
	next, counts, err := s.refresh(ctx, t, js, in.Keys[at.Function], at)
	if err != nil {
		return jobs.Next{}, err
	}
	out := jobs.Next{Add: counts[counted], Counts: counts, Done: next.Function >= len(in.Keys)}
	if !out.Done {
		if out.Cursor, err = json.Marshal(next); err != nil {
			return jobs.Next{}, fmt.Errorf("encode a cursor: %w", err)
		}
	}
	return out, nil
}

// refresh does a page of the answers to a function. Jira lists them in the order in which they came, and forgets those that nobody uses: where the
// list got shorter before the place where the run stands, which the last answer shows, it goes back a page.
func (s *Service) refresh(ctx context.Context, t tenant.Tenant, js jobs.Step, key string, at cursor) (cursor, map[string]int64, error) {
	start := at.At
	if at.Last != "" {
		start-- // to see that the last one is still there
	}
	list, err := s.cfg.Site.Computations(ctx, t, s.keyOf(t, js.Plugin, key), start, page)
	if sdk.CodeOf(err) == sdk.NotFound { // the site has not been updated to a descriptor with the function
		return cursor{Function: at.Function + 1}, nil, nil
	}
	if err != nil {
		return at, nil, err
	}
	values := list.Values
	if at.Last != "" {
		if len(values) == 0 || values[0].ID != at.Last {
			return cursor{Function: at.Function, At: max(0, start-page)}, nil, nil
		}
		values = values[1:]
	}
	began := s.cfg.Now()
	var updates []jira.ComputationUpdate
	done := 0
	for _, c := range values {
		if done > 0 && s.cfg.Now().Sub(began) > enough {
			break
		}
		value, err := s.answer(ctx, t, js.Plugin, key, Asked{c.Operator, c.Arguments})
		u := jira.ComputationUpdate{ID: c.ID, Value: value}
		switch {
		case passing(err):
			return at, nil, err
		case err != nil:
			u.Error = Words(err)
		}
		if u.Value != c.Value || u.Error != c.Error {
			updates = append(updates, u)
		}
		done++
		at.Last = c.ID
	}
	if len(updates) > 0 {
		if err := s.cfg.Site.UpdateComputations(ctx, t, updates); err != nil {
			return at, nil, err
		}
	}
	at.At += done
	if list.Last && done == len(values) {
		at = cursor{Function: at.Function + 1}
	}
	return at, map[string]int64{counted: int64(done), changed: int64(len(updates))}, nil
}

// keyOf is the key by which a site keeps the answers to a function.
func (s *Service) keyOf(t tenant.Tenant, plugin capability.PluginID, key string) string {
	if t.OnForge() {
		return forge.FunctionKey(t.Forge.Environment, plugin, key)
	}
	return connect.FunctionKey(s.cfg.AppKey, plugin, key)
}

// passing says whether a later try may mend an error, so that it is no answer.
func passing(err error) bool {
	switch sdk.CodeOf(err) {
	case "", sdk.Invalid, sdk.NotFound, sdk.PermissionDenied, sdk.Unimplemented, sdk.Exists:
		return false
	}
	return true
}
