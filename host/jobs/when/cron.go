package when

import (
	"strings"
	"time"

	robfig "github.com/robfig/cron/v3"
)

// cron is an expression in a zone. Its fields are asked for times of a wall clock without a zone, and the zone then says which
// moments these are: none in a gap, two where an hour comes twice.
type cron struct {
	wall   *robfig.SpecSchedule
	zone   *time.Location
	hourly bool // due in every hour of the day
}

// The parser knows @every, which has no wall clock, and TZ=, for which a Spec has a field; both are refused before it is asked.
var parser = robfig.NewParser(robfig.Minute | robfig.Hour | robfig.Dom | robfig.Month | robfig.Dow | robfig.Descriptor)

func parseCron(expression, zone string) (*cron, error) {
	switch {
	case len(expression) > maxCron:
		return nil, invalid("cron", "a cron expression has at most %d bytes", maxCron)
	case strings.Contains(expression, "TZ="):
		return nil, invalid("cron", "write the time zone in its own field, not into the cron expression")
	case strings.HasPrefix(strings.TrimSpace(expression), "@every"):
		return nil, invalid("cron", "write an interval into its own field, every, not into the cron expression")
	}
	schedule, err := parser.Parse(expression)
	wall, ok := schedule.(*robfig.SpecSchedule)
	if err != nil || !ok {
		return nil, invalid("cron", "%q is no cron expression (%v); write five fields: minute, hour, day of the month, month, day of the week, such as 0 2 * * mon-fri", expression, err)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return nil, invalid("zone", "%q is no time zone; write a name such as Europe/Berlin, or leave it out for UTC", zone)
	}
	const hours = 1<<24 - 1
	c := &cron{wall: wall, zone: loc, hourly: wall.Hour&hours == hours}
	c.wall.Location = time.UTC // the wall clock is kept as if it were UTC
	if c.next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, invalid("cron", "%q is never due; is that day in that month?", expression)
	}
	return c, nil
}

// daylight is more than any zone ever put its clocks forward or back, but for those that changed sides of the date line.
const daylight = 25 * time.Hour

// next returns the first moment after t, the zero time where there is none within five years.
func (c *cron) next(t time.Time) time.Time {
	t = t.Truncate(time.Second)
	wall := c.reading(t)
	switch {
	case !c.turned(t): // a later moment is a later reading
	case c.hourly:
		wall = wall.Add(-3 * time.Hour) // no hour that comes twice is longer, and every minute costs a turn
	default:
		wall = wall.Add(-daylight)
	}
	var best time.Time
	for {
		if wall = c.wall.Next(wall); wall.IsZero() {
			return best
		}
		moments := c.moments(wall)
		for _, m := range moments {
			if m.After(t) && (best.IsZero() || m.Before(best)) {
				best = m
			}
		}
		// A later reading is a later moment, unless the clock was put back in between, by less than three hours.
		if !best.IsZero() && (len(moments) == 0 || moments[0].After(best.Add(3*time.Hour)) || !c.turned(best)) {
			return best
		}
	}
}

// turned says whether clocks are changed near a moment.
func (c *cron) turned(t time.Time) bool {
	_, before := t.Add(-daylight).In(c.zone).Zone()
	_, after := t.Add(daylight).In(c.zone).Zone()
	return before != after
}

// reading is what the clock on the wall shows at t, as if it were UTC.
func (c *cron) reading(t time.Time) time.Time {
	t = t.In(c.zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// moments are the moments for which a reading of the clock stands, by the rules of the package.
func (c *cron) moments(wall time.Time) []time.Time {
	var found []time.Time
	for _, offset := range c.offsets(wall) {
		if m := wall.Add(-offset).In(c.zone); c.reading(m).Equal(wall) {
			found = append(found, m)
		}
	}
	switch {
	case len(found) == 0 && !c.hourly:
		return []time.Time{c.afterGap(wall)}
	case len(found) > 1 && !c.hourly:
		return found[:1]
	}
	return found
}

// offsets are the offsets of the zone around a reading, that of the earlier moment first.
func (c *cron) offsets(wall time.Time) []time.Duration {
	_, before := wall.Add(-daylight).In(c.zone).Zone()
	_, after := wall.Add(daylight).In(c.zone).Zone()
	all := []time.Duration{time.Duration(before) * time.Second}
	if after != before {
		all = append(all, time.Duration(after)*time.Second)
	}
	if len(all) == 2 && all[0] < all[1] { // the greater offset is the earlier moment
		all[0], all[1] = all[1], all[0]
	}
	return all
}

// afterGap is the moment at which the clock jumped over a reading.
func (c *cron) afterGap(wall time.Time) time.Time {
	offsets := c.offsets(wall)
	// Before the gap the clock was behind the reading, after it it was beyond: the jump is in between.
	low, high := wall.Add(-offsets[0]).Add(-time.Second), wall.Add(-offsets[len(offsets)-1]).Add(time.Second)
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		if c.reading(middle).Before(wall) {
			low = middle
		} else {
			high = middle
		}
	}
	return high.In(c.zone)
}
