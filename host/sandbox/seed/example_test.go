package seed_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/seedtest"
)

func ExampleCopy() {
	file := `{"format": 1, "users": [{"account": "a-1", "login": "mia", "name": "Mia"}], "issueTypes": [{"name": "Laptop"}],
 "statuses": [{"name": "In use", "category": "indeterminate"}],
 "projects": [{"key": "OPS", "name": "Assets", "lead": "mia", "issueTypes": ["Laptop"]}]}
{"project": "OPS", "type": "Laptop", "summary": "ThinkPad X1", "assignee": "mia"}
{"project": "OPS", "type": "Laptop", "summary": "Framework 13", "assignee": "mai"}`

	src, err := seed.ReadJSON("site.json", strings.NewReader(file))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(seed.Copy(context.Background(), &seedtest.Sink{}, src))
	// Output: site.json:5: $.assignee: there is no user "mai"; write "mia"
}
