package job_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

// A plugin counts the assets of a project, a hundred with each step, from a page for admins.
func Example() {
	plugin := &sdk.Plugin{
		ID: "acme.assets", Version: "1.0.0",
		Views: map[string]sdk.View{"manage": sdk.ViewFunc(func(context.Context, *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: "Assets", Blocks: []view.Block{{Runs: &view.Runs{Job: "count", Unit: "assets"}}}}, nil
		})},
		Actions: map[string]sdk.Action{"count": sdk.ActionFunc(func(ctx context.Context, r *sdk.Request) (*view.Page, error) {
			_, err := job.Start(ctx, job.New{Job: "count", Input: map[string]string{"project": r.Params["project"]}, Total: 250})
			return &view.Page{Title: "Assets"}, err
		})},
		Jobs: map[string]sdk.JobHandler{"count": job.Handler(func(_ context.Context, s *job.Step) (*job.Result, error) {
			at := job.Int(s.Cursor, "at") // where the step before came to
			next := min(at+100, 250)
			return &job.Result{Cursor: map[string]string{"at": strconv.FormatInt(next, 10)}, Done: next - at, Finished: next == 250}, nil
		})},
	}
	h := sdktest.New(plugin)
	err := h.UseManifest([]byte(`{
		"id": "acme.assets", "version": "1.0.0",
		"jobs": [{
			"name": "count", "title": "Count assets", "handler": "count", "reason": "Say how many assets a project has",
			"input": {"project": {"kind": "jira.project"}}, "cursor": {"at": {"kind": "platform.count"}}
		}],
		"modules": [{"type": "adminPage", "key": "manage", "name": "Assets", "view": "manage"}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	h.Context.Module = "manage"
	if _, err := h.Action(sdk.Request{Name: "count", Params: map[string]string{"project": "10000"}}); err != nil {
		fmt.Println(err)
		return
	}
	for {
		run, err := h.Work() // what a host does in the background
		if run == nil || err != nil {
			break
		}
		fmt.Println(run.State, run.Done, "of", run.Total)
	}
	// Output:
	// queued 100 of 250
	// queued 200 of 250
	// done 250 of 250
}
