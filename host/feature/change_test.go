package feature_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

var (
	on  = connect.ToggleProperty(true, nil, nil)
	off = connect.ToggleProperty(false, nil, nil)
)

func TestJiraIsToldBeforeTheStore(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, nil))
	w.choices.beforePut = func(context.Context) error {
		if len(w.jira.told) != 1 {
			t.Errorf("at the write, Jira was told %v", w.jira.told)
		}
		return nil
	}
	check(t, s.SetEnabled(t.Context(), w.tenant, admin, notes, false))
	if got := w.stored(); got.Enabled || got.By != admin || got.Rev != 1 {
		t.Errorf("stored %+v", got)
	}
	if diff := cmp.Diff([]string{"module.acme-notes"}, w.jira.keys); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

func TestNothingIsStoredThatJiraWasNotTold(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil, parse(t, nil))
	w.jira.down = &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira does not answer."}
	if err := s.SetEnabled(t.Context(), w.tenant, admin, notes, true); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("got %v", err)
	}
	if _, _, err := s.SaveSettings(t.Context(), w.tenant, admin, notes, map[string][]string{"size": {"20"}}); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("got %v", err)
	}
	if got := w.stored(); got.Rev != 0 {
		t.Errorf("stored %+v", got)
	}
}

// Whatever goes wrong with the write, the site must show in the end what is stored.
func TestFailedWriteIsTakenBack(t *testing.T) {
	full := fmt.Errorf("disk full: %w", store.ErrUnavailable)
	for _, tt := range []struct {
		name   string
		before func(w *world) func(context.Context) error
		after  func() error
		code   sdk.Code
		want   connect.Toggle
	}{
		{"another admin was faster, to the contrary", func(w *world) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := w.choices.Modules.Put(ctx, w.tenant.ID, tenant.Module{Plugin: notes, Enabled: false})
				return err
			}
		}, nil, sdk.Exists, off},
		{"another admin was faster, to the same", func(w *world) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := w.choices.Modules.Put(ctx, w.tenant.ID, tenant.Module{Plugin: notes, Enabled: true})
				return err
			}
		}, nil, sdk.Exists, on},
		{"the store refused", func(*world) func(context.Context) error {
			return func(context.Context) error { return full }
		}, nil, sdk.Internal, off},
		{"the store wrote and answered with an error", nil, func() error { return full }, sdk.Internal, on},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			s := w.service(nil, parse(t, nil))
			if tt.before != nil {
				w.choices.beforePut = tt.before(w)
			}
			w.choices.afterPut = tt.after
			if err := s.SetEnabled(t.Context(), w.tenant, admin, notes, true); sdk.CodeOf(err) != tt.code {
				t.Errorf("got %v, want %s", err, tt.code)
			}
			if got := w.jira.last(); cmp.Diff(tt.want, got) != "" || got.Enabled != w.stored().Enabled {
				t.Errorf("Jira shows %+v, stored is %+v", got, w.stored())
			}
		})
	}
}

func TestRequestThatEndsIsTakenBackAllTheSame(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil, parse(t, nil))
	ctx, cancel := context.WithCancel(t.Context())
	w.choices.beforePut = func(context.Context) error { cancel(); return nil }
	if err := s.SetEnabled(ctx, w.tenant, admin, notes, true); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := w.jira.last(); got.Enabled || w.stored().Enabled {
		t.Errorf("Jira shows %+v, stored is %+v", got, w.stored())
	}
}

func TestWhatCannotBeTakenBackIsLogged(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil, parse(t, nil))
	w.choices.beforePut = func(context.Context) error {
		w.jira.down = errors.New("away")
		return store.ErrUnavailable
	}
	if err := s.SetEnabled(t.Context(), w.tenant, admin, notes, true); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(w.log.String(), "jira shows a module otherwise than it is stored") {
		t.Errorf("log: %s", w.log)
	}
}

