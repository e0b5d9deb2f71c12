// Package metrics counts what the host does, for Prometheus: requests by route and status, plugin calls and host calls by
// plugin. No label ever holds content, an account or an address; routes are patterns, not paths.
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
)

// Metrics is safe for concurrent use. Make it with New.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.HistogramVec
	calls     *prometheus.HistogramVec
	hostCalls *prometheus.CounterVec
	dropped   *prometheus.CounterVec
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
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pergola_build_info", Help: "Always 1; the version is the label.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.calls, m.hostCalls, m.dropped, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
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
	m.calls.WithLabelValues(string(o.Plugin), o.Op, string(o.Code)).Observe(o.Took.Seconds())
}

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
