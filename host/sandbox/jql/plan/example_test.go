package plan_test

import (
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/jqltest"
	"github.com/pergola-platform/pergola/host/sandbox/jql/memory"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

func Example() {
	index := memory.New(slices.Values([]memory.Issue{
		{ID: 10001, Values: map[plan.FieldID][]string{"status": {"Done"}}, Texts: map[plan.FieldID]string{"summary": "Front door"}},
		{ID: 10002, Values: map[plan.FieldID][]string{"status": {"To Do"}}, Texts: map[plan.FieldID]string{"summary": "Back door"}},
		{ID: 10003, Values: map[plan.FieldID][]string{"status": {"To Do"}}, Texts: map[plan.FieldID]string{"summary": "Windows"}},
	}))
	q, err := syntax.Parse(`summary ~ door AND status != Done`)
	if err != nil {
		fmt.Println(err)
		return
	}
	query, messages := jqltest.Analyzer().Analyze(q, analysis.Strict)
	found := plan.Find(index, index.All(), query.Where)
	fmt.Println(plan.Page(index, found, query.Order, 0, 50), messages.Errors)
	// Output: [10002] []
}
