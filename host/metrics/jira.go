package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Jira is how calls to Jira stand at a moment, over all sites.
type Jira struct {
	InFlight, Waiting int
	Paused            int               // sites that have asked for calls to wait
	Points            int               // that are left in this hour; -1 where nobody counts
	Refused           map[string]uint64 // since the host started, by the reason that Jira gave
}

// WatchJira adds how calls to Jira stand, as now tells each time somebody reads the metrics. It is called once.
func (m *Metrics) WatchJira(now func() Jira) error {
	if err := m.registry.Register(jiraWatcher{now}); err != nil {
		return fmt.Errorf("watch calls to Jira: %w", err)
	}
	return nil
}

type jiraWatcher struct{ now func() Jira }

var (
	jiraInFlight = prometheus.NewDesc("pergola_jira_calls_in_flight", "Calls to Jira that are under way.", nil, nil)
	jiraWaiting  = prometheus.NewDesc("pergola_jira_calls_waiting", "Calls to Jira that wait for their turn, or because Jira said so.", nil, nil)
	jiraPaused   = prometheus.NewDesc("pergola_jira_sites_paused", "Sites that are not called now, or not in all that is wanted, because Jira said so.", nil, nil)
	jiraPoints   = prometheus.NewDesc("pergola_jira_points_left", "Points that are left in this hour of the quota that all sites share.", nil, nil)
	jiraRefused  = prometheus.NewDesc("pergola_jira_refusals_total", "Calls that Jira refused for coming too often, by the limit that it named.", []string{"reason"}, nil)
)

// Describe implements prometheus.Collector.
func (jiraWatcher) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{jiraInFlight, jiraWaiting, jiraPaused, jiraPoints, jiraRefused} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (w jiraWatcher) Collect(to chan<- prometheus.Metric) {
	j := w.now()
	to <- prometheus.MustNewConstMetric(jiraInFlight, prometheus.GaugeValue, float64(j.InFlight))
	to <- prometheus.MustNewConstMetric(jiraWaiting, prometheus.GaugeValue, float64(j.Waiting))
	to <- prometheus.MustNewConstMetric(jiraPaused, prometheus.GaugeValue, float64(j.Paused))
	if j.Points >= 0 {
		to <- prometheus.MustNewConstMetric(jiraPoints, prometheus.GaugeValue, float64(j.Points))
	}
	for reason, n := range j.Refused {
		to <- prometheus.MustNewConstMetric(jiraRefused, prometheus.CounterValue, float64(n), reason)
	}
}
