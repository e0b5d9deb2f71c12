package sandbox

import (
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// asker runs the queries of one person, or of one who sees everything.
type asker struct {
	index    queryIndex
	analyzer analysis.Analyzer
}

func askAs(st *world.State, who world.AccountID, all bool, now time.Time) *asker {
	names := &schema{st: st, who: who, all: all, fields: queryFields(st)}
	return &asker{queryIndex{names, st.Index()}, analysis.Analyzer{Schema: names, Environment: session{names, now}}}
}

// visible are the issues that may be found.
func (a *asker) visible() index.Set {
	if a.index.all {
		return a.index.x.All()
	}
	return a.index.st.Visible(a.index.who)
}

// within are the issues of a set for which a query holds.
func (a *asker) within(set index.Set, q plan.Query) index.Set {
	return plan.Find(a.index, querySet{set}, q.Where).set
}

// find runs a query for somebody: the issues that this person may see, in order. The error is a restError in Jira's words.
func find(st *world.State, who world.AccountID, now time.Time, q *syntax.Query) (found, error) {
	a := askAs(st, who, false, now)
	query, messages := a.analyzer.Analyze(q, analysis.Strict)
	if len(messages.Errors) > 0 {
		return found{}, &restError{status: http.StatusBadRequest, messages: messages.Errors}
	}
	out := found{set: a.within(a.visible(), query)}
	for _, o := range query.Order {
		out.order = append(out.order, a.index.order(o)...)
	}
	if len(query.Order) == 0 {
		out.order = []index.Key{{Desc: true}} // newest first, where nothing is asked for
	}
	return out, nil
}

// parseJQL reads a query, with Jira's answer to a wrong one.
func parseJQL(text string) (*syntax.Query, error) {
	q, err := syntax.Parse(text)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "%s", err)
	}
	return q, nil
}

// bounded parses a query and refuses one that restricts nothing, as the new search does.
func bounded(text string) (*syntax.Query, error) {
	q, err := parseJQL(text)
	if err != nil {
		return nil, err
	}
	if err := analysis.Bounded(q); err != nil {
		return nil, fail(http.StatusBadRequest, "%s", err)
	}
	return q, nil
}
