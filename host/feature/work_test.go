package feature_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
)

// hasJobs are a page for admins, and two jobs of which one has nobody's rights.
var hasJobs = map[string]any{
	"modules": []any{
		map[string]any{"type": "adminPage", "key": "manage", "name": "Manage", "view": "show"},
		map[string]any{"type": "generalPage", "key": "open", "name": "Open", "view": "show"},
		map[string]any{"type": "adminPage", "key": "check", "name": "Check", "view": viewOf("1.0.0")},
	},
	"jobs": []any{
		map[string]any{"name": "count", "title": "Count", "handler": "count", "reason": "Count all notes"},
		map[string]any{"name": "tidy", "title": "Tidy", "handler": "count", "reason": "Tidy all notes up", "account": "none"},
	},
}

func TestAnAdminPageIsForAdminsOnly(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", hasJobs)
	see := func(account, module string) sdk.Code {
		_, err := l.View(t.Context(), auth.Principal{Tenant: l.tenant.ID, Account: account}, feature.Place{Plugin: notes, Module: module}, nil)
		return sdk.CodeOf(err)
	}
	for _, c := range []struct {
		account, module string
		want            sdk.Code
	}{
		{admin, "manage", ""}, {user, "manage", sdk.PermissionDenied}, {"", "manage", sdk.PermissionDenied}, {user, "open", ""},
	} {
		if code := see(c.account, c.module); code != c.want {
			t.Errorf("%q sees %s: code %q, want %q", c.account, c.module, code, c.want)
		}
		_, _, err := l.Call(t.Context(), auth.Principal{Tenant: l.tenant.ID, Account: c.account}, feature.Place{Plugin: notes, Module: c.module}, "view", &sdk.Request{Name: "show"})
		if code := sdk.CodeOf(err); code != c.want {
			t.Errorf("%q calls %s: code %q, want %q", c.account, c.module, code, c.want)
		}
	}
	for module, want := range map[string]sdk.Code{"manage": "", "check": "", "open": sdk.PermissionDenied} {
		_, _, err := l.Call(t.Context(), auth.Principal{Tenant: l.tenant.ID, Account: admin}, feature.Place{Plugin: notes, Module: module}, "view", &sdk.Request{Name: viewOf("1.0.0")})
		if code := sdk.CodeOf(err); code != want {
			t.Errorf("the view of a page for admins, at %s: code %q, want %q", module, code, want)
		}
	}
	if err := l.Overseer(t.Context(), l.tenant, notes, "manage"); err != nil {
		t.Errorf("runs on the page for admins: %v", err)
	}
	if err := l.Overseer(t.Context(), l.tenant, notes, "open"); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("runs on a page for everybody: %v", err)
	}
}

func TestAStepHasTheRightsThatItsJobDeclares(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", hasJobs)
	work := func(name string) sdk.Code {
		_, _, err := l.Work(t.Context(), l.tenant, notes, job.Step{Name: "gone", Job: name, Context: sdk.Context{Account: admin, SiteURL: "https://elsewhere.example"}})
		return sdk.CodeOf(err)
	}
	for name, want := range map[string]sdk.Code{"count": "", "dream": sdk.NotFound} {
		if code := work(name); code != want {
			t.Errorf("%s: code %q, want %q", name, code, want)
		}
	}
	if code := work("tidy"); code != "" {
		t.Errorf("tidy: code %q", code)
	}
	want := []string{`1.0.0: step of count for "` + admin + `" on https://acme.atlassian.net`, `1.0.0: step of tidy for "" on https://acme.atlassian.net`}
	if diff := cmp.Diff(want, l.heard()); diff != "" {
		t.Errorf("what the plugin was asked (-want +got):\n%s", diff)
	}
	check(t, l.SetEnabled(t.Context(), l.tenant, admin, notes, false))
	if code := work("count"); code != sdk.Unavailable {
		t.Errorf("switched off: code %q", code)
	}
	if _, err := l.Job(t.Context(), l.tenant, notes, "count"); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("a run of a plugin that is off: %v", err)
	}
}

func TestWhoSwitchesAPluginOffIsHeard(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", hasJobs)
	var off []capability.PluginID
	l.SwitchedOff = func(_ context.Context, t capability.TenantID, id capability.PluginID) { off = append(off, id) }
	check(t, l.SetEnabled(t.Context(), l.tenant, admin, notes, true))
	check(t, l.SetEnabled(t.Context(), l.tenant, admin, notes, false))
	if diff := cmp.Diff([]capability.PluginID{notes}, off); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
