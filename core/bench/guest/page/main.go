// Page is a guest as plugin authors write them, with the SDK. Its view "page" is a handler of ordinary size; the others do what the
// engine has to bear: "spin" never ends, and "ask" asks the host and draws the same page when it has the answer.
package main

import (
	"context"
	"runtime/debug"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/view"
)

func init() {
	serve.Plugin(&sdk.Plugin{
		ID: "bench.page", Version: "1.0.0",
		Views: map[string]sdk.View{
			"page": sdk.ViewFunc(page),
			"spin": sdk.ViewFunc(spin),
			"ask":  sdk.ViewFunc(ask),
			"hold": sdk.ViewFunc(hold),
		},
	})
}

// page draws a table with a row for each parameter: the list of somebody's assets, say.
func page(_ context.Context, r *sdk.Request) (*view.Page, error) {
	rows := make([]view.Row, 0, len(r.Params))
	for n := range len(r.Params) {
		name := "asset-" + strconv.Itoa(n)
		rows = append(rows, view.Row{Cells: []view.Cell{
			view.T(name),
			view.T(r.Params[name]),
			{Buttons: []view.Button{{Label: "Show", View: "page", Params: map[string]string{"name": name}}}},
		}})
	}
	return &view.Page{Title: "Assets of " + r.Context.Account, Blocks: []view.Block{
		view.H("Assets"),
		{Table: &view.Table{Caption: "Assets", Columns: []view.Column{{Title: "Name"}, {Title: "Place"}, {Title: ""}}, Rows: rows}},
		view.Muted(strconv.Itoa(len(rows)) + " assets"),
	}}, nil
}

func spin(context.Context, *sdk.Request) (*view.Page, error) {
	for n := 0; ; n++ {
		if n < 0 {
			n = 0
		}
	}
}

func ask(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	if err := hostcall.Do(ctx, "wait", nil, nil); err != nil {
		return nil, err
	}
	return page(ctx, r)
}

// hold switches the garbage collector off.
func hold(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	debug.SetGCPercent(-1)
	return page(ctx, r)
}

func main() {}
