// Package event tells apps of what changes on the site, as Jira's events. A [Feed] watches the world; how events reach apps
// is the business of package push.
package event

import (
	"context"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

type object = map[string]any

// Config is what a feed works on. Everything is required.
type Config struct {
	Store  *world.Store
	Base   string // the site's address, without a trailing slash
	Clock  func() time.Time
	Sender *push.Sender
	// Reads says whether an app has the scope to read, without which it hears of nothing.
	Reads func(*world.App) bool
}

// Feed tells the apps of a site of every change.
type Feed struct {
	shape.Shape
	store     *world.Store
	now       func() time.Time
	sender    *push.Sender
	reads     func(*world.App) bool
	spreading sync.WaitGroup
	silence   context.CancelFunc
}

// Start begins to tell of changes. Close it.
func Start(cfg Config) *Feed {
	s := &Feed{Shape: shape.Shape{Base: cfg.Base}, store: cfg.Store, now: cfg.Clock, sender: cfg.Sender, reads: cfg.Reads}
	ctx, cancel := context.WithCancel(context.Background())
	s.silence = cancel
	s.spread(ctx)
	return s
}

// Close ends it. What has changed before is told.
func (s *Feed) Close() {
	s.silence()
	s.spreading.Wait()
}

// Emit tells the apps that want to know of an event. Filters are asked of the site as it is now.
func (s *Feed) Emit(e push.Event) { s.emit(s.store.State(), e) }

// emit asks filters of a state of the site: for a deleted issue that is the one before.
func (s *Feed) emit(st *world.State, e push.Event) {
	s.sender.Emit(e, func(filter string) bool { return s.holds(st, filter, world.IssueID(e.IssueID)) })
}

// holds says whether an issue fits a webhook's filter. Filters see all issues: who may read what is the app's business.
func (s *Feed) holds(st *world.State, filter string, id world.IssueID) bool {
	q, err := syntax.Parse(filter)
	if err != nil || st.Issue(id) == nil {
		return false
	}
	a := query.As(st, "", true, s.now(), nil)
	query, messages := a.Analyzer.Analyze(q, analysis.Strict)
	return len(messages.Errors) == 0 && a.Within(index.Of(id.Number()), query).Has(id.Number())
}
