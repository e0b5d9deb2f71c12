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

// linked is a site whose issues can be linked, where the user may not see OPS-3.
func linked() (context.Context, *sdktest.Host) {
	h := sdktest.New(&sdk.Plugin{})
	for _, n := range []string{"1", "2", "3"} {
		h.Issues = append(h.Issues, jira.Issue{ID: "1000" + n, Key: "OPS-" + n, Fields: map[string]jira.Value{"summary": {Text: "Laptop " + n}}})
	}
	h.LinkTypes = []jira.LinkType{{ID: "10000", Name: "Blocks", Outward: "blocks", Inward: "is blocked by"}}
	h.Fields = []jira.Field{{ID: "summary", Name: "Summary", Type: "string", Searchable: true}}
	h.IssueTypes = []jira.IssueType{{ID: "10001", Name: "Asset"}, {ID: "10002", Name: "Part", ProjectID: "10000"}}
	h.May = func(permission, id string) bool { return id != "10003" }
	return h.With(context.Background()), h
}

// A list reads all of its issues at once.
func ExampleIssues() {
	ctx, _ := linked()
	list, err := jira.Issues(ctx, []string{"10002", "10001", "10003"}, "summary")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, issue := range list.Issues {
		fmt.Println(issue.Key, issue.Fields["summary"].Text)
	}
	fmt.Println("hidden:", list.Hidden)
	// Output:
	// OPS-2 Laptop 2
	// OPS-1 Laptop 1
	// hidden: 1
}

// Where an admin named an account, a list shows what that one may see.
func ExampleIssuesAs() {
	ctx, _ := linked()
	list, err := jira.IssuesAs(ctx, "", []string{"10001"}, "summary") // nobody is named: by the rights of the user
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(list.Issues[0].Key)
	// Output: OPS-1
}

func ExampleFields() {
	ctx, _ := linked()
	fields, err := jira.Fields(ctx)
	fmt.Println(fields[0].ID, fields[0].Type, err)
	// Output: summary string <nil>
}

func ExampleLinkTypes() {
	ctx, _ := linked()
	types, err := jira.LinkTypes(ctx)
	fmt.Println(types[0].Outward, "/", types[0].Inward, err)
	// Output: blocks / is blocked by <nil>
}

func ExampleIssueTypes() {
	ctx, _ := linked()
	types, err := jira.IssueTypes(ctx, "10000")
	fmt.Println(len(types), types[0].Name, err)
	// Output: 2 Asset <nil>
}

// A page leaves out the button that would be refused.
func ExampleMay() {
	ctx, _ := linked()
	rights, err := jira.May(ctx, jira.RightsQuery{
		Permissions: []string{jira.LinkIssues, jira.CreateIssues, jira.Administer}, IssueIDs: []string{"10001", "10003"}, ProjectIDs: []string{"10000"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rights.OnIssue(jira.LinkIssues, "10001"), rights.OnIssue(jira.LinkIssues, "10003"))
	fmt.Println(rights.InProject(jira.CreateIssues, "10000"), rights.Globally(jira.Administer))
	// Output:
	// true false
	// true true
}

// What a program names by keys.
func ExampleByKey() {
	ctx, _ := linked()
	list, err := jira.ByKey(ctx, []string{"OPS-2", "NONE-1"}, "summary")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range list.Issues {
		fmt.Println(i.ID, i.Key)
	}
	// Output: 10002 OPS-2
}

// OPS-1 blocks OPS-2, for a moment.
func ExampleLinksOf() {
	ctx, h := linked()
	h.Links = []jira.IssueLink{{ID: "1", TypeID: "10000", FromID: "10001", ToID: "10002"}, {ID: "2", TypeID: "10000", FromID: "10003", ToID: "10001"}}

	list, err := jira.LinksOf(ctx, "10001", "10002")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(list.Links), "link,", list.Hidden, "to an issue that the user may not see")
	// Output: 1 link, 1 to an issue that the user may not see
}

func ExampleLink() {
	ctx, _ := linked()
	link, err := jira.Link(ctx, jira.NewLink{TypeID: "10000", FromID: "10001", ToID: "10002"})
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := jira.Links(ctx, "10002")
	fmt.Println(len(list.Links), list.Links[0].FromID, err)
	fmt.Println(jira.Unlink(ctx, link.ID))
	_, err = jira.Link(ctx, jira.NewLink{TypeID: "10000", FromID: "10001", ToID: "10003"})
	fmt.Println(err)
	// Output:
	// 1 10001 <nil>
	// <nil>
	// not_found: there is no issue 10003, or you may not see it
}

func ExampleCreate() {
	ctx, _ := linked()
	made, err := jira.Create(ctx, jira.New{
		ProjectID: "10000", IssueTypeID: "10001", Summary: "Dock", Fields: map[string][]byte{"duedate": []byte(`"2027-01-31"`)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	issue, err := jira.Get(ctx, made.ID, "summary", "duedate")
	fmt.Println(issue.Fields["summary"].Text, issue.Fields["duedate"].Text, err)
	// Output: Dock 2027-01-31 <nil>
}

func ExampleSetProperty() {
	ctx, _ := linked()
	fmt.Println(jira.SetProperty(ctx, "10001", "links", []byte(`{"laptops":[10002]}`)))
	value, err := jira.GetProperty(ctx, "10001", "links")
	fmt.Println(string(value), err)
	fmt.Println(jira.DeleteProperty(ctx, "10001", "links"))
	_, err = jira.GetProperty(ctx, "10001", "links")
	fmt.Println(sdk.CodeOf(err))
	// Output:
	// <nil>
	// {"laptops":[10002]} <nil>
	// <nil>
	// not_found
}

// An indexing run writes a page of issues at a time.
func ExampleSetProperties() {
	ctx, _ := linked()
	outcome, err := jira.SetProperties(ctx, []jira.Property{
		{IssueID: "10001", Key: "links", Value: []byte(`{"laptops":[10002]}`)},
		{IssueID: "10003", Key: "links", Value: []byte(`{"laptops":[]}`)},
	})
	fmt.Println(outcome.Refused, err)
	// Output: [10003] <nil>
}
