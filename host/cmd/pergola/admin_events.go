package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"
)

type eventsCmd struct {
	Dead    eventsDeadCmd    `cmd:"" help:"List the events of Jira of which no plugin could be told, the newest first."`
	Replay  eventsReplayCmd  `cmd:"" help:"Have one of them told again, or all."`
	Discard eventsDiscardCmd `cmd:"" help:"Give one of them up for good, or all."`
}

// deadLine is what the host says of an event that was given up, and what dead prints as JSON. Fields are added, never changed.
type deadLine struct {
	Run    string    `json:"run"`
	Plugin string    `json:"plugin"`
	Event  string    `json:"event"`
	Issue  string    `json:"issue,omitempty"`
	Heard  time.Time `json:"heard"`
	Ended  time.Time `json:"ended"`
	Tries  int       `json:"tries"`
	Code   string    `json:"code"`
	Source string    `json:"source"`
}

// eventsPath is where a site's events are.
func (d *desk) eventsPath(path string) string {
	return "/tenants/" + url.PathEscape(d.tenant) + "/events/" + path
}

type eventsDeadCmd struct {
	syncFlags `embed:""`
}

func (c eventsDeadCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		n, after := 0, ""
		for {
			var page struct {
				Dead []deadLine `json:"dead"`
				Next string     `json:"next"`
			}
			if err := d.ask(ctx, http.MethodGet, d.eventsPath("dead?after="+url.QueryEscape(after)), nil, &page); err != nil {
				return err
			}
			for _, e := range page.Dead {
				if c.JSON {
					if err := printLine(s.out, e); err != nil {
						return err
					}
					continue
				}
				if n == 0 {
					fmt.Fprintln(w, "RUN\tHEARD\tPLUGIN\tEVENT\tISSUE\tTRIES\tCODE\tSOURCE")
				}
				n++
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", clean(e.Run), e.Heard.Format(time.DateTime), clean(e.Plugin), clean(e.Event), clean(e.Issue), e.Tries, clean(e.Code), clean(e.Source))
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if n == 0 && !c.JSON {
			fmt.Fprintln(s.err, "Every event was delivered.")
		}
		return w.Flush()
	})
}

// eventsOrder is what replay and discard have in common.
type eventsOrder struct {
	syncFlags `embed:""`
	Event     string `arg:"" optional:"" help:"The event, by its run as dead lists it." placeholder:"RUN"`
	All       bool   `help:"All events that were given up."`
}

func (c eventsOrder) send(ctx context.Context, s streams, order, done string) error {
	if (c.Event == "") != c.All {
		return usageError{errors.New("name an event by its run, or give --all alone")}
	}
	return c.with(ctx, func(d *desk) error {
		var got struct {
			Events int `json:"events"`
		}
		if err := d.ask(ctx, http.MethodPost, d.eventsPath(order), map[string]string{"run": c.Event}, &got); err != nil {
			return err
		}
		if c.JSON {
			return printLine(s.out, got)
		}
		_, err := fmt.Fprintf(s.out, "Events that are %s: %d\n", done, got.Events)
		return err
	})
}

type eventsReplayCmd struct {
	eventsOrder `embed:""`
}

func (c eventsReplayCmd) Run(ctx context.Context, s streams) error {
	return c.send(ctx, s, "replay", "told again")
}

type eventsDiscardCmd struct {
	eventsOrder `embed:""`
}

func (c eventsDiscardCmd) Run(ctx context.Context, s streams) error {
	return c.send(ctx, s, "discard", "discarded")
}
