package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
)

// Engine is how the engine stands at a moment.
type Engine struct {
	Quarantined  map[capability.PluginID]int // sites on which a plugin is not called
	Instances    int64                       // of all Wasm plugins, busy and idle
	Resident     int                         // Wasm modules whose native code is in memory
	Compilations int64                       // since the host started
	MemoryUsed   int64                       // of all Wasm plugins together, in bytes
	MemoryLimit  int64
	Plugins      map[capability.PluginID]driver.Occupancy // of Wasm plugins
}

// Watch adds how the engine stands, as now tells each time somebody reads the metrics. It is called once.
func (m *Metrics) Watch(now func() Engine) error {
	if err := m.registry.Register(watcher{now}); err != nil {
		return fmt.Errorf("watch the engine: %w", err)
	}
	return nil
}

type watcher struct{ now func() Engine }

var (
	quarantines  = prometheus.NewDesc("pergola_plugin_quarantines", "Sites on which a plugin is not called because it kept failing there, by plugin.", []string{"plugin"}, nil)
	instances    = prometheus.NewDesc("pergola_wasm_instances", "Instances of Wasm plugins, busy and idle.", nil, nil)
	resident     = prometheus.NewDesc("pergola_wasm_modules", "Wasm modules whose native code is in memory.", nil, nil)
	compilations = prometheus.NewDesc("pergola_wasm_compilations_total", "Wasm modules that were compiled, or read from the cache on disk.", nil, nil)
	memoryUsed   = prometheus.NewDesc("pergola_wasm_memory_bytes", "Memory that all Wasm plugins together use.", nil, nil)
	pluginCopies = prometheus.NewDesc("pergola_wasm_plugin_instances", "Instances of a Wasm plugin, by plugin and state: busy or idle.", []string{"plugin", "state"}, nil)
	pluginQueue  = prometheus.NewDesc("pergola_wasm_plugin_waiting", "Calls that wait for their turn, by plugin.", []string{"plugin"}, nil)
	pluginMemory = prometheus.NewDesc("pergola_wasm_plugin_memory_bytes", "Memory that the instances of a Wasm plugin use, by plugin.", []string{"plugin"}, nil)
	memoryLimit  = prometheus.NewDesc("pergola_wasm_memory_limit_bytes", "Memory that all Wasm plugins together may use.", nil, nil)
)

// Describe implements prometheus.Collector.
func (watcher) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{quarantines, instances, resident, compilations, memoryUsed, memoryLimit, pluginCopies, pluginQueue, pluginMemory} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (w watcher) Collect(to chan<- prometheus.Metric) {
	e := w.now()
	for id, sites := range e.Quarantined {
		to <- prometheus.MustNewConstMetric(quarantines, prometheus.GaugeValue, float64(sites), string(id))
	}
	for id, o := range e.Plugins {
		to <- prometheus.MustNewConstMetric(pluginCopies, prometheus.GaugeValue, float64(o.Busy), string(id), "busy")
		to <- prometheus.MustNewConstMetric(pluginCopies, prometheus.GaugeValue, float64(o.Idle), string(id), "idle")
		to <- prometheus.MustNewConstMetric(pluginQueue, prometheus.GaugeValue, float64(o.Waiting), string(id))
		to <- prometheus.MustNewConstMetric(pluginMemory, prometheus.GaugeValue, float64(o.MemoryBytes), string(id))
	}
	to <- prometheus.MustNewConstMetric(instances, prometheus.GaugeValue, float64(e.Instances))
	to <- prometheus.MustNewConstMetric(resident, prometheus.GaugeValue, float64(e.Resident))
	to <- prometheus.MustNewConstMetric(compilations, prometheus.CounterValue, float64(e.Compilations))
	to <- prometheus.MustNewConstMetric(memoryUsed, prometheus.GaugeValue, float64(e.MemoryUsed))
	to <- prometheus.MustNewConstMetric(memoryLimit, prometheus.GaugeValue, float64(e.MemoryLimit))
}
