package feature_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

var answersFunctions = map[string]any{"jqlFunctions": []any{map[string]any{
	"key": "noted", "name": "withNotes", "handler": "noted", "reason": "Find issues by their notes",
	"arguments": []any{map[string]any{"name": "word", "required": true}, map[string]any{"name": "since"}}, "operators": []any{"in"}, "types": []any{"issue"},
}}}

func TestAFunctionIsAskedOnlyAsItIsDeclaredAndWhileItsPluginIsOn(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", answersFunctions)
	ask := func(id capability.PluginID, key, operator string, arguments ...string) (string, error) {
		a, err := l.Answer(t.Context(), l.tenant, id, key, jqlfunc.Question{Operator: operator, Arguments: arguments, Context: sdk.Context{Account: user}})
		if err != nil {
			return "", err
		}
		return a.JQL, nil
	}
	got, err := ask(notes, "noted", jqlfunc.In, "a", "b")
	if want := `text = "1.0.0: withNotes in a b for  on https://acme.atlassian.net"`; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	refuses := func(want sdk.Code, words string, id capability.PluginID, key, operator string, arguments ...string) {
		t.Helper()
		if _, err := ask(id, key, operator, arguments...); sdk.CodeOf(err) != want || !strings.Contains(err.Error(), words) {
			t.Errorf("%s %s %s %q: %v, want %q", id, key, operator, arguments, err, want)
		}
	}
	refuses(sdk.Invalid, "1 to 2 arguments", notes, "noted", jqlfunc.In)
	refuses(sdk.Invalid, "1 to 2 arguments", notes, "noted", jqlfunc.In, "a", "b", "c")
	refuses(sdk.Invalid, "other operators", notes, "noted", jqlfunc.NotIn, "a")
	refuses(sdk.NotFound, "no such function", notes, "other", jqlfunc.In, "a")
	refuses(sdk.Unavailable, "not there", "acme.nobody", "noted", jqlfunc.In, "a")

	functions := func() int {
		all, err := l.Functions(t.Context(), l.tenant.ID, notes)
		check(t, err)
		return len(all)
	}
	if n := functions(); n != 1 {
		t.Errorf("%d functions", n)
	}
	check(t, l.SetEnabled(t.Context(), l.tenant, admin, notes, false))
	refuses(sdk.PermissionDenied, "switched off", notes, "noted", jqlfunc.In, "a")
	if n := functions(); n != 0 {
		t.Errorf("%d functions of a plugin that is off", n)
	}
	if all, err := l.Functions(t.Context(), l.tenant.ID, "acme.nobody"); err != nil || len(all) > 0 {
		t.Errorf("of nobody: %v, %v", all, err)
	}
}

func TestWhatAnAdminChangesOfAPluginIsTold(t *testing.T) {
	s := newShelves(t)
	var told []string
	s.Changed = func(_ context.Context, of capability.TenantID, id capability.PluginID) {
		if of != s.tenant.ID {
			t.Errorf("another tenant: %s", of)
		}
		told = append(told, string(id))
	}
	tells := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		told = nil
	}
	shelf := s.add("East")
	tells("a new document", "acme.notes")
	_, err := s.save(shelf.ID, 9, map[string][]string{"name": {"West"}})
	s.refuses(err, sdk.Exists, "meanwhile")
	tells("a document that was not written")
	check(t, s.DeleteConfig(t.Context(), s.tenant, admin, notes, "shelf", shelf.ID, shelf.Rev))
	tells("a deleted document", "acme.notes")
	check(t, s.RestoreConfig(t.Context(), s.tenant, admin, notes, "shelf", shelf.ID))
	tells("a document that is back", "acme.notes")
	_, _, err = s.SaveSettings(t.Context(), s.tenant, admin, notes, map[string][]string{"size": {"40"}})
	check(t, err)
	tells("settings", "acme.notes")
	check(t, s.SetEnabled(t.Context(), s.tenant, admin, notes, false))
	tells("switched off")
	check(t, s.SetEnabled(t.Context(), s.tenant, admin, notes, true))
	tells("switched on", "acme.notes")
}
