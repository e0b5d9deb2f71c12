package platform

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

func (s *API) webhookOperations() []rest.Operation {
	const all = "/rest/api/3/webhook"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listWebhooks),
		rest.Op("POST", all, rest.ScopeRead, s.registerWebhooks),
		rest.Op("DELETE", all, rest.ScopeRead, s.removeWebhooks),
		rest.Op("PUT", all+"/refresh", rest.ScopeRead, s.refreshWebhooks),
		rest.Op("GET", all+"/failed", rest.ScopeRead, s.failedWebhooks),
	}
}

// maxHookPage is the page size of an app's webhooks and failures.
const maxHookPage = 100

func (s *API) listWebhooks(c *rest.Call) (rest.Answer, error) {
	if err := c.AppOnly(); err != nil {
		return rest.Answer{}, err
	}
	start, err := rest.QueryInt(c.URL.Query().Get("startAt"), 0)
	if err != nil {
		return rest.Answer{}, err
	}
	size, err := rest.QueryInt(c.URL.Query().Get("maxResults"), maxHookPage)
	if err != nil {
		return rest.Answer{}, err
	}
	size = min(size, maxHookPage)
	found := s.hooks.Hooks(string(c.Who.App.Key), s.now())
	end := min(start+size, len(found))
	values := []object{}
	for _, h := range found[min(start, end):end] {
		row := object{"id": h.ID, "url": h.URL, "events": h.Events, "jqlFilter": h.JQL, "expirationDate": h.Expires.UnixMilli()}
		if len(h.Fields) > 0 {
			row["fieldIdsFilter"] = h.Fields
		}
		if len(h.Properties) > 0 {
			row["issuePropertyKeysFilter"] = h.Properties
		}
		values = append(values, row)
	}
	out := object{
		"self": s.Link("/rest/api/3/webhook?startAt=%d&maxResults=%d", start, size), "startAt": start, "maxResults": size,
		"total": len(found), "isLast": end == len(found), "values": values,
	}
	if end < len(found) {
		out["nextPage"] = s.Link("/rest/api/3/webhook?startAt=%d&maxResults=%d", end, size)
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) registerWebhooks(c *rest.Call) (rest.Answer, error) {
	if err := c.AppOnly(); err != nil {
		return rest.Answer{}, err
	}
	var in struct {
		URL      string `json:"url"`
		Webhooks []struct {
			Events     []string `json:"events"`
			JQL        *string  `json:"jqlFilter"`
			Fields     []string `json:"fieldIdsFilter"`
			Properties []string `json:"issuePropertyKeysFilter"`
		} `json:"webhooks"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if len(in.Webhooks) == 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The list of webhooks must not be empty.")
	}
	if base := c.Who.AppBase; !strings.HasPrefix(in.URL, base+"/") {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The URL must have the same base URL as the Connect app: %s.", base)
	}
	results := []object{}
	for _, w := range in.Webhooks {
		if w.JQL == nil {
			results = append(results, object{"errors": []string{"The jqlFilter is required."}})
			continue
		}
		if err := checkFilter(*w.JQL); err != nil {
			results = append(results, object{"errors": []string{err.Error()}})
			continue
		}
		id, err := s.hooks.Register(push.Hook{
			App: string(c.Who.App.Key), URL: in.URL, Events: w.Events, JQL: *w.JQL, Fields: w.Fields, Properties: w.Properties,
		}, s.now())
		if err != nil {
			results = append(results, object{"errors": []string{err.Error()}})
			continue
		}
		results = append(results, object{"createdWebhookId": id})
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"webhookRegistrationResult": results}}, nil
}

// filterError is a sentence for the app about its filter.
type filterError string

func (e filterError) Error() string { return string(e) }

// filterFields and filterOps are the part of JQL that filters may use, beside custom fields by number and entity properties.
var (
	filterFields = []string{"issuekey", "key", "project", "issuetype", "status", "assignee", "reporter"}
	filterOps    = []syntax.Operator{syntax.Equals, syntax.NotEquals, syntax.In, syntax.NotIn}
)

func checkFilter(filter string) error {
	if filter == "" {
		return nil
	}
	q, err := syntax.Parse(filter)
	if err != nil {
		return filterError(err.Error())
	}
	if len(q.OrderBy) > 0 {
		return filterError("ORDER BY is not supported in a webhook's filter.")
	}
	for c := range q.Clauses() {
		name := strings.ToLower(c.Field.Name)
		if !slices.Contains(filterFields, name) && name != "issue.property" && !strings.HasPrefix(name, "cf[") {
			return filterError("The field " + c.Field.Name + " is not supported in a webhook's filter; supported are " +
				strings.Join(filterFields, ", ") + ", issue.property and cf[…].")
		}
		if !slices.Contains(filterOps, c.Op) {
			return filterError("The operator " + string(c.Op) + " is not supported in a webhook's filter.")
		}
	}
	return nil
}

// webhookIDs reads the body of the calls that name webhooks.
func webhookIDs(c *rest.Call) ([]int64, error) {
	if err := c.AppOnly(); err != nil {
		return nil, err
	}
	var in struct {
		IDs []int64 `json:"webhookIds"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return nil, err
	}
	if len(in.IDs) == 0 {
		return nil, rest.Fail(http.StatusBadRequest, "The list of webhook IDs must not be empty.")
	}
	return in.IDs, nil
}

func (s *API) removeWebhooks(c *rest.Call) (rest.Answer, error) {
	ids, err := webhookIDs(c)
	if err != nil {
		return rest.Answer{}, err
	}
	s.hooks.Remove(string(c.Who.App.Key), ids)
	return rest.Answer{Status: http.StatusAccepted, Body: nil}, nil
}

func (s *API) refreshWebhooks(c *rest.Call) (rest.Answer, error) {
	ids, err := webhookIDs(c)
	if err != nil {
		return rest.Answer{}, err
	}
	until := s.hooks.Refresh(string(c.Who.App.Key), ids, s.now())
	return rest.Answer{Status: http.StatusOK, Body: object{"expirationDate": until.UnixMilli()}}, nil
}

func (s *API) failedWebhooks(c *rest.Call) (rest.Answer, error) {
	if err := c.AppOnly(); err != nil {
		return rest.Answer{}, err
	}
	after, err := rest.QueryInt(c.URL.Query().Get("after"), 0)
	if err != nil {
		return rest.Answer{}, err
	}
	size, err := rest.QueryInt(c.URL.Query().Get("maxResults"), maxHookPage)
	if err != nil {
		return rest.Answer{}, err
	}
	size = min(size, maxHookPage)
	values := []object{}
	out := object{"maxResults": size}
	for _, f := range s.sender.Failed(string(c.Who.App.Key), time.UnixMilli(int64(after)), size) {
		row := object{"id": f.ID, "url": f.URL, "failureTime": f.Time.UnixMilli()}
		if f.Body != "" {
			row["body"] = f.Body
		}
		values = append(values, row)
		out["next"] = s.Link("/rest/api/3/webhook/failed?after=%d&maxResults=%d", f.Time.UnixMilli(), size)
	}
	out["values"] = values
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}
