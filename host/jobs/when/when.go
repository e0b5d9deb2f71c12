// Package when computes the times at which schedules are due: by a cron expression in a time zone, at an interval, or once.
// It starts nothing and reads no clock. Start with [Parse].
//
//	plan, err := when.Parse(when.Spec{Cron: "30 2 * * *", Zone: "Europe/Berlin", Jitter: 10 * time.Minute}, "nightly", time.Time{})
//	next := plan.Next(time.Now())
//
// Twice a year a clock on the wall is not time. An expression that names hours, such as "30 2 * * *", means one run a day: where
// that hour is left out, the run is due when it would have begun, at the first moment after the gap; where the hour comes twice,
// only the first one counts. An expression for every hour, such as "*/10 * * * *", means real time: it is due in both
// of the doubled hours and not made up for in the gap. This is what cron has done since Vixie's.
package when

import (
	"fmt"
	"hash/fnv"
	"time"
	_ "time/tzdata" // a host in a bare container knows its tenants' zones too

	"github.com/pergola-platform/pergola/sdk"
)

// The bounds of a Spec.
const (
	MinEvery  = time.Second
	MaxEvery  = 366 * 24 * time.Hour
	MaxJitter = 24 * time.Hour
	maxCron   = 128 // bytes of an expression
)

// Spec says when something is due, in the words of the admin who wrote it. One of Cron, Every and Once is set; the zero value
// is never due.
type Spec struct {
	// Cron has five fields, such as "0 2 * * mon-fri", or is one of @hourly, @daily, @weekly, @monthly and @yearly.
	Cron string `json:"cron,omitempty"`
	// Zone is the name of a time zone, such as Europe/Berlin; "" means UTC. Only for Cron.
	Zone string `json:"zone,omitempty"`
	// Every is the interval, from MinEvery to MaxEvery.
	Every time.Duration `json:"every,omitempty"`
	// Once is the one moment.
	Once time.Time `json:"once,omitzero"`
	// Jitter spreads schedules that are due at the same moment: each is late by a part of it that never changes.
	Jitter time.Duration `json:"jitter,omitempty"`
}

// IsZero says whether the Spec is never due.
func (s Spec) IsZero() bool { return s.Cron == "" && s.Every == 0 && s.Once.IsZero() }

// Plan is a Spec that was understood. It does not change; it is safe for concurrent use.
type Plan struct {
	spec   Spec
	cron   *cron
	anchor time.Time
	offset time.Duration
}

// Parse understands a Spec. The id decides how late within the jitter it is due; intervals are counted from anchor, which is
// itself none of the times. An
// sdk.Invalid names the field that is wrong.
func Parse(s Spec, id string, anchor time.Time) (Plan, error) {
	p := Plan{spec: s, anchor: anchor, offset: offset(id, s.Jitter)}
	set := 0
	for _, there := range []bool{s.Cron != "", s.Every != 0, !s.Once.IsZero()} {
		if there {
			set++
		}
	}
	switch {
	case set > 1:
		return Plan{}, invalid("cron", "a schedule has one of cron, every and once; leave the others out")
	case s.Jitter < 0 || s.Jitter > MaxJitter:
		return Plan{}, invalid("jitter", "a jitter is from 0 to %s, not %s", MaxJitter, s.Jitter)
	case s.Zone != "" && s.Cron == "":
		return Plan{}, invalid("zone", "only cron has a time zone; leave it out")
	case s.Every != 0 && (s.Every < MinEvery || s.Every > MaxEvery):
		return Plan{}, invalid("every", "an interval is from %s to %s, not %s", MinEvery, MaxEvery, s.Every)
	case s.Cron == "":
		return p, nil
	}
	var err error
	p.cron, err = parseCron(s.Cron, s.Zone)
	return p, err
}

// offset is the part of a jitter by which a schedule is late.
func offset(id string, jitter time.Duration) time.Duration {
	if jitter <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(id))
	return (time.Duration(h.Sum64()>>1) % jitter).Truncate(time.Millisecond)
}

// Next returns the first time after t at which the plan is due, the zero time where there is none.
func (p Plan) Next(t time.Time) time.Time {
	next := p.plain(t.Add(-p.offset))
	if next.IsZero() {
		return time.Time{}
	}
	return next.Add(p.offset)
}

// plain is Next without the jitter.
func (p Plan) plain(t time.Time) time.Time {
	switch {
	case p.cron != nil:
		return p.cron.next(t)
	case p.spec.Every > 0:
		past := t.Sub(p.anchor)
		if past < 0 && past >= -p.spec.Every {
			return p.anchor.Add(p.spec.Every)
		}
		if past %= p.spec.Every; past < 0 { // the clock was set back since; nobody is to wait for it to come to where it was
			past += p.spec.Every
		}
		return t.Add(p.spec.Every - past)
	case p.spec.Once.After(t):
		return p.spec.Once
	}
	return time.Time{}
}

// Between returns the times at which the plan is due after one time and not after another, the last n of them, the oldest first.
// However long ago the first one is, only about n of them are computed.
func (p Plan) Between(after, until time.Time, n int) []time.Time {
	if n <= 0 || !after.Before(until) {
		return nil
	}
	// Cron only counts forwards, so go back by windows that grow until one holds enough.
	for window := p.window(n); ; window *= 4 {
		start := until.Add(-window)
		first := !start.After(after) || window > 1<<61
		if first {
			start = after
		}
		var due []time.Time
		for t := p.Next(start); !t.IsZero() && !t.After(until); t = p.Next(t) {
			due = append(due, t)
		}
		if first || len(due) >= n {
			return due[max(0, len(due)-n):]
		}
	}
}

// window is where Between looks first.
func (p Plan) window(n int) time.Duration {
	if p.spec.Every > 0 {
		return p.spec.Every * time.Duration(min(n, 1000))
	}
	return time.Hour
}

func invalid(field, format string, args ...any) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: field, Message: fmt.Sprintf(format, args...)}
}
