package analysis

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateFormats ends the messages about a wrong date.
const dateFormats = "Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."

// span is what a date means: the moment from which it counts and the last millisecond that is equal to it. A day without
// a time is 24 hours long, or what is left of them where clocks change.
type span struct{ from, till time.Time }

func instant(t time.Time) span { return span{t, t} }

// parseDate reads a date, a moment or a period from now.
func parseDate(l Literal, now time.Time) (span, bool) {
	if l.Number { // milliseconds since 1970, says Jira
		ms, err := strconv.ParseInt(l.Text, 10, 64)
		return instant(time.UnixMilli(ms).In(now.Location())), err == nil
	}
	text := strings.TrimSpace(l.Text)
	for _, layout := range []string{"2006/1/2 15:4", "2006-1-2 15:4"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return span{t, t.Add(time.Minute - time.Millisecond)}, true
		}
	}
	for _, layout := range []string{"2006/1/2", "2006-1-2"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return span{t, t.AddDate(0, 0, 1).Add(-time.Millisecond)}, true
		}
	}
	d, ok := parsePeriod(text, 24*time.Hour, 7)
	return instant(now.Add(d)), ok
}

var periodPart = regexp.MustCompile(`^\s*(\d{1,6})\s*([ywdhm])`)

// parsePeriod reads a period such as "-1w 2d"; a sign counts for all of it.
func parsePeriod(text string, day time.Duration, daysAWeek int) (time.Duration, bool) {
	rest, negative := strings.CutPrefix(text, "-")
	if !negative {
		rest = strings.TrimPrefix(rest, "+")
	}
	units := map[string]time.Duration{
		"y": 365 * day, "w": time.Duration(daysAWeek) * day, "d": day, "h": time.Hour, "m": time.Minute,
	}
	var sum time.Duration
	for parts := 0; rest != "" && parts < 8; parts++ {
		m := periodPart.FindStringSubmatch(rest)
		if m == nil {
			return 0, false
		}
		n, _ := strconv.Atoi(m[1]) // six digits always fit
		if n > 200_000 || m[2] == "y" && n > 200 || m[2] == "w" && n > 10_000 {
			return 0, false // further than a time.Duration reaches, or any issue
		}
		sum += time.Duration(n) * units[m[2]]
		rest = rest[len(m[0]):]
	}
	if rest != "" || text == "" || sum < 0 {
		return 0, false
	}
	if negative {
		sum = -sum
	}
	return sum, true
}

// parseDuration reads a duration of work in seconds: days of eight hours, weeks of five days, bare numbers as minutes.
func parseDuration(text string) (float64, bool) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n * 60, true
	}
	d, ok := parsePeriod(strings.TrimSpace(text), 8*time.Hour, 5)
	return d.Seconds(), ok && d >= 0
}

// increment is the argument of a function on the calendar: "-1M", "+2", 15d.
type increment struct {
	n    int
	unit byte // one of yMwdhm
}

var incrementForm = regexp.MustCompile(`^([+-]?\d{1,6})([yMwdhm]?)$`)

func parseIncrement(text string, unit byte) (increment, bool) {
	m := incrementForm.FindStringSubmatch(text)
	if m == nil {
		return increment{}, false
	}
	n, _ := strconv.Atoi(m[1]) // seven characters always fit
	if m[2] != "" {
		unit = m[2][0]
	}
	return increment{n, unit}, true
}

func (i increment) add(t time.Time) time.Time {
	switch i.unit {
	case 'y':
		return addMonths(t, 12*i.n)
	case 'M':
		return addMonths(t, i.n)
	case 'w':
		return t.AddDate(0, 0, 7*i.n)
	case 'd':
		return t.AddDate(0, 0, i.n)
	case 'h':
		return t.Add(time.Duration(i.n) * time.Hour)
	}
	return t.Add(time.Duration(i.n) * time.Minute)
}

// addMonths keeps the day of the month where there is one, and takes the month's last where there is not.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location()).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// units by size; an increment of a unit not smaller than the function's moves the period, a smaller one the moment found.
const unitsBySize = "mhdwMy"

// calendar is startOfDay and its like: the period is one of d, w, M and y.
func calendar(now time.Time, period byte, end bool, by increment, firstDay time.Weekday) time.Time {
	moves := strings.IndexByte(unitsBySize, by.unit) >= strings.IndexByte(unitsBySize, period)
	if moves {
		now = by.add(now)
	}
	y, m, d := now.Date()
	start := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, now.Location()) }
	var from, next time.Time
	switch period {
	case 'd':
		from, next = start(y, m, d), start(y, m, d+1)
	case 'w':
		back := (int(now.Weekday()) - int(firstDay) + 7) % 7
		from, next = start(y, m, d-back), start(y, m, d-back+7)
	case 'M':
		from, next = start(y, m, 1), start(y, m+1, 1)
	default:
		from, next = start(y, 1, 1), start(y+1, 1, 1)
	}
	out := from
	if end {
		out = next.Add(-time.Millisecond)
	}
	if !moves {
		out = by.add(out)
	}
	return out
}
