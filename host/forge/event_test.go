package forge_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/sdk"
)

const updated = `{"eventType":"avi:jira:updated:issue","atlassianId":"712020:mia","issue":{"id":"10100","fields":{"project":{"id":"10000"}}},
	"changelog":{"id":"1","items":[{"fieldId":"summary"}]},"contextToken":"CONTEXT"RETRY}`

func TestEventsReadAsWebhooks(t *testing.T) {
	for _, tt := range []struct{ in, name, want string }{
		{
			strings.NewReplacer("RETRY", "").Replace(updated), "issue.updated",
			`{"changelog":{"id":"1","items":[{"fieldId":"summary"}]},"issue":{"id":"10100","fields":{"project":{"id":"10000"}}},"user":{"accountId":"712020:mia"}}`,
		},
		{
			`{"eventType":"avi:jira:created:issuelink","id":"7","sourceIssueId":"1","destinationIssueId":"2","issueLinkType":{"id":"9"}}`, "issuelink.created",
			`{"issueLink":{"destinationIssueId":"2","id":"7","issueLinkType":{"id":"9"},"sourceIssueId":"1"},"user":{"accountId":""}}`,
		},
		{`{"eventType":"avi:jira:softdeleted:project","project":{"id":"1"}}`, "project_soft_deleted", `{"user":{"accountId":""}}`},
		{`{"eventType":"avi:jira:viewed:issue"}`, "", ""},
	} {
		got, err := forge.ParseEvent([]byte(tt.in), start)
		if err != nil || got.Name != tt.name {
			t.Errorf("%s: %q, %v", tt.in, got.Name, err)
			continue
		}
		if tt.want == "" {
			continue
		}
		var have, want any
		if err := json.Unmarshal(got.Webhook, &have); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestTriesOfAnEventAreOneEvent(t *testing.T) {
	id := func(body string, now time.Time) string {
		t.Helper()
		e, err := forge.ParseEvent([]byte(body), now)
		if err != nil || e.ID == "" {
			t.Fatalf("%v %+v", err, e)
		}
		return e.ID
	}
	first := id(strings.NewReplacer("RETRY", "", "CONTEXT", "a").Replace(updated), start)
	retry := id(strings.NewReplacer("RETRY", `,"retryContext":{"retryCount":2}`, "CONTEXT", "b").Replace(updated), start.Add(3*time.Minute))
	if first != retry {
		t.Error("a retry is another event")
	}
	if other := id(strings.NewReplacer("RETRY", "", "summary", "status").Replace(updated), start); other == first {
		t.Error("two events are one")
	}
	if later := id(strings.NewReplacer("RETRY", "", "CONTEXT", "a").Replace(updated), start.Add(2*time.Hour)); later == first {
		t.Error("what happens again hours later is the same event")
	}
}

func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{
		strings.NewReplacer("RETRY", "").Replace(updated), `{}`, `[]`, `{"eventType":1}`, `{"eventType":"avi:jira:created:issuelink"}`,
		`{"eventType":"avi:jira:deleted:issue","issue":"no object"}`, `{"eventType":"avi:jira:updated:issue","atlassianId":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := forge.ParseEvent(body, start)
		if err != nil && sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%v", err)
		}
		if e.Name != "" && (!json.Valid(e.Webhook) || e.ID == "") {
			t.Errorf("%+v", e)
		}
	})
}
