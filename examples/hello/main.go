// Hello is the smallest plugin that does something: a panel that greets with the key of its issue.
package main

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/view"
)

var plugin = &sdk.Plugin{
	ID:      "example.hello",
	Version: "0.1.0",
	Views:   map[string]sdk.View{"panel": sdk.ViewFunc(panel)},
}

func init() { serve.Plugin(plugin) }

func panel(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	issue, err := jira.Get(ctx, r.Context.IssueID)
	if sdk.CodeOf(err) == sdk.NotFound {
		return &view.Page{Title: "Hello", Blocks: []view.Block{view.P("Hello, whoever you are!")}}, nil
	}
	if err != nil {
		return nil, err
	}
	return &view.Page{Title: "Hello", Blocks: []view.Block{view.P("Hello, " + issue.Key + "!")}}, nil
}

func main() {}
