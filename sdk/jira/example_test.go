package jira_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/sync"
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

// Only a synchronizer lists projects: here one whose check counts them.
func ExampleProjects() {
	count := func(ctx context.Context, _ *sync.Check) (*sync.Health, error) {
		page, err := jira.Projects(ctx, jira.ProjectQuery{Types: []string{"software"}, Limit: 1})
		if err != nil {
			return nil, err
		}
		return &sync.Health{About: fmt.Sprintf("%d projects, the first is %s", page.Total, page.Projects[0].Name)}, nil
	}
	h := sdktest.New(&sdk.Plugin{Synchronizers: map[string]sdk.Synchronizer{"projects": &sync.Source{Check: sync.CheckFunc(count)}}})
	h.Projects = []jira.Project{{ID: "10001", Key: "WEB", Name: "Website", Type: "software"}, {ID: "10000", Key: "APP", Name: "App", Type: "software"}}

	health, err := h.Source("projects").Check.Check(context.Background(), &sync.Check{})
	fmt.Println(health.About, err)
	// Output: 2 projects, the first is App <nil>
}

func ExampleCategories() {
	names := func(ctx context.Context, _ *sync.Check) (*sync.Health, error) {
		categories, err := jira.Categories(ctx)
		if err != nil {
			return nil, err
		}
		return &sync.Health{About: fmt.Sprintf("%d category, %s", len(categories), categories[0].Name)}, nil
	}
	h := sdktest.New(&sdk.Plugin{Synchronizers: map[string]sdk.Synchronizer{"projects": &sync.Source{Check: sync.CheckFunc(names)}}})
	h.Categories = []jira.Category{{ID: "10100", Name: "Internal"}}

	health, err := h.Source("projects").Check.Check(context.Background(), &sync.Check{})
	fmt.Println(health.About, err)
	// Output: 1 category, Internal <nil>
}
