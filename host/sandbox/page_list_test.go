package sandbox_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestNavigatorSortsChoosesColumnsAndExports(t *testing.T) {
	site := openSite(t)
	jonas := site.login("jonas")
	page := html.UnescapeString(jonas.get("/issues?columns=reporter,customfield_10001&jql=project+%3D+OPS+ORDER+BY+reporter+ASC").body)
	for _, want := range []string{`aria-sort="ascending"`, "ORDER+BY+reporter+DESC", "Serial number</a>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if a := jonas.get("/issues?jql=project+%3D+OPS+AND+AND"); !strings.Contains(a.body, `project = OPS AND <u class="here">AND</u>`) {
		t.Error("the place of the error is not marked")
	}
	a := jonas.get("/issues?as=csv&columns=status&jql=project+%3D+OPS+ORDER+BY+key")
	lines := strings.Split(a.body, "\n")
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") || lines[0] != "Issue key,Issue id,Summary,Status" || !strings.HasPrefix(lines[1], "OPS-1,10100,ThinkPad") || len(lines) != 36 {
		t.Errorf("%d lines: %.200s", len(lines), a.body)
	}
	saved := jonas.post("/filters", url.Values{"name": {"Mine"}, "jql": {"assignee = currentUser()"}})
	if saved.status != http.StatusSeeOther || !strings.Contains(jonas.get("/filters").body, ">Mine</a>") || jonas.get(saved.header.Get("Location")).status != 200 {
		t.Errorf("save a filter: status %d", saved.status)
	}
	if strings.Contains(site.login("ada").get("/filters").body, ">Mine</a>") {
		t.Error("a private filter is shown to another")
	}
}

func TestIssueListSearches(t *testing.T) {
	site := openSite(t)
	jonas := site.login("jonas")
	tests := []struct {
		path   string
		status int
		want   []string
		not    string
	}{
		{"/projects/OPS/issues", 200, []string{"OPS-1<", "1–25 of 34", "Next"}, "FAC-1"},
		{"/projects/OPS/issues?start=25", 200, []string{"OPS-26<", "26–34 of 34", "Previous"}, `rel="next"`},
		{"/projects/OPS/issues?start=bad", 200, []string{"1–25 of 34"}, "Previous"},
		{"/issues?jql=think", 200, []string{"ThinkPad X1 Carbon Gen 12"}, "MacBook"},
		{"/issues?jql=project+%3D+HR", 200, []string{"Lena Fischer, design"}, "OPS-1"},
		{"/issues?jql=", 200, []string{"of 60"}, "No issue matches"},
		{"/issues?jql=zzz", 200, []string{"No issue matches"}, "<table"},
		{"/issues?jql=project+%3D+NOPE", 400, []string{`The value 'NOPE' does not exist for the field 'project'.`, `aria-invalid="true"`}, "No issue matches"},
	}
	for _, tt := range tests {
		a := jonas.get(tt.path)
		text := html.UnescapeString(a.body)
		if a.status != tt.status || strings.Contains(text, tt.not) {
			t.Errorf("%s: status %d, want %d without %q", tt.path, a.status, tt.status, tt.not)
		}
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing", tt.path, want)
			}
		}
	}
}
