package metrics

import "github.com/prometheus/client_golang/prometheus"

// edge counts what is refused before anything is done for it, and what browsers tell of pages.
type edge struct {
	limited    *prometheus.CounterVec
	wrong      *prometheus.CounterVec
	crossSite  prometheus.Counter
	violations *prometheus.CounterVec
}

func newEdge(r *prometheus.Registry) edge {
	e := edge{
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pergola_http_limited_total", Help: "Requests that were refused because they came too often, by group of routes and by what was used up: address or tenant.",
		}, []string{"group", "by"}),
		wrong: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pergola_http_wrong_tokens_total", Help: "Requests with a token that nobody honest sends, by group of routes.",
		}, []string{"group"}),
		crossSite: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "pergola_http_cross_site_total", Help: "Requests that were refused because a page of another site had a browser send them.",
		}),
		violations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pergola_csp_violations_total", Help: "Violations of the content security policy that browsers reported, by directive and by where the blocked came from.",
		}, []string{"directive", "blocked"}),
	}
	r.MustRegister(e.limited, e.wrong, e.crossSite, e.violations)
	return e
}

// Limited counts a request that came too often. By is address or tenant.
func (m *Metrics) Limited(group, by string) { m.edge.limited.WithLabelValues(group, by).Inc() }

// WrongToken counts a request with a wrong token.
func (m *Metrics) WrongToken(group string) { m.edge.wrong.WithLabelValues(group).Inc() }

// CrossSite counts a request that a page of another site had a browser send.
func (m *Metrics) CrossSite() { m.edge.crossSite.Inc() }

// Violation counts a violation of the content security policy. Both labels are among those that the caller knows, never what
// was reported.
func (m *Metrics) Violation(directive, blocked string) {
	m.edge.violations.WithLabelValues(directive, blocked).Inc()
}
