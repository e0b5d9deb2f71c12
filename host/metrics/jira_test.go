package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/metrics"
)

func TestCallsToJiraAreCountedWithoutSites(t *testing.T) {
	m := metrics.New("1")
	stands := metrics.Jira{InFlight: 3, Waiting: 4, Paused: 2, Points: 500, Refused: map[string]uint64{"jira-burst-based": 7, "jira-per-issue-on-write": 0}}
	if err := m.WatchJira(func() metrics.Jira { return stands }); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
	got := read()
	for _, want := range []string{
		"pergola_jira_calls_in_flight 3", "pergola_jira_calls_waiting 4", "pergola_jira_sites_paused 2", "pergola_jira_points_left 500",
		`pergola_jira_refusals_total{reason="jira-burst-based"} 7`, `pergola_jira_refusals_total{reason="jira-per-issue-on-write"} 0`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	stands.Points = -1
	if strings.Contains(read(), "pergola_jira_points_left ") {
		t.Error("points are told that nobody counts")
	}
}
