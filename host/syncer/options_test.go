package syncer_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// adds is a site with a synchronization that adds options, of an operator who allows it or not, with the scopes that the site granted.
func adds(t *testing.T, allowed bool, scopes ...string) *rig {
	t.Helper()
	r := newRig(t)
	app := r.install(scopes...)
	r.sync.Tenant.SharedSecret = seal.NewSecret(app.Secret)
	r.addOptions = allowed
	r.restart()
	r.sync.Config.Fields[2].AddOptions = true
	r.table.put(1, "place", "Bonn")
	r.table.put(2, "place", "Bonn")
	return r
}

func TestOptionsAreAddedWhereTheAppMay(t *testing.T) {
	r := adds(t, true, "WRITE", "ADMIN")
	r.writes()
	r.expect("created=2", dry)
	if w := r.writes(); len(w) > 0 {
		t.Errorf("a dry run writes %q", w)
	}
	r.expect("created=2")
	if a, b := r.one("Device 1"), r.one("Device 2"); a.Place != "Bonn" || b.Place != "Bonn" {
		t.Errorf("%+v, %+v", a, b)
	}
	var added int
	for _, w := range r.writes() {
		if strings.Contains(w, "/option ") {
			added++
		}
	}
	if added != 1 {
		t.Errorf("the option was added %d times", added)
	}
}

// Where the app may not add options, the check of a mapping says so, and with it plan, preview and start.
func TestAMappingThatAddsOptionsIsRefusedWhereTheAppMayNot(t *testing.T) {
	const at = "fields[2].addOptions"
	for _, tt := range []struct {
		name  string
		rig   func(*testing.T) *rig
		wants string
	}{
		{"the operator does not ask for the scope", func(t *testing.T) *rig { return adds(t, false, "WRITE", "ADMIN") }, "connect.add_options"},
		{"the site has not granted it", func(t *testing.T) *rig { return adds(t, true, "WRITE") }, "Manage apps"},
		{"the field has a second context", func(t *testing.T) *rig {
			r := adds(t, true, "ADMIN")
			r.do(http.MethodPost, "/rest/api/3/field/customfield_10002/context", map[string]any{"name": "Elsewhere", "projectIds": []string{"10001"}})
			return r
		}, "one context"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.rig(t)
			r.writes()
			_, checked := r.engine.Check(t.Context(), r.sync)
			_, planned := r.try(dry)
			_, ran := r.try()
			preview, err := r.engine.Preview(t.Context(), r.sync, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range []error{checked, planned, ran, preview.Problems} {
				var problems mapping.Problems
				if !errors.As(err, &problems) || len(problems) != 1 || problems[0].At != at || !strings.Contains(problems.Error(), tt.wants) {
					t.Errorf("got %v, want a problem at %s that says %q", err, at, tt.wants)
				}
			}
			if w := r.writes(); len(w) > 0 {
				t.Errorf("it wrote %q", w)
			}
		})
	}
}

// A site that takes the scope back in the middle of a run costs the rows their field, not the run its end.
func TestAnOptionThatJiraRefusesIsAFaultOfItsRow(t *testing.T) {
	r := adds(t, true, "WRITE", "ADMIN")
	r.wire.refuse = "/option"
	out := r.expect("failed=2")
	if diff := cmp.Diff([]string{"customfield_10002:no_option", "customfield_10002:no_option"}, out.faults()); diff != "" {
		t.Error(diff)
	}
}
