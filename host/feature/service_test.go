package feature_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

func TestDefaults(t *testing.T) {
	for _, tt := range []struct {
		enabled []string
		want    bool
	}{{nil, false}, {[]string{"*"}, true}, {[]string{"acme.notes"}, true}, {[]string{"acme.other"}, false}} {
		w := newWorld(t)
		s := w.service(tt.enabled, parse(t, nil))
		all, err := s.List(t.Context(), w.tenant.ID)
		if err != nil || len(all) != 1 || all[0].Choice.Enabled != tt.want || len(all[0].Missing()) != 0 {
			t.Errorf("%v: %+v, %v", tt.enabled, all, err)
		}
		_, err = s.View(t.Context(), w.principal(), feature.Place{Plugin: notes, Module: "open"}, nil)
		if (err == nil) != tt.want {
			t.Errorf("%v: view: %v", tt.enabled, err)
		}
		check(t, s.Announce(t.Context(), w.tenant))
		if w.jira.last().Enabled != tt.want {
			t.Errorf("%v: Jira was told %+v", tt.enabled, w.jira.last())
		}
	}
}

func TestOneAdminsChoiceIsStrongerThanTheDefault(t *testing.T) {
	w := newWorld(t)
	check(t, w.service([]string{"*"}, parse(t, nil)).SetEnabled(t.Context(), w.tenant, admin, notes, false))
	f, err := w.service([]string{"*"}, parse(t, nil)).Get(t.Context(), w.tenant.ID, notes)
	if err != nil || f.Choice.Enabled {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestPlaces(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, nil))
	_, _, err := s.SaveSettings(t.Context(), w.tenant, admin, notes, map[string][]string{"projects": {"20000"}, "types": {"2"}})
	check(t, err)
	if diff := cmp.Diff(connect.ToggleProperty(true, []string{"20000"}, []string{"2"}), w.jira.last()); diff != "" {
		t.Errorf("Jira was told (-want +got):\n%s", diff)
	}
	w.jira.gone = []string{"404"}
	for _, tt := range []struct {
		name string
		at   feature.Place
		want sdk.Code
	}{
		{"the right project and type", feature.Place{Plugin: notes, Module: "panel", IssueID: "20001"}, ""},
		{"another project", feature.Place{Plugin: notes, Module: "panel", IssueID: "10001"}, sdk.PermissionDenied},
		{"another project, though the page names the right one", feature.Place{Plugin: notes, Module: "panel", IssueID: "10001", ProjectID: "20000"}, sdk.PermissionDenied},
		{"no issue", feature.Place{Plugin: notes, Module: "panel"}, sdk.Invalid},
		{"no issue, only a project", feature.Place{Plugin: notes, Module: "panel", ProjectID: "20000"}, sdk.Invalid},
		{"an issue that is gone", feature.Place{Plugin: notes, Module: "panel", IssueID: "404"}, sdk.NotFound},
		{"a page", feature.Place{Plugin: notes, Module: "open"}, ""},
		{"no such module", feature.Place{Plugin: notes, Module: "other", IssueID: "20001"}, sdk.NotFound},
		{"no such plugin", feature.Place{Plugin: "acme.other", Module: "panel", IssueID: "20001"}, sdk.NotFound},
	} {
		calls := map[string]func() error{
			"view": func() error {
				_, err := s.View(t.Context(), w.principal(), tt.at, nil)
				return err
			},
		}
		for kind, name := range map[string]string{"view": "show", "action": "do", "file": "save"} {
			calls["call of a "+kind] = func() error {
				_, _, err := s.Call(t.Context(), w.principal(), tt.at, kind, &sdk.Request{Name: name})
				return err
			}
		}
		calls["a suggester"] = func() error {
			_, err := s.Suggest(t.Context(), w.principal(), tt.at, &sdk.Request{Name: "offer"})
			return err
		}
		for what, call := range calls {
			if err := call(); sdk.CodeOf(err) != tt.want {
				t.Errorf("%s, %s: %v, want %q", tt.name, what, err, tt.want)
			}
		}
	}
}

