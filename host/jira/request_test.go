package jira_test

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk"
)

func TestRequestIsFoundByIDOrKey(t *testing.T) {
	s := newSite(t, "", ok(`{"issueId":"10160","issueKey":"HELP-1","summary":"Printer smokes"}`), ok(`{"issueId":"10160"}`), ok(`{"issueId":"../1"}`), answer{status: 404, body: `{"errorMessage":"The request you are trying to view does not exist."}`})
	for _, name := range []string{"HELP-1", "10160"} {
		if id, err := s.client.Request(t.Context(), s.tenant, name); err != nil || id != "10160" {
			t.Errorf("%s: %q %v", name, id, err)
		}
	}
	for _, name := range []string{"10161", "10162", "../1", ""} {
		if id, err := s.client.Request(t.Context(), s.tenant, name); sdk.CodeOf(err) != sdk.NotFound {
			t.Errorf("%s: %q %v", name, id, err)
		}
	}
	s.expectCalls("GET /rest/servicedeskapi/request/HELP-1", "GET /rest/servicedeskapi/request/10160", "GET /rest/servicedeskapi/request/10161", "GET /rest/servicedeskapi/request/10162")
}
