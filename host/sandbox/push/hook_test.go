package push_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/push"
)

func TestHookWants(t *testing.T) {
	updated := push.Event{Name: "jira:issue_updated", IssueID: "1", Fields: []string{"summary", "status"}}
	set := push.Event{Name: "issue_property_set", IssueID: "1", Property: "asset"}
	created := push.Event{Name: "jira:issue_created", IssueID: "1"}
	all := []string{"jira:issue_updated", "issue_property_set", "jira:issue_created", "project_created"}
	for _, tt := range []struct {
		name string
		hook push.Hook
		in   push.Event
		want bool
	}{
		{"event", push.Hook{Events: all}, updated, true},
		{"other event", push.Hook{Events: []string{"comment_created"}}, updated, false},
		{"no event", push.Hook{}, updated, false},
		{"field", push.Hook{Events: all, Fields: []string{"status"}}, updated, true},
		{"other field", push.Hook{Events: all, Fields: []string{"assignee"}}, updated, false},
		{"fields are for updates only", push.Hook{Events: all, Fields: []string{"assignee"}}, created, true},
		{"property", push.Hook{Events: all, Properties: []string{"asset"}}, set, true},
		{"other property", push.Hook{Events: all, Properties: []string{"else"}}, set, false},
		{"properties are for properties only", push.Hook{Events: all, Properties: []string{"else"}}, updated, true},
		{"query", push.Hook{Events: all, JQL: "yes"}, updated, true},
		{"other query", push.Hook{Events: all, JQL: "no"}, updated, false},
		{"all filters", push.Hook{Events: all, JQL: "yes", Fields: []string{"assignee"}}, updated, false},
		{"queries are about issues", push.Hook{Events: all, JQL: "no"}, push.Event{Name: "project_created"}, true},
	} {
		if got := tt.hook.Wants(tt.in, func(jql string) bool { return jql == "yes" }); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestModulesOfADescriptor(t *testing.T) {
	const base = "https://app.example/base"
	got, err := push.Modules("a", base, json.RawMessage(`[
		{"event": "jira:issue_updated", "url": "/hooks", "filter": "project = OPS", "excludeBody": true},
		{"event": "comment_created", "url": "https://app.example/base/other"}]`))
	want := []push.Hook{
		{App: "a", URL: base + "/hooks", Events: []string{"jira:issue_updated"}, JQL: "project = OPS", WithoutBody: true},
		{App: "a", URL: base + "/other", Events: []string{"comment_created"}},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
	if got, err := push.Modules("a", base, nil); len(got) != 0 || err != nil {
		t.Errorf("no modules: %v, %v", got, err)
	}
	for _, raw := range []string{`{}`, `[{"url": "/x"}]`, `[{"event": "x"}]`, `[{"event": "x", "url": "https://app.example/based"}]`} {
		if _, err := push.Modules("a", base, json.RawMessage(raw)); err == nil {
			t.Errorf("%s was taken", raw)
		}
	}
}

func TestRegisteredHooksExpire(t *testing.T) {
	var b push.Book
	hook := func(app string) push.Hook {
		return push.Hook{App: app, URL: "https://" + app + ".example/hooks", Events: []string{"comment_created"}}
	}
	for i, app := range []string{"a", "a", "b"} {
		if id, err := b.Register(hook(app), start); err != nil || id != int64(i+1) {
			t.Fatalf("%s: id %d, %v", app, id, err)
		}
	}
	ids := func(app string, now time.Time) (out []int64) {
		for _, h := range b.Hooks(app, now) {
			out = append(out, h.ID)
		}
		return out
	}
	later := start.Add(push.Life - time.Second)
	if got := b.Refresh("a", []int64{2, 3, 77}, later); !got.Equal(later.Add(push.Life)) {
		t.Errorf("refreshed until %s", got)
	}
	if d := cmp.Diff([]int64{1, 2, 3}, ids("", later)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int64{2}, ids("", start.Add(push.Life))); d != "" {
		t.Error("after 30 days only what was refreshed by its app lives: ", d)
	}
	b.Remove("b", []int64{2})
	if d := cmp.Diff([]int64{2}, ids("a", later)); d != "" {
		t.Error("removed by another app: ", d)
	}
	b.Remove("a", []int64{2, 5})
	if got := ids("a", later); got != nil {
		t.Errorf("removed: %v", got)
	}
	if id, err := b.Register(hook("a"), later); err != nil || id != 4 {
		t.Errorf("an id was given twice: %d, %v", id, err)
	}
	b.Forget("a")
	if got := ids("", later); got != nil {
		t.Errorf("forgotten: %v", got)
	}
}

func TestWrongRegistrationsAreRefused(t *testing.T) {
	var b push.Book
	good := push.Hook{App: "a", URL: "https://a.example/hooks", Events: []string{"comment_created"}}
	for range push.MaxHooks - 1 {
		if _, err := b.Register(good, start); err != nil {
			t.Fatal(err)
		}
	}
	for want, change := range map[string]func(*push.Hook){
		"must not be empty": func(h *push.Hook) { h.Events = nil },
		"not supported":     func(h *push.Hook) { h.Events = []string{"project_created"} },
		"one URL per app":   func(h *push.Hook) { h.URL += "/other" },
	} {
		h := good
		change(&h)
		if _, err := b.Register(h, start); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a word on %q", err, want)
		}
	}
	if _, err := b.Register(good, start); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Register(good, start); err == nil || !strings.Contains(err.Error(), fmt.Sprint(push.MaxHooks)) {
		t.Errorf("one too many: %v", err)
	}
}
