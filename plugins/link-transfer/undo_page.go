package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

const undoneType = "undone" // of records

// undoPage lists the runs that can be taken back.
func (p *plugin) undoPage(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
	return p.undoPageWith(ctx, nil)
}

func (p *plugin) undoPageWith(ctx context.Context, flag *view.Flag) (*view.Page, error) {
	over, err := takenBack(ctx)
	if err != nil {
		return nil, err
	}
	t := &view.Table{Caption: "Runs that can be taken back", Columns: []view.Column{{Title: "Run"}, {Title: "Begun"}, {Title: "Links made", Number: true}, {Title: ""}}, RowHeads: true}
	for _, name := range []string{migrateJob, importJob} {
		title := "Moved from Jira’s own"
		if name == importJob {
			title = "Imported"
		}
		runs, err := job.List(ctx, job.Query{Job: name, Limit: 20})
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			if !p.canUndo(&r) || over[relations.BatchOf(r.ID)] {
				continue
			}
			t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{
				view.T(title), view.T(r.CreatedAt().Format("2006-01-02 15:04 UTC")), view.T(fmt.Sprint(r.Counts["made"])),
				{Buttons: []view.Button{{
					Label: "Take back", Action: "undo", Params: map[string]string{"run": r.ID},
					Confirm: "Remove the links that this run made, and make again what it removed? What somebody changed since stays as it is.",
				}}},
			}})
		}
	}
	out := &view.Page{Title: "Link transfer", Flag: flag, Blocks: []view.Block{view.H("Take back")}}
	if len(t.Rows) == 0 {
		out.Blocks = append(out.Blocks, view.Muted("Runs can be taken back for 30 days. There is none now."))
	} else {
		out.Blocks = append(out.Blocks, view.Block{Table: t})
	}
	out.Blocks = append(out.Blocks, view.Block{Runs: &view.Runs{Job: undoJob, Unit: "links", None: "Nothing was taken back yet."}}, back())
	return out, nil
}

// canUndo says whether a run is over and not too long ago, and may have changed something: one that ended early may not have said so.
func (p *plugin) canUndo(r *job.Run) bool {
	return !r.State.Live() && r.State != job.Paused && (r.State != job.Done || r.Counts["made"] > 0 || r.Counts["removed"] > 0) && p.now().Sub(r.CreatedAt()) < relations.Undoable
}

// takenBack are the batches of runs that another run takes back or took back, but for those of which it had to leave something that another try can
// get.
func takenBack(ctx context.Context) (map[int64]bool, error) {
	marks, err := list(ctx, store.Query{Type: undoneType})
	if err != nil || len(marks) == 0 {
		return nil, err
	}
	runs, err := job.List(ctx, job.Query{Job: undoJob})
	if err != nil {
		return nil, err
	}
	out := map[int64]bool{}
	for _, r := range runs {
		if !r.State.Live() && r.State != job.Paused && (r.State != job.Done || r.Counts["refused"] > 0) {
			continue
		}
		by := relations.BatchOf(r.ID)
		for _, m := range marks {
			if job.Int(m.Fields, "by") == by {
				out[job.Int(m.Fields, "batch")] = true
			}
		}
	}
	return out, nil
}

// startUndo begins the run that takes another one back, and remembers which one it is.
func (p *plugin) startUndo(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	over, err := takenBack(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{migrateJob, importJob} {
		runs, err := job.List(ctx, job.Query{Job: name})
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			if run.ID != r.Params["run"] || !p.canUndo(&run) {
				continue
			}
			if over[relations.BatchOf(run.ID)] {
				return nil, invalid("This run was taken back already.")
			}
			if err := takeBack(ctx, &run); err != nil {
				return nil, err
			}
			return p.undoPageWith(ctx, begun)
		}
	}
	return nil, invalid("This run cannot be taken back: it still goes on, made nothing, or is older than 30 days.")
}

func takeBack(ctx context.Context, run *job.Run) error {
	token, err := store.Tokens(ctx, 1)
	if err != nil {
		return err
	}
	batch := strconv.FormatInt(relations.BatchOf(run.ID), 10)
	undo, err := job.Start(ctx, job.New{Job: undoJob, Input: map[string]string{"batch": batch}, Total: run.Counts["made"]})
	if err != nil {
		return err
	}
	by := strconv.FormatInt(relations.BatchOf(undo.ID), 10)
	_, err = store.Put(ctx, store.Record{Type: undoneType, ID: token[0], Fields: map[string]string{"batch": batch, "by": by}})
	return err
}
