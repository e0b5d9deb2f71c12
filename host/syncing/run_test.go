package syncing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/sdk"
)

func wanted(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("Device %03d", i+1))
	}
	return out
}

func TestARunMakesIssuesOfRowsAndKeepsIdsOnly(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(12)
	s := r.synchronize()
	run := r.expect(s.ID, "done created=12")
	if diff := cmp.Diff(wanted(12), r.names()); diff != "" {
		t.Error(diff)
	}
	r.inbox.put(3, "Device 003", 999)
	r.expect(s.ID, "done changed=1 skipped=11")

	rows, next, err := r.Rows(t.Context(), r.tenant, run, "")
	if err != nil || len(rows) != 12 || next != "" || rows[0].Issue == "" || rows[0].Outcome != syncer.Created {
		t.Error(rows, next, err)
	}
	runs, err := r.Runs(t.Context(), r.tenant, s.ID, "", 0)
	if err != nil || len(runs) != 2 || runs[1].ID != run || runs[1].By != admin || runs[1].Done != 12 {
		t.Error(runs, err)
	}
	if r.steps.Load() == 0 || r.held.Load() != 0 {
		t.Errorf("%d steps held the plugin and let it go, %d still hold it", r.steps.Load(), r.held.Load())
	}
	if found := r.holds("Device 00", "open sesame"); len(found) > 0 {
		t.Error(found)
	}
	if strings.Contains(r.log.String(), "Device") {
		t.Error("the log holds a row")
	}
}

func TestAPlanShowsValuesAndKeepsNothing(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(7)
	s := r.synchronize()
	r.expect(s.ID, "done created=7")
	r.inbox.put(2, "Device 002 renamed", 101)
	r.inbox.put(8, "Device 008", 107)

	counts, changes, parts, next := map[string]int64{}, []string{}, 0, ""
	for {
		p, err := r.Plan(t.Context(), r.tenant, s.ID, next)
		if err != nil {
			t.Fatal(err)
		}
		for name, n := range p.Counts {
			counts[name] += n
		}
		for _, row := range p.Rows {
			for _, c := range row.Changes {
				changes = append(changes, fmt.Sprintf("%s %s %s: %s > %v", row.Key[0], row.Outcome, c.Field, c.Before, c.After))
			}
		}
		if parts++; p.Next == "" {
			break
		}
		if strings.Contains(p.Next, "Device") || next == p.Next {
			t.Fatal("the cursor is open or stands still")
		}
		next = p.Next
	}
	slices.Sort(changes)
	want := []string{
		"2 changed summary: \"Device 002\" > Device 002 renamed",
		"8 created customfield_10004:  > 107",
		"8 created summary:  > Device 008",
	}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int64{"changed": 1, "created": 1, "skipped": 6}, counts); diff != "" || parts != 2 {
		t.Error(parts, diff)
	}
	if diff := cmp.Diff(wanted(7), r.names()); diff != "" {
		t.Error("the plan has written", diff)
	}
	if found := r.holds("renamed"); len(found) > 0 {
		t.Error(found)
	}
	if _, err := r.Plan(t.Context(), r.tenant, s.ID, "v1.forged.cursor"); sdk.CodeOf(err) != sdk.Invalid {
		t.Error(err)
	}
}

func TestAPreviewShowsRowsBesideWhatBecomesOfThem(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(30)
	draft := devices(r.connect().ID)
	p, err := r.Preview(t.Context(), r.tenant, draft, 3)
	if err != nil || len(p.Rows) != 3 || len(p.Records) != 3 || len(p.Problems) > 0 {
		t.Fatal(p, err)
	}
	if diff := cmp.Diff([]string{"1", "Device 001", "100"}, p.Rows[0]); diff != "" || p.Records[0].Values["summary"] != "Device 001" {
		t.Error(diff, p.Records[0].Values)
	}
	r.inbox.stream.Key = nil
	if p, err = r.Preview(t.Context(), r.tenant, draft, 3); err != nil || len(p.Rows) != 0 || p.Problems[0].At != "key" {
		t.Error("without a key:", p, err)
	}
	draft.Mapping.Key = []string{"id"}
	if p, err = r.Preview(t.Context(), r.tenant, draft, 3); err != nil || len(p.Rows) != 3 || len(p.Problems) > 0 {
		t.Error("with a chosen key:", p, err)
	}
	draft.Mapping.Fields[0].Column = "nam"
	p, err = r.Preview(t.Context(), r.tenant, draft, 3)
	if err != nil || len(p.Rows) != 3 || len(p.Records) != 0 || len(p.Problems) != 1 || p.Problems[0].At != "fields[0].column" {
		t.Error(p, err)
	}
}

