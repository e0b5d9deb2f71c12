package desk

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) requestOperations() []rest.Operation {
	const one = root + "/request/{issueIdOrKey}"
	return []rest.Operation{
		rest.Op("GET", root+"/request", rest.ScopeRead, s.listRequests),
		rest.Op("POST", root+"/request", rest.ScopeWrite, s.postRequest),
		rest.Op("GET", one, rest.ScopeRead, s.getRequest),
		rest.Op("GET", one+"/status", rest.ScopeRead, s.listStatuses),
		rest.Op("GET", one+"/transition", rest.ScopeRead, s.listTransitions),
		rest.Op("POST", one+"/transition", rest.ScopeWrite, s.postTransition),
		rest.Op("GET", one+"/sla", rest.ScopeRead, s.emptyPage),
		rest.Op("GET", one+"/sla/{slaMetricId}", rest.ScopeRead, s.noneOf("service level agreement", "slaMetricId")),
		rest.Op("GET", one+"/approval", rest.ScopeRead, s.emptyPage),
		rest.Op("GET", one+"/approval/{approvalId}", rest.ScopeRead, s.noneOf("approval", "approvalId")),
		rest.Op("POST", one+"/approval/{approvalId}", rest.ScopeWrite, s.noneOf("approval", "approvalId")),
	}
}

// emptyPage lists what no request has here.
func (s *API) emptyPage(c *rest.Call) (rest.Answer, error) {
	if _, err := s.request(c, c.St); err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, []*world.Desk{}, s.deskJSONOf(c.St))
}

// noneOf answers for one of what no request has here.
func (s *API) noneOf(what, parameter string) rest.Handler {
	return func(c *rest.Call) (rest.Answer, error) {
		if _, err := s.request(c, c.St); err != nil {
			return rest.Answer{}, err
		}
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The request has no %s '%s'.", what, c.PathValue(parameter))
	}
}

func (s *API) listRequests(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	w := Wanted{
		Org: world.OrgID(q.Get("organizationId")), Desk: world.DeskID(q.Get("serviceDeskId")), Type: world.RequestTypeID(q.Get("requestTypeId")),
		Term: q.Get("searchTerm"),
	}
	for _, o := range rest.SplitNames(q["requestOwnership"]) {
		w.Ownership = append(w.Ownership, Ownership(o))
	}
	if w.Desk != "" {
		d := c.St.Desks.Get(w.Desk)
		if d == nil || !MayAsk(c.St, c.Who.Account, d) {
			return rest.Answer{}, noDesk()
		}
		if t := c.St.RequestTypes.Get(w.Type); w.Type != "" && (t == nil || t.Desk != d.ID) {
			return rest.Answer{}, rest.Fail(http.StatusNotFound, "The service desk does not support this request type.")
		}
	}
	switch open := q.Get("requestStatus") == "OPEN_REQUESTS"; q.Get("requestStatus") {
	case "OPEN_REQUESTS", "CLOSED_REQUESTS":
		w.Open = &open
	}
	want := expansionOf(c)
	return paged(s, c, Requests(c.St, c.Who.Account, w), func(i *world.Issue) object { return s.requestJSON(c.St, c.Who.Account, i, want) })
}

func (s *API) getRequest(c *rest.Call) (rest.Answer, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.requestJSON(c.St, c.Who.Account, i, expansionOf(c))}, nil
}

// requestJSON is a request as somebody sees it.
func (s *API) requestJSON(st *world.State, who world.AccountID, i *world.Issue, want expansion) object {
	t, d := TypeOf(st, i)
	path := root + "/request/" + string(i.ID)
	fields := []object{}
	for _, v := range Values(st, who, i) {
		f := object{"fieldId": v.Field.Field, "label": v.Field.Label, "value": s.valueJSON(st, who, v)}
		if v.HTML != "" {
			f["renderedValue"] = object{"html": v.HTML}
		}
		fields = append(fields, f)
	}
	statuses := Statuses(st, i)
	out := object{
		"_expands": want.rest("participant", "status", "sla", "requestType", "serviceDesk", "attachment", "action", "comment"),
		"issueId":  i.ID, "issueKey": i.Key, "summary": i.Summary, "requestTypeId": t.ID, "serviceDeskId": d.ID,
		"createdDate": s.date(st, who, i.Created), "requestFieldValues": fields, "currentStatus": s.statusJSON(st, who, statuses[0]),
		"_links": object{
			"self": s.Base + path, "jiraRest": s.Link("/rest/api/2/issue/%s", i.ID), "agent": s.Link("/browse/%s", i.Key), "web": s.Base + Path(d, i),
		},
	}
	if u := st.User(i.Reporter); u != nil {
		out["reporter"] = s.userJSON(u)
	}
	for name, member := range map[string]func() (string, any){
		"serviceDesk": func() (string, any) { return "serviceDesk", s.deskJSON(st, d) },
		"requestType": func() (string, any) { return "requestType", s.typeJSON(st, who, t) },
		"participant": func() (string, any) {
			return "participants", firstPage(s, path+"/participant", people(st, Participants(st, i)), s.userJSON)
		},
		"sla":    func() (string, any) { return "sla", firstPage(s, path+"/sla", []*world.Desk{}, s.deskJSONOf(st)) },
		"status": func() (string, any) { return "status", firstPage(s, path+"/status", statuses, s.statusJSONOf(st, who)) },
		"attachment": func() (string, any) {
			return "attachments", firstPage(s, path+"/attachment", st.Attachments(i), s.attachmentJSONOf(st, who, i))
		},
		"action": func() (string, any) { return "actions", actionsJSON(st, who, i) },
		"comment": func() (string, any) {
			return "comments", firstPage(s, path+"/comment", Comments(st, who, i), s.commentJSONOf(st, who, i, want.below("comment")))
		},
	} {
		if want.has(name) || name == "comment" && len(want.below("comment")) > 0 {
			key, value := member()
			out[key] = value
		}
	}
	return out
}

