package jobs

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
)

// Progress is a run at one moment, in the form in which a page or a command line shows it.
type Progress struct {
	Run
	// PerSecond is how much gets done in a second of work; 0 where nothing is known.
	PerSecond float64 `json:"perSecond,omitempty"`
	// Left is how many seconds of work are left; nil where nobody can know.
	Left *int64 `json:"left,omitempty"`
	// Percent is from 0 to 100; nil where the total is not known.
	Percent *int `json:"percent,omitempty"`
}

// Progress is how far the run is.
func (r Run) Progress() Progress {
	p := Progress{Run: r.clone(), PerSecond: r.Rate()}
	if left, known := r.Left(); known && !r.State.Over() {
		seconds := int64(left / time.Second)
		p.Left = &seconds
	}
	if r.Total > 0 {
		percent := int(max(0, min(100, r.Done*100/r.Total)))
		p.Percent = &percent
	}
	return p
}

// lookAgain is how often a watcher, and whoever works on a run, reads its record, in case that it missed what was told.
const lookAgain = 3 * time.Second

// Watch returns a channel on which the run's progress comes: first how it is, then each change, where a slow reader gets the
// latest only. It is closed after the run's end, or with ctx. Code not_found where there is no such run.
func (j *Jobs) Watch(ctx context.Context, t capability.TenantID, id RunID) (<-chan Progress, error) {
	news := newLatest()
	stop, err := j.board.Listen(topicProgress, t, string(id), func(_ capability.TenantID, _ string, data []byte) { news.heard(data) })
	if err != nil {
		return nil, atEdge("watch run "+string(id), err)
	}
	first, err := j.Run(ctx, t, id) // after Listen, so that little is missed in between, until lookAgain
	if err != nil {
		stop()
		return nil, err
	}
	return j.channel(stop, func(out chan<- Progress) { j.watch(ctx, first, news.c, out) })
}

// channel runs f until it returns, and then closes the channel and calls stop. f has to return when Jobs are closed.
func (j *Jobs) channel(stop func(), f func(chan<- Progress)) (<-chan Progress, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		stop()
		return nil, fail(sdk.Unavailable, "this host ends; ask another one")
	}
	out := make(chan Progress)
	j.background.Go(func() {
		defer close(out)
		defer stop()
		f(out)
	})
	return out, nil
}

func (j *Jobs) watch(ctx context.Context, r Run, news <-chan Run, out chan<- Progress) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	send := out // nil once the latest state was sent
	for {
		if send == nil && r.State.Over() {
			return
		}
		var next Run
		select {
		case <-ctx.Done():
			return
		case <-j.draining:
			return
		case send <- r.Progress():
			send = nil
			continue
		case next = <-news:
		case <-tick.C:
			var err error
			if next, err = j.Run(ctx, r.Tenant, r.ID); err != nil {
				continue // the store comes back, or ctx ends
			}
		}
		if next.Rev > r.Rev {
			next.Tenant = r.Tenant
			r, send = next, out
		}
	}
}

// WatchAll is Watch for all runs of a tenant, without how they are at first. The channel is closed with ctx or with Jobs. Of a reader that
// is slower than the changes, old ones are dropped: read the list again from time to time.
func (j *Jobs) WatchAll(ctx context.Context, t capability.TenantID) (<-chan Progress, error) {
	heard := make(chan Run, 256)
	stop, err := j.board.Listen(topicProgress, t, "", func(t capability.TenantID, _ string, data []byte) {
		var r Run
		if json.Unmarshal(data, &r) != nil {
			return // of a host that is newer than this one
		}
		r.Tenant = t
		select {
		case heard <- r:
		default:
			select { // make room by the oldest one; nobody else writes here
			case <-heard:
			default:
			}
			heard <- r
		}
	})
	if err != nil {
		return nil, atEdge("watch runs", err)
	}
	return j.channel(stop, func(out chan<- Progress) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-j.draining:
				return
			case r := <-heard:
				select {
				case out <- r.Progress():
				case <-ctx.Done():
					return
				case <-j.draining:
					return
				}
			}
		}
	})
}

// latest is a channel that holds the newest value only.
type latest struct{ c chan Run }

func newLatest() latest { return latest{make(chan Run, 1)} }

// heard is called by one goroutine at a time.
func (l latest) heard(data []byte) {
	var r Run
	if json.Unmarshal(data, &r) != nil {
		return // of a host that is newer than this one
	}
	select {
	case <-l.c:
	default:
	}
	l.c <- r
}

// tell tells whoever watches how a run is. Nobody may, and what is not heard is read from the record.
func (j *Jobs) tell(ctx context.Context, r record) {
	data, err := json.Marshal(r.run())
	if err == nil {
		err = j.board.Tell(topicProgress, r.tenant, string(r.id), data)
	}
	if err != nil {
		j.cfg.Log.DebugContext(ctx, "tell how a run is", "tenant", r.tenant, "run", r.id, "error", err)
	}
}
