package sdk_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// audits is a plugin that counts how often an asset was seen in an audit: a panel on the issue, and a button in it. The
// host keeps the count for each tenant; nothing stays in a variable.
var audits = &sdk.Plugin{
	ID:      "example.audits",
	Version: "0.1.0",
	Views:   map[string]sdk.View{"panel": sdk.ViewFunc(panel)},
	Actions: map[string]sdk.Action{"seen": sdk.ActionFunc(seen)},
}

// What stands in plugin.json beside who made the plugin and how it runs.
const auditsManifest = `{
	"id": "example.audits", "version": "0.1.0",
	"permissions": [{"name": "jira:read", "reason": "Show the asset's key"}, {"name": "store", "reason": "Count the audits"}],
	"settings": {"type": "object", "properties": {"goal": {"type": "integer", "title": "Audits a year", "default": 2}}},
	"records": [{"type": "asset", "purpose": "Count the audits of an asset", "id": {"kind": "jira.issue"}, "fields": {"issue": {"kind": "jira.issue"}, "count": {"kind": "platform.count"}}}],
	"modules": [{"type": "issuePanel", "key": "panel", "name": "Audits", "view": "panel"}]
}`

func panel(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	issue, err := jira.Get(ctx, r.Context.IssueID)
	if err != nil {
		return nil, err
	}
	chosen, err := settings.Load(ctx)
	if err != nil {
		return nil, err
	}
	record, err := asset(ctx, issue.ID)
	if err != nil {
		return nil, err
	}
	return &view.Page{Title: "Audits", Blocks: []view.Block{
		view.P(fmt.Sprintf("%s was seen %s of %d times this year.", issue.Key, record.Fields["count"], chosen.Int("goal"))),
		view.Actions(view.Button{Label: "Seen today", Action: "seen", Primary: true}),
	}}, nil
}

func seen(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	record, err := asset(ctx, r.Context.IssueID)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(record.Fields["count"])
	if err != nil {
		return nil, sdk.Errorf(sdk.Internal, "the count is no number")
	}
	record.Fields["count"] = strconv.Itoa(n + 1)
	if _, err := store.Put(ctx, *record); err != nil {
		return nil, err // exists: somebody else pressed at the same moment
	}
	return panel(ctx, r)
}

// asset returns the record of an issue, a fresh one where there is none yet.
func asset(ctx context.Context, issue string) (*store.Record, error) {
	record, err := store.Get(ctx, "asset", issue)
	if sdk.CodeOf(err) == sdk.NotFound {
		return &store.Record{Type: "asset", ID: issue, Fields: map[string]string{"issue": issue, "count": "0"}}, nil
	}
	return record, err
}

// A whole plugin, run without Wasm. In its main.go stands in addition: func init() { serve.Plugin(audits) }
func Example() {
	h := sdktest.New(audits)
	if err := h.UseManifest([]byte(auditsManifest)); err != nil {
		fmt.Println(err)
		return
	}
	h.OnIssue(jira.Issue{ID: "10001", Key: "OPS-7"})
	page, err := h.View(sdk.Request{Name: "panel"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(sdktest.Text(page))
	page, err = h.Press(page, "Seen today")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(sdktest.Text(page))
	// Output:
	// Audits
	// OPS-7 was seen 0 of 2 times this year.
	// (Seen today)
	// Audits
	// OPS-7 was seen 1 of 2 times this year.
	// (Seen today)
}

func ExampleErrorf() {
	err := sdk.Errorf(sdk.NotFound, "there is no label %q", "A4-33")
	fmt.Println(err)
	// Output: not_found: there is no label "A4-33"
}

func ExampleCodeOf() {
	err := fmt.Errorf("print the sheet: %w", sdk.Errorf(sdk.Exhausted, "the quota is used up"))
	fmt.Println(sdk.CodeOf(err), sdk.CodeOf(context.Canceled), sdk.CodeOf(fmt.Errorf("something else")))
	// Output: exhausted canceled internal
}
