package control

import (
	"fmt"
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Control) webhooksAPI(w http.ResponseWriter, _ *http.Request) {
	hooks := s.apps.Hooks()
	list := make([]any, 0, len(hooks))
	for _, h := range hooks {
		list = append(list, h)
	}
	rest.WriteJSON(w, http.StatusOK, object{"webhooks": list})
}

func (s *Control) webhookLogAPI(w http.ResponseWriter, _ *http.Request) {
	rest.WriteJSON(w, http.StatusOK, object{"waiting": s.sender.Waiting(), "attempts": s.sender.Log()})
}

// emitAPI sends an event by hand. Its body has what the site knows of the issue and of who sends it.
func (s *Control) emitAPI(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Event    string   `json:"event"`
		Issue    string   `json:"issue"`
		Fields   []string `json:"fields"`
		Property string   `json:"property"`
	}
	if err := decodeControl(w, r, &in); err != nil || in.Event == "" {
		rest.WriteJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"event": "jira:issue_updated", "issue": "OPS-1", "fields": ["summary"]}.`})
		return
	}
	st := s.store.State()
	e := push.Event{Name: in.Event, Time: s.now(), Fields: in.Fields, Property: in.Property, Body: object{"user": s.shape.UserOrNil(st, world.Mia)}}
	if in.Issue != "" {
		i := st.FindIssue(in.Issue)
		if i == nil {
			rest.WriteJSON(w, http.StatusNotFound, object{"message": "There is no such issue."})
			return
		}
		e.IssueID = string(i.ID)
		e.Body["issue"] = s.shape.IssueJSON(st, i, shape.SelectFields(st, []string{"*all"}))
	}
	if in.Property != "" {
		e.Body["property"] = object{"key": in.Property}
	}
	if len(in.Fields) > 0 {
		items := []object{}
		for _, f := range in.Fields {
			items = append(items, object{"field": f, "fieldId": f})
		}
		e.Body["changelog"] = object{"id": fmt.Sprint(e.Time.UnixMilli()), "items": items}
	}
	s.feed.Emit(e)
	rest.WriteJSON(w, http.StatusAccepted, nil)
}
