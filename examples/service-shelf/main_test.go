package main

import (
	"context"
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

func TestPanelShowsWhatIsLeft(t *testing.T) {
	h := sdktest.Load(t, plugin, "plugin.json")
	h.Services = map[string]sdk.Service{"example.stock/v1": service.Mux{
		"left": service.HandlerFunc(func(_ context.Context, r *service.Request) ([]byte, error) {
			if string(r.Body) != "ThinkPad X1" {
				return nil, sdk.Errorf(sdk.NotFound, "there is no stock of %q", r.Body)
			}
			return []byte("7"), nil
		}),
	}}
	for thing, want := range map[string]string{"ThinkPad X1": "Shelf\nLeft: 7\n", "Typewriter": "Shelf\nLeft: none\n"} {
		h.OnIssue(jira.Issue{ID: "10001", Key: "OPS-7", Fields: map[string]jira.Value{"summary": {Text: thing}}})
		page, err := h.View(sdk.Request{Name: "panel"})
		if err != nil {
			t.Fatal(err)
		}
		if got := sdktest.Text(page); got != want {
			t.Errorf("page = %q, want %q", got, want)
		}
	}
	h.Services = nil
	if _, err := h.View(sdk.Request{Name: "panel"}); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("without the service: %v", err)
	}
	sdktest.Conform(t, plugin)
}
