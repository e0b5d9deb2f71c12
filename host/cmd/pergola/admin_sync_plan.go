package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncing"
)

// syncName names a synchronization.
type syncName struct {
	syncFlags `embed:""`
	Sync      string `arg:"" help:"Name or id of the synchronization." placeholder:"SYNC"`
}

// draft is a synchronization as it is kept, to be looked at.
func (c syncName) draft(ctx context.Context, d *desk) (syncing.SyncDraft, error) {
	one, err := d.sync(ctx, c.Sync)
	return syncing.SyncDraft{Name: one.Name, Connection: one.Connection, Mapping: one.Mapping}, err
}

type syncCheckCmd struct {
	syncName `embed:""`
}

func (c syncCheckCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		draft, err := c.draft(ctx, d)
		if err != nil {
			return err
		}
		var found struct {
			Problems []problem `json:"problems"`
		}
		if err := d.call(ctx, http.MethodPost, "/syncs/check", draft, &found); err != nil {
			return err
		}
		if c.JSON {
			if err := printJSON(s.out, found); err != nil {
				return err
			}
		}
		if len(found.Problems) > 0 {
			return &hostError{Message: fmt.Sprintf("the synchronization %q cannot run", draft.Name), Problems: found.Problems}
		}
		if !c.JSON {
			fmt.Fprintf(s.out, "Nothing keeps %s from running.\n", clean(draft.Name))
		}
		return nil
	})
}

type syncPreviewCmd struct {
	syncName `embed:""`
}

// preview is what the host answers.
type preview struct {
	Stream struct {
		Columns []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"columns"`
	} `json:"stream"`
	Rows    [][]string `json:"rows"`
	Records []struct {
		Type   string              `json:"type"`
		Values map[string]any      `json:"values"`
		Status string              `json:"status,omitempty"`
		Faults []syncing.PlanFault `json:"faults,omitempty"`
	} `json:"records"`
	Problems []problem `json:"problems"`
}

func (c syncPreviewCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		draft, err := c.draft(ctx, d)
		if err != nil {
			return err
		}
		if c.JSON {
			var raw []byte
			if err := d.call(ctx, http.MethodPost, "/syncs/preview", draft, &raw); err != nil {
				return err
			}
			_, err := fmt.Fprintf(s.out, "%s\n", raw)
			return err
		}
		var p preview
		if err := d.call(ctx, http.MethodPost, "/syncs/preview", draft, &p); err != nil {
			return err
		}
		if err := p.print(s); err != nil {
			return err
		}
		if len(p.Problems) > 0 {
			return &hostError{Message: "the mapping does not fit", Problems: p.Problems}
		}
		return nil
	})
}

func (p preview) print(s streams) error {
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	var head []string
	for _, column := range p.Stream.Columns {
		head = append(head, column.Name+" ("+column.Type+")")
	}
	fmt.Fprintln(w, cells(head...))
	for _, one := range p.Rows {
		fmt.Fprintln(w, cells(one...))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i, r := range p.Records {
		fmt.Fprintf(s.out, "\nRow %d becomes an issue of the type %s:\n", i+1, clean(r.Type))
		for _, field := range sortedKeys(r.Values) {
			fmt.Fprintf(s.out, "  %s = %s\n", clean(field), clean(value(r.Values[field])))
		}
		if r.Status != "" {
			fmt.Fprintf(s.out, "  status = %s\n", clean(r.Status))
		}
		for _, f := range r.Faults {
			fmt.Fprintf(s.out, "  ! %s\n", clean(faultWords(f)))
		}
	}
	return nil
}

type syncPlanCmd struct {
	syncName `embed:""`
	Limit    int `help:"How many rows to show; 0 for none, the counts are of all." default:"20" placeholder:"N"`
}

func (c syncPlanCmd) Run(ctx context.Context, s streams) error {
	if c.Limit < 0 {
		return usageError{errors.New("--limit is negative")}
	}
	return c.with(ctx, func(d *desk) error {
		one, err := d.sync(ctx, c.Sync)
		if err != nil {
			return err
		}
		whole, err := c.gather(ctx, s, d, one.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.out, whole)
		}
		return whole.print(s)
	})
}

// wholePlan is what plan prints as JSON. Fields are added, never changed.
type wholePlan struct {
	Done   int64             `json:"done"`
	Counts map[string]int64  `json:"counts"`
	Rows   []syncing.PlanRow `json:"rows"` // the first ones that would do something
	// Brake is why the brake would stop a run.
	Brake *syncing.PlanBrake `json:"brake,omitempty"`
}

// gather asks for part after part of a plan.
func (c syncPlanCmd) gather(ctx context.Context, s streams, d *desk, id string) (wholePlan, error) {
	whole := wholePlan{Counts: map[string]int64{}, Rows: []syncing.PlanRow{}}
	show := newTicker(s, false)
	defer show.end()
	for next := ""; ; {
		var part syncing.Plan
		if err := d.call(ctx, http.MethodPost, "/syncs/"+id+"/plan", map[string]string{"next": next}, &part); err != nil {
			return whole, err
		}
		whole.Done += part.Done
		for name, n := range part.Counts {
			whole.Counts[name] += n
		}
		whole.Rows = append(whole.Rows, part.Rows[:min(len(part.Rows), c.Limit-len(whole.Rows))]...)
		whole.Brake = part.Brake
		show.say("Planning: "+amount(whole.Done, part.Total), false)
		if next = part.Next; next == "" {
			return whole, nil
		}
		select {
		case <-time.After(time.Duration(part.Wait) * time.Second):
		case <-ctx.Done():
			return whole, errors.New("the plan was broken off; nothing is written by one")
		}
	}
}

func (p wholePlan) print(s streams) error {
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "OUTCOME\tROWS")
	for _, name := range syncer.Outcomes() {
		if n := p.Counts[name]; n > 0 {
			fmt.Fprintf(w, "%s\t%d\n", name, n)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if p.Brake != nil {
		fmt.Fprintf(s.out, "\nThe brake would stop a run. %s\n", clean(p.Brake.Means))
	}
	if len(p.Rows) == 0 {
		return nil
	}
	fmt.Fprintln(s.out)
	fmt.Fprintln(w, "ROW\tISSUE\tOUTCOME\tCHANGES")
	for _, r := range p.Rows {
		var changes []string
		for _, change := range r.Changes {
			changes = append(changes, changeWords(change))
		}
		if len(r.Faults) > 0 {
			changes = append(changes, faultsWords(r.Faults))
		}
		fmt.Fprintln(w, cells(strings.Join(r.Key, " / "), r.Issue, string(r.Outcome), strings.Join(changes, "; ")))
	}
	return w.Flush()
}
