// Package shape writes what a world knows as Jira's REST interfaces show it: issues with the fields that were asked for,
// comments, projects, people. It knows no requests; what somebody may not see is left out by [Shape.IssueFor] and by whoever
// asks for single things.
package shape

import (
	"fmt"
	"strconv"
)

// Shape writes things with links to the site that they are of.
type Shape struct {
	Base string // the site's address, without a trailing slash
}

// Object is a JSON object.
type Object = map[string]any

// Link is the absolute address of a path of the site.
func (s Shape) Link(format string, args ...any) string { return s.Base + fmt.Sprintf(format, args...) }

// Number is an id where Jira writes it as a number; 0 for one that is none.
func Number[K ~string](id K) int64 {
	n, _ := strconv.ParseInt(string(id), 10, 64) // 0 for what is no number
	return n
}

// Text is an id that Jira writes as a number.
func Text(id int64) string { return strconv.FormatInt(id, 10) }
