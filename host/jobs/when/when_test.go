package when_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jobs/when"
	"github.com/pergola-platform/pergola/sdk"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Berlin puts its clocks forward on 2026-03-29 at 01:00 UTC and back on 2026-10-25 at 01:00 UTC, New York on 2026-03-08 at
// 07:00 and 2026-11-01 at 06:00; Lord Howe Island by half an hour, on 2026-04-04 at 15:00 UTC back.
func TestCronFollowsTheClockOnTheWall(t *testing.T) {
	for _, tt := range []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"UTC without a zone", "30 2 * * *", "", "2026-03-28T12:00:00Z", []string{"2026-03-29T02:30:00Z", "2026-03-30T02:30:00Z"}},
		{"a zone", "30 2 * * *", "Europe/Berlin", "2026-01-10T00:00:00Z", []string{"2026-01-10T01:30:00Z", "2026-01-11T01:30:00Z"}},
		{"an hour that is left out is made up for after the gap", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"two times in the gap are one", "10,40 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:10:00Z"}},
		{"an hour that comes twice counts once", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"in the second of the doubled hours the next day is next", "30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", []string{"2026-10-26T01:30:00Z"}},
		{"every hour means real time in the gap", "30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", []string{"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"}},
		{"every hour means real time when an hour comes twice", "30 * * * *", "Europe/Berlin", "2026-10-24T23:40:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"}},
		{"every twenty minutes too", "*/20 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", []string{"2026-10-25T00:40:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:20:00Z", "2026-10-25T01:40:00Z", "2026-10-25T02:00:00Z"}},
		{"New York forward", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", []string{"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
		{"New York back", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", []string{"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
		{"half an hour on Lord Howe", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T10:00:00Z", []string{"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
		{"working days", "0 6 * * mon-fri", "Europe/Berlin", "2026-01-09T12:00:00Z", []string{"2026-01-12T05:00:00Z"}},
		{"the 29th of February", "0 0 29 2 *", "", "2026-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
		{"a due time itself is not after itself", "0 6 * * *", "", "2026-01-09T06:00:00Z", []string{"2026-01-10T06:00:00Z"}},
		{"a word", "@daily", "Asia/Kolkata", "2026-01-09T12:00:00Z", []string{"2026-01-09T18:30:00Z"}},
		{"midnight that is left out", "0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", []string{"2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, err := when.Parse(when.Spec{Cron: tt.cron, Zone: tt.zone}, "x", time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			next := at(t, tt.after)
			var got []string
			for range tt.want {
				next = plan.Next(next)
				got = append(got, next.UTC().Format(time.RFC3339))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

// An expression with an hour is due once on every day of a year, and one for every half hour 48 times in 24 hours, whatever the zone does.
func TestCronLeavesOutNoDayAndDoublesNone(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Tehran", "America/St_Johns", "Africa/Cairo"}
	for _, zone := range zones {
		for _, expression := range []string{"30 2 * * *", "15 0 * * *", "0 1 * * *", "59 23 * * *"} {
			plan, err := when.Parse(when.Spec{Cron: expression, Zone: zone}, "x", time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			loc, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			next := time.Date(2025, 12, 31, 23, 59, 30, 0, loc)
			for day := range 400 {
				next = plan.Next(next)
				if want := time.Date(2026, 1, 1+day, 12, 0, 0, 0, loc); next.In(loc).YearDay() != want.YearDay() {
					t.Fatalf("%s in %s: after %s comes %s", expression, zone, want.AddDate(0, 0, -1).Format(time.DateOnly), next.In(loc))
				}
			}
		}
		plan, err := when.Parse(when.Spec{Cron: "*/30 * * * *", Zone: zone}, "x", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		next := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range 365 * 48 {
			want := next.Add(30 * time.Minute)
			if next = plan.Next(next); !next.Equal(want) {
				t.Fatalf("every half hour in %s: time %d is %s, want %s", zone, i, next.UTC(), want)
			}
		}
	}
}

func TestIntervalsAreCountedFromTheirAnchor(t *testing.T) {
	anchor := at(t, "2026-01-01T00:10:00Z")
	plan, err := when.Parse(when.Spec{Every: 90 * time.Minute}, "x", anchor)
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[string]string{
		"2025-12-31T00:00:00Z": "2025-12-31T00:10:00Z", // the clock was set back
		"2026-01-01T00:00:00Z": "2026-01-01T01:40:00Z",
		"2026-01-01T00:10:00Z": "2026-01-01T01:40:00Z",
		"2026-01-01T01:39:59Z": "2026-01-01T01:40:00Z",
		"2027-01-01T00:00:00Z": "2027-01-01T00:10:00Z",
	} {
		if got := plan.Next(at(t, after)); !got.Equal(at(t, want)) {
			t.Errorf("after %s comes %s, want %s", after, got, want)
		}
	}
}

func TestOnceIsDueOnce(t *testing.T) {
	moment := at(t, "2026-01-01T00:00:00Z")
	plan, err := when.Parse(when.Spec{Once: moment}, "x", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Next(moment.Add(-time.Hour)); !got.Equal(moment) {
		t.Errorf("due at %s, want %s", got, moment)
	}
	if got := plan.Next(moment); !got.IsZero() {
		t.Errorf("due again at %s", got)
	}
}

func TestJitterIsAlwaysTheSameForOneScheduleAndSpreadsMany(t *testing.T) {
	after := at(t, "2026-01-01T12:00:00Z")
	seen := map[time.Time]bool{}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		spec := when.Spec{Cron: "0 2 * * *", Jitter: 10 * time.Minute}
		plan, err := when.Parse(spec, id, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		first := plan.Next(after)
		if late := first.Sub(at(t, "2026-01-02T02:00:00Z")); late < 0 || late >= 10*time.Minute {
			t.Errorf("%s is late by %s", id, late)
		}
		if second := plan.Next(first); second.Sub(first) != 24*time.Hour {
			t.Errorf("%s is due %s after the first time, want a day", id, second.Sub(first))
		}
		seen[first] = true
	}
	if len(seen) < 4 {
		t.Errorf("five schedules share %d times", len(seen))
	}
}

func TestBetweenReturnsTheLastDueTimes(t *testing.T) {
	until := at(t, "2026-03-01T00:30:00Z")
	for _, tt := range []struct {
		name  string
		spec  when.Spec
		after string
		n     int
		want  []string
	}{
		{"fewer than asked for", when.Spec{Cron: "0 * * * *"}, "2026-02-28T22:00:00Z", 9, []string{"2026-02-28T23:00:00Z", "2026-03-01T00:00:00Z"}},
		{"the last ones of years", when.Spec{Cron: "* * * * *"}, "2016-01-01T00:00:00Z", 2, []string{"2026-03-01T00:29:00Z", "2026-03-01T00:30:00Z"}},
		{"months apart", when.Spec{Cron: "0 0 1 */3 *"}, "2020-01-01T00:00:00Z", 2, []string{"2025-10-01T00:00:00Z", "2026-01-01T00:00:00Z"}},
		{"an interval", when.Spec{Every: time.Hour}, "2020-01-01T00:00:00Z", 1, []string{"2026-03-01T00:00:00Z"}},
		{"none", when.Spec{Cron: "0 * * * *"}, "2026-03-01T00:00:00Z", 1, nil},
		{"never", when.Spec{}, "2020-01-01T00:00:00Z", 1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, err := when.Parse(tt.spec, "x", at(t, "2019-01-01T00:00:00Z"))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range plan.Between(at(t, tt.after), until, tt.n) {
				got = append(got, m.UTC().Format(time.RFC3339))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNamesTheFieldThatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spec  when.Spec
		field string
	}{
		{"two ways", when.Spec{Cron: "@daily", Every: time.Hour}, "cron"},
		{"six fields", when.Spec{Cron: "0 0 2 * * *"}, "cron"},
		{"a minute that is none", when.Spec{Cron: "61 2 * * *"}, "cron"},
		{"a day that never comes", when.Spec{Cron: "0 0 30 2 *"}, "cron"},
		{"a zone in the expression", when.Spec{Cron: "CRON_TZ=Europe/Berlin 0 2 * * *"}, "cron"},
		{"an interval in the expression", when.Spec{Cron: "@every 1h"}, "cron"},
		{"no zone", when.Spec{Cron: "@daily", Zone: "Mars/Olympus"}, "zone"},
		{"the zone of the machine", when.Spec{Cron: "@daily", Zone: "Local"}, "zone"},
		{"a zone without a clock", when.Spec{Every: time.Hour, Zone: "Europe/Berlin"}, "zone"},
		{"too often", when.Spec{Every: time.Millisecond}, "every"},
		{"backwards", when.Spec{Every: -time.Hour}, "every"},
		{"jitter", when.Spec{Cron: "@daily", Jitter: -1}, "jitter"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := when.Parse(tt.spec, "x", time.Time{})
			var e *sdk.Error
			if !errors.As(err, &e) || e.Code != sdk.Invalid || e.Field != tt.field {
				t.Errorf("%v, want an error about %s", err, tt.field)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("0 2 * * mon-fri", "Europe/Berlin")
	f.Add("*/7 1-3 1,15 */2 ?", "America/New_York")
	f.Add("@weekly", "")
	f.Fuzz(func(t *testing.T, expression, zone string) {
		plan, err := when.Parse(when.Spec{Cron: expression, Zone: zone}, "x", time.Time{})
		if err != nil || expression == "" {
			return
		}
		last := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
		for range 5 {
			next := plan.Next(last)
			if next.IsZero() {
				return
			}
			if !next.After(last) {
				t.Fatalf("%q in %q: after %s comes %s", expression, zone, last, next)
			}
			last = next
		}
	})
}
