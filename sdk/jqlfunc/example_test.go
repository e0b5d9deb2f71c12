package jqlfunc_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/sdktest"
)

// A plugin finds the issues whose label was printed on some paper. It keeps the paper in a property of issues, which Jira indexes.
func Example() {
	paper := jql.Property("acme.labels.print", "paper")
	plugin := &sdk.Plugin{ID: "acme.labels", Version: "1.0.0", Functions: map[string]sdk.Function{
		"printed": jqlfunc.Handler(func(_ context.Context, q *jqlfunc.Question) (jql.Clause, error) {
			name := q.Argument(0)
			if name == "" {
				return jql.Clause{}, sdk.Errorf(sdk.Invalid, "%s wants the name of a paper, such as A4.", q.Function)
			}
			if q.Negated() { // in JQL a value that is not there is no other one
				return jql.Or(paper.Empty(), paper.NotEq(name)), nil
			}
			return paper.Eq(name), nil
		}),
	}}
	h := sdktest.New(plugin)
	if err := h.UseManifest([]byte(`{
		"id": "acme.labels", "version": "1.0.0",
		"jqlFunctions": [{
			"key": "printed", "name": "printedLabels", "handler": "printed", "reason": "Find issues by the paper of their label",
			"arguments": [{"name": "paper", "required": true}], "operators": ["in", "not in"], "types": ["issue"]
		}]
	}`)); err != nil {
		fmt.Println(err)
		return
	}
	for _, paper := range []string{"A4", `A4" OR key != "`, ""} {
		fmt.Println(h.JQL("printedLabels", jqlfunc.In, paper))
	}
	fmt.Println(h.JQL("printedLabels", jqlfunc.NotIn, "A4"))
	// Output:
	// issue.property["acme.labels.print"].paper = "A4" <nil>
	// issue.property["acme.labels.print"].paper = "A4\" OR key != \"" <nil>
	//  invalid: printedLabels wants the name of a paper, such as A4.
	// issue.property["acme.labels.print"].paper is EMPTY OR issue.property["acme.labels.print"].paper != "A4" <nil>
}
