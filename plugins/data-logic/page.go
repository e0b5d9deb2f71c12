package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/view"
)

var begun = &view.Flag{Tone: view.Success, Title: "The run has begun", Body: "It goes on when you leave this page."}

// page is the page for admins: which rules there are, and what is linked against them.
func (p *plugin) page(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
	return p.pageWith(ctx, nil)
}

func (p *plugin) pageWith(ctx context.Context, flag *view.Flag) (*view.Page, error) {
	all, err := rules(ctx)
	if err != nil {
		return nil, err
	}
	page := &view.Page{Title: "Data logic", Flag: flag, Blocks: []view.Block{view.H("Links that rules do not allow any more")}}
	if len(all) == 0 {
		page.Blocks = append(page.Blocks, view.Block{Empty: &view.Empty{Title: "There is no rule yet", Body: "Write one under Apps, Pergola, Rules: what can be linked at an end of a relation."}})
		return page, nil
	}
	t := &view.Table{Caption: "Rules", Columns: []view.Column{{Title: "Rule"}, {Title: "Such links"}, {Title: ""}}, RowHeads: true}
	for _, r := range all {
		params := map[string]string{"rule": r.id}
		stay, buttons := "stay", []view.Button{{Label: "Count", Action: "survey", Params: params}}
		if r.drop {
			stay = "go"
			buttons = append(buttons, view.Button{
				Label: "Remove all", Action: "sweep", Params: params,
				Confirm: "Remove all links that the rule “" + r.name + "” does not allow any more? That can be taken back for 30 days.",
			})
		}
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{view.T(r.name), view.T(stay), {Buttons: buttons}}})
	}
	page.Blocks = append(page.Blocks, view.Block{Table: t},
		view.Muted("What users change is looked at when they do. Here all links of the relation are: those to issues that you, or the searching user of the rule, may see."),
		view.Block{Heading: &view.Heading{Level: 3, Text: "Counts"}}, view.Block{Runs: &view.Runs{Job: surveyJob, Unit: "links", None: "Nothing was counted yet."}},
		view.Block{Heading: &view.Heading{Level: 3, Text: "Sweeps"}}, view.Block{Runs: &view.Runs{Job: sweepJob, Unit: "links", None: "Nothing was removed yet."}},
		view.Muted("Sweeps can be taken back for 30 days."), view.Actions(view.Button{Label: "Show the sweeps", View: "undo"}))
	return page, nil
}

// undoPage lists the sweeps that can be taken back.
func (p *plugin) undoPage(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
	return p.undoPageWith(ctx, nil)
}

func (p *plugin) undoPageWith(ctx context.Context, flag *view.Flag) (*view.Page, error) {
	runs, err := job.List(ctx, job.Query{Job: sweepJob, Limit: 20})
	if err != nil {
		return nil, err
	}
	t := &view.Table{Caption: "Sweeps that can be taken back", Columns: []view.Column{{Title: "Begun"}, {Title: "Links still removed", Number: true}, {Title: ""}}, RowHeads: true}
	for _, r := range runs {
		if !p.canUndo(&r) {
			continue
		}
		left, err := stillRemoved(ctx, &r)
		if err != nil {
			return nil, err
		}
		if left == "" {
			continue
		}
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{
			view.T(r.CreatedAt().Format("2006-01-02 15:04 UTC")), view.T(left),
			{Buttons: []view.Button{{Label: "Take back", Action: "restore", Params: map[string]string{"run": r.ID}, Confirm: "Make the links again that this sweep removed?"}}},
		}})
	}
	out := &view.Page{Title: "Data logic", Flag: flag, Blocks: []view.Block{view.H("Take back")}}
	if len(t.Rows) == 0 {
		out.Blocks = append(out.Blocks, view.Muted("Sweeps can be taken back for 30 days. There is none now."))
	} else {
		out.Blocks = append(out.Blocks, view.Block{Table: t})
	}
	out.Blocks = append(out.Blocks, view.Block{Runs: &view.Runs{Job: restoreJob, Unit: "links", None: "Nothing was taken back yet."}},
		view.Actions(view.Button{Label: "Back", View: "rules"}))
	return out, nil
}

// stillRemoved is how many links are gone that a sweep removed; "" where it was taken back, all of it.
func stillRemoved(ctx context.Context, r *job.Run) (string, error) {
	page, err := pairs(ctx, relations.PairsQuestion{Batch: relations.BatchOf(r.ID), Removed: true, Limit: 1})
	switch {
	case err != nil || len(page.Pairs) == 0:
		return "", err
	case page.Total == 0: // more than are counted
		return "many", nil
	}
	return strconv.Itoa(page.Total), nil
}

// canUndo says whether a sweep is over, not too long ago, and may have removed something.
func (p *plugin) canUndo(r *job.Run) bool {
	over := !r.State.Live() && r.State != job.Paused
	return over && (r.State != job.Done || r.Counts["removed"] > 0) && p.now().Sub(r.CreatedAt()) < relations.Undoable
}

func (p *plugin) startSurvey(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	return p.start(ctx, surveyJob, r.Params["rule"])
}

func (p *plugin) startSweep(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	return p.start(ctx, sweepJob, r.Params["rule"])
}

// start begins a run about a rule as it is now.
func (p *plugin) start(ctx context.Context, name, id string) (*view.Page, error) {
	r, err := ruleOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if name == sweepJob && !r.drop {
		return nil, invalid("The rule keeps links that it does not allow any more. Change that in the rule first.")
	}
	if _, err := job.Start(ctx, job.New{Job: name, Input: map[string]string{"rule": r.id, "revision": fmt.Sprint(r.rev)}}); err != nil {
		return nil, err
	}
	return p.pageWith(ctx, begun)
}

func (p *plugin) startRestore(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	runs, err := job.List(ctx, job.Query{Job: sweepJob})
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		if run.ID == r.Params["run"] && p.canUndo(&run) {
			left, err := stillRemoved(ctx, &run)
			if err != nil {
				return nil, err
			}
			if left == "" {
				return nil, invalid("This sweep was taken back already.")
			}
			if _, err := job.Start(ctx, job.New{Job: restoreJob, Input: map[string]string{"batch": fmt.Sprint(relations.BatchOf(run.ID))}}); err != nil {
				return nil, err
			}
			return p.undoPageWith(ctx, begun)
		}
	}
	return nil, invalid("This sweep cannot be taken back: it still goes on, removed nothing, or is older than 30 days.")
}
