// Service-shelf is a plugin that asks another one: a panel that shows how many of the issue's thing are left.
package main

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/view"
)

var plugin = &sdk.Plugin{
	ID:      "example.shelf",
	Version: "0.1.0",
	Views:   map[string]sdk.View{"panel": sdk.ViewFunc(panel)},
}

func init() { serve.Plugin(plugin) }

func panel(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	issue, err := jira.Get(ctx, r.Context.IssueID, "summary")
	if err != nil {
		return nil, err
	}
	var left string
	err = service.Ask(ctx, "example.stock/v1", "left",
		func(b []byte) ([]byte, error) { return append(b, issue.Fields["summary"].Text...), nil },
		func(answer []byte) ([]byte, error) { left = string(answer); return nil, nil })
	if sdk.CodeOf(err) == sdk.NotFound {
		left = "none"
	} else if err != nil {
		return nil, err
	}
	return &view.Page{Title: "Shelf", Blocks: []view.Block{view.P("Left: " + left)}}, nil
}

func main() {}
