package events_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

const secret = "Merger with Initech"

// updated is the body of a webhook with content in every place that might tempt.
func updated(issue int, by string) string {
	return fmt.Sprintf(`{"timestamp":1,"webhookEvent":"jira:issue_updated","user":{"accountId":%q,"displayName":%q},"issue":{"id":"%d","key":"OPS-1","fields":{
		"summary":%q,"project":{"id":"10000","name":%[4]q},"issuetype":{"id":"10001","name":%[4]q}}},
		"changelog":{"id":"1","items":[{"field":%[4]q,"fieldId":"summary","fromString":%[4]q,"toString":%[4]q},{"field":"Link"},{"fieldId":%[4]q},
		{"fieldId":"customfield_10004"},{"fieldId":"summary"}]}}`, by, secret, issue, secret)
}

func TestAnEventIsOfIDsOnly(t *testing.T) {
	r := newRig(t)
	r.take(event.IssueUpdated, "w1", noon, updated(10007, mia))
	for d, err := range store.Each(t.Context(), r.store, store.Query{Tenant: acme, Collection: "jobs.run"}) {
		r.must(err)
		for _, content := range []string{secret, "OPS-1", "10007", "summary"} { // ids are sealed
			if strings.Contains(string(d.Body), content) {
				t.Errorf("%q is kept: %s", content, d.Body)
			}
		}
	}
	r.work()
	got := r.next()
	want := event.Event{
		Name: "acme test.ears", Kind: event.IssueUpdated, At: noon.UnixMilli(), IssueID: "10007", ProjectID: "10000", IssueTypeID: "10001",
		Changed: []string{"summary", "customfield_10004"}, Account: mia,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(event.Event{}, "ID")); diff != "" || got.ID == "" {
		t.Errorf("id %q (-want +got):\n%s", got.ID, diff)
	}
	r.take(event.LinkDeleted, "w2", noon, `{"issueLink":{"id":10030,"sourceIssueId":10001,"destinationIssueId":10002,"issueLinkType":{"id":10003,"name":"Blocks"}}}`)
	want = event.Event{Name: "acme test.ears", Kind: event.LinkDeleted, At: noon.UnixMilli(), LinkID: "10030", LinkTypeID: "10003", FromID: "10001", ToID: "10002"}
	if diff := cmp.Diff(want, r.next(), cmpopts.IgnoreFields(event.Event{}, "ID")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(r.log.String(), secret) {
		t.Errorf("the log holds content: %s", r.log)
	}
}

func TestWhatTheAppItselfDidIsItsOwn(t *testing.T) {
	r := newRig(t)
	r.work()
	for n, by := range []string{app, mia, ""} {
		r.take(event.IssueUpdated, "by "+by, noon, updated(1+n, by))
		if e := r.next(); e.Own != (by == app) || e.Account != by {
			t.Errorf("by %q: %+v", by, e)
		}
	}
}

func TestAWebhookThatComesTwiceIsOneEvent(t *testing.T) {
	r := newRig(t)
	r.turn(ears, others)
	r.work()
	ids := map[string]bool{}
	for range 3 {
		r.take(event.IssueDeleted, "w1", noon, updated(1, mia))
	}
	for range 2 { // one for each plugin
		ids[r.next().ID] = true
	}
	r.until("all is done", func() bool { return len(r.runs(jobs.Done)) == 2 })
	if len(ids) != 2 || len(r.told) > 0 || len(r.runs("")) != 2 {
		t.Errorf("ids %v, %d more events, %d runs", ids, len(r.told), len(r.runs("")))
	}
	r.take(event.IssueDeleted, "w1", noon, updated(2, mia)) // of another issue it is another one
	if e := r.next(); ids[e.ID] {
		t.Errorf("another event has the id of one before: %v", e)
	}
}

// A site that moves from Connect to Forge tells by both for a while, and a registered webhook beside the one of the descriptor.
func TestWhatIsToldInSeveralWaysIsToldOnce(t *testing.T) {
	const issue, link = `"issue":{"id":"10007","fields":{"project":{"id":"10000"},"issuetype":{"id":"10001"}}}`, `"sourceIssueId":10001,"destinationIssueId":10002,"issueLinkType":{"id":10003}`
	change := func(id string) string { return `,"changelog":{"id":"` + id + `","items":[{"fieldId":"summary"}]}` }
	r := newRig(t)
	r.work()
	n := 0
	for _, tt := range []struct{ kind, forge, connect, onForge string }{
		{event.IssueCreated, "avi:jira:created:issue", issue, issue},
		{event.IssueUpdated, "avi:jira:updated:issue", issue + change("1"), issue + change("1")},
		{event.IssueUpdated, "avi:jira:updated:issue", issue + change("2"), issue + change("2")}, // which looks the same
		{event.IssueDeleted, "avi:jira:deleted:issue", issue, issue},
		{event.LinkCreated, "avi:jira:created:issuelink", `"issueLink":{"id":7,` + link + `}`, `"id":"7",` + link},
		{event.LinkDeleted, "avi:jira:deleted:issuelink", `"issueLink":{"id":7,` + link + `}`, `"id":"7",` + link},
	} {
		n++
		r.take(tt.kind, "by the descriptor", noon, `{"timestamp":1796040000000,`+tt.connect+`}`)
		first := r.next()
		r.take(tt.kind, "registered", noon.Add(50*time.Millisecond), `{"timestamp":1796040000050,"matchedWebhookIds":[1],`+tt.connect+`}`)
		e, err := forge.ParseEvent([]byte(`{"eventType":"`+tt.forge+`","atlassianId":"557058:mia",`+tt.onForge+`}`), noon.Add(3*time.Second))
		r.must(err)
		r.take(e.Name, e.ID, noon.Add(3*time.Second), string(e.Webhook))
		r.until("all is done", func() bool { return len(r.runs(jobs.Done)) == n })
		if len(r.told) > 0 || len(r.runs("")) != n || first.At != noon.UnixMilli() {
			t.Errorf("%s: %d more, %d runs, at %v", tt.kind, len(r.told), len(r.runs("")), first.Time())
		}
	}
	for _, at := range []string{"1796040001000", "1796040002000"} { // a change without a history has nothing but Jira's time
		n++
		for _, id := range []string{"one", "other"} {
			r.take(event.IssueUpdated, id, noon.Add(time.Minute), `{"timestamp":`+at+`,`+issue+`}`)
		}
		r.next()
		r.until("all is done", func() bool { return len(r.runs(jobs.Done)) == n })
	}
	if len(r.told) > 0 || len(r.runs("")) != n {
		t.Errorf("%d more, %d runs", len(r.told), len(r.runs("")))
	}
}

// What is known of events ends, and so does the place that it takes.
func TestWhatWasHeardIsForgottenAfterFourDays(t *testing.T) {
	r := newRig(t)
	r.take(event.IssueDeleted, "w1", noon, updated(1, mia))
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{4 * 24 * time.Hour, 0}, {5*24*time.Hour + 12*time.Hour, 1}, {6 * 24 * time.Hour, 0}} {
		if n, err := events.Expire(t.Context(), r.store, acme, noon.Add(tt.after)); n != tt.want || err != nil {
			t.Errorf("after %v: %d, %v; want %d", tt.after, n, err, tt.want)
		}
	}
}

