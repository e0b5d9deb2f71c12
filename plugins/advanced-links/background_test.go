package main

import (
	"context"
	"strings"
	"testing"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/service"
)

// afterEvent has another plugin change links where nobody looks on.
func (s *site) afterEvent(op string, l contract.Linking) (*contract.LinkOutcome, error) {
	c := s.Context
	c.Account, c.IssueID, c.ProjectID = "", "", ""
	before := s.Context
	defer func() { s.Context = before }()
	s.Context = c
	var out contract.LinkOutcome
	err := s.Serve(service.Request{Name: "links", Op: op, Caller: "acme.other", Background: true}, l.MarshalMsg, out.UnmarshalMsg)
	return &out, err
}

func TestAfterAnEventAnotherPluginLinksWhatItHasJudged(t *testing.T) {
	s := newSite(t)
	id := s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 2}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
	l := contract.Linking{End: contract.End{Relation: id, End: first}, IssueID: "10001", Others: []string{"10101", "10102", "10103"}}
	got, err := s.afterEvent(contract.OpLink, l)
	if err != nil || got.Changed != 2 || len(got.Refused) != 1 || got.Refused[0].IssueID != "10103" {
		t.Errorf("%+v, %v; want two links, and a third too many", got, err)
	}
	if r := s.Records("link"); len(r) != 2 || r[0].Fields["by"] != "" {
		t.Errorf("records %v; nobody linked them", r)
	}
	if got, err := s.afterEvent(contract.OpLink, l); err != nil || got.Changed != 0 {
		t.Errorf("the second time: %+v, %v", got, err)
	}
	if _, err := s.afterEvent(contract.OpUnlink, l); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("links are removed for users only: %v", err)
	}
}

func TestWhatNeedsAUserIsNotLinkedAfterAnEvent(t *testing.T) {
	judge := func(j contract.Judgement) map[string]sdk.Service {
		return map[string]sdk.Service{contract.DataLogic: service.Mux{contract.OpJudge: service.Handle(
			func(context.Context, *service.Request, *contract.JudgeQuestion) (*contract.Judgement, error) {
				return &j, nil
			})}}
	}
	scope := func(sc contract.Scope) map[string]sdk.Service {
		return map[string]sdk.Service{contract.ParentFilter: service.Mux{contract.OpScope: service.Handle(
			func(context.Context, *service.Request, *contract.ScopeQuestion) (*contract.Scope, error) {
				return &sc, nil
			})}}
	}
	for _, tt := range []struct {
		name, storage, want string
		services            map[string]sdk.Service
		changed             int
	}{
		{"links of Jira's own", "jira", "in the name of a user only", nil, 0},
		{"a rule by the user's rights", "app", "goes by the rights of a user", judge(contract.Judgement{Governed: true, Issues: []jira.Issue{{ID: "10101"}}}), 0},
		{"a rule that does not know the issue", "app", "is not there any more", judge(contract.Judgement{Governed: true, ByRule: true}), 0},
		{"a rule that takes it", "app", "", judge(contract.Judgement{Governed: true, ByRule: true, Issues: []jira.Issue{{ID: "10101", Key: "HR-1"}}}), 1},
		{"another link that bounds it by a query", "app", "follows from another link", scope(contract.Scope{Clause: "project = HR"}), 0},
		{"another link that leaves it", "app", "", scope(contract.Scope{Clause: "id in (10101)", IssueIDs: []string{"10101"}}), 1},
		{"another link that leaves others", "app", "does not belong", scope(contract.Scope{Clause: "id in (10102)", IssueIDs: []string{"10102"}}), 0},
		{"another link that is not there", "app", "choose first", scope(contract.Scope{Nothing: "choose first"}), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			id := s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "storage": "` + tt.storage + `", "linkType": "1"}`)
			s.Services = tt.services
			got, err := s.afterEvent(contract.OpLink, contract.Linking{End: contract.End{Relation: id, End: first}, IssueID: "10001", Others: []string{"10101"}})
			if err != nil || got.Changed != tt.changed || (tt.want == "") != (len(got.Refused) == 0) || tt.want != "" && !strings.Contains(got.Refused[0].Message, tt.want) {
				t.Errorf("%+v, %v; want %q", got, err, tt.want)
			}
		})
	}
}
