// Package company makes the site that the sandbox ships: a maker of measuring instruments that looks after its devices,
// licences, rooms, people and orders in Jira. It is made, not read, so that it can be as large as one likes, and it is the
// same on every machine. Start with [New]. Its first issues are those of
// package office, the small site that the sandbox's own tests know.
package company

import (
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/office"
)

// PerScale is how many issues a company has for each unit of its scale.
const PerScale = 2000

// MaxScale is the largest scale: a million issues.
const MaxScale = 500

// Bounds of the number of people, apps' accounts aside.
const (
	people     = 60
	peopleMore = 10 // for each further unit
	maxPeople  = 5000
)

// Config says which company to make. The zero value is the one that is shipped.
type Config struct {
	// Scale multiplies the issues; less than 1 means 1, more than [MaxScale] means that.
	Scale int
	// Now is the company's present; purchases lie before it, warranties end around it. The zero value is 2026-11-20 09:00 UTC.
	Now time.Time
}

func (c Config) defaults() Config {
	c.Scale = min(max(c.Scale, 1), MaxScale)
	if c.Now.IsZero() {
		c.Now = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	}
	c.Now = c.Now.UTC().Truncate(time.Second)
	return c
}

// New returns the company, with Scale × [PerScale] issues. The stream can be ranged over again and again and is the same each
// time; it takes memory for what one unit of the scale links to, whatever the scale.
func New(cfg Config) *seed.Stream {
	cfg = cfg.defaults()
	staff := staffOf(cfg.Scale)
	return &seed.Stream{Site: site(staff), Issues: func(yield func(*seed.Issue, error) bool) {
		m := &maker{now: cfg.Now, staff: staff, yield: yield, next: map[string]int{}}
		for _, i := range office.Issues(cfg.Now) {
			if !m.emit(i) {
				return
			}
		}
		for m.unit = range cfg.Scale {
			if !m.branch() {
				return
			}
		}
	}}
}
