package forge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/courier"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// watch tells apps of every change from now on, until ctx ends.
func (s *Forge) watch(ctx context.Context) {
	watcher, before := s.Store.Watch(), s.Store.State()
	s.running.Go(func() {
		for {
			commit, err := watcher.Next(ctx)
			if err != nil {
				return
			}
			for _, e := range commit.Events {
				st := commit.State
				if e.Op == world.Deleted || e.Op == world.Trashed {
					st = before // who sees what is gone is asked of the time when it was there
				}
				for _, told := range s.eventsOf(st, e) {
					s.spread(st, e, told)
				}
			}
			before = commit.State
		}
	})
}

// event is an event of Jira's for apps.
type event struct {
	name  string
	by    world.AccountID
	issue *world.Issue // whose readers may hear of it; nil for none
	body  object

	project world.ProjectID // whose readers may hear of it; "" for none
}

// spread tells the apps that want to know and may.
func (s *Forge) spread(st *world.State, of world.Event, e event) {
	s.enabled(st, func(app *world.App, m *Manifest) {
		if m.mayHear(e.name) && sees(st, app.Account, of, e) {
			s.trigger(app, m, e.name, e.by, e.body)
		}
	})
}

// Emit tells one app of an event. payload is not kept.
func (s *Forge) Emit(key world.AppKey, name string, payload map[string]any) {
	app := s.Store.State().App(key)
	if app == nil || app.Forge == nil || app.State != world.AppEnabled {
		return
	}
	m, err := manifest(app)
	if err != nil {
		s.Logger.Error("read a manifest", "error", err)
		return
	}
	s.trigger(app, m, name, "", payload)
}

// trigger sends an event to the endpoints of the triggers that name it.
func (s *Forge) trigger(app *world.App, m *Manifest, name string, by world.AccountID, payload object) {
	for _, each := range m.of(triggerModule) {
		if each.Endpoint == "" || !slices.Contains(each.Events, name) {
			continue
		}
		body := object{}
		for k, v := range payload {
			body[k] = v
		}
		if body["eventType"] == nil {
			body["eventType"] = name
		}
		if by != "" {
			body["atlassianId"], body["selfGenerated"] = by, by == app.Account
		}
		raw, err := json.Marshal(body)
		if err != nil {
			s.Logger.Error("encode an event", "event", name, "error", err)
			return
		}
		if s.wanted(app, each, by, raw) {
			s.deliver(app.Key, m, each, name, raw)
		}
	}
}

// wanted asks the trigger's filter.
func (s *Forge) wanted(app *world.App, each *Module, by world.AccountID, raw []byte) bool {
	f := each.Filter
	if f == nil {
		return true
	}
	if f.IgnoreSelf && by != "" && by == app.Account {
		return false
	}
	if each.filter == nil {
		return true
	}
	var payload any
	_ = json.Unmarshal(raw, &payload) // it was encoded just now
	ok, err := each.filter.holds(map[string]any{"event": payload})
	if err == nil {
		return ok
	}
	if f.OnError != "IGNORE" && f.OnError != "RECEIVE" {
		s.Logger.Warn("filter of a trigger", "app", app.Key, "trigger", each.Key, "error", err)
	}
	return f.OnError == "RECEIVE" || f.OnError == "RECEIVE_AND_LOG"
}

// reasons are Forge's words for why it tries again.
var reasons = map[courier.Outcome]string{
	courier.TimedOut: "TIMEOUT_ERROR", courier.Denied: "INVALID_FORGE_INVOCATION_TOKEN",
	courier.Refused: "INVALID_REMOTE_INVOCATION_ERROR", courier.Failed: "INVALID_REMOTE_INVOCATION_ERROR",
}

// deliver posts a body to a module's endpoint until it is taken.
func (s *Forge) deliver(key world.AppKey, m *Manifest, each *Module, name string, raw []byte) {
	e := m.endpoint(each.Endpoint)
	remote := m.Remote(e.Remote)
	address := string(remote.Base) + e.Route.Path
	s.courier.Deliver(courier.Message{
		ID: world.NewUUID(), App: string(key), Event: name, URL: address,
		Request: func(ctx context.Context, retry int, before courier.Outcome) (*http.Request, error) {
			st := s.Store.State()
			app := st.App(key)
			if app == nil || app.Forge == nil || app.State != world.AppEnabled {
				return nil, fmt.Errorf("the app %s is not enabled any more", key)
			}
			body := raw
			if retry > 0 {
				var err error
				if body, err = again(raw, retry, reasons[before]); err != nil {
					return nil, err
				}
			}
			h, err := s.headers(st, app, m, invocation{remote: remote, auth: e.Auth, kind: "core:endpoint", key: e.Key, context: s.context(st, each.Key)})
			if err != nil {
				return nil, err
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
			if err != nil {
				return nil, fmt.Errorf("the address of the endpoint %s is wrong: %w", e.Key, err)
			}
			r.Header = h
			r.Header.Set("Content-Type", "application/json")
			return r, nil
		},
	})
}

// again is the body of a retry.
func again(raw []byte, retry int, reason string) ([]byte, error) {
	var body object
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, err
	}
	body["retryContext"] = object{"retryData": nil, "retryCount": retry, "retryReason": reason}
	return json.Marshal(body)
}

