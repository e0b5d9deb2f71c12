package main

import (
	"slices"
	"testing"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// creating opens the form for a new issue beside an issue, where the parent filter wants a new one to be linked to 10101.
func creating(t *testing.T, via string) (s *site, r *rules, belongs string, page *view.Page) {
	t.Helper()
	s, r = newSite(t), &rules{}
	s.relate()
	belongs = s.relate(via)
	s.IssueTypes = []jira.IssueType{{ID: employee, Name: "Employee"}}
	s.Projects = []jira.Project{{ID: "20", Key: "HR"}}
	r.presets.Presets = []contract.Preset{{ProjectID: "20", IssueTypeID: employee}}
	r.scope = contract.Scope{
		Nothing: "no issue belongs", Joins: []contract.Join{{End: contract.End{Relation: belongs, End: contract.Second}, IssueID: "10101"}},
	}
	s.with(r)
	page, err := s.Press(s.at("10001").opened(), "Create an issue")
	if err != nil {
		t.Fatal(err)
	}
	return s, r, belongs, page
}

const everywhere = `{"name": "Belongs", "outward": "belongs to", "inward": "has"}`

func TestAnIssueThatIsCreatedBelongsToWhatBoundsIt(t *testing.T) {
	s, _, belongs, page := creating(t, everywhere)
	done, err := s.Submit(page, "create", map[string]string{"summary": "Mia Lang"})
	if err != nil {
		t.Fatal(err)
	}
	s.shows(done, "is created and linked", "Mia Lang")
	links := s.Records("link")
	made := links[0].Fields["inward"]
	if links[0].Fields["relation"] == belongs {
		made = links[0].Fields["outward"]
	}
	there := slices.ContainsFunc(links, func(l store.Record) bool {
		return l.Fields["relation"] == belongs && l.Fields["outward"] == made && l.Fields["inward"] == "10101"
	})
	if len(links) != 2 || !there {
		t.Errorf("linked: %v", links)
	}
}

func TestNothingIsCreatedThatCouldNotBelongThere(t *testing.T) {
	for name, tt := range map[string]struct {
		via, want string
		turn      func(*site, *rules)
	}{
		"nothing is chosen": {everywhere, "choose first", func(_ *site, r *rules) { r.scope = contract.Scope{Nothing: "choose first", NoNew: "choose first"} }},
		"the user may not link that": {everywhere, "You may not link what the new issue would belong to", func(s *site, _ *rules) {
			s.May = func(permission, thing string) bool { return permission != jira.LinkIssues || thing != "10101" }
		}},
		"that takes no more": {`{"name": "Belongs", "outward": "belongs to", "inward": "has", "second": {"most": 1}}`, "“has” takes one issue", func(s *site, r *rules) {
			scope := r.scope
			r.scope = contract.Scope{}
			add := sdk.Request{Name: "add", State: []byte(scope.Joins[0].Relation + "-second"), Form: map[string][]string{"issues": {"10002"}}}
			if _, err := s.at("10101").Action(add); err != nil || len(s.Records("link")) != 1 {
				s.Fatal(err)
			}
			s.at("10001")
			r.scope = scope
		}},
		"the relation is for others": {`{"name": "Belongs", "outward": "belongs to", "inward": "has", "first": {"contexts": [{"types": ["` + laptop + `"]}]}}`, "cannot be linked as “has”", func(*site, *rules) {}},
		"the relation is gone":       {everywhere, "There is no such relation any more", func(_ *site, r *rules) { r.scope.Joins[0].Relation = "4Nk7tQxYzAbCdEfGh9" }},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, _, page := creating(t, tt.via)
			tt.turn(s, r)
			before := len(s.Issues)
			again, err := s.Action(sdk.Request{Name: "create", State: formOf(page, "create").State, Form: map[string][]string{"summary": {"Mia"}}})
			if err != nil {
				t.Fatal(err)
			}
			s.shows(again, tt.want)
			if len(s.Issues) != before {
				t.Error("an issue was created")
			}
		})
	}
}
