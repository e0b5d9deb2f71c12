package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
)

type faultCmd struct {
	Add    faultAddCmd    `cmd:"" help:"Add a fault; it works at once."`
	List   faultListCmd   `cmd:"" help:"List the faults in force and how often they were applied."`
	Remove faultRemoveCmd `cmd:"" help:"End faults."`
	Log    faultLogCmd    `cmd:"" help:"Show what faults did, the latest first."`
}

// siteFlags lead to a sandbox that runs.
type siteFlags struct {
	Site string `help:"Address of the running sandbox." default:"http://127.0.0.1:8090" placeholder:"URL"`
	JSON bool   `help:"Print one JSON object a line." name:"json"`
}

// controlTimeout is how long the site may take: it answers from memory.
const controlTimeout = 10 * time.Second

// call asks the site's own interface. in and out may be nil.
func (f siteFlags) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(f.Site, "/")+"/sandbox"+path, body)
	if err != nil || r.URL.Host == "" {
		return usageError{fmt.Errorf("--site: %q is no address; write http://127.0.0.1:8090", f.Site)}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("%w; --site names a sandbox that runs", err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("read the sandbox's answer: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		return refusedBySite(answer.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s is no sandbox: %w", f.Site, err)
	}
	return nil
}

func refusedBySite(status int, raw []byte) error {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &said) != nil || said.Message == "" {
		return fmt.Errorf("the site answered %d; --site names a sandbox that runs", status)
	}
	if status == http.StatusBadRequest {
		return usageError{errors.New(clean(said.Message))}
	}
	return errors.New(clean(said.Message))
}

type faultAddCmd struct {
	siteFlags  `embed:""`
	Effect     string        `arg:"" enum:"latency,status,cut,lose,truncate,slow,skew,drop,duplicate,delay,reorder" help:"What happens. To answers: latency, status, cut, lose (it is done, the answer is lost), truncate, slow. To clocks: skew. To webhooks: drop, duplicate, delay, reorder."`
	App        string        `help:"Only for this app." placeholder:"KEY"`
	Method     string        `help:"Only for requests with this method." placeholder:"METHOD"`
	Path       string        `help:"Only for paths like this; * stands for a segment, ** for anything." placeholder:"PATTERN"`
	Event      string        `help:"Only for webhooks of events like this." placeholder:"PATTERN"`
	On         string        `help:"Of skew: only in answers (rest) or only in tokens (token)." placeholder:"PLACE"`
	Percent    float64       `help:"Only so many of them, by chance." placeholder:"N"`
	Seed       uint64        `help:"Of percent and spread: the same seed does the same to the same requests." placeholder:"N"`
	Every      int           `help:"Only each Nth of them." placeholder:"N"`
	Times      int           `help:"Only so many times." placeholder:"N"`
	For        time.Duration `help:"Only for so long, such as 5m." placeholder:"TIME"`
	Delay      time.Duration `help:"Of latency, slow, delay and reorder: how long." placeholder:"TIME"`
	Spread     string        `help:"Of latency, slow and delay: fixed, uniform or exponential." placeholder:"SPREAD"`
	Status     int           `help:"Of status: 429, 500, 502, 503 or 504." placeholder:"CODE"`
	Reason     string        `help:"Of status 429: the header RateLimit-Reason." placeholder:"REASON"`
	RetryAfter time.Duration `help:"Of status: the header Retry-After." placeholder:"TIME"`
	At         string        `help:"Of cut: before anything is done, or in the middle of the answer." placeholder:"PLACE"`
	Skew       time.Duration `help:"Of skew: how far the clock is ahead; --skew=-10m is behind." placeholder:"TIME"`
	Copies     int           `help:"Of duplicate: how many more." placeholder:"N"`
}

func (c faultAddCmd) Run(ctx context.Context, s streams) error {
	rule := fault.Rule{
		Effect: fault.Effect(c.Effect), On: fault.Place(c.On), App: c.App, Method: c.Method, Path: c.Path, Event: c.Event,
		Probability: c.Percent / 100, Seed: c.Seed, Every: c.Every, Times: c.Times, For: limit.Span(c.For),
		Delay: limit.Span(c.Delay), Spread: fault.Spread(c.Spread), Status: c.Status, Reason: limit.Reason(c.Reason), RetryAfter: limit.Span(c.RetryAfter),
		At: c.At, Skew: limit.Span(c.Skew), Copies: c.Copies,
	}
	var added fault.State
	if err := c.call(ctx, http.MethodPost, "/faults", rule, &added); err != nil {
		return err
	}
	if c.JSON {
		return printLine(s.out, added)
	}
	_, err := fmt.Fprintf(s.out, "Fault %s: %s; %s; %s.\n", added.ID, added.What(), added.Which(), added.When())
	return err
}

type faultListCmd struct {
	siteFlags `embed:""`
}

func (c faultListCmd) Run(ctx context.Context, s streams) error {
	var got struct {
		Rules []fault.State `json:"rules"`
	}
	if err := c.call(ctx, http.MethodGet, "/faults", nil, &got); err != nil {
		return err
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(w, "ID\tWHAT\tWHICH\tWHEN\tMET\tAPPLIED")
	}
	for _, r := range got.Rules {
		if c.JSON {
			if err := printLine(s.out, r); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\n", r.ID, r.What(), clean(r.Which()), r.When(), r.Met, r.Applied)
	}
	return w.Flush()
}

type faultRemoveCmd struct {
	siteFlags `embed:""`
	ID        []string `arg:"" optional:"" help:"Ids, as list shows them."`
	All       bool     `help:"End all faults."`
}

func (c faultRemoveCmd) Run(ctx context.Context) error {
	switch {
	case c.All && len(c.ID) == 0:
		return c.call(ctx, http.MethodDelete, "/faults", nil, nil)
	case c.All || len(c.ID) == 0:
		return usageError{errors.New("name the faults to end, or give --all")}
	}
	for _, id := range c.ID {
		if err := c.call(ctx, http.MethodDelete, "/faults/"+url.PathEscape(id), nil, nil); err != nil {
			return fmt.Errorf("fault %s: %w", id, err)
		}
	}
	return nil
}

type faultLogCmd struct {
	siteFlags `embed:""`
}

func (c faultLogCmd) Run(ctx context.Context, s streams) error {
	var got struct {
		Entries []fault.Entry `json:"entries"`
	}
	if err := c.call(ctx, http.MethodGet, "/faults/log", nil, &got); err != nil {
		return err
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(w, "TIME\tFAULT\tDID\tTO\tAPP")
	}
	for _, e := range got.Entries {
		if c.JSON {
			if err := printLine(s.out, e); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.Time.Local().Format(time.TimeOnly), e.Rule, e.Did, clean(e.Target.String()), clean(e.Target.App))
	}
	return w.Flush()
}
