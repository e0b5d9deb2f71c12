package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/when"
	"github.com/pergola-platform/pergola/sdk"
)

// reporting is a kind of one step that says for when it was planned.
func reporting() (jobs.Kind, chan time.Time) {
	ran := make(chan time.Time, 1000)
	return jobs.Kind{Name: "report", Step: func(_ context.Context, s jobs.Step) (jobs.Next, error) {
		ran <- s.Planned
		return jobs.Next{Done: true}, nil
	}}, ran
}

func (s *site) put(j *jobs.Jobs, schedule jobs.Schedule) {
	s.Helper()
	s.must(j.PutSchedule(s.Context(), acme, schedule))
}

func (s *site) schedule(j *jobs.Jobs, id jobs.ScheduleID) jobs.Schedule {
	s.Helper()
	got, err := j.Schedule(s.Context(), acme, id)
	s.must(err)
	return got
}

// untilNext waits for a schedule to be due at a time.
func (s *site) untilNext(j *jobs.Jobs, id jobs.ScheduleID, next time.Time) jobs.Schedule {
	s.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got := s.schedule(j, id); got.Next.Equal(next) {
			return got
		}
	}
	s.Fatalf("schedule %s is due at %s, want %s", id, s.schedule(j, id).Next, next)
	return jobs.Schedule{}
}

func wantPlanned(t *testing.T, ran <-chan time.Time, want ...time.Time) {
	t.Helper()
	for _, at := range want {
		if got := receive(t, "the run of "+at.String(), ran); !got.Equal(at) {
			t.Errorf("a run was planned for %s, want %s", got, at)
		}
	}
}

func TestASchedulesRunsBeginWhenTheyAreDueAndOnce(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		clock := s.withClock()
		kind, ran := reporting()
		j := s.host(nil, kind)
		if s.dir == "" { // two more hosts see the same schedule
			s.host(nil, kind)
			s.host(nil, kind)
		}
		s.put(j, jobs.Schedule{ID: "acme.nightly", Kind: "report", When: when.Spec{Cron: "0 2 * * *", Zone: "Europe/Berlin"}, By: "5b10a"})
		due := time.Date(2026, 3, 3, 1, 0, 0, 0, time.UTC)
		for day := range 3 {
			at := due.AddDate(0, 0, day)
			s.untilNext(j, "acme.nightly", at)
			clock.advance(at.Sub(clock.Now()) + 3*time.Second) // also those that are not the first to act
			wantPlanned(t, ran, at)
			s.untilState(j, s.untilNext(j, "acme.nightly", at.AddDate(0, 0, 1)).LastRun, jobs.Done)
		}
		got := s.untilNext(j, "acme.nightly", due.AddDate(0, 0, 3))
		if !got.Last.Equal(due.AddDate(0, 0, 2)) || got.LastRun == "" || got.Skipped != 0 || got.By != "5b10a" {
			t.Errorf("the schedule is %+v", got)
		}
		runs, err := j.Runs(t.Context(), acme, jobs.Query{Schedule: "acme.nightly"})
		if err != nil || len(runs) != 3 {
			t.Errorf("%d runs, %v, want 3", len(runs), err)
		}
	})
}