// Path is where the portal shows a request.
func Path(d *world.Desk, i *world.Issue) string {
	return "/servicedesk/customer/portal/" + string(d.ID) + "/" + i.Key
}

func actionsJSON(st *world.State, who world.AccountID, i *world.Issue) object {
	allowed := func(yes bool) object { return object{"allowed": yes} }
	takesPart := MayShare(st, who, i)
	return object{"addAttachment": allowed(true), "addComment": allowed(true), "addParticipant": allowed(takesPart), "removeParticipant": allowed(takesPart)}
}

// MayShare says whether somebody, who sees the request, may let others take part: agents, and whoever asked.
func MayShare(st *world.State, who world.AccountID, i *world.Issue) bool {
	return i.Reporter == who || Agent(st, who, st.Project(i.Project))
}

func (s *API) postRequest(c *rest.Call) (rest.Answer, error) {
	var in struct {
		ServiceDeskID       string                      `json:"serviceDeskId"`
		RequestTypeID       world.RequestTypeID         `json:"requestTypeId"`
		RequestFieldValues  map[string]jsonText         `json:"requestFieldValues"`
		RequestParticipants []string                    `json:"requestParticipants"`
		RaiseOnBehalfOf     string                      `json:"raiseOnBehalfOf"`
		Channel             string                      `json:"channel"`
		IsADFRequest        bool                        `json:"isAdfRequest"`
		Form                *struct{ Answers jsonText } `json:"form"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	d := FindDesk(c.St, in.ServiceDeskID)
	switch {
	case d == nil || !MayAsk(c.St, c.Who.Account, d):
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The service desk '%s' does not exist, or you cannot ask there.", in.ServiceDeskID)
	case in.Form != nil && !nothing(in.Form.Answers):
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The request type has no form: send its fields in requestFieldValues.")
	}
	draft := Draft{Desk: d.ID, Type: in.RequestTypeID, Values: in.RequestFieldValues, Rich: in.IsADFRequest, Channel: "api"}
	if in.Channel != "" {
		draft.Channel = in.Channel
	}
	agent := Agent(c.St, c.Who.Account, c.St.Project(d.Project))
	if (in.RaiseOnBehalfOf != "" || len(in.RequestParticipants) > 0) && !agent {
		return rest.Answer{}, forbidden("ask for somebody else, or let others take part from the start")
	}
	var err error
	if draft.Reporter, err = accountOf(c.St, in.RaiseOnBehalfOf); err != nil {
		return rest.Answer{}, err
	}
	for _, name := range in.RequestParticipants {
		a, err := accountOf(c.St, name)
		if err != nil {
			return rest.Answer{}, err
		}
		draft.Participants = append(draft.Participants, a)
	}
	made, err := s.Create(c.Who.Account, draft)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusCreated, Body: s.requestJSON(s.store.State(), c.Who.Account, made, nil)}, nil
}

// accountOf finds somebody by account or mail address; "" is nobody.
func accountOf(st *world.State, name string) (world.AccountID, error) {
	if name == "" {
		return "", nil
	}
	if u := FindPerson(st, name); u != nil {
		return u.Account, nil
	}
	return "", rest.Fail(http.StatusBadRequest, "The account '%s' does not exist.", name)
}

// FindPerson finds the one whom a text means; nil where there is none, or several have the name.
func FindPerson(st *world.State, text string) *world.User {
	if found := st.Called(text); len(found) == 1 {
		return found[0]
	}
	return nil
}

// uniqueAccounts leaves each account once, and those out that are in without.
func uniqueAccounts(list []world.AccountID, without ...world.AccountID) []world.AccountID {
	var out []world.AccountID
	for _, a := range list {
		if a != "" && !slices.Contains(out, a) && !slices.Contains(without, a) {
			out = append(out, a)
		}
	}
	return out
}
