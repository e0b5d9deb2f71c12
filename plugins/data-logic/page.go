package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/view"
)

// undoable is for how long a sweep can be taken back: as long as advanced links remember what it removed.
const undoable = 30 * 24 * time.Hour

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
	undo, err := p.undoTable(ctx)
	if err != nil {
		return nil, err
	}
	page.Blocks = append(page.Blocks, view.Block{Table: t},
		view.Muted("What users change is looked at when they do. Here all links of the relation are: those to issues that you, or the searching user of the rule, may see."),
		view.Block{Heading: &view.Heading{Level: 3, Text: "Counts"}}, view.Block{Runs: &view.Runs{Job: surveyJob, Unit: "links", None: "Nothing was counted yet."}},
		view.Block{Heading: &view.Heading{Level: 3, Text: "Sweeps"}}, view.Block{Runs: &view.Runs{Job: sweepJob, Unit: "links", None: "Nothing was removed yet.", Then: "rules"}})
	if undo != nil {
		page.Blocks = append(page.Blocks, view.H("Take back"), view.Block{Table: undo})
	}
	page.Blocks = append(page.Blocks, view.Block{Runs: &view.Runs{Job: restoreJob, Unit: "links", None: "Nothing was taken back yet.", Then: "rules"}})
	return page, nil
}

// undoTable lists the sweeps that can be taken back, nil where there is none.
func (p *plugin) undoTable(ctx context.Context) (*view.Table, error) {
	runs, err := job.List(ctx, job.Query{Job: sweepJob, Limit: 20})
	if err != nil {
		return nil, err
	}
	t := &view.Table{Caption: "Sweeps that can be taken back", Columns: []view.Column{{Title: "Begun"}, {Title: "Links removed", Number: true}, {Title: ""}}, RowHeads: true}
	for _, r := range runs {
		if p.canUndo(&r) {
			t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{
				view.T(r.CreatedAt().Format("2006-01-02 15:04 UTC")), view.T(many(&r)),
				{Buttons: []view.Button{{Label: "Take back", Action: "restore", Params: map[string]string{"run": r.ID}, Confirm: "Make the links again that this sweep removed?"}}},
			}})
		}
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	return t, nil
}

// many is how many links a sweep removed: it says so at its end, and one that was canceled does not.
func many(r *job.Run) string {
	if r.State != job.Done {
		return "some"
	}
	return strconv.FormatInt(r.Counts["removed"], 10)
}

// canUndo says whether a sweep is over, not too long ago, and may have removed something.
func (p *plugin) canUndo(r *job.Run) bool {
	over := !r.State.Live() && r.State != job.Paused
	return over && (r.State != job.Done || r.Counts["removed"] > 0) && p.now().Sub(r.CreatedAt()) < undoable
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
	return p.begin(ctx, job.New{Job: name, Input: map[string]string{"rule": r.id, "revision": fmt.Sprint(r.rev)}})
}

func (p *plugin) startRestore(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	runs, err := job.List(ctx, job.Query{Job: sweepJob})
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		if run.ID == r.Params["run"] && p.canUndo(&run) {
			return p.begin(ctx, job.New{Job: restoreJob, Input: map[string]string{"batch": fmt.Sprint(relations.BatchOf(run.ID))}})
		}
	}
	return nil, invalid("This sweep cannot be taken back: it still goes on, removed nothing, or is older than 30 days.")
}

func (p *plugin) begin(ctx context.Context, n job.New) (*view.Page, error) {
	if _, err := job.Start(ctx, n); err != nil {
		return nil, err
	}
	return p.pageWith(ctx, &view.Flag{Tone: view.Success, Title: "The run has begun", Body: "It goes on when you leave this page."})
}