// toldFields are the fields of an issue that events have.
var toldFields = []string{"summary", "issuetype", "creator", "created", "project", "reporter", "assignee", "updated", "status"}

func (s *Forge) issueJSON(st *world.State, i *world.Issue) any {
	return s.shape.IssueJSON(st, i, shape.SelectFields(st, toldFields))
}

// eventsOf is what apps read of a change: https://developer.atlassian.com/platform/forge/events-reference/jira/.
func (s *Forge) eventsOf(st *world.State, e world.Event) []event {
	if e.Issue == nil {
		return s.smallEvents(st, e)
	}
	out := event{by: e.By, issue: e.Issue, body: object{"associatedUsers": users(e.By)}}
	switch e.Kind {
	case "issue":
		return s.issueEvents(st, e, out)
	case "comment":
		k, _ := e.New.(*world.Comment)
		out.name = "avi:jira:commented:issue"
		if e.Op == world.Deleted {
			k, _ = e.Old.(*world.Comment)
			out.name = "avi:jira:deleted:comment"
		}
		out.body["issue"], out.body["comment"] = s.issueJSON(st, e.Issue), s.shape.CommentJSON(st, e.Issue, k)
	case "worklog":
		w, _ := thing(e).(*world.Worklog)
		out.name, out.body = "avi:jira:"+string(e.Op)+":worklog", object{"worklog": s.shape.WorklogJSON(st, e.Issue, w)}
	case "attachment":
		a, _ := thing(e).(*world.Attachment)
		out.name, out.body = "avi:jira:"+string(e.Op)+":attachment", object{"attachment": attachmentJSON(e.Issue, a)}
	case "link":
		l, _ := e.New.(*world.Link)
		if e.Op == world.Deleted {
			l, _ = e.Old.(*world.Link)
		}
		t := st.LinkTypes.Get(l.Type)
		if t == nil { // it went with its links
			return nil
		}
		out.name = "avi:jira:" + string(e.Op) + ":issuelink"
		out.body = object{
			"id": l.ID, "sourceIssueId": e.Issue.ID, "destinationIssueId": l.Other,
			"issueLinkType": object{"id": t.ID, "name": t.Name, "inwardName": t.Inward, "outwardName": t.Outward},
		}
	case "issueProperty":
		out.name = "avi:jira:set:issue-property"
		if e.Op == world.Deleted {
			out.name = "avi:jira:deleted:issue-property"
		}
		out.body = object{"issue": object{"id": e.Issue.ID, "key": e.Issue.Key}, "property": object{"key": e.Key}}
	default:
		return nil
	}
	return []event{out}
}

// issueEvents are one event, and a second one where somebody was assigned.
func (s *Forge) issueEvents(st *world.State, e world.Event, out event) []event {
	name, ok := map[world.Op]string{world.Created: "created", world.Updated: "updated", world.Moved: "updated", world.Deleted: "deleted"}[e.Op]
	if !ok {
		return nil
	}
	out.name = "avi:jira:" + name + ":issue"
	out.body["issue"] = s.issueJSON(st, e.Issue)
	if e.History == nil || e.Op == world.Created {
		return []event{out}
	}
	out.body["changelog"] = object{"id": e.History.ID, "items": e.History.Items}
	var assigned []world.ChangeItem
	for _, item := range e.History.Items {
		switch item.FieldID {
		case "assignee":
			assigned = append(assigned, item)
			out.body["associatedUsers"] = users(e.By, world.AccountID(item.From), world.AccountID(item.To))
		case "status":
			out.body["associatedStatuses"] = []object{{"id": item.From, "name": item.FromString}, {"id": item.To, "name": item.ToString}}
		}
	}
	if assigned == nil {
		return []event{out}
	}
	second := event{name: "avi:jira:assigned:issue", by: out.by, issue: out.issue, body: object{
		"issue": out.body["issue"], "associatedUsers": out.body["associatedUsers"], "changelog": object{"id": e.History.ID, "items": assigned},
	}}
	return []event{out, second}
}

func users(accounts ...world.AccountID) object {
	list := []object{}
	for _, a := range accounts {
		if a != "" {
			list = append(list, object{"accountId": a})
		}
	}
	return object{"associatedUsers": list}
}
