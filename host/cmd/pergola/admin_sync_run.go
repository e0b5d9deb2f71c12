package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncing"
)

type syncRunCmd struct {
	syncFlags         `embed:""`
	Sync              string `arg:"" optional:"" help:"Name or id of the synchronization to run." placeholder:"SYNC"`
	Follow            string `help:"Begin nothing, and follow a run that is under way." placeholder:"RUN"`
	Approve           bool   `help:"Run even where the brake would stop it: you have seen the plan."`
	NoWait            bool   `help:"Begin the run and print its id; do not follow it."`
	CancelOnInterrupt bool   `help:"End the run on Ctrl-C. Without this it goes on."`
}

// brakedError is for a run that the brake stopped: exit code 3.
type brakedError struct{ error }

func (c syncRunCmd) Run(ctx context.Context, s streams) error {
	if (c.Sync == "") == (c.Follow == "") || c.Follow != "" && (c.Approve || c.NoWait) {
		return usageError{errors.New("name a synchronization to run, or give --follow RUN alone")}
	}
	return c.with(ctx, func(d *desk) error {
		var r syncing.Run
		if c.Follow != "" {
			if err := d.call(ctx, http.MethodGet, runPath(c.Follow), nil, &r); err != nil {
				return err
			}
			return c.follow(ctx, s, d, r)
		}
		one, err := d.sync(ctx, c.Sync)
		if err != nil {
			return err
		}
		if err := d.call(ctx, http.MethodPost, "/syncs/"+one.ID+"/runs", map[string]bool{"approved": c.Approve}, &r); err != nil {
			return err
		}
		if !c.NoWait {
			return c.follow(ctx, s, d, r)
		}
		if c.JSON {
			return printLine(s.out, r)
		}
		_, err = fmt.Fprintln(s.out, r.ID)
		return err
	})
}

func runPath(id string) string { return "/runs/" + url.PathEscape(id) }

// follow shows a run until its end.
func (c syncRunCmd) follow(ctx context.Context, s streams, d *desk, r syncing.Run) error {
	show := newTicker(s, c.JSON)
	if !c.JSON {
		fmt.Fprintf(s.err, "Run %s.\n", r.ID)
	}
	for {
		if err := show.tick(r); err != nil {
			return err
		}
		if r.State.Over() || r.State == jobs.Paused {
			break
		}
		err := d.call(ctx, http.MethodGet, fmt.Sprintf("%s?rev=%d", runPath(string(r.ID)), r.Rev), nil, &r)
		var lost *lostError
		switch {
		case ctx.Err() != nil:
			show.end()
			return c.interrupted(d, r)
		case errors.As(err, &lost):
			show.end()
			return fmt.Errorf("the host went away: %w\nThe run goes on when a host is there again; follow it with pergola admin sync run --follow %s", err, r.ID)
		case err != nil:
			show.end()
			return err
		}
	}
	show.end()
	return ended(s, c.JSON, r)
}

// interrupted says what becomes of the run that nobody follows any more.
func (c syncRunCmd) interrupted(d *desk, r syncing.Run) error {
	if !c.CancelOnInterrupt {
		return fmt.Errorf("the run goes on; follow it with pergola admin sync run --follow %s, end it with pergola admin sync cancel %[1]s", r.ID)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience) // the command's own has ended
	defer cancel()
	if err := d.call(ctx, http.MethodPost, runPath(string(r.ID))+"/cancel", nil, &r); err != nil {
		return err
	}
	return fmt.Errorf("run %s is canceled; what it has done stays done", r.ID)
}