func TestAMappingThatDoesNotFitIsToldBeforeThereIsARun(t *testing.T) {
	r := newRig(t)
	s := r.synchronize(func(d *syncing.SyncDraft) { d.Mapping.Fields[1].Field = "customfield_99999" })
	_, err := r.Start(t.Context(), r.tenant, admin, s.ID, false)
	var problems mapping.Problems
	if !errors.As(err, &problems) || sdk.CodeOf(err) != sdk.Invalid || problems[0].At != "fields[1].field" {
		t.Error(err)
	}
	runs, err := r.Runs(t.Context(), r.tenant, s.ID, "", 0)
	if err != nil || len(runs) != 0 {
		t.Error(runs, err)
	}
}

func TestTheBrakeStopsARunUntilAnAdminApproves(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(6)
	s := r.synchronize(func(d *syncing.SyncDraft) { d.Mapping.Brake.Ask = true })
	r.expect(s.ID, "done brake created=6")
	if b := r.braked(s.ID); b == nil || b.Rule != syncer.BrakeAsk || !strings.Contains(b.Means, "asks before every run") {
		t.Errorf("the plan says %+v of the brake", b)
	}
	if got := r.names(); len(got) > 0 {
		t.Error("issues were made without approval", got)
	}
	run, err := r.Start(t.Context(), r.tenant, admin, s.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.follow(run); got != "done created=6" {
		t.Error(got)
	}
	r.expect(s.ID, "done skipped=6") // nothing to ask about
	if b := r.braked(s.ID); b != nil {
		t.Errorf("the plan says %+v of the brake", b)
	}
}

// braked is what a plan says of the brake.
func (r *rig) braked(id string) *syncing.PlanBrake {
	r.Helper()
	for next := ""; ; {
		p, err := r.Plan(r.Context(), r.tenant, id, next)
		if err != nil {
			r.Fatal(err)
		}
		if next = p.Next; next == "" {
			return p.Brake
		}
	}
}

// A source that refuses is in trouble, and not the synchronizations that read it.
func TestASourceThatRefusesPausesItsConnection(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(20)
	s := r.synchronize()
	r.inbox.hook(func(n int) error {
		if n == 3 { // after the keys of all rows and the first page
			return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromDownstream, Message: "the view is closed"}
		}
		return nil
	})
	r.expect(s.ID, "failed created=5 permission_denied")
	c, err := r.Connection(t.Context(), r.tenant, s.Connection)
	if err != nil || c.Trouble != sdk.PermissionDenied {
		t.Fatal(c, err)
	}
	if s, err = r.Synchronization(t.Context(), r.tenant, s.ID); err != nil || s.Trouble != "" {
		t.Error("the synchronization is blamed", s.Trouble, err)
	}
	if _, err := r.Start(t.Context(), r.tenant, admin, s.ID, false); sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "test the connection") {
		t.Error(err)
	}
	if got := r.scheduled(s.ID); got != "done connection" {
		t.Errorf("a scheduled run came to %q", got)
	}
	r.inbox.hook(nil)
	if _, err := r.TestConnection(t.Context(), r.tenant, s.Connection, nil); err != nil {
		t.Fatal(err)
	}
	r.expect(s.ID, "done created=15 skipped=5")
}

func TestARunThatFailsForGoodHoldsTheScheduleUntilAnAdminLooked(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(3)
	s := r.synchronize()
	s.Mapping.Fields[0].Column = "gone"
	draft := syncing.SyncDraft{Name: s.Name, Connection: s.Connection, Mapping: s.Mapping}
	s, err := r.SaveSync(t.Context(), r.tenant, admin, s.ID, draft)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.scheduled(s.ID); got != "failed invalid" {
		t.Fatalf("a scheduled run came to %q", got)
	}
	if s, err = r.Synchronization(t.Context(), r.tenant, s.ID); err != nil || s.Trouble != sdk.Invalid {
		t.Fatal(s.Trouble, err)
	}
	if got := r.scheduled(s.ID); got != "done trouble" {
		t.Errorf("a scheduled run came to %q", got)
	}
	draft.Mapping.Fields[0].Column = "name"
	if s, err = r.SaveSync(t.Context(), r.tenant, admin, s.ID, draft); err != nil || s.Trouble != "" {
		t.Fatal(s, err)
	}
	if got := r.scheduled(s.ID); got != "done created=3" {
		t.Errorf("a scheduled run came to %q", got)
	}
}

