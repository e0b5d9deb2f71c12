package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/service"
)

const (
	named = "customfield_10020"
	bot   = "712020:bot"
)

// filling is a site where the field named of issues of type 7 names laptops, which are of type 1.
type filling struct {
	testSite
	asked []relations.Linking
	fails error // of linking
	// bounded says that links of r1 are refused as long as there is none of r2.
	bounded bool
}

func newFilling(t *testing.T) *filling {
	f := &filling{testSite: newTestSite(t, 6)}
	f.Accounts = map[string]func(permission, id string) bool{bot: func(permission, id string) bool {
		return id != "10003" && (permission != jira.LinkIssues || id != "10006")
	}}
	f.Fields = append(f.Fields, jira.Field{ID: named, Name: "Assets", Type: "string", Custom: true}, jira.Field{ID: "labels", Name: "Labels", Type: "array", Items: "string"})
	f.Services = map[string]sdk.Service{relations.Links: service.Mux{
		relations.OpSides: service.Handle(func(context.Context, *service.Request, *relations.SidesQuestion) (*relations.SideList, error) {
			return &relations.SideList{Sides: []relations.Side{
				{End: uses, Contexts: relations.Contexts{{Types: []string{"1"}}}}, {End: relations.End{Relation: "r1", End: relations.Second}, Contexts: relations.Contexts{{Types: []string{"7"}}}},
				{End: relations.End{Relation: "r2", End: relations.First}}, {End: relations.End{Relation: "r2", End: relations.Second}},
			}}, nil
		}),
		relations.OpLink: service.Handle(func(_ context.Context, r *service.Request, l *relations.Linking) (*relations.LinkOutcome, error) {
			if f.fails != nil {
				return nil, f.fails
			}
			if !r.Background || r.Context.Account != "" {
				t.Errorf("it links for a user: %+v", r)
			}
			f.asked = append(f.asked, *l)
			if f.bounded && l.Relation == "r1" && !slices.ContainsFunc(f.asked, func(l relations.Linking) bool { return l.Relation == "r2" }) {
				return &relations.LinkOutcome{Refused: []relations.Refusal{{IssueID: l.Others[0], Message: "choose first"}}}, nil
			}
			return &relations.LinkOutcome{Changed: len(l.Others)}, nil
		}),
	}}
	// Jira refuses queries that name a key which is not there.
	f.Match = func(query string, i *jira.Issue) bool { return contains(query, i.Key) }
	f.Answer = func(op string, body []byte) (msgp.Marshaler, error, bool) {
		return nil, sdk.Errorf(sdk.Invalid, "An issue with key GONE-1 does not exist."), op == jira.OpSearch && contains(string(body), "GONE-1")
	}
	f.configure(`{"name": "a", "relation": "r1", "end": "first", "field": "` + named + `", "fieldAs": "` + bot + `"}`)
	return f
}

// contains says whether a text holds a key, and not as the beginning of another.
func contains(text, key string) bool {
	return slices.Contains(keysIn(jira.Value{Text: text}), key)
}

// create makes an issue with that in the field, and tells the plugin.
func (f *filling) create(text, issueType string, e event.Event) error {
	f.Helper()
	f.OnIssue(jira.Issue{ID: "20001", Key: "HD-1", ProjectID: "20", IssueTypeID: issueType, Fields: map[string]jira.Value{named: {Text: text}}})
	e.IssueID = "20001"
	return f.Event(e)
}