// ended prints what came of a run, and is the error that the command ends with.
func ended(s streams, asJSON bool, r syncing.Run) error {
	if asJSON {
		if err := printLine(s.out, r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.out, "Run %s: %s, %s.\n", r.ID, stateWords(r), outcomeWords(r))
		if r.Counts["failed"] > 0 {
			fmt.Fprintf(s.out, "Why rows failed: pergola admin sync rows --failed %s\n", r.ID)
		}
	}
	if r.Stopped != "" {
		w := syncing.AllWords().Stopped[r.Stopped]
		err := errors.New(strings.TrimSpace(w.Means + " " + w.Do))
		if r.Stopped == "brake" {
			return brakedError{fmt.Errorf("%w Look with pergola admin sync plan %s, then pergola admin sync run --approve %[2]s", err, r.Sync)}
		}
		return err
	}
	switch r.State {
	case jobs.Done:
		return nil
	case jobs.Paused:
		return fmt.Errorf("the run is paused. %sIt goes on with pergola admin sync resume %s", spaced(troubleWords(r.Code)), r.ID)
	case jobs.Canceled:
		return fmt.Errorf("the run was canceled; pergola admin sync retry %s goes on with it", r.ID)
	default:
		return fmt.Errorf("the run failed. %sThen pergola admin sync retry %s goes on with it", spaced(troubleWords(r.Code)), r.ID)
	}
}

func spaced(text string) string {
	if text == "" {
		return ""
	}
	return text + " "
}

// stateWords are the state of a run, in words.
func stateWords(r syncing.Run) string {
	out := strings.ToLower(syncing.AllWords().States[r.State])
	if r.Stopped != "" {
		out = "stopped (" + r.Stopped + ")"
	}
	if !r.Ended.IsZero() && !r.Started.IsZero() {
		out += " after " + r.Ended.Sub(r.Started).Round(10*time.Millisecond).String()
	}
	return out
}

// outcomeWords are what became of a run's rows, or would have.
func outcomeWords(r syncing.Run) string {
	if r.Stopped != "" && len(r.Counts) > 0 {
		return "nothing written of " + countWords(r.Counts)
	}
	return countWords(r.Counts)
}

// ticker shows how far something is: on a terminal in one line that changes, elsewhere in lines.
type ticker struct {
	w        io.Writer
	json     io.Writer // nil for people
	terminal bool
	line     bool // something stands on the terminal's line
	last     time.Time
	state    jobs.State
}

func newTicker(s streams, asJSON bool) *ticker {
	t := &ticker{w: s.err}
	if asJSON {
		t.json = s.out
	}
	if f, ok := s.err.(*os.File); ok {
		t.terminal = term.IsTerminal(int(f.Fd()))
	}
	return t
}

// tick shows a run that is not over.
func (t *ticker) tick(r syncing.Run) error {
	if r.State.Over() {
		return nil
	}
	if t.json != nil {
		return printLine(t.json, r)
	}
	changed := r.State != t.state
	t.state = r.State
	t.say(progressWords(r), changed)
	return nil
}

// quiet is the least time between two lines that are not on a terminal.
const quiet = 5 * time.Second

// say shows a line; what is not important waits until the last one is old enough.
func (t *ticker) say(text string, important bool) {
	if t.terminal {
		fmt.Fprintf(t.w, "\r\x1b[K%s", text)
		t.line = true
		return
	}
	if now := time.Now(); important || now.Sub(t.last) >= quiet {
		t.last = now
		fmt.Fprintln(t.w, text)
	}
}

// end leaves the line of a terminal.
func (t *ticker) end() {
	if t.line {
		fmt.Fprint(t.w, "\r\x1b[K")
		t.line = false
	}
}

// progressWords are how far a run is, on one line.
func progressWords(r syncing.Run) string {
	out := syncing.AllWords().States[r.State] + ": " + amount(r.Done, r.Total)
	if r.PerSecond > 0 {
		out += fmt.Sprintf(", %.0f a second", r.PerSecond)
	}
	if r.Left != nil {
		out += ", " + (time.Duration(*r.Left) * time.Second).String() + " left"
	}
	if r.Attempt > 0 {
		out += fmt.Sprintf(", try %d of a step (%s)", r.Attempt+1, r.Code)
	}
	return out
}

func amount(done, total int64) string {
	if total <= 0 {
		return fmt.Sprintf("%d rows", done)
	}
	return fmt.Sprintf("%d of %d rows (%d %%)", done, total, min(100, done*100/total))
}