func TestEventsOfAnIssueComeInTheirOrder(t *testing.T) {
	r := newRig(t)
	failed := false
	r.fails = func(e event.Event) error {
		if e.IssueID == "1" && e.Time().Second() == 1 && !failed {
			failed = true
			return sdk.Errorf(sdk.Unavailable, "not now")
		}
		return nil
	}
	for _, w := range []struct{ issue, second int }{{1, 3}, {1, 1}, {2, 4}, {1, 2}} {
		body := strings.Replace(updated(w.issue, ""), `"changelog":{"id":"1"`, fmt.Sprintf(`"changelog":{"id":"%d"`, w.second), 1)
		r.take(event.IssueUpdated, fmt.Sprint(w), noon.Add(time.Duration(w.second)*time.Second), body)
	}
	r.work()
	order := map[string]string{}
	for range 4 {
		e := r.next()
		order[e.IssueID] += e.Time().Format(" 05")
	}
	if diff := cmp.Diff(map[string]string{"1": " 01 02 03", "2": " 04"}, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAHostThatEndsBetweenWebhookAndEventTellsAfterItsRestart(t *testing.T) {
	r := newRig(t) // which does not work yet
	r.take(event.IssueDeleted, "w1", noon, updated(1, mia))
	r.must(r.jobs.Close(t.Context()))
	if len(r.told) > 0 {
		t.Fatal("it was told already")
	}
	r.open()
	r.work()
	if e := r.next(); e.IssueID != "1" || e.Kind != event.IssueDeleted {
		t.Errorf("told of %+v", e)
	}
}

func TestAPluginThatIsOffHearsOfNothing(t *testing.T) {
	r := newRig(t)
	r.turn()
	r.take(event.IssueDeleted, "off", noon, updated(1, mia))
	r.turn(ears)
	r.take(event.IssueDeleted, "on", noon, updated(2, mia))
	r.turn()
	r.work()
	r.until("the event waits until the plugin is on", func() bool { return len(r.runs(jobs.Paused)) == 1 })
	if len(r.told) > 0 {
		t.Error("a plugin that is off was told")
	}
	r.turn(ears)
	r.must(r.jobs.Readmit(t.Context(), acme))
	if e := r.next(); e.IssueID != "2" {
		t.Errorf("told of %+v, and not of what happened while the plugin was on", e)
	}
	if n := len(r.runs("")); n != 1 {
		t.Errorf("%d runs, though one thing happened while the plugin was on", n)
	}
}

func TestAnEventThatIsGivenUpIsADeadLetterThatTheLogNames(t *testing.T) {
	r := newRig(t)
	r.fails = func(event.Event) error {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: secret}
	}
	r.work()
	r.take(event.IssueDeleted, "w1", noon, updated(1, mia))
	r.until("it is given up", func() bool { return len(r.runs(jobs.Failed)) == 1 })
	dead := r.runs(jobs.Failed)[0]
	log := r.log.String()
	for _, want := range []string{"an event was given up", "run=" + string(dead.ID), "plugin=test.ears", "event=issue.deleted", "code=invalid"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %q: %s", want, log)
		}
	}
	if strings.Contains(log, secret) {
		t.Errorf("the log holds what the plugin says: %s", log)
	}
	r.mu.Lock()
	r.fails = nil
	r.mu.Unlock()
	if n, err := r.jobs.Replay(t.Context(), acme, "event.tell"); n != 1 || err != nil {
		t.Errorf("begun anew %d, %v", n, err)
	}
	if e := r.next(); e.ID != string(dead.ID) {
		t.Errorf("the event has another id: %+v", e)
	}
}

