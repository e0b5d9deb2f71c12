package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

const (
	supplies  = "4Nk7tQxYzAbCdEfGh2" // a relation
	employs   = "4Nk7tQxYzAbCdEfGh3"
	searching = "557058:searching"
)

// site is a Jira site with the plugin and with advanced links, whose links the test says.
type site struct {
	*sdktest.Host
	*testing.T
	links map[string][]string // by "relation end issue"
	gone  map[string]bool     // relations

	clock   time.Time
	changed string // a rule
}

func newSite(t *testing.T) *site {
	s := &site{T: t, links: map[string][]string{}, gone: map[string]bool{}}
	s.Host = sdktest.Load(t, newPlugin(func() time.Time { return s.clock }), "plugin.json")
	for _, i := range []jira.Issue{
		{ID: "10001", Key: "CO-1"}, {ID: "10101", Key: "IT-1"}, {ID: "10102", Key: "IT-2"}, {ID: "10103", Key: "IT-3"},
	} {
		i.Fields = map[string]jira.Value{"summary": {Text: "Words of " + i.Key}}
		s.Issues = append(s.Issues, i)
	}
	s.OnIssue(jira.Issue{ID: "10001", Key: "CO-1", ProjectID: "10", IssueTypeID: "3", Fields: map[string]jira.Value{"customfield_1": {Text: `Berlin" OR "x`}}})
	s.Accounts = map[string]func(string, string) bool{searching: nil}
	s.Services = map[string]sdk.Service{relations.Links: service.Mux{
		relations.OpLinked: service.Handle(func(_ context.Context, _ *service.Request, q *relations.LinkedQuestion) (*relations.LinkedList, error) {
			if s.gone[q.Relation] {
				return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "There is no such relation any more."}
			}
			out := &relations.LinkedList{}
			for _, id := range q.IssueIDs {
				out.Issues = append(out.Issues, relations.Linked{IssueID: id, Others: s.links[q.Relation+" "+q.End.End+" "+id]})
			}
			return out, nil
		}),
		relations.OpSides: service.Handle(func(context.Context, *service.Request, *relations.SidesQuestion) (*relations.SideList, error) {
			return &relations.SideList{Sides: []relations.Side{
				{End: relations.End{Relation: supplies, End: relations.First}, Name: "Supplier", Label: "supplies"},
				{End: relations.End{Relation: supplies, End: relations.Second}, Name: "Supplier", Label: "is supplied by"},
			}}, nil
		}),
	}}
	return s
}

// rule has an admin write one for the first end of supplies; more are its other settings, as JSON.
func (s *site) rule(more string) string {
	s.Helper()
	id, err := s.Configure("rule", `{"name": "Suppliers", "relation": "`+supplies+`", "end": "first"`+more+`}`)
	if err != nil {
		s.Fatal(err)
	}
	return id
}

func (s *site) where() relations.Where {
	return relations.Where{End: relations.End{Relation: supplies, End: relations.First}, IssueID: s.Context.IssueID}
}

// finds says which issues any search finds.
func (s *site) finds(ids ...string) {
	s.Match = func(_ string, i *jira.Issue) bool { return slices.Contains(ids, i.ID) }
}

func (s *site) find(q relations.FindQuestion) *relations.Findings {
	s.Helper()
	if q.End == (relations.End{}) {
		q.Where = s.where()
	}
	var out relations.Findings
	if err := s.Serve(service.Request{Name: "logic", Op: relations.OpFind}, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		s.Fatal(err)
	}
	return &out
}

func (s *site) judge(q relations.JudgeQuestion) *relations.Judgement {
	s.Helper()
	if q.End == (relations.End{}) {
		q.Where = s.where()
	}
	var out relations.Judgement
	if err := s.Serve(service.Request{Name: "logic", Op: relations.OpJudge}, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		s.Fatal(err)
	}
	return &out
}

func (s *site) stale(others ...string) []string {
	s.Helper()
	q, out := relations.StaleQuestion{Where: s.where(), Others: others}, relations.Stale{}
	if err := s.Serve(service.Request{Name: "logic", Op: relations.OpStale}, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		s.Fatal(err)
	}
	return out.IssueIDs
}

// asked is the last search.
func (s *site) asked() jira.Search {
	s.Helper()
	all := s.Searches()
	if len(all) == 0 {
		s.Fatal("nothing was searched")
	}
	return all[len(all)-1]
}

func (s *site) logged(code string) bool {
	for _, e := range s.Logs() {
		if e.Code == code {
			return true
		}
	}
	return false
}

func ids(issues []jira.Issue) string {
	var out []string
	for _, i := range issues {
		out = append(out, i.ID)
	}
	return strings.Join(out, " ")
}

func refusals(all []relations.Refusal) string {
	var out []string
	for _, r := range all {
		out = append(out, r.IssueID+": "+r.Message)
	}
	return strings.Join(out, "\n")
}

// retry has a run that ended with an error go on, as a host does by itself.
func (s *site) retry(run string) error {
	_, err := job.Retry(s.With(context.Background()), run)
	return err
}

// refused answers searches as Jira does where it does not take the query.
func refused(op string, _ []byte) (msgp.Marshaler, error, bool) {
	return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "Error in the JQL Query."}, op == jira.OpSearch
}
