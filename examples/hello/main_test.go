package main

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
)

func TestPanelGreetsTheIssue(t *testing.T) {
	h := sdktest.Load(t, plugin, "plugin.json")
	h.OnIssue(jira.Issue{ID: "10001", Key: "OPS-7"})
	page, err := h.View(sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sdktest.Text(page), "Hello\nHello, OPS-7!\n"; got != want {
		t.Errorf("page = %q, want %q", got, want)
	}
}

func TestPanelGreetsEvenAnIssueThatTheUserMayNotSee(t *testing.T) {
	h := sdktest.Load(t, plugin, "plugin.json")
	h.Context.IssueID = "10001"
	page, err := h.View(sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sdktest.Text(page), "Hello\nHello, whoever you are!\n"; got != want {
		t.Errorf("page = %q, want %q", got, want)
	}
}

func TestPanelSaysThatAPermissionIsMissing(t *testing.T) {
	h := sdktest.Load(t, plugin, "plugin.json")
	h.Grants = map[string]bool{}
	if _, err := h.View(sdk.Request{Name: "panel"}); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("error = %v, want %s", err, sdk.PermissionDenied)
	}
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, plugin) }
