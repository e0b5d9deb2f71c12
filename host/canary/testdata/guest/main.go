// Guest is a plugin that reads an issue and then tries, one way after the other, to leave something of it behind with the
// host: in the log, in the store, in metrics, in what a crash leaves. It is one Wasm module or process, as it is built.
package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/process"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/view"
)

// id is set by the linker for the process.
var id = "test.guest"

func plugin() *sdk.Plugin {
	return &sdk.Plugin{
		ID: id, Version: "1.0.0",
		Views:   map[string]sdk.View{"page": sdk.ViewFunc(page)},
		Actions: map[string]sdk.Action{"page": sdk.ActionFunc(page)},
		Files:   map[string]sdk.File{"file": sdk.FileFunc(file)},
	}
}

func init() { serve.Plugin(plugin()) }

func main() { process.Serve(plugin()) }

var fields = []string{
	"summary", "description", "labels", "status", "assignee", "reporter", "issuetype", "project",
	"customfield_10001", "customfield_10002", "customfield_10005",
}

// content reads what people wrote about the issue of the call, and the words of it in letters alone.
func content(ctx context.Context, r *sdk.Request) (texts, words []string, err error) {
	issue, err := jira.Get(ctx, r.Context.IssueID, fields...)
	if err != nil {
		return nil, nil, err
	}
	texts = []string{issue.Key}
	for _, name := range slices.Sorted(maps.Keys(issue.Fields)) {
		texts = append(texts, issue.Fields[name].Text)
	}
	key, _, _ := strings.Cut(issue.Key, "-")
	return texts, []string{key, strings.ToLower(key), issue.Fields["labels"].Text, issue.Key}, nil
}

// page tries what Params["how"] says, and without that shows what there is, as a plugin may.
func page(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	how := r.Params["how"]
	if how == "" {
		return &view.Page{Title: strings.Join(slices.Sorted(maps.Keys(ways)), " ")}, nil
	}
	texts, words, err := content(ctx, r)
	if err != nil {
		return nil, err
	}
	way, ok := ways[how]
	if !ok {
		return nil, sdk.Errorf(sdk.NotFound, "no such way")
	}
	return way(ctx, append(texts, words...))
}

// file gives what there is to the user, under a name of it.
func file(ctx context.Context, r *sdk.Request) (*sdk.Attachment, error) {
	texts, _, err := content(ctx, r)
	if err != nil {
		return nil, err
	}
	all := strings.Join(texts, "\n")
	return &sdk.Attachment{Name: texts[0] + all, ContentType: r.Params["type"], Body: []byte(all)}, nil
}
