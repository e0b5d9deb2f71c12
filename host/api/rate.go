package api

import "github.com/pergola-platform/pergola/host/rate"

// The rates of this host. Several hosts that share a store have each their own.
var (
	OfToken = rate.Rate{Burst: 100, Minute: 300}
	OfSite  = rate.Rate{Burst: 300, Minute: 900}
)
