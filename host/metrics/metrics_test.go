package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/metrics"
	"github.com/pergola-platform/pergola/sdk"
)

func TestMetricsCountByNameAndHoldNoContent(t *testing.T) {
	m := metrics.New("1.2.3")
	m.Request("GET", "/connect/admin", 200, time.Second)
	m.Request("GET", "/connect/admin", 403, time.Millisecond)
	m.PluginCall(t.Context(), core.Observation{Tenant: "tenant-1", Plugin: "acme.notes", Version: "9.9.9", Op: "view", Code: sdk.Invalid, Took: time.Second})
	m.PluginCall(t.Context(), core.Observation{Tenant: "tenant-2", Plugin: "acme.notes", Op: "view", Code: sdk.Invalid, Took: time.Second})
	m.HostCall(t.Context(), capability.Record{Tenant: "tenant-1", Plugin: "acme.notes", Op: "jira.issue"})
	m.LogDropped(&capability.Binding{Tenant: "tenant-1", Plugin: "acme.notes"})

	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	got := w.Body.String()
	for _, want := range []string{
		`pergola_http_request_seconds_count{method="GET",route="/connect/admin",status="200"} 1`,
		`pergola_http_request_seconds_sum{method="GET",route="/connect/admin",status="200"} 1`,
		`pergola_http_request_seconds_count{method="GET",route="/connect/admin",status="403"} 1`,
		`pergola_plugin_call_seconds_count{code="invalid",op="view",plugin="acme.notes"} 2`,
		`pergola_host_calls_total{code="",op="jira.issue",plugin="acme.notes"} 1`,
		`pergola_plugin_log_dropped_total{plugin="acme.notes"} 1`,
		`pergola_build_info{version="1.2.3"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(got, "tenant-") || !strings.Contains(got, "go_goroutines ") || !strings.Contains(got, "process_start_time_seconds ") {
		t.Error("a tenant is in the metrics, or the runtime's own are not")
	}
}

// Two hosts in one process, as tests have them, do not share their counts.
func TestMetricsAreTheirOwn(t *testing.T) {
	a, b := metrics.New("a"), metrics.New("b")
	a.Request("GET", "/", 200, 0)
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if got := w.Body.String(); strings.Contains(got, "pergola_http_request_seconds_count") || !strings.Contains(got, `version="b"`) {
		t.Errorf("got:\n%s", got)
	}
}