// scheduled has a schedule begin a run at once, and says what came of it.
func (r *rig) scheduled(id string) string {
	r.Helper()
	ctx, stop := context.WithTimeout(r.Context(), 30*time.Second)
	defer stop()
	all, err := r.jobs.WatchAll(ctx, r.tenant.ID)
	r.must(err)
	_, err = r.SetSchedule(r.Context(), r.tenant, admin, id, &syncing.Schedule{Once: time.Now().Add(50 * time.Millisecond)})
	r.must(err)
	for p := range all {
		if p.State.Over() && p.Schedule != "" {
			run, err := r.Run(r.Context(), r.tenant, p.ID)
			r.must(err)
			return summary(run)
		}
	}
	r.Fatal("no run began")
	return ""
}

func TestSchedulesAreWrittenInWords(t *testing.T) {
	r := newRig(t)
	s := r.synchronize()
	for _, tt := range []struct {
		in    syncing.Schedule
		field string
	}{
		{syncing.Schedule{}, "schedule"},
		{syncing.Schedule{Every: "often"}, "schedule.every"},
		{syncing.Schedule{Every: "-1h"}, "schedule.every"},
		{syncing.Schedule{Every: "1h", Missed: jobs.MissedAll}, "schedule.missed"},
		{syncing.Schedule{Cron: "99 * * * *"}, "cron"},
		{syncing.Schedule{Cron: "@daily", Zone: "Europe/Nowhere"}, "zone"},
	} {
		_, err := r.SetSchedule(t.Context(), r.tenant, admin, s.ID, &tt.in)
		var e *sdk.Error
		if !errors.As(err, &e) || e.Code != sdk.Invalid || e.Field != tt.field {
			t.Errorf("%+v: %v", tt.in, err)
		}
	}
	got, err := r.SetSchedule(t.Context(), r.tenant, admin, s.ID, &syncing.Schedule{Every: "6h", Jitter: "90s"})
	if err != nil || got.Every != "6h" || got.Jitter != "1m30s" || got.Next.IsZero() || got.Missed != jobs.MissedOnce {
		t.Error(got, err)
	}
	times, err := r.NextTimes(r.tenant, s.ID, syncing.Schedule{Cron: "0 2 * * mon-fri", Zone: "Europe/Berlin"}, 5)
	if err != nil || len(times) != 5 {
		t.Error(times, err)
	}
	if got, err := r.SetSchedule(t.Context(), r.tenant, admin, s.ID, nil); err != nil || got != nil {
		t.Error(got, err)
	}
	if s, err = r.Synchronization(t.Context(), r.tenant, s.ID); err != nil || s.Schedule != nil {
		t.Error(s.Schedule, err)
	}
}

// A host that ends in the middle of a run, again and again, makes no issue twice.
func TestAnotherHostGoesOnWithARun(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(60)
	s := r.synchronize()
	run, err := r.Start(t.Context(), r.tenant, admin, s.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		r.await(run, int64(10*(i+1)))
		r.restart()
	}
	if got := r.follow(run); got != "done created=60" {
		t.Errorf("the run came to %q", got)
	}
	if diff := cmp.Diff(wanted(60), r.names()); diff != "" {
		t.Error(diff)
	}
}

// await waits until a run has done so many rows.
func (r *rig) await(id jobs.RunID, done int64) {
	r.Helper()
	ctx, stop := context.WithTimeout(r.Context(), 30*time.Second)
	defer stop()
	progress, err := r.Watch(ctx, r.tenant, id)
	r.must(err)
	for p := range progress {
		if p.Done >= done || p.State.Over() {
			return
		}
	}
	r.Fatal("the run stands still")
}