type syncRunsCmd struct {
	syncFlags `embed:""`
	Sync      string `arg:"" help:"Name or id of the synchronization." placeholder:"SYNC"`
	Limit     int    `help:"How many to list, 100 at most." default:"20" placeholder:"N"`
}

func (c syncRunsCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		one, err := d.sync(ctx, c.Sync)
		if err != nil {
			return err
		}
		var all []syncing.Run
		if err := d.call(ctx, http.MethodGet, fmt.Sprintf("/syncs/%s/runs?limit=%d", one.ID, c.Limit), nil, &all); err != nil {
			return err
		}
		return lines(s, c.JSON, "RUN\tSTARTED\tBY\tSTATE\tROWS\tOUTCOMES", all, func(i int) string {
			r := all[i]
			by := r.By
			switch {
			case r.Schedule != "":
				by = "schedule"
			case by == "":
				by = "operator"
			}
			return cells(string(r.ID), moment(r.Created), by, stateWords(r), amount(r.Done, r.Total), outcomeWords(r))
		})
	})
}

type syncRowsCmd struct {
	syncFlags `embed:""`
	RunID     string `arg:"" name:"run" help:"Id of the run." placeholder:"RUN"`
	Failed    bool   `help:"Only the rows that failed."`
}

// rowLine is what rows prints as JSON. Fields are added, never changed.
type rowLine struct {
	Row     string              `json:"row,omitempty"`
	Issue   string              `json:"issue,omitempty"`
	Outcome string              `json:"outcome"`
	Fields  []string            `json:"fields,omitempty"`
	Faults  []syncing.PlanFault `json:"faults,omitempty"`
}

func (c syncRowsCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		var all []rowLine
		for after, more := "", true; more; more = after != "" {
			var page struct {
				Rows []rowLine `json:"rows"`
				Next string    `json:"next"`
			}
			if err := d.call(ctx, http.MethodGet, runPath(c.RunID)+"/rows?after="+url.QueryEscape(after), nil, &page); err != nil {
				return err
			}
			for _, r := range page.Rows {
				if !c.Failed || r.Outcome == "failed" {
					all = append(all, r)
				}
			}
			after = page.Next
		}
		return lines(s, c.JSON, "ROW\tISSUE\tOUTCOME\tFIELDS\tWHY", all, func(i int) string {
			r := all[i]
			return cells(r.Row, r.Issue, r.Outcome, strings.Join(r.Fields, ", "), faultsWords(r.Faults))
		})
	})
}

// steerFlags name a run.
type steerFlags struct {
	syncFlags `embed:""`
	RunID     string `arg:"" name:"run" help:"Id of the run." placeholder:"RUN"`
}

// steer does something to a run, and says how it is then.
func (c steerFlags) steer(ctx context.Context, s streams, what string) error {
	return c.with(ctx, func(d *desk) error {
		var r syncing.Run
		if err := d.call(ctx, http.MethodPost, runPath(c.RunID)+"/"+what, nil, &r); err != nil {
			return err
		}
		if c.JSON {
			return printLine(s.out, r)
		}
		words := stateWords(r)
		if r.Asked != "" {
			words += "; it will be " + string(r.Asked) + " after the step that is under way"
		}
		_, err := fmt.Fprintf(s.out, "Run %s: %s.\n", r.ID, words)
		return err
	})
}

type syncPauseCmd struct {
	steerFlags `embed:""`
}

func (c syncPauseCmd) Run(ctx context.Context, s streams) error { return c.steer(ctx, s, "pause") }

type syncResumeCmd struct {
	steerFlags `embed:""`
}

func (c syncResumeCmd) Run(ctx context.Context, s streams) error { return c.steer(ctx, s, "resume") }

type syncCancelCmd struct {
	steerFlags `embed:""`
}

func (c syncCancelCmd) Run(ctx context.Context, s streams) error { return c.steer(ctx, s, "cancel") }

type syncRetryCmd struct {
	steerFlags `embed:""`
}

func (c syncRetryCmd) Run(ctx context.Context, s streams) error { return c.steer(ctx, s, "retry") }
