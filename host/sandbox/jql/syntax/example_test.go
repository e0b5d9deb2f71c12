package syntax_test

import (
	"fmt"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

func ExampleParse() {
	q, err := syntax.Parse(`project = "OPS" && (labels in (urgent,"on hold") || assignee = currentUser()) order by updated desc`)
	fmt.Println(q, err)
	_, err = syntax.Parse(`project OPS`)
	fmt.Println(err)
	// Output:
	// project = OPS AND (labels in (urgent, "on hold") OR assignee = currentUser()) ORDER BY updated DESC <nil>
	// Error in the JQL Query: Expecting operator but got 'OPS'. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'. (line 1, character 9)
}
