package main

import (
	"context"
	"strings"
	"testing"
	"time"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// customer moves to the portal, as somebody who browses nothing but the request.
func (s *site) customer(request string) *site {
	s.at(request)
	s.Context.Module, s.Context.Account = portalModule, "qm:carl"
	s.Issues = []jira.Issue{s.issues[request]}
	s.May = func(permission, id string) bool { return permission == jira.BrowseProjects && id == request }
	return s
}

func (s *site) portal() *view.Page {
	s.Helper()
	page, err := s.View(sdkRequest(portalView))
	if err != nil {
		s.Fatal(err)
	}
	return page
}

// open has an admin open the first end of the relation to customers.
func (s *site) open(id, portal string) {
	s.Helper()
	if err := s.Reconfigure("relation", id, `{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["`+laptop+`"]}], "portal": "`+portal+`"}, "second": {"contexts": [{"types": ["`+employee+`"]}]}}`); err != nil {
		s.Fatal(err)
	}
}

func TestCustomersSeeNothingThatNoAdminOpened(t *testing.T) {
	for _, tt := range []struct {
		name, portal, request string
		found                 []string
		shows                 string
	}{
		{"as it was made", "none", "10001", []string{"10101"}, "Nothing is shown for this request."},
		{"opened, without a rule", "see", "10001", nil, "Nothing is shown here."},
		{"opened, with a rule that finds one", "see", "10001", []string{"10101"}, "HR-1 Employee 1"},
		{"opened at the other end", "see", "10101", []string{"10001"}, "Nothing is shown for this request."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, r := newSite(t), &rules{}
			id := s.relate()
			s.at("10001").link("10101", "10102")
			s.open(id, tt.portal)
			for _, id := range tt.found {
				r.found.Issues = append(r.found.Issues, s.issue(id))
			}
			r.found.Governed = tt.found != nil
			s.with(r)
			page := s.customer(tt.request).portal()
			s.shows(page, tt.shows)
			s.hides(page, "HR-2", "more", "may not see", "Remove", "History", "ACTIVE")
			if !strings.Contains(tt.shows, "HR-1") {
				s.hides(page, "HR-1")
			}
		})
	}
}

func TestAnonymousVisitorsOfThePortalAreRefused(t *testing.T) {
	s := newSite(t)
	s.open(s.relate(), "link")
	s.customer("10001").Context.Account = ""
	if _, err := s.View(sdkRequest(portalView)); sdk.CodeOf(err) != sdk.Unauthenticated {
		t.Errorf("%v", err)
	}
}

// TestThePortalAndThePanelsKeepApart asks for everything from both sides.
func TestThePortalAndThePanelsKeepApart(t *testing.T) {
	p := newPlugin(time.Now)
	for _, module := range []string{portalModule, "links", "manage"} {
		calls := map[string]func(r *sdk.Request) error{}
		for name, v := range p.Views {
			calls["view "+name] = func(r *sdk.Request) error { _, err := v.View(context.Background(), r); return err }
		}
		for name, a := range p.Actions {
			calls["action "+name] = func(r *sdk.Request) error { _, err := a.Act(context.Background(), r); return err }
		}
		for name, s := range p.Suggesters {
			calls["suggester "+name] = func(r *sdk.Request) error { _, err := s.Suggest(context.Background(), r); return err }
		}
		for name, call := range calls {
			portals := name == "view "+portalView || name == "action "+portalAction || name == "suggester "+portalPicker
			refused := func() (refused bool) {
				defer func() { _ = recover() }() // there is no host here, which is asked by those that are let in
				return sdk.CodeOf(call(&sdk.Request{Context: sdk.Context{Account: "a", IssueID: "10001", Module: module}})) == sdk.PermissionDenied
			}()
			if want := portals != (module == portalModule); refused != want {
				t.Errorf("%s in the module %s: refused %v, want %v", name, module, refused, want)
			}
		}
	}
}

func TestCustomersLinkByTheirRightOrByTheRule(t *testing.T) {
	for _, tt := range []struct {
		name, portal string
		may          bool
		judged       contract.Judgement
		links        int
	}{
		{"the rule links at both ends", "link", false, contract.Judgement{ByRule: true, HereByRule: true}, 1},
		{"the rule links at the other end alone", "link", false, contract.Judgement{ByRule: true}, 0},
		{"no account links by the rule", "link", false, contract.Judgement{HereByRule: true}, 0},
		{"the customer may link", "link", true, contract.Judgement{}, 1},
		{"opened to be seen alone", "see", true, contract.Judgement{ByRule: true, HereByRule: true}, 0},
		{"not opened", "none", true, contract.Judgement{ByRule: true, HereByRule: true}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, r := newSite(t), &rules{judged: tt.judged}
			id := s.relate()
			s.open(id, tt.portal)
			r.judged.Governed, r.judged.Issues = true, []jira.Issue{s.issue("10101")}
			s.with(r)
			s.customer("10001")
			if tt.may {
				s.Issues = append(s.Issues, s.issues["10101"])
				s.May = nil
			}
			form := map[string][]string{side{relation{id: id}, first}.slot(): {"10101"}}
			_, err := s.Action(sdk.Request{Name: portalAction, Form: form})
			if (err == nil) != (tt.links > 0) {
				t.Errorf("%v", err)
			}
			if n := len(s.Records(linkType)); n != tt.links {
				t.Errorf("%d links, want %d", n, tt.links)
			}
			_, err = s.Suggest(sdk.Request{Name: portalPicker, Params: map[string]string{"field": side{relation{id: id}, first}.slot()}})
			if (err == nil) != (tt.links > 0) {
				t.Errorf("what can be linked is offered, or not: %v", err)
			}
		})
	}
}

// TestWhatAFormHoldsCountsOnlyIfItCouldBeLinked keeps a customer from naming any issue to learn what belongs to it.
func TestWhatAFormHoldsCountsOnlyIfItCouldBeLinked(t *testing.T) {
	s, r := newSite(t), &rules{judged: contract.Judgement{Governed: true, ByRule: true, HereByRule: true}}
	one, two := s.relate(), s.relate()
	s.open(one, "link")
	s.open(two, "link")
	s.with(r)
	s.customer("10001")
	ask := sdk.Request{Name: portalPicker, Params: map[string]string{"field": side{relation{id: two}, first}.slot(), "q": ""}}
	ask.Form = map[string][]string{side{relation{id: one}, first}.slot(): {"10107"}}
	got, err := s.Suggest(ask)
	if err != nil || len(got.Choices) > 0 || !strings.Contains(got.Empty, "holds what cannot be linked") || len(r.finds) > 0 {
		t.Errorf("%v %+v, searched %d times", err, got, len(r.finds))
	}
	r.judged.Issues = []jira.Issue{s.issue("10107")}
	if _, err := s.Suggest(ask); err != nil || len(r.finds) != 1 {
		t.Errorf("%v, searched %d times", err, len(r.finds))
	}
	last := r.finds[len(r.finds)-1]
	if held := last.Chosen[contract.ChosenKey(contract.End{Relation: one, End: first})]; len(held) != 1 || held[0] != "10107" {
		t.Errorf("the other plugins are told that the form holds %v", last.Chosen)
	}
}

func TestLinksOfJirasOwnStayOffThePortal(t *testing.T) {
	s := newSite(t)
	_, err := s.Configure("relation", `{"name": "n", "outward": "a", "inward": "b", "storage": "jira", "linkType": "1", "first": {"portal": "see"}}`)
	if err == nil || !strings.Contains(err.Error(), "customers may not") {
		t.Errorf("%v", err)
	}
}