func TestMissedTimesAreMadeUpForAsThePolicySays(t *testing.T) {
	for _, tt := range []struct {
		name   string
		missed jobs.Missed
		most   int
		away   time.Duration // after the due time of 13:00
		want   []int         // hours of the runs
	}{
		{"once", jobs.MissedOnce, 0, 3*time.Hour + 20*time.Minute, []int{16}},
		{"once by default", "", 0, 3*time.Hour + 20*time.Minute, []int{16}},
		{"skip", jobs.MissedSkip, 0, 3*time.Hour + 20*time.Minute, nil},
		{"skip, but for what is hardly late", jobs.MissedSkip, 0, 3*time.Hour + 20*time.Second, []int{16}},
		{"all", jobs.MissedAll, 10, 3*time.Hour + 20*time.Minute, []int{13, 14, 15, 16}},
		{"all, at most two", jobs.MissedAll, 2, 3*time.Hour + 20*time.Minute, []int{15, 16}},
		{"nothing was missed", jobs.MissedOnce, 0, 0, []int{13}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			clock := s.withClock()
			kind, ran := reporting()
			before := s.open(nil, kind)
			clock.advance(30 * time.Minute)
			s.put(before, jobs.Schedule{ID: "hourly", Kind: "report", When: when.Spec{Cron: "0 * * * *"}, Missed: tt.missed, MissedMax: tt.most})
			s.must(before.Close(context.Background()))
			clock.advance(30*time.Minute + tt.away)
			j := s.host(nil, kind)
			s.untilNext(j, "hourly", clock.Now().Truncate(time.Hour).Add(time.Hour))
			var want []time.Time
			for _, hour := range tt.want {
				want = append(want, time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC))
			}
			var got []time.Time
			for range want {
				got = append(got, receive(t, "a run", ran))
			}
			slices.SortFunc(got, time.Time.Compare)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
			if runs, err := j.Runs(t.Context(), acme, jobs.Query{Schedule: "hourly"}); len(runs) != len(want) || err != nil {
				t.Errorf("%d runs, %v, want %d", len(runs), err, len(want))
			}
		})
	}
}

func TestOverlapsAreHandledAsThePolicySays(t *testing.T) {
	for _, tt := range []struct {
		overlap jobs.Overlap
		runs    int // of three times while the first run works
		skipped int64
		atOnce  int
	}{
		{jobs.OverlapSkip, 1, 2, 1},
		{"", 1, 2, 1},
		{jobs.OverlapQueue, 2, 1, 1},
		{jobs.OverlapAllow, 3, 0, 3},
	} {
		t.Run(string(tt.overlap), func(t *testing.T) {
			s := newSite(t)
			clock := s.withClock()
			began, end := make(chan bool, 10), make(chan bool)
			j := s.host(nil, jobs.Kind{Name: "long", Step: func(context.Context, jobs.Step) (jobs.Next, error) {
				began <- true
				<-end
				return jobs.Next{Done: true}, nil
			}})
			s.put(j, jobs.Schedule{ID: "often", Kind: "long", When: when.Spec{Every: time.Minute}, Overlap: tt.overlap})
			for range 3 {
				clock.advance(time.Minute)
				s.untilNext(j, "often", clock.Now().Add(time.Minute))
			}
			for range tt.atOnce {
				receive(t, "a run at the same time", began)
			}
			runs, err := j.Runs(t.Context(), acme, jobs.Query{Schedule: "often"})
			if err != nil || len(runs) != tt.runs || s.schedule(j, "often").Skipped != tt.skipped {
				t.Errorf("%d runs, %d skipped, %v; want %d and %d", len(runs), s.schedule(j, "often").Skipped, err, tt.runs, tt.skipped)
			}
			if n := len(began); n != 0 {
				t.Errorf("%d more work at the same time", n)
			}
			close(end)
			for _, r := range runs {
				s.untilState(j, r.ID, jobs.Done)
			}
		})
	}
}

func TestAnEventBeginsOneRunHoweverOftenItIsEmitted(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		inputs := make(chan string, 10)
		j := s.host(nil, jobs.Kind{Name: "react", Step: func(_ context.Context, step jobs.Step) (jobs.Next, error) {
			inputs <- string(step.Input)
			return jobs.Next{Done: true}, nil
		}})
		s.put(j, jobs.Schedule{ID: "a", Kind: "react", Event: "project.created", Input: []byte("10000"), Overlap: jobs.OverlapAllow})
		s.put(j, jobs.Schedule{ID: "b", Kind: "react", Event: "project.deleted", Overlap: jobs.OverlapAllow})
		s.put(j, jobs.Schedule{ID: "c", Kind: "react", Event: "project.created", Paused: true})
		event := jobs.Event{Name: "project.created", ID: "7", At: start, Input: []byte("10001")}
		for i, want := range []int{1, 0, 0} {
			if n, err := j.Emit(t.Context(), acme, event); n != want || err != nil {
				t.Errorf("emitted for the %d. time: %d runs, %v, want %d", i+1, n, err, want)
			}
		}
		if got := receive(t, "the run", inputs); got != "10001" {
			t.Errorf("the run's input is %q", got)
		}
		event.ID, event.Input = "8", nil
		if n, err := j.Emit(t.Context(), acme, event); n != 1 || err != nil {
			t.Errorf("another event: %d runs, %v", n, err)
		}
		if got := receive(t, "the second run", inputs); got != "10000" {
			t.Errorf("the second run's input is %q", got)
		}
		if n, err := j.Emit(t.Context(), "other", event); n != 0 || err != nil {
			t.Errorf("another tenant's event: %d runs, %v", n, err)
		}
		if _, err := j.Emit(t.Context(), acme, jobs.Event{Name: "project.created"}); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("an event without a time: %v", err)
		}
	})
}

