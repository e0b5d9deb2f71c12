package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncing"
)

type syncScheduleCmd struct {
	Set    scheduleSetCmd    `cmd:"" help:"Set when a synchronization runs by itself."`
	Clear  scheduleClearCmd  `cmd:"" help:"Have a synchronization run by hand only."`
	Pause  schedulePauseCmd  `cmd:"" help:"Begin no runs by schedule until it is resumed."`
	Resume scheduleResumeCmd `cmd:"" help:"Begin runs by schedule again."`
	Times  scheduleTimesCmd  `cmd:"" help:"Show the next times of a schedule: of the one that is kept, or of the one that is given."`
}

// scheduleFlags say when. One of cron, every and once is given, or it runs on events alone.
type scheduleFlags struct {
	Cron    string    `help:"Five fields of cron, or @hourly and its like." placeholder:"EXPRESSION" xor:"when"`
	Zone    string    `help:"Time zone of --cron, such as Europe/Berlin; without it UTC." placeholder:"ZONE"`
	Every   string    `help:"A length of time between runs, such as 15m or 6h." placeholder:"TIME" xor:"when"`
	Once    time.Time `help:"One moment, such as 2027-01-31T06:00:00+01:00." placeholder:"MOMENT" xor:"when"`
	Jitter  string    `help:"Begin up to so much later, so that not all begin at once." placeholder:"TIME"`
	Missed  string    `help:"What happens about times at which no host was there: once or skip." placeholder:"RULE"`
	Overlap string    `help:"What happens while a run is not over: skip, queue or allow." placeholder:"RULE"`

	OnProjects bool `help:"Run also when a project of the site has come, changed or gone." name:"on-projects"`
}

func (f scheduleFlags) schedule() syncing.Schedule {
	return syncing.Schedule{
		Cron: f.Cron, Zone: f.Zone, Every: f.Every, Once: f.Once, Jitter: f.Jitter, Missed: jobs.Missed(f.Missed), Overlap: jobs.Overlap(f.Overlap), OnProjects: f.OnProjects,
	}
}

func (f scheduleFlags) given() bool {
	return f.Cron != "" || f.Every != "" || !f.Once.IsZero() || f.OnProjects
}

type scheduleSetCmd struct {
	syncName      `embed:""`
	scheduleFlags `embed:""`
}

func (c scheduleSetCmd) Run(ctx context.Context, s streams) error {
	if !c.given() {
		return usageError{errors.New("say when: --cron, --every, --once or --on-projects")}
	}
	return c.put(ctx, s, func(*syncing.Schedule) (syncing.Schedule, error) { return c.schedule(), nil })
}

// put changes the schedule of a synchronization, and says when it is due.
func (c syncName) put(ctx context.Context, s streams, change func(there *syncing.Schedule) (syncing.Schedule, error)) error {
	return c.with(ctx, func(d *desk) error {
		one, err := d.sync(ctx, c.Sync)
		if err != nil {
			return err
		}
		next, err := change(one.Schedule)
		if err != nil {
			return err
		}
		var kept syncing.Schedule
		if err := d.call(ctx, http.MethodPut, "/syncs/"+one.ID+"/schedule", next, &kept); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.out, kept)
		}
		due := "It does not run again by itself."
		if !kept.Next.IsZero() && !kept.Paused {
			due = "The next run is at " + moment(kept.Next) + "."
		}
		_, err = fmt.Fprintf(s.out, "%s: %s. %s\n", clean(one.Name), clean(scheduleWords(kept)), due)
		return err
	})
}

// paused changes whether a schedule begins runs.
func (c syncName) paused(ctx context.Context, s streams, to bool) error {
	return c.put(ctx, s, func(there *syncing.Schedule) (syncing.Schedule, error) {
		if there == nil {
			return syncing.Schedule{}, fmt.Errorf("%q has no schedule; pergola admin sync schedule set gives it one", c.Sync)
		}
		next := *there
		next.Paused = to
		return next, nil
	})
}

type scheduleClearCmd struct {
	syncName `embed:""`
}

func (c scheduleClearCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		one, err := d.sync(ctx, c.Sync)
		if err != nil {
			return err
		}
		if err := d.call(ctx, http.MethodDelete, "/syncs/"+one.ID+"/schedule", nil, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "%s runs by hand only.\n", clean(one.Name))
		return err
	})
}

type schedulePauseCmd struct {
	syncName `embed:""`
}

func (c schedulePauseCmd) Run(ctx context.Context, s streams) error { return c.paused(ctx, s, true) }

type scheduleResumeCmd struct {
	syncName `embed:""`
}

func (c scheduleResumeCmd) Run(ctx context.Context, s streams) error { return c.paused(ctx, s, false) }

type scheduleTimesCmd struct {
	syncName      `embed:""`
	scheduleFlags `embed:""`
}

func (c scheduleTimesCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		one, err := d.sync(ctx, c.Sync)
		if err != nil {
			return err
		}
		at := c.schedule()
		if !c.given() {
			if one.Schedule == nil {
				return fmt.Errorf("%q has no schedule; give one with --cron, --every or --once", c.Sync)
			}
			at = *one.Schedule
		}
		var got struct {
			Times []time.Time `json:"times"`
		}
		if err := d.call(ctx, http.MethodPost, "/syncs/times?id="+one.ID, at, &got); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.out, got)
		}
		for _, t := range got.Times {
			fmt.Fprintln(s.out, moment(t))
		}
		return nil
	})
}