func TestPluginRunsUnderItsTenantsBinding(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, nil))
	p := w.principal()
	drawn, _, err := s.Call(t.Context(), p, feature.Place{Plugin: notes, Module: "panel", IssueID: "10001", ProjectID: "10000"}, "view", &sdk.Request{
		Name: "show", Context: sdk.Context{Account: "somebody else", IssueID: "1", SiteURL: "https://evil.example"},
	})
	check(t, err)
	want := []sdk.Context{{
		Account: user, Module: "panel", IssueID: "10001", ProjectID: "10000",
		SiteURL: "https://acme.atlassian.net", LinkURL: "https://pergola.example/q/" + w.tenant.Alias + ".",
	}}
	if diff := cmp.Diff(want, w.seen); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
	w.seen = nil
	choices, err := s.Suggest(t.Context(), p, feature.Place{Plugin: notes, Module: "panel", IssueID: "10001", ProjectID: "10000"}, &sdk.Request{
		Name: "offer", Params: map[string]string{"q": "lap"}, Context: sdk.Context{Account: "somebody else", IssueID: "1"},
	})
	check(t, err)
	if diff := cmp.Diff(want, w.seen); diff != "" || choices.Choices[0].Label != "lap" {
		t.Errorf("%+v, context of a suggester (-want +got):\n%s", choices, diff)
	}
	if drawn.Module.Type != manifest.IssuePanel || drawn.SiteURL != "https://acme.atlassian.net" || drawn.Page.Title != "Notes" {
		t.Errorf("drawn %+v", drawn)
	}
	p.Tenant = "nobody"
	if _, err := s.View(t.Context(), p, feature.Place{Plugin: notes, Module: "open"}, nil); err == nil {
		t.Error("a tenant that is not there was served")
	}
	if _, _, err := s.Call(t.Context(), w.principal(), feature.Place{Plugin: notes, Module: "open"}, "job", &sdk.Request{}); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("unknown kind: %v", err)
	}
	if _, file, err := s.Call(t.Context(), w.principal(), feature.Place{Plugin: notes, Module: "open"}, "file", &sdk.Request{Name: "save"}); err != nil || file.Name != "a.csv" {
		t.Errorf("file: %v, %v", file, err)
	}
}

func TestLinksToIssuesAreLookedUpForTheVisitor(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, nil))
	w.issues = []string{"1", "2", "3"}
	w.jira.hidden, w.jira.gone = []string{"2"}, []string{"3"}
	drawn, err := s.View(t.Context(), w.principal(), feature.Place{Plugin: notes, Module: "open"}, nil)
	if diff := cmp.Diff(map[string]string{"1": "OPS-1"}, drawn.IssueKeys); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]int{2}, w.jira.bulk); diff != "" {
		t.Errorf("requests for issues, and how many each names (-want +got):\n%s", diff)
	}
	w.jira.lists = errors.New("down")
	drawn, err = s.View(t.Context(), w.principal(), feature.Place{Plugin: notes, Module: "open"}, nil)
	if err != nil || len(drawn.IssueKeys) != 0 || drawn.Page == nil {
		t.Errorf("without the keys: %v, %v, want the page all the same", drawn, err)
	}
}

func TestLinksToIssuesCostOneRequest(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, nil))
	for i := range jira.MaxIssues + 30 {
		w.issues = append(w.issues, fmt.Sprint(i+1))
	}
	for _, tt := range []struct {
		name, account string
		keys          int
		want          []int
	}{
		{"a user", user, jira.MaxIssues, []int{jira.MaxIssues}},
		{"an anonymous one", "", 0, nil},
	} {
		w.jira.bulk = nil
		p := w.principal()
		p.Account = tt.account
		drawn, err := s.View(t.Context(), p, feature.Place{Plugin: notes, Module: "open"}, nil)
		if diff := cmp.Diff(tt.want, w.jira.bulk); err != nil || diff != "" || len(drawn.IssueKeys) != tt.keys {
			t.Errorf("%s: %d keys, want %d; %v; requests and how many issues each names (-want +got):\n%s", tt.name, len(drawn.IssueKeys), tt.keys, err, diff)
		}
	}
}