func TestManyAdminsAtOnceLeaveJiraAndStoreAlike(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil, parse(t, nil))
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				err = s.Announce(t.Context(), w.tenant)
			default:
				err = s.SetEnabled(t.Context(), w.tenant, admin, notes, i%3 == 1)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if w.jira.last().Enabled != w.stored().Enabled || w.stored().Rev != 16 {
		t.Errorf("Jira shows %+v, stored is %+v", w.jira.last(), w.stored())
	}
}

// One tenant's slow site keeps no other tenant's admin waiting, and nobody waits beyond the end of the request.
func TestTurnsAreByTenant(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil, parse(t, nil))
	other, err := w.tenants.Install(t.Context(), tenant.Installation{
		ClientKey: "site-two", SharedSecret: seal.NewSecret("0123456789abcdef"), BaseURL: "https://other.atlassian.net",
	})
	check(t, err)
	inside, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error)
	w.choices.beforePut = func(context.Context) error { close(inside); <-goOn; return nil }
	go func() { done <- s.SetEnabled(t.Context(), w.tenant, admin, notes, true) }()
	<-inside
	w.choices.beforePut = nil
	check(t, s.SetEnabled(t.Context(), other, admin, notes, true))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SetEnabled(ended, w.tenant, admin, notes, false); !errors.Is(err, context.Canceled) {
		t.Errorf("second change of the same tenant: %v", err)
	}
	if err := s.Announce(ended, w.tenant); !errors.Is(err, context.Canceled) {
		t.Errorf("announcement to the same tenant: %v", err)
	}
	close(goOn)
	check(t, <-done)
	check(t, s.SetEnabled(t.Context(), w.tenant, admin, notes, false))
}

func TestNewVersionGainsNothingUntilItIsSwitchedOn(t *testing.T) {
	w := newWorld(t)
	old := w.service(nil, parse(t, nil))
	check(t, old.SetEnabled(t.Context(), w.tenant, admin, notes, true))

	more := w.service(nil, parse(t, map[string]any{
		"permissions": []any{permission("jira:read"), permission("store")},
		"records":     []any{map[string]any{"type": "note", "purpose": "Count notes", "id": map[string]any{"kind": "jira.issue"}, "fields": map[string]any{"issue": map[string]any{"kind": "jira.issue"}}}},
	}))
	granted := func() []string { return w.stored().Granted }
	missing := func() []string {
		f, err := more.Get(t.Context(), w.tenant.ID, notes)
		check(t, err)
		return f.Missing()
	}
	if _, _, err := more.SaveSettings(t.Context(), w.tenant, admin, notes, map[string][]string{"size": {"20"}}); err != nil {
		t.Fatal(err)
	}
	check(t, more.SetEnabled(t.Context(), w.tenant, admin, notes, false))
	if cmp.Diff([]string{"jira:read"}, granted()) != "" || cmp.Diff([]string{"store"}, missing()) != "" {
		t.Errorf("granted %v, missing %v", granted(), missing())
	}
	check(t, more.SetEnabled(t.Context(), w.tenant, admin, notes, true))
	if cmp.Diff([]string{"jira:read", "store"}, granted()) != "" || len(missing()) != 0 {
		t.Errorf("switched on: granted %v, missing %v", granted(), missing())
	}
	// A version that asks for less is given less from then on.
	less := w.service(nil, parse(t, map[string]any{"permissions": nil}))
	check(t, less.SetEnabled(t.Context(), w.tenant, admin, notes, true))
	if len(granted()) != 0 {
		t.Errorf("granted %v, want nothing", granted())
	}
}

