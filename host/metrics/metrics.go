// Package metrics counts what the host does, for Prometheus: requests by route and status, plugin calls, host calls and what
// they used by plugin, and how the engine stands ([Metrics.Watch]). No label ever holds content, an account or an address; routes are patterns, not paths.
package metrics

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
)

// Metrics is safe for concurrent use. Make it with New.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.HistogramVec
	calls     *prometheus.HistogramVec
	hostCalls *prometheus.CounterVec
	dropped   *prometheus.CounterVec
	fuel      *prometheus.CounterVec
	memory    *prometheus.HistogramVec
	egress    *prometheus.CounterVec
	logged    *prometheus.CounterVec
	stops     *prometheus.CounterVec
	edge      edge
}

// New returns empty metrics with those of the Go runtime and the process.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pergola_http_request_seconds", Help: "Time to answer a request, by route pattern and status.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 10),
		}, []string{"method", "route", "status"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pergola_plugin_call_seconds", Help: "Time of a plugin call, by plugin, operation and error code.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 3, 10),
		}, []string{"plugin", "op", "code"}),
		hostCalls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pergola_host_calls_total", Help: "Host calls of plugins, by plugin, operation and error code.",
		}, []string{"plugin", "op", "code"}),
	}
	m.dropped = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pergola_plugin_log_dropped_total", Help: "Log entries of plugins that were refused because of their form, by plugin.",
	}, []string{"plugin"})
	m.fuel = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pergola_plugin_fuel_total", Help: "Units of fuel that plugins computed for, by plugin; 0 for code without a fuel counter.",
	}, []string{"plugin"})
	m.memory = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pergola_plugin_memory_bytes", Help: "Linear memory of an instance at the end of a call, by plugin.",
		Buckets: prometheus.ExponentialBuckets(1<<20, 2, 10),
	}, []string{"plugin"})
	m.egress = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pergola_plugin_egress_bytes_total", Help: "Bytes that plugins exchanged with Jira and other services, by plugin.",
	}, []string{"plugin"})
	m.logged = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pergola_plugin_log_bytes_total", Help: "Bytes that plugins wrote to the log, by plugin.",
	}, []string{"plugin"})
	m.stops = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pergola_plugin_stops_total", Help: "Calls that were stopped or refused, by plugin and limit; trap for a defect of the code, deadline where the caller waited no longer.",
	}, []string{"plugin", "limit"})
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pergola_build_info", Help: "Always 1; the version is the label.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.calls, m.hostCalls, m.dropped, m.fuel, m.memory, m.egress, m.logged, m.stops, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.edge = newEdge(m.registry)
	return m
}

// Handler serves the metrics in Prometheus's text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request counts an answered request. Route is the pattern, such as /connect/module/:plugin/:module.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// PluginCall counts a plugin call; it makes Metrics a core.Observer.
func (m *Metrics) PluginCall(_ context.Context, o core.Observation) {
	plugin := string(o.Plugin)
	m.calls.WithLabelValues(plugin, o.Op, string(o.Code)).Observe(o.Took.Seconds())
	m.fuel.WithLabelValues(plugin).Add(float64(o.Usage.Fuel))
	if o.Usage.MemoryBytes > 0 {
		m.memory.WithLabelValues(plugin).Observe(float64(o.Usage.MemoryBytes))
	}
	m.egress.WithLabelValues(plugin).Add(float64(o.Asked.EgressBytes))
	m.logged.WithLabelValues(plugin).Add(float64(o.Asked.LogBytes))
	if limit := stopped(o); limit != "" {
		m.stops.WithLabelValues(plugin, limit).Inc()
	}
}

// stopped names the limit at which a call ended, "" where it ended at none. A limit that an answer of the plugin names is the
// plugin's word, and no label.
func stopped(o core.Observation) string {
	switch {
	case !o.Trapped && (o.Source != sdk.FromHost || o.Limit == ""):
		return ""
	case limits[o.Limit]:
		return o.Limit
	case o.Limit != "":
		return "other"
	case o.Code == sdk.Deadline:
		return "deadline"
	}
	return "trap"
}

// limits are all that there are: those of each class of calls, and that of the host itself.
var limits = func() map[string]bool {
	all := map[string]bool{"host.memory": true}
	for _, class := range driver.Classes() {
		for _, limit := range []driver.Limit{
			driver.LimitMemory, driver.LimitFuel, driver.LimitTimeout, driver.LimitHostCalls, driver.LimitEgress, driver.LimitLog, driver.LimitConcurrency,
		} {
			all[class.String()+"."+string(limit)] = true
		}
	}
	return all
}()

// HostCall counts a host call; it makes Metrics a capability.Audit.
func (m *Metrics) HostCall(_ context.Context, r capability.Record) {
	m.hostCalls.WithLabelValues(string(r.Plugin), r.Op, string(r.Code)).Inc()
}

// LogDropped counts a plugin's log entry that was refused.
func (m *Metrics) LogDropped(b *capability.Binding) {
	m.dropped.WithLabelValues(string(b.Plugin)).Inc()
}

var (
	_ capability.Audit = (*Metrics)(nil)
	_ core.Observer    = (*Metrics)(nil)
)
