package jira_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/sdk"
)

var three = []jira.Draft{
	{Fields: map[string]any{"summary": "a"}, Properties: map[string]any{"p": 1}}, {Fields: map[string]any{"summary": "b"}}, {Fields: map[string]any{"summary": "c"}},
}

const refusedB = `{"status":400,"failedElementNumber":1,"elementErrors":{"errorMessages":[],"errors":{"summary":"b is no good summary","labels":"x"}}}`

func TestCreateTellsForEachIssueWhatCameOfIt(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusCreated, body: `{"issues":[{"id":"1","key":"OPS-1"},{"id":"2","key":"OPS-2"}],"errors":[` + refusedB + `]}`})
	got, err := s.client.Create(t.Context(), s.tenant, three)
	want := []jira.Made{{ID: "1", Key: "OPS-1"}, {Refused: &jira.Refusal{Status: 400, Fields: []string{"labels", "summary"}}}, {ID: "2", Key: "OPS-2"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if body := s.seen[0].Body; !strings.Contains(body, `"properties":[{"key":"p","value":1}]`) {
		t.Errorf("the property does not come with the fields: %s", body)
	}
}

func TestCreateOfNothingButRefusedIssuesIsNoFailure(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusBadRequest, body: `{"issues":[],"errors":[` + strings.Replace(refusedB, "1", "0", 1) + `]}`})
	if _, err := s.client.Create(t.Context(), s.tenant, three); err == nil {
		t.Error("two of three issues have no answer, and nobody says so")
	}
	s = newSite(t, "", answer{status: http.StatusBadRequest, body: `{"issues":[],"errors":[` + strings.Replace(refusedB, `Number":1`, `Number":0`, 1) + `]}`})
	got, err := s.client.Create(t.Context(), s.tenant, three[:1])
	if err != nil || len(got) != 1 || got[0].Refused == nil {
		t.Error(got, err)
	}
}

func TestCreateIsNeverTriedAgainByItself(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway} {
		s := newSite(t, "", answer{status: status, body: `{}`})
		_, err := s.client.Create(t.Context(), s.tenant, three)
		if err == nil || len(s.seen) != 1 || jira.IsUnknown(err) != (status >= 500) {
			t.Errorf("status %d: %d calls, unknown %v: %v", status, len(s.seen), jira.IsUnknown(err), err)
		}
	}
	s := newSite(t, "", ok(`{"issues":[{"id":"1","ke`)) // made, and the answer is cut
	if _, err := s.client.Create(t.Context(), s.tenant, three); !jira.IsUnknown(err) {
		t.Error(err)
	}
}

func TestRefusedEditsNameFieldsAndNoValues(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusBadRequest, body: `{"errorMessages":[],"errors":{"customfield_1":"'Secret laptop' is no number"}}`})
	err := s.client.Edit(t.Context(), s.tenant, "10001", three[0])
	var refused *jira.RefusedError
	if !errors.As(err, &refused) || !cmp.Equal(refused.Fields, []string{"customfield_1"}) || sdk.CodeOf(err) != sdk.Invalid {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v", err, err), "laptop") {
		t.Errorf("the error quotes a value: %v", err)
	}
	s.expectCalls("PUT /rest/api/3/issue/10001?notifyUsers=false")
}

func TestScanAsksForPropertiesAndReconciles(t *testing.T) {
	s := newSite(t, "", ok(`{"issues":[{"id":"1","key":"OPS-1","properties":{"p":{"a":1}}}],"nextPageToken":"next"}`), ok(`{"issues":[],"isLast":true}`))
	q := jira.Scan{JQL: "project = OPS", Properties: []string{"p"}, Reconcile: []string{"1", "no number"}, Limit: 9000}
	got, next, err := s.client.Scan(t.Context(), s.tenant, q)
	if err != nil || next != "next" || len(got) != 1 || string(got[0].Properties["p"]) != `{"a":1}` {
		t.Fatal(got, next, err)
	}
	q.Page = next
	if got, next, err = s.client.Scan(t.Context(), s.tenant, q); err != nil || next != "" || len(got) != 0 {
		t.Error(got, next, err)
	}
	want := `{"jql":"project = OPS","properties":["p"],"reconcileIssues":[1],"maxResults":5000}`
	if diff := cmp.Diff(want, s.seen[0].Body); diff != "" {
		t.Error(diff)
	}
}

func TestTransitionsThatNeedInputAreKnown(t *testing.T) {
	s := newSite(t, "", ok(`{"transitions":[
		{"id":"1","to":{"id":"5"},"fields":{}},
		{"id":"2","to":{"id":"6"},"fields":{"resolution":{"required":true,"hasDefaultValue":false}}},
		{"id":"3","to":{"id":"7"},"fields":{"resolution":{"required":true,"hasDefaultValue":true}}}]}`))
	got, err := s.client.Transitions(t.Context(), s.tenant, "10001")
	if err != nil || len(got) != 3 || got[0].NeedsInput() || !got[1].NeedsInput() || got[2].NeedsInput() || got[1].To.ID != "6" {
		t.Error(got, err)
	}
}

func TestCreateMetaGoesThroughPages(t *testing.T) {
	s := newSite(t, "", ok(`{"fields":[{"fieldId":"summary","required":true,"schema":{"type":"string","system":"summary"}}],"total":2}`),
		ok(`{"fields":[{"key":"customfield_1","schema":{"type":"option"},"allowedValues":[{"id":"1","value":"a","children":[{"id":"2","value":"b"}]}]}],"total":2}`))
	got, err := s.client.CreateMeta(t.Context(), s.tenant, "10000", "3")
	if err != nil || len(got) != 2 || !got[0].Required || got[1].ID != "customfield_1" || got[1].Allowed[0].Children[0].Label() != "b" {
		t.Errorf("%+v %v", got, err)
	}
}
