package feature_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

var hearsOfDeletions = map[string]any{"events": []any{map[string]any{"event": "issue.deleted", "handler": "gone", "reason": "Forget what is gone"}}}

func TestOnlyWhoListensAndIsOnIsTold(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", hearsOfDeletions)
	listeners := func(kind string, want ...capability.PluginID) {
		t.Helper()
		all, err := l.Listeners(t.Context(), l.tenant.ID, kind)
		check(t, err)
		var got []capability.PluginID
		for _, one := range all {
			got = append(got, one.Plugin)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
	listeners(event.IssueDeleted, notes)
	listeners(event.IssueCreated)
	tell := func(kind, issue string, want sdk.Code) {
		t.Helper()
		if err := l.Tell(t.Context(), l.tenant, notes, event.Event{Kind: kind, IssueID: issue, Account: user, Context: sdk.Context{Account: user}}); sdk.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", kind, err, want)
		}
	}
	tell(event.IssueDeleted, "10001", "")
	tell(event.IssueCreated, "10002", "") // its version does not listen, so nothing is done
	if diff := cmp.Diff([]string{"1.0.0: gone 10001 of  on https://acme.atlassian.net"}, l.heard()); diff != "" {
		t.Errorf("what the plugin heard (-want +got):\n%s", diff)
	}

	check(t, l.SetEnabled(t.Context(), l.tenant, admin, notes, false))
	listeners(event.IssueDeleted)
	tell(event.IssueDeleted, "10003", sdk.Unavailable) // it may be on again when the event is tried again
	if n := len(l.heard()); n != 1 {
		t.Errorf("a plugin that is off heard of it")
	}
	if err := l.Tell(t.Context(), l.tenant, "acme.nobody", event.Event{Kind: event.IssueDeleted}); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("a plugin that is not there: %v", err)
	}
}
