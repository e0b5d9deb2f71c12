package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/ui"
)

func TestAdminReadsWhatIsStored(t *testing.T) {
	h := start(t)
	if got := h.page("/connect/stored", user); got.status != http.StatusForbidden || strings.Contains(got.body, "clientKey") {
		t.Errorf("somebody who is no admin got %d", got.status)
	}
	if got := h.call("/api/admin/stored", user, "", "{}"); got.status != http.StatusForbidden {
		t.Errorf("somebody who is no admin downloaded it: %d", got.status)
	}
	page := h.page("/connect/stored", admin)
	for _, want := range []string{"What is stored about your site", "Frankfurt", "sharedSecret", "secret.sealed", "jira.account", "Notes", "/plugins/servlet/ac/" + appKey + "/admin"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page (%d) does not say %q", page.status, want)
		}
	}
	if strings.Contains(page.body, secret) || strings.Contains(page.body, clientKey) {
		t.Error("the page shows a value, not only what kind it is of")
	}
	before := h.stored()
	if got := h.call(enabledAPI, admin, "", `{"enabled":true}`); got.status != http.StatusOK {
		t.Fatal(got)
	}
	after := h.stored()
	if before["Feature configuration"] != 0 || after["Feature configuration"] != 1 || after["Site"] != 1 {
		t.Errorf("documents by type: %v, and %v once an admin had chosen something", before, after)
	}
}

// stored downloads what is stored, and returns the documents by type.
func (h *host) stored() map[string]int64 {
	h.t.Helper()
	got := h.call("/api/admin/stored", admin, "", "{}")
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Disposition"), `attachment; filename="stored-`) {
		h.t.Fatalf("download: %d, %v", got.status, got.header)
	}
	var page struct{ Groups []ui.StoredGroup }
	if err := json.Unmarshal([]byte(got.body), &page); err != nil {
		h.t.Fatal(err)
	}
	count := map[string]int64{}
	for _, g := range page.Groups {
		for _, typ := range g.Types {
			count[typ.Name] = typ.Documents
		}
	}
	return count
}
