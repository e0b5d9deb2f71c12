package web_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/audit"
)

// changes are what is noted, the first one first, without times and ids of tokens.
func (h *host) changes() (out []string) {
	h.t.Helper()
	all, err := h.trail.List(h.t.Context(), h.tenant.ID, audit.Query{Limit: 100})
	check(h.t, err)
	for _, e := range all {
		out = append([]string{fmt.Sprintf("%s: %s %s by %q", e.Surface, e.Action, e.Plugin, e.Account)}, out...)
	}
	return out
}

func TestWhatAdminsChangeIsNoted(t *testing.T) {
	h := start(t)
	post := func(target, account, body string, want int) {
		t.Helper()
		if a := h.call(target, account, "", body); a.status != want {
			t.Errorf("%s: %d, want %d: %.300s", target, a.status, want, a.body)
		}
	}
	h.do("POST", "/connect/enabled", h.bound("POST", "/connect/enabled", ""), `{"eventType":"enabled"}`)
	at := "/api/admin/plugins/" + plugin
	post(at+"/enabled", admin, `{"enabled":false}`, http.StatusOK)
	post(at+"/enabled", user, `{"enabled":true}`, http.StatusForbidden)
	post(at+"/enabled", admin, `{"enabled":true}`, http.StatusOK)
	post(at+"/settings", admin, `{"form":{"size":["5"]}}`, http.StatusUnprocessableEntity)
	post(at+"/settings", admin, `{"form":{"size":["20"]}}`, http.StatusOK)
	post(at+"/retry", admin, `{}`, http.StatusOK) // it is not paused
	post("/api/tokens/action/make", admin, `{"form":{"name":["Import"],"links-read":["true"],"expires":["90"]}}`, http.StatusOK)
	post("/api/tokens/action/make", admin, `{"form":{"name":[""],"expires":["90"]}}`, http.StatusOK) // with what is wrong
	post("/api/tokens/action/revoke", admin, `{"params":{"token":"Laptop-of-Eve"}}`, http.StatusOK)
	want := []string{
		`atlassian: site.enabled  by ""`,
		`connect: plugin.off acme.notes by "` + admin + `"`,
		`connect: plugin.on acme.notes by "` + admin + `"`,
		`connect: plugin.settings acme.notes by "` + admin + `"`,
		`connect: token.made  by "` + admin + `"`,
	}
	if diff := cmp.Diff(want, h.changes()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	page := h.page("/connect/changes", admin)
	for _, words := range []string{"Switched a feature off", "Changed settings", "Made an API token", "Notes", "Connect page"} {
		if !strings.Contains(page.body, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	if a := h.page("/connect/changes", user); a.status != http.StatusForbidden {
		t.Errorf("everybody reads it: %d", a.status)
	}
	some := h.call("/api/changes/view/list", admin, "", `{"params":{"plugin":"`+plugin+`"}}`)
	if strings.Contains(some.body, "Made an API token") || !strings.Contains(some.body, "Switched a feature on") {
		t.Errorf("of one feature:\n%s", some.body)
	}
	rows, err := csv.NewReader(strings.NewReader(h.call("/api/changes/file/csv", admin, "", `{}`).body)).ReadAll()
	if err != nil || len(rows) != len(want)+1 || rows[1][3] != "token.made" || rows[5][3] != "site.enabled" {
		t.Errorf("%q: %v", rows, err)
	}
}

func TestEarlierChangesAreOnFurtherPages(t *testing.T) {
	h := start(t)
	for range 120 {
		h.trail.Record(t.Context(), h.tenant.ID, audit.Entry{Action: audit.Settings, Plugin: plugin, Account: admin})
	}
	seen, after := 0, ""
	for pages := 1; ; pages++ {
		a := h.call("/api/changes/view/list", admin, "", `{"params":{"after":"`+after+`"}}`)
		seen += strings.Count(a.body, "Changed settings")
		_, rest, more := strings.Cut(a.body, `data-params="{&#34;after&#34;:&#34;`)
		if !more {
			if pages != 3 || seen != 120 {
				t.Errorf("%d entries on %d pages", seen, pages)
			}
			return
		}
		after, _, _ = strings.Cut(rest, "&#34;")
	}
}
