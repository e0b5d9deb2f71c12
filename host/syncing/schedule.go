package syncing

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/when"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Schedule is when a synchronization runs by itself: at times, of which one of Cron, Every and Once says which, on events, or both.
type Schedule struct {
	Cron string `json:"cron,omitempty"` // five fields, or @hourly and its like
	Zone string `json:"zone,omitempty"` // of Cron, such as Europe/Berlin; empty means UTC
	// Every and Jitter are lengths of time, such as 15m or 6h.
	Every   string       `json:"every,omitempty"`
	Once    time.Time    `json:"once,omitzero"`
	Jitter  string       `json:"jitter,omitempty"`
	Missed  jobs.Missed  `json:"missed,omitempty"`  // what happens about times at which no host was there: once, which is the default, or skip
	Overlap jobs.Overlap `json:"overlap,omitempty"` // what happens while a run is not over; empty means skip
	// OnProjects has it run also when a project of the site has come, changed or gone.
	OnProjects bool `json:"onProjects,omitempty"`
	Paused     bool `json:"paused,omitempty"`

	// What follows is kept by the host; nobody writes it.

	Next    time.Time `json:"next,omitzero"` // zero: never
	Last    time.Time `json:"last,omitzero"`
	Skipped int64     `json:"skipped,omitempty"` // times that began no run because of an overlap
}

// A synchronization has up to two schedules of host/jobs: of its times, and of its events.
const (
	schedulePrefix = "sync."
	onProjects     = ".projects"
)

// projectsEvent is the event on which a project has come, changed or gone.
const projectsEvent = "jira.projects"

func scheduleID(sync string) jobs.ScheduleID { return jobs.ScheduleID(schedulePrefix + sync) }

func eventID(sync string) jobs.ScheduleID { return scheduleID(sync) + onProjects }

func scheduleOf(s jobs.Schedule) *Schedule {
	out := &Schedule{
		Cron: s.When.Cron, Zone: s.When.Zone, Once: s.When.Once, Missed: s.Missed, Overlap: s.Overlap, Paused: s.Paused,
		Next: s.Next, Last: s.Last, Skipped: s.Skipped,
	}
	if s.When.Every > 0 {
		out.Every = Length(s.When.Every)
	}
	if s.When.Jitter > 0 {
		out.Jitter = Length(s.When.Jitter)
	}
	return out
}

// Length writes a length of time without parts that are zero: 6h, not 6h0m0s.
func Length(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// spec is a schedule in the words of host/jobs/when.
func (s Schedule) spec() (when.Spec, error) {
	spec := when.Spec{Cron: s.Cron, Zone: s.Zone, Once: s.Once}
	for _, part := range []struct {
		field, text string
		to          *time.Duration
	}{{"every", s.Every, &spec.Every}, {"jitter", s.Jitter, &spec.Jitter}} {
		if part.text == "" {
			continue
		}
		d, err := time.ParseDuration(part.text)
		if err != nil || d <= 0 {
			return spec, refuse("schedule."+part.field, "write a length of time such as 15m, 6h or 24h")
		}
		*part.to = d
	}
	if spec.IsZero() && !s.OnProjects {
		return spec, refuse("schedule", "say when it runs: a cron expression, an interval, one moment, or when projects change")
	}
	return spec, nil
}

// job is the schedule as host/jobs keeps it.
func (s *Service) job(id, account string, plugin capability.PluginID, in Schedule) (jobs.Schedule, error) {
	spec, err := in.spec()
	if err != nil {
		return jobs.Schedule{}, err
	}
	if in.Missed == jobs.MissedAll {
		return jobs.Schedule{}, refuse("schedule.missed", "a run reads what the source has now, so one makes up for all that were missed; choose %s or %s", jobs.MissedOnce, jobs.MissedSkip)
	}
	raw, err := json.Marshal(input{Sync: id})
	if err != nil {
		return jobs.Schedule{}, fmt.Errorf("encode the input of a run: %w", err)
	}
	return jobs.Schedule{
		ID: scheduleID(id), Kind: Kind, Plugin: plugin, Input: raw, Key: id, When: spec, Missed: in.Missed, Overlap: in.Overlap, Paused: in.Paused, By: account,
	}, nil
}

// SetSchedule has a synchronization run by itself; nil has it run by hand only.
func (s *Service) SetSchedule(ctx context.Context, t tenant.Tenant, account, id string, in *Schedule) (*Schedule, error) {
	k, err := s.syncs.get(ctx, t.ID, id)
	if err != nil {
		return nil, err
	}
	if in == nil {
		return nil, s.deleteSchedules(ctx, t.ID, scheduleID(id), eventID(id))
	}
	connection, err := s.connections.get(ctx, t.ID, k.doc.Connection)
	if err != nil {
		return nil, err
	}
	timed, err := s.job(id, account, connection.doc.Plugin, *in)
	if err != nil {
		return nil, err
	}
	event := timed
	event.ID, event.When, event.Event, event.Overlap = eventID(id), when.Spec{}, projectsEvent, jobs.OverlapQueue // or the last event would be missed
	if err := s.putOrDelete(ctx, t.ID, timed, !timed.When.IsZero()); err != nil {
		return nil, err
	}
	if err := s.putOrDelete(ctx, t.ID, event, in.OnProjects); err != nil {
		return nil, err
	}
	return s.schedule(ctx, t.ID, id)
}

func (s *Service) putOrDelete(ctx context.Context, t capability.TenantID, job jobs.Schedule, put bool) error {
	if !put {
		return s.deleteSchedules(ctx, t, job.ID)
	}
	return s.cfg.Jobs.PutSchedule(ctx, t, job)
}

func (s *Service) deleteSchedules(ctx context.Context, t capability.TenantID, ids ...jobs.ScheduleID) error {
	for _, id := range ids {
		if err := s.cfg.Jobs.DeleteSchedule(ctx, t, id); err != nil {
			return err
		}
	}
	return nil
}

// ProjectsChanged begins the synchronizations that run when a project of the site has come, changed or gone. id tells events of the
// same time apart, as Jira may tell one twice.
func (s *Service) ProjectsChanged(ctx context.Context, t capability.TenantID, id string, at time.Time) error {
	_, err := s.cfg.Jobs.Emit(ctx, t, jobs.Event{Name: projectsEvent, ID: id, At: at})
	return err
}

// NextTimes returns the next n times at which a schedule would be due, for a form that shows them before it is saved.
func (s *Service) NextTimes(t tenant.Tenant, id string, in Schedule, n int) ([]time.Time, error) {
	job, err := s.job(id, "", "", in)
	if err != nil {
		return nil, err
	}
	return s.cfg.Jobs.NextTimes(t.ID, job, n)
}

func (s *Service) schedule(ctx context.Context, t capability.TenantID, id string) (*Schedule, error) {
	all, err := s.schedules(ctx, t)
	return all[id], err
}

// schedules are those of a tenant by synchronization.
func (s *Service) schedules(ctx context.Context, t capability.TenantID) (map[string]*Schedule, error) {
	all, err := s.cfg.Jobs.Schedules(ctx, t, "")
	if err != nil {
		return nil, err
	}
	out := map[string]*Schedule{}
	for _, one := range all { // in the order of their ids: that of the times before that of the events
		id, ours := strings.CutPrefix(string(one.ID), schedulePrefix)
		if !ours {
			continue
		}
		id, event := strings.CutSuffix(id, onProjects)
		if out[id] == nil {
			out[id] = scheduleOf(one)
		}
		out[id].OnProjects = event
		if event && one.Last.After(out[id].Last) {
			out[id].Last = one.Last
		}
	}
	return out, nil
}