func TestARunIsPausedGoesOnAndIsCanceled(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(200)
	s := r.synchronize()
	run, err := r.Start(t.Context(), r.tenant, admin, s.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	r.await(run, 5)
	r.must(r.Pause(t.Context(), r.tenant, run))
	if got := r.follow(run); !strings.HasPrefix(got, "paused created=") {
		t.Fatal(got)
	}
	before := len(r.names())
	r.must(r.Resume(t.Context(), r.tenant, run))
	r.await(run, int64(before)+10)
	r.must(r.DeleteSync(t.Context(), r.tenant, s.ID)) // which cancels it
	if got := r.follow(run); !strings.HasPrefix(got, "canceled created=") {
		t.Error(got)
	}
	if n := len(r.names()); n <= before || n == 200 {
		t.Errorf("%d issues, %d before", n, before)
	}
	if err := r.Resume(t.Context(), r.tenant, run); err == nil {
		t.Error("a canceled run goes on")
	}
}

// A run of a plugin that is switched off meanwhile rests, and says why.
func TestASwitchedOffPluginRests(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(3)
	s := r.synchronize()
	off := &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "switched off"}
	r.refused = off
	if _, err := r.Start(t.Context(), r.tenant, admin, s.ID, false); !errors.Is(err, off) {
		t.Error(err)
	}
}

func TestRunsOfOneSynchronizationTakeTurns(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(20)
	s := r.synchronize()
	var runs []jobs.RunID
	for range 3 {
		run, err := r.Start(t.Context(), r.tenant, admin, s.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	total := map[string]int64{}
	for _, id := range runs {
		r.follow(id)
		run, err := r.Run(t.Context(), r.tenant, id)
		r.must(err)
		for name, n := range run.Counts {
			total[name] += n
		}
	}
	if diff := cmp.Diff(map[string]int64{"created": 20, "skipped": 40}, total); diff != "" {
		t.Error(diff)
	}
}

func TestProjectsThatChangeBeginARunOnce(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(3)
	s := r.synchronize()
	kept, err := r.SetSchedule(t.Context(), r.tenant, admin, s.ID, &syncing.Schedule{Every: "24h", OnProjects: true})
	if err != nil || !kept.OnProjects || kept.Every != "24h" {
		t.Fatal(kept, err)
	}
	at := time.Now()
	for range 3 { // Jira may tell an event twice
		r.must(r.ProjectsChanged(t.Context(), r.tenant.ID, "event-1", at))
	}
	var runs []syncing.Run
	for deadline := time.Now().Add(20 * time.Second); len(runs) == 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if runs, err = r.Runs(t.Context(), r.tenant, s.ID, "", 0); err != nil {
			t.Fatal(err)
		}
	}
	if len(runs) != 1 || r.follow(runs[0].ID) != "done created=3" {
		t.Fatal(runs)
	}
	if kept, err = r.SetSchedule(t.Context(), r.tenant, admin, s.ID, &syncing.Schedule{OnProjects: true}); err != nil || !kept.OnProjects || kept.Every != "" || !kept.Next.IsZero() {
		t.Error(kept, err)
	}
	if kept, err = r.SetSchedule(t.Context(), r.tenant, admin, s.ID, &syncing.Schedule{Every: "24h"}); err != nil || kept.OnProjects {
		t.Error(kept, err)
	}
	r.must(r.ProjectsChanged(t.Context(), r.tenant.ID, "event-2", at.Add(time.Second)))
	if runs, err = r.Runs(t.Context(), r.tenant, s.ID, "", 0); err != nil || len(runs) != 1 {
		t.Error(runs, err)
	}
}

// A site that is switched off in the middle of a run leaves no trouble behind: the run waits.
func TestASiteThatIsSwitchedOffInTheMiddleIsNoTrouble(t *testing.T) {
	r := newRig(t)
	r.inbox.fill(20)
	s := r.synchronize()
	off := make(chan bool)
	r.inbox.hook(func(n int) error {
		if n == 3 {
			r.off.Store(true)
			close(off)
		}
		return nil
	})
	run, err := r.Start(t.Context(), r.tenant, admin, s.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	<-off
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	progress, err := r.Watch(ctx, r.tenant, run)
	r.must(err)
	for p := range progress {
		if p.State == jobs.Waiting || p.State.Over() {
			if p.State != jobs.Waiting || p.Code != sdk.Unavailable {
				t.Errorf("the run is %s with the code %q", p.State, p.Code)
			}
			break
		}
	}
	if s, err = r.Synchronization(t.Context(), r.tenant, s.ID); err != nil || s.Trouble != "" {
		t.Error(s.Trouble, err)
	}
}
