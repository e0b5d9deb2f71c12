package fault

import (
	"fmt"
	"time"
)

// Plan is what happens to a webhook; the zero value lets it pass.
type Plan struct {
	Drop   bool
	Copies int           // sent in addition, with the same identifier
	Delay  time.Duration // before it is sent
	Hold   time.Duration // until the next one for the same app and issue has gone, or at most so long; 0 is not at all
}

// Deliver says what happens to a webhook that is about to be queued.
func (s *Set) Deliver(app, event, path string) Plan {
	t := Target{On: Webhook, App: app, Method: "POST", Path: path, Event: event}
	var p Plan
	for _, h := range s.hits(t) {
		switch h.Effect {
		case Drop:
			p.Drop = true
			s.record(h, t, "dropped it")
		case Duplicate:
			p.Copies += h.Copies
			s.record(h, t, fmt.Sprintf("sent it %d times", 1+p.Copies))
		case Delay:
			p.Delay += h.delay
			s.record(h, t, "held it back for "+h.delay.Round(time.Millisecond).String())
		case Reorder:
			p.Hold = max(p.Hold, h.delay)
			s.record(h, t, "put it behind the next one")
		}
	}
	return p
}
