package analysis_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/jqltest"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
)

func inf(sign int) float64 { return math.Inf(sign) }

// at is a site at another moment.
type at struct {
	jqltest.Site
	now time.Time
}

func (a at) Now() time.Time { return a.now }

func TestFunctionsOnTheCalendar(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	for _, tt := range []struct{ now, in, want string }{
		{"2026-01-31 10:30", "startOfDay()", "2026-01-31 00:00:00.000"},
		{"2026-01-31 10:30", "endOfDay()", "2026-01-31 23:59:59.999"},
		{"2026-01-31 10:30", "endOfDay('+1')", "2026-02-01 23:59:59.999"},
		{"2026-01-31 10:30", "startOfDay(-1w)", "2026-01-24 00:00:00.000"},
		{"2026-01-31 10:30", "startOfDay('+15h')", "2026-01-31 15:00:00.000"},
		{"2026-01-31 10:30", "endOfMonth('+1')", "2026-02-28 23:59:59.999"},
		{"2026-02-28 10:30", "endOfMonth('+1')", "2026-03-31 23:59:59.999"},
		{"2026-01-31 10:30", "endOfMonth('+15d')", "2026-02-15 23:59:59.999"},
		{"2026-01-31 10:30", "startOfMonth(-1)", "2025-12-01 00:00:00.000"},
		{"2026-01-31 10:30", "startOfWeek()", "2026-01-26 00:00:00.000"},
		{"2026-02-01 10:30", "startOfWeek()", "2026-01-26 00:00:00.000"},
		{"2026-02-01 10:30", "endOfWeek(1)", "2026-02-08 23:59:59.999"},
		{"2024-02-29 10:30", "startOfYear(1)", "2025-01-01 00:00:00.000"},
		{"2024-02-29 10:30", "endOfYear()", "2024-12-31 23:59:59.999"},
		{"2026-03-29 10:30", "startOfDay()", "2026-03-29 00:00:00.000"}, // clocks go forward on this day
		{"2026-03-29 10:30", "endOfDay()", "2026-03-29 23:59:59.999"},
		{"2026-03-29 10:30", "-1d", "2026-03-28 09:30:00.000"},
		{"2026-01-31 10:30", "'-1w 2d 3h'", "2026-01-22 07:30:00.000"},
		{"2026-01-31 10:30", "30m", "2026-01-31 11:00:00.000"},
		{"2026-01-31 10:30", "'2026/1/5 7:05'", "2026-01-05 07:05:00.000"},
	} {
		now, err := time.ParseInLocation("2006-01-02 15:04", tt.now, berlin)
		if err != nil {
			t.Fatal(err)
		}
		a := jqltest.Analyzer()
		a.Environment = at{now: now}
		q, m := a.Analyze(parse(t, "created >= "+tt.in), analysis.Strict)
		r, ok := q.Where.(plan.Range)
		if !ok || len(m.Errors) > 0 {
			t.Errorf("%s: %+v %q", tt.in, q.Where, m.Errors)
			continue
		}
		if got := time.UnixMilli(int64(r.Low)).In(berlin).Format("2006-01-02 15:04:05.000"); got != tt.want {
			t.Errorf("at %s, %s is %s, want %s", tt.now, tt.in, got, tt.want)
		}
	}
}

func TestEqualDatesAreWholeDaysAndMinutes(t *testing.T) {
	zone := time.FixedZone("", -5*3600)
	a := jqltest.Analyzer()
	a.Environment = at{now: time.Date(2026, 1, 31, 22, 0, 0, 0, zone)} // in UTC it is tomorrow
	for _, tt := range []struct {
		in         string
		from, till string
	}{
		{`created = 2026-01-31`, "2026-01-31T05:00:00Z", "2026-02-01T04:59:59.999Z"},
		{`created = "2026-01-31 12:00"`, "2026-01-31T17:00:00Z", "2026-01-31T17:00:59.999Z"},
		{`created = 1769900000000`, "2026-01-31T22:53:20Z", "2026-01-31T22:53:20Z"},
		{`due = 2026-01-31`, "2026-01-31T00:00:00Z", "2026-01-31T23:59:59.999Z"},
		{`due = now()`, "2026-01-31T00:00:00Z", "2026-01-31T23:59:59.999Z"},
		{`due = 1d`, "2026-02-01T00:00:00Z", "2026-02-01T23:59:59.999Z"},
	} {
		q, _ := a.Analyze(parse(t, tt.in), analysis.Strict)
		r, _ := q.Where.(plan.Range)
		show := func(ms float64) string { return time.UnixMilli(int64(ms)).UTC().Format(time.RFC3339Nano) }
		if show(r.Low) != tt.from || show(r.High) != tt.till {
			t.Errorf("%s is from %s till %s", tt.in, show(r.Low), show(r.High))
		}
	}
}

func TestDurationsAreOfWork(t *testing.T) {
	for in, want := range map[string]float64{`1w`: 5 * 8 * 3600, `"2d 4h"`: 20 * 3600, `90`: 5400} {
		q, m := jqltest.Analyzer().Analyze(parse(t, "timeSpent = "+in), analysis.Strict)
		if r, _ := q.Where.(plan.Range); r.Low != want || r.High != want {
			t.Errorf("%s is %+v %q", in, q.Where, m.Errors)
		}
	}
}

func TestPredicatesCountFromTheBeginningOfADay(t *testing.T) {
	day := func(d int) float64 { return float64(time.Date(2026, 1, d, -2, 0, 0, 0, time.UTC).UnixMilli()) } // the site is two hours ahead
	for in, want := range map[string]plan.Change{
		`after 2026-01-10 before 2026-01-20`:       {Since: day(10) + 1, Till: day(20) - 1},
		`on 2026-01-10`:                            {Since: day(10), Till: day(11) - 1},
		`during (2026-01-10, 2026-01-20)`:          {Since: day(10), Till: day(21) - 1},
		`after 2026-01-10 on 2026-01-10`:           {Since: day(10) + 1, Till: day(11) - 1},
		`after 2026-01-10 by (mia, currentUser())`: {Since: day(10) + 1, Till: inf(1), By: []string{"mia", "mia"}},
		`from EMPTY to Done`:                       {From: []string{""}, To: []string{"Done"}, Since: inf(-1), Till: inf(1)},
	} {
		q, m := jqltest.Analyzer().Analyze(parse(t, "status changed "+in), analysis.Strict)
		if diff := cmp.Diff(plan.Node(plan.Changed{Field: "status", Change: want}), q.Where); diff != "" || len(m.Errors) > 0 {
			t.Errorf("%s (-want +got):\n%s%q", in, diff, m.Errors)
		}
	}
}
