package rest

import (
	"slices"
	"strings"
)

// Scope is what an app must have asked for in its descriptor to use an operation. Each scope implies those before it,
// from [ScopeRead] on.
type Scope int

// The scopes that operations need.
const (
	ScopeNone Scope = iota
	ScopeRead
	ScopeWrite
	ScopeDelete
	ScopeProjectAdmin
	ScopeAdmin
)

// ScopeNames are Atlassian's names of the scopes, in their order.
var ScopeNames = []string{"NONE", "READ", "WRITE", "DELETE", "PROJECT_ADMIN", "ADMIN"}

func (s Scope) String() string { return ScopeNames[s] }

// allows says whether an app with the granted scopes may use an operation that needs s.
func (s Scope) allows(granted []string) bool {
	return s == ScopeNone || slices.ContainsFunc(granted, func(g string) bool {
		return slices.Index(ScopeNames, strings.ToUpper(g)) >= int(s)
	})
}

// Operation is one row of the REST interface. Method, path and scope are those of Atlassian's OpenAPI documents, and a test
// compares them.
type Operation struct {
	Method, Path string
	Scope        Scope
	anonymous    bool // answers without credentials, too
	handle       Handler
}

// Handler does what an operation is for. An [Error] is answered as such; any other error is the site's own fault.
type Handler func(*Call) (Answer, error)

// Op makes an operation of a path such as "/rest/api/3/issue/{issueIdOrKey}".
func Op(method, path string, scope Scope, handle Handler) Operation {
	return Operation{Method: method, Path: path, Scope: scope, handle: handle}
}

// Anonymous lets those in who do not say who they are.
func (o Operation) Anonymous() Operation {
	o.anonymous = true
	return o
}
