package syncing

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Plan is a part of what a run would do, with values. It is for whoever asked, and kept nowhere.
type Plan struct {
	// Next asks for the next part; "" on the last. It is sealed: it may hold values of a row.
	Next   string           `json:"next,omitempty"`
	Done   int64            `json:"done"`             // rows of this part
	Total  int64            `json:"total,omitempty"`  // rows there are, 0 where that is not known
	Counts map[string]int64 `json:"counts,omitempty"` // of this part, by syncer.Outcome
	Rows   []PlanRow        `json:"rows"`             // of this part, without those that would be skipped
	// Brake says on the last part that the brake would stop a run, and why; nil where it would not.
	Brake *PlanBrake `json:"brake,omitempty"`
	// Wait is for how many seconds Jira asks to wait before the next part.
	Wait int `json:"wait,omitempty"`
}

// PlanBrake is why the brake would stop a run.
type PlanBrake struct {
	Rule  syncer.Rule `json:"rule"`
	Means string      `json:"means"` // in words
}

// PlanRow is what would become of a row.
type PlanRow struct {
	Key     []string        `json:"key"`             // of the row
	Issue   string          `json:"issue,omitempty"` // id; "" where one would be made
	Outcome syncer.Outcome  `json:"outcome"`
	Changes []syncer.Change `json:"changes,omitempty"`
	Faults  []PlanFault     `json:"faults,omitempty"`
}

// PlanFault is what is wrong with a value of a row.
type PlanFault struct {
	Field string `json:"field,omitempty"` // id; "" where it is about the row
	Code  string `json:"code"`
}

// planPlace is where the cursor of a plan would stand, if it was kept.
var planPlace = seal.Place{Collection: syncCollection, ID: "plan", Field: "cursor"}

// planCursor is where a plan goes on.
type planCursor struct {
	Sync   string `json:"s"`
	Run    string `json:"r"`
	Number int    `json:"n"`
	Cursor []byte `json:"c"`
}

// Plan returns a part of what a run of a synchronization would do if it ran now; next is Plan.Next of the part before, "" for the
// first. Nothing is written.
func (s *Service) Plan(ctx context.Context, t tenant.Tenant, id, next string) (Plan, error) {
	at := planCursor{Sync: id, Run: "plan." + rand.Text()}
	if next != "" {
		opened, err := s.cfg.Keys.Open(ctx, t.ID, planPlace, next)
		if err != nil || json.Unmarshal([]byte(opened.Reveal()), &at) != nil || at.Sync != id {
			return Plan{}, refuse("next", "this plan cannot go on; begin it again")
		}
	}
	k, err := s.syncs.get(ctx, t.ID, id)
	if err != nil {
		return Plan{}, err
	}
	work, _, err := s.prepare(ctx, t, s.cfg.Features.Source, k.doc.Connection, id, syncOf(k).Mapping)
	if err != nil {
		return Plan{}, err
	}
	var out Plan
	step, err := s.cfg.Engine.Step(ctx, work, syncer.StepInput{
		Run: at.Run, Number: at.Number, Cursor: at.Cursor, DryRun: true, Show: func(shown syncer.Shown) {
			if shown.Outcome != syncer.Skipped {
				out.Rows = append(out.Rows, planRow(shown))
			}
		},
	})
	if err != nil {
		s.cfg.Engine.Forget(t.ID, at.Run)
		return Plan{}, err
	}
	out.Done, out.Total, out.Counts, out.Wait = step.Add, step.Total, step.Counts, int(step.After.Seconds())
	if out.Rows == nil {
		out.Rows = []PlanRow{}
	}
	if step.Brake != nil {
		out.Brake = &PlanBrake{step.Brake.Rule, brakeWords(*step.Brake)}
	}
	if step.Done {
		return out, nil
	}
	at.Number, at.Cursor = at.Number+1, step.Cursor
	raw, err := json.Marshal(at)
	if err != nil {
		return Plan{}, fmt.Errorf("encode where a plan goes on: %w", err)
	}
	out.Next, err = s.cfg.Keys.Seal(ctx, t.ID, planPlace, seal.NewSecret(string(raw)))
	return out, err
}

func planRow(shown syncer.Shown) PlanRow {
	row := PlanRow{Issue: shown.Issue, Outcome: shown.Outcome, Changes: shown.Changes}
	if json.Unmarshal([]byte(shown.Key), &row.Key) != nil || row.Key == nil {
		row.Key = []string{}
	}
	for _, f := range shown.Faults {
		row.Faults = append(row.Faults, PlanFault{f.Field, string(f.Code)})
	}
	return row
}

// Preview returns the first rows of a source, and what a mapping makes of them.
func (s *Service) Preview(ctx context.Context, t tenant.Tenant, draft SyncDraft, rows int) (syncer.Preview, error) {
	if draft.Mapping.Stream == "" {
		return syncer.Preview{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "mapping.stream", Message: "choose what is read: a table, a view, a list"}
	}
	work, _, err := s.prepare(ctx, t, s.cfg.Features.Source, draft.Connection, "draft", draft.Mapping)
	if err != nil {
		return syncer.Preview{}, err
	}
	return s.cfg.Engine.Preview(ctx, work, rows)
}