func TestAScheduleThatIsPutAgainStaysDueWhenItWas(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	kind, _ := reporting()
	j := s.open(nil, kind)
	schedule := jobs.Schedule{ID: "s", Kind: "report", When: when.Spec{Every: time.Hour, Jitter: 10 * time.Minute}}
	s.put(j, schedule)
	next := s.schedule(j, "s").Next
	if late := next.Sub(start.Add(time.Hour)); late <= 0 || late >= 10*time.Minute {
		t.Errorf("the first time is late by %s", late)
	}
	clock.advance(30 * time.Minute)
	schedule.Priority, schedule.Input = 2, []byte("7")
	s.put(j, schedule)
	if got := s.schedule(j, "s"); !got.Next.Equal(next) || got.Priority != 2 {
		t.Errorf("put with the same times it is due at %s, want %s", got.Next, next)
	}
	schedule.When.Every = 2 * time.Hour
	s.put(j, schedule)
	if got := s.schedule(j, "s").Next; !got.Equal(next.Add(time.Hour)) {
		t.Errorf("with other times it is due at %s, want %s", got, next.Add(time.Hour))
	}
}

func TestAPausedScheduleBeginsNothing(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	kind, ran := reporting()
	j := s.host(nil, kind)
	s.put(j, jobs.Schedule{ID: "paused", Kind: "report", When: when.Spec{Every: time.Hour}})
	s.put(j, jobs.Schedule{ID: "deleted", Kind: "report", When: when.Spec{Every: time.Hour}})
	s.put(j, jobs.Schedule{ID: "goes.on", Kind: "report", When: when.Spec{Every: time.Hour}})
	s.must(j.PauseSchedule(t.Context(), acme, "paused", true))
	s.must(j.DeleteSchedule(t.Context(), acme, "deleted"))
	s.must(j.DeleteSchedule(t.Context(), acme, "deleted"))
	clock.advance(time.Hour)
	wantPlanned(t, ran, start.Add(time.Hour))
	s.untilState(j, s.untilNext(j, "goes.on", start.Add(2*time.Hour)).LastRun, jobs.Done)
	clock.advance(30 * time.Minute)
	s.must(j.PauseSchedule(t.Context(), acme, "paused", false))
	if got := s.schedule(j, "paused").Next; !got.Equal(start.Add(2 * time.Hour)) {
		t.Errorf("it goes on at %s", got)
	}
	clock.advance(30 * time.Minute)
	wantPlanned(t, ran, start.Add(2*time.Hour), start.Add(2*time.Hour))
	if _, err := j.Schedule(t.Context(), acme, "deleted"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a deleted schedule: %v", err)
	}
	if n := len(ran); n != 0 {
		t.Errorf("%d more runs", n)
	}
}

