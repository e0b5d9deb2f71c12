// Package shape writes what a world knows as Jira's REST interfaces show it: issues with the fields that were asked for,
// comments, projects, people. It knows no requests; what somebody may not see is left out by [Shape.IssueFor] and by whoever
// asks for single things.
package shape

import "fmt"

// Shape writes things with links to the site that they are of.
type Shape struct {
	Base string // the site's address, without a trailing slash
}

// Object is a JSON object.
type Object = map[string]any

// Link is the absolute address of a path of the site.
func (s Shape) Link(format string, args ...any) string { return s.Base + fmt.Sprintf(format, args...) }
