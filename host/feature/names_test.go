package feature_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
)

func TestAccountsOfAPageAreNamedToTheVisitor(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, nil))
	w.people = []string{"557058:miles", "557058:mia", "557058:mia", "557058:nobody", "not an account"}
	look := func(account string, want map[string]string) {
		t.Helper()
		p := w.principal()
		p.Account = account
		drawn, err := s.View(t.Context(), p, feature.Place{Plugin: notes, Module: "open"}, nil)
		if diff := cmp.Diff(want, drawn.Names); err != nil || diff != "" || drawn.Page == nil {
			t.Errorf("%s: %v, names (-want +got):\n%s", account, err, diff)
		}
	}
	all := map[string]string{"557058:mia": "Mia", "557058:miles": "Miles", "557058:nobody": ""}
	look(user, all)
	look(user, all) // from memory
	w.people = append(w.people, "557058:minion")
	look(user, map[string]string{"557058:mia": "Mia", "557058:miles": "Miles", "557058:nobody": "", "557058:minion": "Minion"})
	look(admin, map[string]string{}) // what one may know, another one may not
	look("", nil)
	w.clock = w.clock.Add(time.Minute)
	w.jira.lists = errors.New("down")
	look(user, map[string]string{})
	want := [][]string{
		{user, "557058:mia", "557058:miles", "557058:nobody"}, {user, "557058:minion"},
		{admin, "557058:mia", "557058:miles", "557058:minion", "557058:nobody"},
		{user, "557058:mia", "557058:miles", "557058:minion", "557058:nobody"},
	}
	if diff := cmp.Diff(want, w.jira.named); diff != "" {
		t.Errorf("what was asked of Jira (-want +got):\n%s", diff)
	}
	if log := w.log.String(); strings.Contains(log, "Mia") || !strings.Contains(log, "name the accounts of a page") {
		t.Errorf("the log says:\n%s", log)
	}
}

func TestAPageWithoutAccountsAsksForNoNames(t *testing.T) {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, map[string]any{"permissions": []any{permission(string(manifest.JiraRead))}}))
	w.issues = []string{"1"}
	drawn, err := s.View(t.Context(), w.principal(), feature.Place{Plugin: notes, Module: "open"}, nil)
	if err != nil || len(w.jira.named) != 0 || len(drawn.IssueKeys) != 1 {
		t.Errorf("%v, %v; asked %v", drawn, err, w.jira.named)
	}
}
