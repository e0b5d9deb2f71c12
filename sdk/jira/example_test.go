package jira_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
)

// site returns a context with a host that holds three issues; in a plugin, use the context that the handler gets.
func site() context.Context {
	h := sdktest.New(&sdk.Plugin{})
	for _, n := range []string{"1", "2", "3"} {
		h.Issues = append(h.Issues, jira.Issue{ID: "1000" + n, Key: "OPS-" + n, Fields: map[string]jira.Value{
			"summary": {Text: "Laptop " + n}, "status": {Text: "In stock", ID: "3"},
		}})
	}
	return h.With(context.Background())
}

func ExampleGet() {
	issue, err := jira.Get(site(), "10002", "summary", "duedate")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(issue.Key, issue.Fields["summary"].Text)
	_, dated := issue.Fields["duedate"] // an empty field is absent
	fmt.Println("dated:", dated)
	// Output:
	// OPS-2 Laptop 2
	// dated: false
}

func ExampleGet_notFound() {
	_, err := jira.Get(site(), "99999")
	fmt.Println(sdk.CodeOf(err))
	// Output: not_found
}

func ExampleFind() {
	ctx := site()
	search := jira.Search{JQL: "project = OPS", Fields: []string{"status"}, Limit: 2}
	for {
		found, err := jira.Find(ctx, search)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, issue := range found.Issues {
			fmt.Println(issue.Key, issue.Fields["status"].Text)
		}
		if found.Next == "" {
			return
		}
		search.Cursor = found.Next
	}
	// Output:
	// OPS-1 In stock
	// OPS-2 In stock
	// OPS-3 In stock
}
