package web_test

import (
	"net/http"
	"strings"
	"testing"
)

const syncAPI = "/api/admin/sync"

func TestSynchronizationsAreForAdmins(t *testing.T) {
	h := start(t)
	if got := h.page("/connect/sync", admin); got.status != http.StatusOK || !strings.Contains(got.body, `data-api="`+syncAPI+`"`) || !strings.Contains(got.body, "sync.js?v=") {
		t.Errorf("the page answers %d:\n%s", got.status, got.body)
	}
	if got := h.page("/connect/sync", user); got.status != http.StatusForbidden {
		t.Errorf("the page answers a user with %d", got.status)
	}
	for _, path := range []string{
		"/setup", "/overview", "/form?id=cabcdefghijklmno", "/projects", "/projects/10000/types", "/projects/10000/statuses", "/projects/10000/fields?types=10001", "/fields", "/accounts?query=mia",
	} {
		if got := h.do(http.MethodGet, syncAPI+path, h.contextToken(user, ""), ""); got.status != http.StatusForbidden {
			t.Errorf("%s answers a user with %d", path, got.status)
		}
		if got := h.do(http.MethodGet, syncAPI+path, "", ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s answers a stranger with %d", path, got.status)
		}
		if got := h.page(syncAPI+path, admin); got.status != http.StatusUnauthorized {
			t.Errorf("%s answers the token of a page with %d", path, got.status)
		}
	}
}

func TestPluginsPageLeadsToSynchronizations(t *testing.T) {
	h := start(t)
	if got := h.page("/connect/admin", admin); !strings.Contains(got.body, "/plugins/servlet/ac/"+appKey+"/syncs\"") {
		t.Errorf("no link to the page of synchronizations:\n%s", got.body)
	}
}