func TestWhatIsNoWebhookIsRefused(t *testing.T) {
	r := newRig(t)
	for _, body := range []string{"", "[]", "{", `{"issue":{}}`, `{"issue":{"id":"` + secret + `"}}`, `{"issue":{"id":-1}}`, `{"issueLink":{"id":1,"sourceIssueId":1}}`} {
		for _, kind := range event.Kinds() {
			err := r.Take(t.Context(), acme, kind, "w", noon, []byte(body))
			if sdk.CodeOf(err) != sdk.Invalid || strings.Contains(err.Error(), secret) {
				t.Errorf("%s %s: %v", kind, body, err)
			}
		}
	}
	if n := len(r.runs("")); n > 0 {
		t.Errorf("%d runs began", n)
	}
}

// The longest event fits where it is kept.
func TestAnUpdateOfVeryManyFieldsIsCut(t *testing.T) {
	r := newRig(t)
	var items []string
	for i := range 500 {
		items = append(items, fmt.Sprintf(`{"fieldId":"%s%03d"}`, strings.Repeat("x", 37), i))
	}
	r.work()
	r.take(event.IssueUpdated, "w", noon, `{"issue":{"id":"9007199254740991","fields":{"project":{"id":"9007199254740991"},"issuetype":{"id":"9007199254740991"}}},"changelog":{"items":[`+strings.Join(items, ",")+`]}}`)
	if e := r.next(); len(e.Changed) != event.MaxChanged || !e.Changes(strings.Repeat("x", 37)+"000") || e.Changes("summary") {
		t.Errorf("%d fields", len(e.Changed))
	}
}