func TestSettingsAreValidatedAndCompleted(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, nil))
	_, problems, err := s.SaveSettings(t.Context(), w.tenant, admin, notes, map[string][]string{"size": {"3"}})
	if !errors.Is(err, feature.ErrFields) || problems.For("size") == "" || w.stored().Rev != 0 || len(w.jira.told) != 0 {
		t.Errorf("got %v, %v; stored %+v", err, problems, w.stored())
	}
	if _, _, err = s.SaveSettings(t.Context(), w.tenant, admin, notes, map[string][]string{"projects": {"10000"}, "types": {"1"}, "unknown": {"x"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(connect.ToggleProperty(true, []string{"10000"}, []string{"1"}), w.jira.last()); diff != "" {
		t.Errorf("Jira was told (-want +got):\n%s", diff)
	}
	values, err := s.Catalog.Settings(t.Context(), &capability.Binding{Tenant: w.tenant.ID, Plugin: notes})
	if err != nil || values.Int("size") != 30 || cmp.Diff([]string{"10000"}, values.List("projects")) != "" {
		t.Errorf("effective: %+v, %v", values, err)
	}
	form, shown, err := s.Settings(t.Context(), w.tenant.ID, notes)
	if err != nil || form == nil || !strings.Contains(string(shown), `"size":30`) || strings.Contains(string(shown), "unknown") {
		t.Errorf("form: %s, %v", shown, err)
	}
}

func TestPluginWithoutSettings(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, map[string]any{"settings": nil, "modules": nil}))
	if _, _, err := s.Settings(t.Context(), w.tenant.ID, notes); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("Settings: %v", err)
	}
	if _, _, err := s.SaveSettings(t.Context(), w.tenant, admin, notes, nil); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("SaveSettings: %v", err)
	}
	check(t, s.Announce(t.Context(), w.tenant))
	if diff := cmp.Diff([]connect.Toggle{on}, w.jira.told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	values, err := s.Catalog.Settings(t.Context(), &capability.Binding{Tenant: w.tenant.ID, Plugin: notes})
	if err != nil || values == nil {
		t.Errorf("settings: %v, %v", values, err)
	}
}

func TestChoicesLeaveOutWhatJiraDoesNotGive(t *testing.T) {
	w := newWorld(t)
	properties := map[string]any{}
	for _, of := range []string{"project", "issueType", "field", "category", "filter", "linkType"} {
		properties[of] = map[string]any{"type": "string", "title": of, "x-jira": of}
	}
	s := w.service(nil, parse(t, map[string]any{"settings": map[string]any{"type": "object", "properties": properties}, "modules": nil}))
	form, _, err := s.Settings(t.Context(), w.tenant.ID, notes)
	check(t, err)
	want := map[schemaform.Source][]schemaform.Choice{
		schemaform.Projects:   {{ID: "10000", Name: "Operations", Detail: "OPS"}},
		schemaform.IssueTypes: {{ID: "1", Name: "Task"}},
		schemaform.JiraFields: {{ID: "summary", Name: "Summary"}},
		schemaform.Categories: {{ID: "7", Name: "Vehicles"}},
		schemaform.Filters:    {{ID: "10100", Name: "Old laptops"}},
		schemaform.LinkTypes:  {{ID: "10000", Name: "Blocks"}},
	}
	if diff := cmp.Diff(want, s.Choices(t.Context(), w.tenant, form, nil).Choices); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.jira.lists = errors.New("Payroll")
	delete(want, schemaform.Projects)
	if diff := cmp.Diff(want, s.Choices(t.Context(), w.tenant, form, nil).Choices); diff != "" || strings.Contains(w.log.String(), "Payroll") {
		t.Errorf("without projects (-want +got):\n%s\nlog: %s", diff, w.log)
	}
}

func TestAdminIsJirasWord(t *testing.T) {
	w := newWorld(t)
	s := w.service(nil, parse(t, nil))
	if got, err := s.Admin(t.Context(), auth.Principal{Tenant: w.tenant.ID, Account: admin}); err != nil || got.ID != w.tenant.ID {
		t.Errorf("an admin: %v", err)
	}
	if _, err := s.Admin(t.Context(), w.principal()); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("a user: %v", err)
	}
	if _, err := s.Admin(t.Context(), auth.Principal{Tenant: "nobody", Account: admin}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown tenant: %v", err)
	}
	w.jira.down = errors.New("away")
	if _, err := s.Admin(t.Context(), auth.Principal{Tenant: w.tenant.ID, Account: admin}); err == nil {
		t.Error("an admin while Jira is away passed")
	}
}
