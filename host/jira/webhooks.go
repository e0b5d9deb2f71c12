package jira

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Webhook is one that the app registers while it runs, beside those of its descriptor:
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-webhooks/. Jira forgets it after 30 days. Apps of Connect alone may.
type Webhook struct {
	Events []string `json:"events"` // Jira's names
	JQL    string   `json:"jqlFilter"`
	// Fields are the ids of those of which one has to change, where an issue is changed; none means any.
	Fields []string `json:"fieldIdsFilter,omitempty"`
}

// MaxWebhooks is how many an app can register on a site.
const MaxWebhooks = 100

// RegisterWebhooks registers webhooks that lead to one address of the app, and returns their ids in the same order. Where Jira refuses one,
// those that it took are removed again, so that it is all of them or none.
func (c *Client) RegisterWebhooks(ctx context.Context, t tenant.Tenant, address string, list []Webhook) ([]int64, error) {
	const what = "register webhooks"
	var got struct {
		Results []struct {
			ID     int64    `json:"createdWebhookId"`
			Errors []string `json:"errors"`
		} `json:"webhookRegistrationResult"`
	}
	err := c.do(ctx, t, call{what: what, method: http.MethodPost, path: "/rest/api/3/webhook", body: map[string]any{"url": address, "webhooks": list}, out: &got})
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, r := range got.Results {
		if r.ID > 0 && len(r.Errors) == 0 {
			ids = append(ids, r.ID)
		}
	}
	if len(ids) == len(list) {
		return ids, nil
	}
	refused := sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "Jira does not take a webhook of the app."}
	if err := c.DeleteWebhooks(ctx, t, ids); err != nil {
		return nil, err
	}
	return nil, failed(what, refused, nil)
}

// Webhooks lists the webhooks that the app has registered on a site, with when each is forgotten.
func (c *Client) Webhooks(ctx context.Context, t tenant.Tenant) (map[int64]time.Time, error) {
	out := map[int64]time.Time{}
	for start := 0; ; {
		var page struct {
			Values []struct {
				ID      int64 `json:"id"`
				Expires int64 `json:"expirationDate"` // milliseconds
			} `json:"values"`
			Last bool `json:"isLast"`
		}
		err := c.do(ctx, t, call{
			what: "list webhooks", method: http.MethodGet, path: "/rest/api/3/webhook", again: true, out: &page,
			query: url.Values{"startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(MaxWebhooks)}},
		})
		if err != nil {
			return nil, err
		}
		for _, h := range page.Values {
			out[h.ID] = time.UnixMilli(h.Expires)
		}
		if start += len(page.Values); page.Last || len(page.Values) == 0 {
			return out, nil
		}
	}
}

// RefreshWebhooks has Jira keep webhooks for 30 days more, and returns until when. Those that it does not know it passes over.
func (c *Client) RefreshWebhooks(ctx context.Context, t tenant.Tenant, ids []int64) (time.Time, error) {
	var got struct {
		Expires int64 `json:"expirationDate"` // milliseconds
	}
	err := c.do(ctx, t, call{
		what: "refresh webhooks", method: http.MethodPut, path: "/rest/api/3/webhook/refresh", again: true, body: map[string]any{"webhookIds": ids}, out: &got,
	})
	return time.UnixMilli(got.Expires), err
}

// DeleteWebhooks removes webhooks of the app. Those that Jira does not know it passes over.
func (c *Client) DeleteWebhooks(ctx context.Context, t tenant.Tenant, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return c.do(ctx, t, call{what: "remove webhooks", method: http.MethodDelete, path: "/rest/api/3/webhook", again: true, body: map[string]any{"webhookIds": ids}})
}

// FailedWebhook is one that Jira could not deliver, however often it tried: one of the descriptor or a registered one.
type FailedWebhook struct {
	ID   string `json:"id"` // as its header had it
	Body string `json:"body"`
	URL  string `json:"url"`
	At   int64  `json:"failureTime"` // milliseconds
}

// failedPage is how many a page has: the body of each can have some 100 kB.
const failedPage = 20

// FailedWebhooks returns a page of the webhooks that failed after a time in milliseconds, the oldest first; last says that there are no more for
// now. Jira lists each for 72 hours.
func (c *Client) FailedWebhooks(ctx context.Context, t tenant.Tenant, after int64) (page []FailedWebhook, last bool, err error) {
	var got struct {
		Values []FailedWebhook `json:"values"`
	}
	q := url.Values{"maxResults": {strconv.Itoa(failedPage)}}
	if after > 0 {
		q.Set("after", strconv.FormatInt(after, 10))
	}
	err = c.do(ctx, t, call{what: "list webhooks that failed", method: http.MethodGet, path: "/rest/api/3/webhook/failed", query: q, again: true, out: &got})
	return got.Values, len(got.Values) < failedPage, err
}
