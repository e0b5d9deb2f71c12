package event_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/sdktest"
)

// A plugin that listens to deletions, as plugin.json says:
//
//	"events": [{"event": "issue.deleted", "handler": "gone", "reason": "Forget what belongs to issues that are gone"}]
func Example() {
	plugin := &sdk.Plugin{ID: "acme.shelf", Version: "1.0.0", Events: map[string]sdk.EventHandler{
		"gone": event.Handler(func(_ context.Context, e *event.Event) error {
			if e.Own { // the app itself did it
				return nil
			}
			fmt.Printf("issue %s is gone since %s\n", e.IssueID, e.Time().Format("15:04"))
			return nil
		}),
	}}
	h := sdktest.New(plugin)
	err := h.Event(event.Event{Name: "gone", Kind: event.IssueDeleted, IssueID: "10001", At: 1795780800000})
	fmt.Println(err)
	// Output:
	// issue 10001 is gone since 12:00
	// <nil>
}