func TestShortLink(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil, parse(t, nil))
	to, ok := s.ShortLink(t.Context(), w.tenant, "pergola", "q", "a&b=c d")
	if want := "https://acme.atlassian.net/plugins/servlet/ac/pergola/acme-notes--open?ac.code=a%26b%3Dc+d"; !ok || to != want {
		t.Errorf("got %q, want %q", to, want)
	}
	onForge := w.tenant
	onForge.Forge = tenant.Forge{APIBaseURL: "https://api.atlassian.com/ex/jira/cloud", Environment: "ari:cloud:ecosystem::environment/APP/ENV"}
	to, ok = s.ShortLink(t.Context(), onForge, "pergola", "q", "a&b=c d")
	if want := "https://acme.atlassian.net/jira/apps/APP/ENV/acme-notes--open?code=a%26b%3Dc+d"; !ok || to != want {
		t.Errorf("on Forge got %q, want %q", to, want)
	}
	for _, path := range []string{"", "r", "Q", "q/"} {
		if to, ok := s.ShortLink(t.Context(), w.tenant, "pergola", path, "x"); ok {
			t.Errorf("%q leads to %q", path, to)
		}
	}
	if diff := cmp.Diff([]string{"q"}, s.ShortLinks()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCatalog(t *testing.T) {
	w := newWorld(t)
	m := parse(t, nil)
	bare := parse(t, map[string]any{"id": "acme.bare", "name": "bare", "settings": nil, "modules": nil})
	c, err := feature.NewCatalog(w.choices, nil, m, bare)
	check(t, err)
	if c.Manifest(notes) != m || c.Manifest("nobody") != nil {
		t.Error("Manifest")
	}
	if c.Version(notes, "1.0.0") != m || c.Version(notes, "2.0.0") != nil || c.Version("nobody", "1.0.0") != nil {
		t.Error("Version")
	}
	if got := c.Manifests(); len(got) != 2 || got[0] != bare || got[1] != m {
		t.Error("Manifests are not in order")
	}
	if _, err := c.Settings(t.Context(), &capability.Binding{Tenant: "t", Plugin: "nobody"}); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("settings of an unknown plugin: %v", err)
	}
	broken := *m
	broken.Settings = []byte(`{"type":"object","$ref":"x"}`)
	for name, tt := range map[string]struct {
		list []*manifest.Manifest
		want string
	}{
		"twice":        {[]*manifest.Manifest{m, m}, "acme.notes is installed twice"},
		"two links":    {[]*manifest.Manifest{m, parse(t, map[string]any{"id": "acme.other"})}, "acme.notes and acme.other both claim the short links under /q/"},
		"bad settings": {[]*manifest.Manifest{&broken}, "settings of plugin acme.notes"},
	} {
		c, err := feature.NewCatalog(w.choices, nil, append(tt.list, bare)...)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if c.Manifest(bare.ID) == nil {
			t.Errorf("%s: a plugin with nothing wrong is left out too", name)
		}
	}
}

func TestFailedPluginIsListedWithItsReason(t *testing.T) {
	w := newWorld(t)
	lost := parse(t, map[string]any{"id": "acme.lost", "name": "A lost one", "modules": []any{map[string]any{"type": "generalPage", "key": "p", "name": "P", "view": "v"}}})
	s := w.service([]string{"*"}, parse(t, nil), lost)
	all, err := s.List(t.Context(), w.tenant.ID)
	if err != nil || len(all) != 2 || all[0].Manifest.ID != "acme.lost" || all[0].Status.Health != core.Failed || all[0].Status.Reason == "" || all[1].Status.Health != core.Healthy {
		t.Fatalf("%+v, %v", all, err)
	}
	if _, err := s.View(t.Context(), w.principal(), feature.Place{Plugin: "acme.lost", Module: "p"}, nil); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("view: %v", err)
	}
	check(t, s.SetEnabled(t.Context(), w.tenant, admin, "acme.lost", false)) // an admin can still switch it off
	if _, err := s.Get(t.Context(), w.tenant.ID, "nobody"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("Get: %v", err)
	}
	w.engine.Remove("acme.lost")
	if _, err := s.Get(t.Context(), w.tenant.ID, "acme.lost"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("Get of what the engine does not have: %v", err)
	}
}

func TestAnnounceStopsAtTheFirstFailure(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil, parse(t, nil))
	w.jira.down = &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "away"}
	if err := s.Announce(t.Context(), w.tenant); sdk.CodeOf(err) != sdk.Unavailable || !strings.Contains(err.Error(), "acme.notes") {
		t.Errorf("got %v", err)
	}
	if err := s.Announce(t.Context(), tenant.Tenant{}); err == nil {
		t.Error("no tenant was announced to")
	}
}
