package jql_test

import (
	"fmt"

	"github.com/pergola-platform/pergola/sdk/jql"
)

func Example() {
	typed := `printer" OR project = HR`
	where := jql.And(
		jql.Field("project").Eq("OPS"),
		jql.Or(jql.Field("customfield_10010").In("Room 1", `Room "2"`), jql.Field("customfield_10010").Empty()),
		jql.Field("summary").Contains(typed),
		jql.Field("created").Greater("-30d"),
		jql.Not(jql.IDs("10001", "10002")),
	)
	fmt.Println(jql.OrderBy(where, jql.Field("created").Desc(), jql.Field("key").Asc()))
	// Output:
	// project = "OPS" AND (cf[10010] in ("Room 1", "Room \"2\"") OR cf[10010] is EMPTY) AND summary ~ "printer or project HR" AND created > "-30d" AND NOT id in (10001, 10002) ORDER BY created DESC, key ASC
}

func ExampleParse() {
	t, err := jql.Parse(`project = {{issue.project}} AND cf[10010] in {{issue.customfield_10010}} ORDER BY created`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Variables())
	values := map[string][]string{"issue.project": {"OPS"}, "issue.customfield_10010": {"a", `b") OR ("`}}
	fmt.Println(t.Expand(func(name string) []string { return values[name] }, jql.NoResults))
	delete(values, "issue.customfield_10010")
	fmt.Println(t.Expand(func(name string) []string { return values[name] }, jql.NoResults))
	fmt.Println(t.Expand(func(name string) []string { return values[name] }, jql.Drop))
	_, err = jql.Parse(`project = "{{issue.project}}"`)
	fmt.Println(err)
	// Output:
	// [issue.project issue.customfield_10010]
	// project = "OPS" AND cf[10010] in ("a", "b\") OR (\"") ORDER BY created <nil>
	// created is EMPTY <nil>
	// project = "OPS" ORDER BY created <nil>
	// character 12: a variable inside of quotes would be text; write it bare, it is quoted by itself, such as key = {{issue.key}}
}

func ExampleTemplate_Calls() {
	t, err := jql.Parse(`issue in linkedIssues("OPS-1", {{link.R.first}}) AND created > startOfDay()`)
	fmt.Printf("%q %v\n", t.Calls(), err)
	// Output: [{"linkedIssues" ["OPS-1" ""]} {"startOfDay" []}] <nil>
}

func ExampleTemplate_Values() {
	t, err := jql.Parse(`project in (OPS, "IT") AND summary ~ 'a \'b\'' AND key != {{issue.key}} AND assignee = currentUser()`)
	fmt.Printf("%q %v\n", t.Values(), err)
	// Output: ["OPS" "IT" "a 'b'"] <nil>
}

func ExampleFieldName_Typed() {
	fmt.Println(jql.And(jql.Field("project").Eq("OPS"), jql.Field("summary").Typed("ThinkPad carb")))
	// Output: project = "OPS" AND (summary ~ "ThinkPad carb" OR summary ~ "ThinkPad carb*")
}

func ExampleField() {
	fmt.Println(jql.Field("customfield_10010").Eq("x"))
	fmt.Println(jql.Field("Serial number").NotIn("1", "2"))
	// Output:
	// cf[10010] = "x"
	// "Serial number" not in ("1", "2")
}

func ExampleProperty() {
	printed := jql.Property("acme.labels.print", "printed.by")
	fmt.Println(printed.Eq("mia"))
	// Output: issue.property["acme.labels.print"].printed.by = "mia"
}

func ExampleFieldName_InFunction() {
	fmt.Println(jql.Field("issue").InFunction("linkedIssues", "OPS-1", `blocks" OR`))
	fmt.Println(jql.Field("issue").NotInFunction("votedIssues"))
	// Output:
	// issue in linkedIssues("OPS-1", "blocks\" OR")
	// issue not in votedIssues()
}

func ExampleQuote() {
	fmt.Println(jql.Quote(`5" disk \ EMPTY`))
	// Output: "5\" disk \\ EMPTY"
}

func ExampleWords() {
	fmt.Println(jql.Words(`"laser* printer" OR -broken`))
	// Output: laser printer or broken
}

func ExampleAnd() {
	fmt.Println(jql.And(jql.Clause{}, jql.Or(jql.Field("key").Eq("A-1"), jql.Field("key").Eq("A-2")), jql.Field("status").NotEmpty()))
	// Output: (key = "A-1" OR key = "A-2") AND status is not EMPTY
}

func ExampleOr() {
	fmt.Println(jql.Or(jql.Field("key").Eq("A-1"), jql.And(jql.Field("status").Empty(), jql.Field("id").Less("7"))))
	// Output: key = "A-1" OR status is EMPTY AND id < "7"
}

func ExampleNot() {
	fmt.Println(jql.Not(jql.And(jql.Field("key").Eq("A-1"), jql.Field("status").Empty())))
	// Output: NOT (key = "A-1" AND status is EMPTY)
}

func ExampleIDs() {
	fmt.Println(jql.IDs("10001", "10002", "OPS-7"))
	fmt.Println(jql.IDs())
	// Output:
	// id in (10001, 10002)
	// created is EMPTY
}

func ExampleOrderBy() {
	fmt.Println(jql.OrderBy(jql.Field("project").Eq("OPS"), jql.Field("customfield_10010").Desc()))
	// Output: project = "OPS" ORDER BY cf[10010] DESC
}
