package query

import (
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Set is a set of issues as the planner gets it.
type Set = querySet

// Index is what the planner asks of a state of which nothing is hidden.
func Index(st *world.State) interface {
	plan.Searcher[Set]
	plan.Prober
} {
	return As(st, "", true, time.Time{}, nil).index
}
