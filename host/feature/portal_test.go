package feature_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/sdk"
)

// onPortal is a manifest with a panel on the customer portal beside one of issues.
func onPortal(view string) map[string]any {
	return map[string]any{"settings": nil, "modules": []any{
		map[string]any{"type": "portalPanel", "key": "portal", "name": "Notes", "view": view},
		map[string]any{"type": "issuePanel", "key": "panel", "name": "Notes", "view": "show"},
	}}
}

// TestThePortalIsForCustomersOfARequest opens a panel of the portal as those who could try: it shows beside requests and to accounts alone.
func TestThePortalIsForCustomersOfARequest(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, onPortal("show")))
	forge := auth.Principal{Via: auth.ViaForge, Module: auth.ForgeModule{Type: auth.PortalModule, Key: "acme-notes--portal"}}
	beside := auth.Principal{Via: auth.ViaForge, Module: auth.ForgeModule{Type: "jira:issuePanel", Key: "acme-notes--panel"}}
	for _, tt := range []struct {
		name    string
		who     auth.Principal
		account string
		at      feature.Place
		want    sdk.Code
		issue   string
	}{
		{"a customer of a request", auth.Principal{Via: auth.ViaAPI}, user, feature.Place{IssueID: "20001"}, "", "20001"},
		{"a customer by way of Forge, which names the key", forge, user, feature.Place{RequestKey: "OPS-20001"}, "", "20001"},
		{"a token of Forge from beside an issue", beside, user, feature.Place{IssueID: "20001"}, sdk.Invalid, ""},
		{"nobody in particular", auth.Principal{}, "", feature.Place{IssueID: "20001"}, sdk.Unauthenticated, ""},
		{"no request", auth.Principal{}, user, feature.Place{}, sdk.Invalid, ""},
		{"an issue that is no request", auth.Principal{}, user, feature.Place{IssueID: "10001"}, sdk.NotFound, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.seen = nil
			tt.who.Tenant, tt.who.Account = w.tenant.ID, tt.account
			tt.at.Plugin, tt.at.Module = notes, "portal"
			_, err := s.View(t.Context(), tt.who, tt.at, nil)
			if sdk.CodeOf(err) != tt.want {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if _, err := s.Suggest(t.Context(), tt.who, tt.at, &sdk.Request{Name: "offer"}); sdk.CodeOf(err) != tt.want {
				t.Errorf("a suggester: %v, want %q", err, tt.want)
			}
			var got []string
			for _, c := range w.seen {
				got = append(got, c.IssueID+" "+c.Module)
			}
			var want []string
			if tt.issue != "" {
				want = []string{tt.issue + " portal", tt.issue + " portal"}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnThePortalNoViewOfOtherModulesIsDrawn(t *testing.T) {
	w := newWorld(t)
	p := w.principal()
	at := feature.Place{Plugin: notes, Module: "portal", IssueID: "20001"}
	s := w.service([]string{"*"}, parse(t, onPortal("other")))
	if _, _, err := s.Call(t.Context(), p, at, "view", &sdk.Request{Name: "show"}); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("the view of the panel beside issues: %v", err)
	}
	if len(w.seen) > 0 {
		t.Errorf("the plugin was called: %v", w.seen)
	}
}