func TestOnceIsOnceAndByHandIsAtOnce(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	kind, ran := reporting()
	j := s.host(nil, kind)
	s.put(j, jobs.Schedule{ID: "once", Kind: "report", When: when.Spec{Once: start.Add(time.Hour)}})
	id, err := j.FireSchedule(t.Context(), acme, "once", "5b10a")
	s.must(err)
	wantPlanned(t, ran, time.Time{})
	if r := s.untilState(j, id, jobs.Done); r.By != "5b10a" || r.Schedule != "once" {
		t.Errorf("by %q for schedule %q", r.By, r.Schedule)
	}
	clock.advance(time.Hour)
	wantPlanned(t, ran, start.Add(time.Hour))
	s.untilNext(j, "once", time.Time{})
	clock.advance(1000 * time.Hour)
	if n := len(ran); n != 0 {
		t.Errorf("%d more runs", n)
	}
}

func TestSchedulesAreRefusedWithWhatToDo(t *testing.T) {
	s := newSite(t)
	kind, _ := reporting()
	j := s.open(nil, kind)
	good := jobs.Schedule{ID: "s", Kind: "report", When: when.Spec{Cron: "@daily"}}
	for name, spoil := range map[string]func(*jobs.Schedule){
		"no id":            func(s *jobs.Schedule) { s.ID = "" },
		"an id of words":   func(s *jobs.Schedule) { s.ID = "my schedule" },
		"two dots":         func(s *jobs.Schedule) { s.ID = "a..b" },
		"no kind":          func(s *jobs.Schedule) { s.Kind = "" },
		"never":            func(s *jobs.Schedule) { s.When = when.Spec{} },
		"times and event":  func(s *jobs.Schedule) { s.Event = "e" },
		"a bad event":      func(s *jobs.Schedule) { s.When, s.Event = when.Spec{}, "an event" },
		"a bad expression": func(s *jobs.Schedule) { s.When.Cron = "often" },
		"missed":           func(s *jobs.Schedule) { s.Missed = "some" },
		"all of how many":  func(s *jobs.Schedule) { s.Missed = jobs.MissedAll },
		"too many":         func(s *jobs.Schedule) { s.Missed, s.MissedMax = jobs.MissedAll, 101 },
		"overlap":          func(s *jobs.Schedule) { s.Overlap = "some" },
		"too much input":   func(s *jobs.Schedule) { s.Input = make([]byte, jobs.MaxInput+1) },
	} {
		bad := good
		spoil(&bad)
		if err := j.PutSchedule(t.Context(), acme, bad); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, err := j.Schedules(t.Context(), acme, ""); len(all) != 0 || err != nil {
		t.Errorf("%d schedules, %v", len(all), err)
	}
	err := j.PutSchedule(t.Context(), acme, jobs.Schedule{ID: "s", Kind: "report", When: when.Spec{Cron: "@daily", Zone: "Mars"}})
	if e := (*sdk.Error)(nil); !errors.As(err, &e) || e.Field != "zone" {
		t.Errorf("a zone that is none: %v", err)
	}
}

func TestNextTimesShowWhatAFormAsksFor(t *testing.T) {
	s := newSite(t)
	s.withClock()
	kind, _ := reporting()
	j := s.open(nil, kind)
	got, err := j.NextTimes(acme, jobs.Schedule{ID: "s", When: when.Spec{Cron: "30 2 * * *", Zone: "Europe/Berlin"}}, 2)
	s.must(err)
	if want := "[2026-03-03 01:30:00 +0000 UTC 2026-03-04 01:30:00 +0000 UTC]"; fmt.Sprint(utc(got)) != want {
		t.Errorf("%v, want %s", utc(got), want)
	}
	var plugins []capability.PluginID
	s.put(j, jobs.Schedule{ID: "a", Kind: "report", Plugin: "acme.sync", When: when.Spec{Cron: "@daily"}})
	s.put(j, jobs.Schedule{ID: "b", Kind: "report", When: when.Spec{Cron: "@daily"}})
	all, err := j.Schedules(t.Context(), acme, "acme.sync")
	s.must(err)
	for _, one := range all {
		plugins = append(plugins, one.Plugin)
	}
	if !slices.Equal(plugins, []capability.PluginID{"acme.sync"}) {
		t.Errorf("schedules of %v", plugins)
	}
}

func utc(times []time.Time) (all []time.Time) {
	for _, t := range times {
		all = append(all, t.UTC())
	}
	return all
}