func TestWhatAFieldOfANewIssueNamesIsLinked(t *testing.T) {
	for _, tt := range []struct {
		name, text, issueType string
		want                  []string
	}{
		{"keys in a text", "it-1, IT-2;IT-1\nand more", "7", []string{"10001", "10002"}},
		{"nothing", "", "7", nil},
		{"words", "new-hire with laptop 1-2", "7", nil},
		{"itself", "HD-1", "7", nil},
		{"what the searching user may not see", "IT-3 IT-4", "7", []string{"10004"}},
		{"what the searching user may not link", "IT-6 IT-1", "7", []string{"10001"}},
		{"a key that is not there", "IT-5 GONE-1", "7", []string{"10005"}},
		{"in an issue where the relation does not show", "IT-1", "8", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFilling(t)
			if err := f.create(tt.text, tt.issueType, event.Event{Kind: event.IssueCreated}); err != nil {
				t.Fatal(err)
			}
			var want []relations.Linking
			if tt.want != nil {
				want = []relations.Linking{{End: uses, IssueID: "20001", Others: tt.want}}
			}
			if diff := cmp.Diff(want, f.asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The views stand in the order in which an admin wrote them: what bounds another link may come after it.
func TestFieldsAreFilledThatDependOnEachOther(t *testing.T) {
	for _, also := range []string{"IT-2", ""} {
		f := newFilling(t)
		f.bounded = true
		f.configure(`{"name": "b", "relation": "r2", "end": "first", "field": "labels", "fieldAs": "` + bot + `"}`)
		f.OnIssue(jira.Issue{ID: "20001", Key: "HD-1", ProjectID: "20", IssueTypeID: "7", Fields: map[string]jira.Value{named: {Text: "IT-1"}, "labels": {Text: also}}})
		if err := f.Event(event.Event{Kind: event.IssueCreated, IssueID: "20001"}); err != nil {
			t.Fatal(err)
		}
		bounded := relations.Linking{End: uses, IssueID: "20001", Others: []string{"10001"}}
		want := []relations.Linking{bounded}
		if also != "" {
			want = append(want, relations.Linking{End: relations.End{Relation: "r2", End: relations.First}, IssueID: "20001", Others: []string{"10002"}}, bounded)
		}
		if diff := cmp.Diff(want, f.asked); diff != "" {
			t.Error(diff)
		}
	}
}

// Who may fill in the field of an issue gains no right to link it.
func TestAnIssueThatTheSearchingUserMayNotLinkStaysAsItIs(t *testing.T) {
	f := newFilling(t)
	f.Accounts[bot] = func(permission, id string) bool { return permission != jira.LinkIssues || id != "20001" }
	if err := f.create("IT-1", "7", event.Event{Kind: event.IssueCreated}); err != nil || len(f.asked) > 0 {
		t.Errorf("%v, %v", f.asked, err)
	}
}

func TestAnUpdateCountsWhereTheFieldChanged(t *testing.T) {
	f := newFilling(t)
	for changed, want := range map[string]int{"summary": 0, named: 1} {
		f.asked = nil
		if err := f.create("IT-1", "7", event.Event{Kind: event.IssueUpdated, Changed: []string{changed}}); err != nil || len(f.asked) != want {
			t.Errorf("%s: linked %v, %v", changed, f.asked, err)
		}
	}
}

func TestNothingIsWrittenIntoTheIssue(t *testing.T) {
	f := newFilling(t)
	if err := f.create("IT-1", "7", event.Event{Kind: event.IssueCreated}); err != nil {
		t.Fatal(err)
	}
	reading := map[string]bool{"config.list": true, "service.call": true, jira.OpIssues: true, jira.OpSearch: true, jira.OpMay: true, "log.write": true, jira.OpFields: true}
	for _, op := range f.Calls() {
		if !reading[op] {
			t.Errorf("it calls %s", op)
		}
	}
}

func TestAnEventComesAgainWhereLinkingFails(t *testing.T) {
	f := newFilling(t)
	f.fails = sdk.Errorf(sdk.Unavailable, "later")
	if err := f.create("IT-1", "7", event.Event{Kind: event.IssueCreated}); sdk.CodeOf(err) != sdk.Unavailable {
		t.Error(err)
	}
}

func TestWithoutLinksOrAccountTheFieldIsLeftAlone(t *testing.T) {
	f := newFilling(t)
	f.Accounts = nil // closed
	if err := f.create("IT-1", "7", event.Event{Kind: event.IssueCreated}); err != nil || len(f.asked) > 0 {
		t.Errorf("%v, %v", f.asked, err)
	}
	if l := f.Logs(); len(l) != 1 || l[0].Code != "field.account" {
		t.Errorf("logs %v", l)
	}
	f.Services = nil
	if err := f.create("IT-1", "7", event.Event{Kind: event.IssueCreated}); err != nil {
		t.Error(err)
	}
}

func TestTheGuardWantsAFieldThatCanNameIssuesAndSomebodyWhoReadsIt(t *testing.T) {
	for values, want := range map[string]string{
		`"field": "` + named + `"`:                           "Choose the account by whose rights the field is read",
		`"field": "` + price + `", "fieldAs": "` + bot + `"`: "Price holds neither text nor labels",
		`"field": "labels", "fieldAs": "` + bot + `"`:        "",
	} {
		_, err := newFilling(t).Configure(viewType, `{"name": "b", "relation": "r1", "end": "second", `+values+`}`)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", values, err, want)
		}
	}
}
