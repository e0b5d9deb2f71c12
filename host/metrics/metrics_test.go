package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
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

// A label is one of a few words that we know: what a plugin answers is none, whatever it calls its limit.
func TestStopsAreCountedByKnownLimits(t *testing.T) {
	m := metrics.New("1")
	for _, o := range []core.Observation{
		{Code: sdk.Exhausted, Source: sdk.FromPlugin, Limit: "request.fuel", Trapped: true, Usage: driver.Usage{Fuel: 5, MemoryBytes: 3 << 20}},
		{Code: sdk.Exhausted, Source: sdk.FromPlugin, Limit: "Payroll", Trapped: true, Usage: driver.Usage{Fuel: 7}, Asked: capability.Usage{EgressBytes: 11, LogBytes: 13}},
		{Code: sdk.Internal, Source: sdk.FromPlugin, Trapped: true},
		{Code: sdk.Deadline, Source: sdk.FromPlugin, Trapped: true},
		{Code: sdk.Exhausted, Source: sdk.FromHost, Limit: "request.concurrency"},
		{Code: sdk.Exhausted, Source: sdk.FromHost, Limit: "host.memory"},
		{Code: sdk.Invalid, Source: sdk.FromPlugin, Limit: "Payroll"},        // its own answer
		{Code: sdk.Exhausted, Source: sdk.FromPlugin, Limit: "request.fuel"}, // and so is this
		{Code: sdk.Unavailable, Source: sdk.FromDownstream},
		{},
	} {
		o.Plugin, o.Op = "acme.notes", "view"
		m.PluginCall(t.Context(), o)
	}
	if err := m.Watch(func() metrics.Engine {
		return metrics.Engine{Quarantined: map[capability.PluginID]int{"acme.notes": 2}, Instances: 3, Resident: 4, Compilations: 5, MemoryUsed: 6, MemoryLimit: 7,
			Plugins: map[capability.PluginID]driver.Occupancy{"acme.notes": {Busy: 8, Idle: 9, Waiting: 10, MemoryBytes: 11}}}
	}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	got := w.Body.String()
	for _, want := range []string{
		`pergola_plugin_stops_total{limit="request.fuel",plugin="acme.notes"} 1`,
		`pergola_plugin_stops_total{limit="other",plugin="acme.notes"} 1`,
		`pergola_plugin_stops_total{limit="trap",plugin="acme.notes"} 1`,
		`pergola_plugin_stops_total{limit="deadline",plugin="acme.notes"} 1`,
		`pergola_plugin_stops_total{limit="request.concurrency",plugin="acme.notes"} 1`,
		`pergola_plugin_stops_total{limit="host.memory",plugin="acme.notes"} 1`,
		`pergola_plugin_fuel_total{plugin="acme.notes"} 12`,
		`pergola_plugin_memory_bytes_count{plugin="acme.notes"} 1`,
		`pergola_plugin_memory_bytes_bucket{plugin="acme.notes",le="4.194304e+06"} 1`,
		`pergola_plugin_egress_bytes_total{plugin="acme.notes"} 11`,
		`pergola_plugin_log_bytes_total{plugin="acme.notes"} 13`,
		`pergola_plugin_quarantines{plugin="acme.notes"} 2`,
		`pergola_wasm_instances 3`, `pergola_wasm_modules 4`, `pergola_wasm_compilations_total 5`,
		`pergola_wasm_plugin_instances{plugin="acme.notes",state="busy"} 8`, `pergola_wasm_plugin_instances{plugin="acme.notes",state="idle"} 9`,
		`pergola_wasm_plugin_waiting{plugin="acme.notes"} 10`, `pergola_wasm_plugin_memory_bytes{plugin="acme.notes"} 11`,
		`pergola_wasm_memory_bytes 6`, `pergola_wasm_memory_limit_bytes 7`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(got, "Payroll") || strings.Count(got, "pergola_plugin_stops_total{") != 6 {
		t.Errorf("a plugin's words are in the metrics, or its answers count as stops:\n%s", got)
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
