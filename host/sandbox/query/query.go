// Package query asks a world in JQL: it tells package jql/analysis which fields and values a site has, and package jql/plan which
// issues have them, by the world's index. Start with [Find] for the issues that somebody may see, or with [As] for more.
package query

import (
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// Found is what a query found: a set, which costs little, and an order in which as much of it is listed as somebody asks for.
type Found struct {
	set   index.Set
	order []index.Key
}

// Count is how many issues were found.
func (f Found) Count() int { return f.set.Len() }

// First lists the numbers of the first issues, at most limit.
func (f Found) First(limit int) []uint32 { return index.Sort(f.set, limit, f.order...) }

// Position finds an issue in the order, -1 for one that is not there. It looks among the first few before it sorts them all.
func (f Found) Position(id world.IssueID, few []uint32) int {
	n := id.Number()
	if !f.set.Has(n) {
		return -1
	}
	if at := indexOf(few, n); at >= 0 {
		return at
	}
	return indexOf(f.First(-1), n)
}

func indexOf(list []uint32, n uint32) int {
	for at, m := range list {
		if m == n {
			return at
		}
	}
	return -1
}

// Functions answers functions of apps in queries; *connect.Apps does. nil knows none.
type Functions interface {
	// Fragment is the JQL that stands for a clause with a function of an app. The error is [analysis.ErrUnknown], or something to show.
	Fragment(st *world.State, field syntax.Field, op syntax.Operator, call syntax.Operand) (string, error)
}

// Asker runs the queries of one person, or of one who sees everything.
type Asker struct {
	index    queryIndex
	Analyzer analysis.Analyzer
}

// As asks the queries of somebody at a moment; all hides nothing.
func As(st *world.State, who world.AccountID, all bool, now time.Time, apps Functions) *Asker {
	names := &schema{st: st, who: who, all: all, fields: Fields(st)}
	return &Asker{queryIndex{names, st.Index()}, analysis.Analyzer{Schema: names, Environment: session{names, now, apps}}}
}

// Visible are the issues that may be found.
func (a *Asker) Visible() index.Set {
	if a.index.all {
		return a.index.x.All()
	}
	return a.index.st.Visible(a.index.who)
}

// Within are the issues of a set for which a query holds.
func (a *Asker) Within(set index.Set, q plan.Query) index.Set {
	return plan.Find(a.index, querySet{set}, q.Where).set
}

// Find runs a query for somebody: the issues that this person may see, in order. The error is a [rest.Error] in Jira's words.
func Find(st *world.State, who world.AccountID, now time.Time, q *syntax.Query, apps Functions) (Found, error) {
	a := As(st, who, false, now, apps)
	query, messages := a.Analyzer.Analyze(q, analysis.Strict)
	if len(messages.Errors) > 0 {
		return Found{}, &rest.Error{Status: http.StatusBadRequest, Messages: messages.Errors}
	}
	out := Found{set: a.Within(a.Visible(), query)}
	for _, o := range query.Order {
		out.order = append(out.order, a.index.order(o)...)
	}
	if len(query.Order) == 0 {
		out.order = []index.Key{{Desc: true}} // newest first, where nothing is asked for
	}
	return out, nil
}

// FindLagged is [Find] where searches see the site as it was: old is the state that they see, and issues those of the present, by
// number, that they are to see nevertheless. What was deleted since is not found.
func FindLagged(old, st *world.State, who world.AccountID, now time.Time, q *syntax.Query, issues index.Set, apps Functions) (Found, error) {
	present, err := Find(st, who, now, q, apps)
	if err != nil || old == st {
		return present, err
	}
	past, err := Find(old, who, now, q, apps)
	if err != nil { // it names what was not there yet
		past = Found{}
	}
	present.set = past.set.Without(issues).Or(present.set.And(issues)).And(st.Visible(who))
	return present, nil
}

// Parse reads a query, with Jira's answer to a wrong one.
func Parse(text string) (*syntax.Query, error) {
	q, err := syntax.Parse(text)
	if err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "%s", err)
	}
	return q, nil
}

// Bounded parses a query and refuses one that restricts nothing, as the new search does.
func Bounded(text string) (*syntax.Query, error) {
	q, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if err := analysis.Bounded(q); err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "%s", err)
	}
	return q, nil
}
