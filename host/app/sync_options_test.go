//go:build linux

package app_test

import (
	"net/http"
	"strings"
	"testing"
)

// Adding options takes the scope ADMIN: the operator decides that the app asks for it, and the site grants it with the installation.
func TestOptionsAreAddedWhereTheOperatorAsksForTheScope(t *testing.T) {
	t.Parallel()
	site := newSyncSite(t)
	h := newSyncHost(t, site)
	h.start()
	site.Install(h.url + "/atlassian-connect.json")
	d := h.devices(3, map[string]any{"field": "customfield_10002", "default": "Bonn", "addOptions": true})
	check := func(want string) {
		t.Helper()
		var got struct {
			Problems []struct{ At, What, Do string }
		}
		h.operate(http.MethodPost, "/tenants/"+d.tenant+"/sync/syncs/check", d.draft, &got)
		switch {
		case want == "" && len(got.Problems) == 0:
		case want == "" || len(got.Problems) != 1 || got.Problems[0].At != "fields[2].addOptions" || !strings.Contains(got.Problems[0].Do, want):
			t.Fatalf("the problems are %+v, want %q", got.Problems, want)
		}
	}
	check("connect.add_options")
	h.kill()
	h.start("connect.add_options=true")
	check("Manage apps") // the site has the descriptor of before
	site.Install(h.url + "/atlassian-connect.json")
	check("")
	h.finish(h.begin(d))
	site.check(d)
	var found struct{ Issues []struct{ ID string } }
	site.do(http.MethodPost, "/rest/api/3/search/jql", map[string]any{"jql": `project = OPS AND cf[10002] = "Bonn"`, "maxResults": 10}, &found)
	if len(found.Issues) != 3 {
		t.Errorf("%d issues have the new option, want 3", len(found.Issues))
	}
}
