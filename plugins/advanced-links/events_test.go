package main

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// kept are the ids of the records that are left.
func (s *site) kept() []string {
	var ids []string
	for _, typ := range []string{"end", "link"} {
		for _, r := range s.Records(typ) {
			ids = append(ids, typ+" "+r.ID)
		}
	}
	return ids
}

func TestLinksOfADeletedIssueGo(t *testing.T) {
	s := newSite(t)
	id := s.relate(`{"name": "Laptop of an employee", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 5}, "second": {"contexts": [{"types": ["` + employee + `"]}], "most": 5}}`)
	s.at("10001").link("10101", "10102")
	s.at("10002").link("10102")
	for _, issue := range []string{"10001", "10101"} { // of either end
		for range 2 { // twice is harmless
			if err := s.Event(event.Event{Kind: event.IssueDeleted, IssueID: issue}); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []string{"end " + store.JoinID(id, "first", "10002"), "end " + store.JoinID(id, "second", "10102"), "link " + store.JoinID(id, "10002", "10102")}
	if diff := cmp.Diff(want, s.kept()); diff != "" {
		t.Errorf("records that are left (-want +got):\n%s", diff)
	}
}

// Between two looks at the clock go 0.8 seconds, so that the time of a try is over after seven questions, of which the links need four.
func TestLinksThatAreTooManyGoInSeveralTries(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	p := newPlugin(func() time.Time { now = now.Add(800 * time.Millisecond); return now })
	var relation string
	p.Actions["fill"] = sdk.ActionFunc(func(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
		for i := range 1700 {
			l := store.Record{Type: "link", Fields: map[string]string{"relation": relation, "outward": "10001", "inward": strconv.Itoa(20000 + i)}}
			if _, err := store.Write(ctx, store.Changes{Put: []store.Record{l}}); err != nil {
				return nil, err
			}
		}
		return &view.Page{Title: "Filled"}, nil
	})
	h := sdktest.Load(t, p, "plugin.json")
	var err error
	relation, err = h.Configure("relation", `{"name": "n", "outward": "a", "inward": "b"}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Action(sdk.Request{Name: "fill"}); err != nil {
		t.Fatal(err)
	}
	tries := 0
	for err = sdk.Errorf(sdk.Unavailable, ""); sdk.CodeOf(err) == sdk.Unavailable && tries < 20; tries++ {
		err = h.Event(event.Event{Kind: event.IssueDeleted, IssueID: "10001"})
	}
	if err != nil || tries != 2 || len(h.Records("link")) > 0 {
		t.Errorf("after %d tries %d links are left, and the error is %v", tries, len(h.Records("link")), err)
	}
}
