// Package push delivers webhooks to apps as Jira Cloud does: signed posts with an identifier that stays over retries,
// more tries after errors that may pass, a list of what was given up, registrations that expire. It never makes the site
// wait. Start with [New] and [Sender.Emit]; what happened comes from elsewhere, as an [Event].
//
// Contract: https://developer.atlassian.com/cloud/jira/platform/webhooks/.
package push

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Event is something that happened on the site.
type Event struct {
	Name     string         // "jira:issue_updated"
	Time     time.Time      // when it happened
	Body     map[string]any // what apps read, without timestamp, webhookEvent and matchedWebhookIds; not changed and not kept
	IssueID  string         // "" where it is about no issue
	Fields   []string       // ids of the fields that changed, for jira:issue_updated
	Property string         // key, for issue_property_set and issue_property_deleted

	// May says whether an app may hear of it; nil is every app.
	May func(app string) bool
}

// Hook is what one app wants to hear of: a module of its descriptor, or something that it registered while it runs.
type Hook struct {
	ID          int64     `json:"id,omitempty"` // 0 for modules
	App         string    `json:"app"`
	URL         string    `json:"url"` // absolute
	Events      []string  `json:"events"`
	JQL         string    `json:"jqlFilter,omitempty"`
	Fields      []string  `json:"fieldIdsFilter,omitempty"`
	Properties  []string  `json:"issuePropertyKeysFilter,omitempty"`
	WithoutBody bool      `json:"excludeBody,omitempty"`
	Expires     time.Time `json:"expires,omitzero"` // zero for modules
}

// Wants says whether the hook is for an event. holds evaluates a JQL filter for the event's issue,
// and is asked last.
func (h Hook) Wants(e Event, holds func(jql string) bool) bool {
	if !slices.Contains(h.Events, e.Name) {
		return false
	}
	switch e.Name {
	case "jira:issue_updated":
		if len(h.Fields) > 0 && !slices.ContainsFunc(e.Fields, func(f string) bool { return slices.Contains(h.Fields, f) }) {
			return false
		}
	case "issue_property_set", "issue_property_deleted":
		if len(h.Properties) > 0 && !slices.Contains(h.Properties, e.Property) {
			return false
		}
	}
	return h.JQL == "" || e.IssueID == "" || holds(h.JQL) // a filter says something about issues only
}

func (h Hook) live(now time.Time) bool { return h.Expires.IsZero() || now.Before(h.Expires) }

// Modules reads the webhooks of a descriptor's modules; raw is the value of modules.webhooks, nil where there is none.
func Modules(app, baseURL string, raw json.RawMessage) ([]Hook, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var list []struct {
		Event       string `json:"event"`
		URL         string `json:"url"`
		Filter      string `json:"filter"`
		ExcludeBody bool   `json:"excludeBody"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("modules.webhooks: %w", err)
	}
	out := make([]Hook, 0, len(list))
	for i, m := range list {
		if m.Event == "" || m.URL == "" {
			return nil, fmt.Errorf("modules.webhooks[%d]: want event and url", i)
		}
		address := m.URL
		if strings.HasPrefix(address, "/") {
			address = baseURL + address
		}
		if !strings.HasPrefix(address, baseURL+"/") {
			return nil, fmt.Errorf("modules.webhooks[%d]: url %q does not begin with baseUrl or a slash", i, m.URL)
		}
		out = append(out, Hook{App: app, URL: address, Events: []string{m.Event}, JQL: m.Filter, WithoutBody: m.ExcludeBody})
	}
	return out, nil
}
