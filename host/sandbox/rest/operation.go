package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/openapi"
)

// Scope is what an app must have asked for in its descriptor to use an operation. Each scope implies those before it,
// from [ScopeRead] to [ScopeAdmin].
type Scope int

// The scopes that operations need.
const (
	ScopeNone Scope = iota
	ScopeRead
	ScopeWrite
	ScopeDelete
	ScopeProjectAdmin
	ScopeAdmin
	ScopeEmail        // stands alone
	ScopeInaccessible // no scope will do
)

// ScopeNames are Atlassian's names of the scopes that imply one another, in their order.
var ScopeNames = []string{"NONE", "READ", "WRITE", "DELETE", "PROJECT_ADMIN", "ADMIN"}

// The scopes that stand alone.
const (
	ActAsUser      = "ACT_AS_USER"
	EmailAddresses = "ACCESS_EMAIL_ADDRESSES"
)

func (s Scope) String() string {
	switch s {
	case ScopeEmail:
		return EmailAddresses
	case ScopeInaccessible:
		return "INACCESSIBLE"
	}
	return ScopeNames[s]
}

// allows says whether an app with the granted scopes may use an operation that needs s.
func (s Scope) allows(granted []string) bool {
	switch s {
	case ScopeNone:
		return true
	case ScopeEmail:
		return HasScope(granted, EmailAddresses)
	case ScopeInaccessible:
		return false
	}
	return slices.ContainsFunc(granted, func(g string) bool {
		return slices.Index(ScopeNames, strings.ToUpper(g)) >= int(s)
	})
}

// In says whether granted scopes include s, or one that implies it.
func (s Scope) In(granted []string) bool { return s.allows(granted) }

// HasScope says whether a scope that stands alone was granted.
func HasScope(granted []string, name string) bool {
	return slices.ContainsFunc(granted, func(g string) bool { return strings.EqualFold(g, name) })
}

// Operation is one row of the REST interface. Method, path and scope are those of Atlassian's OpenAPI documents, and a test
// compares them.
type Operation struct {
	Method, Path string
	Scope        Scope
	anonymous    bool  // answers without credentials, too
	forge        bool  // answers Forge apps although Atlassian's documents name no scopes for it
	most         int64 // bytes of a body; 0 is MaxBody
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

// Takes lets a request have a body of up to so many bytes, where that is more than [MaxBody].
func (o Operation) Takes(bytes int64) Operation {
	o.most = bytes
	return o
}

// Forge lets Forge apps in, whatever their scopes: for operations that Atlassian's OpenAPI documents do not describe.
func (o Operation) Forge() Operation {
	o.forge = true
	return o
}

// refuses is the error for a caller whose scopes do not cover the operation, nil for everybody else.
func (o Operation) refuses(who Caller) error {
	switch {
	case who.App == nil:
		return nil
	case !who.Forge:
		if !o.Scope.allows(who.Scopes) {
			return Fail(http.StatusForbidden, "The app %s is not authorized for this operation: it needs the scope %s.", who.App.Key, o.Scope)
		}
		return nil
	case o.forge:
		return nil
	}
	known, ok := openapi.Find(o.Method, o.Path)
	if !ok || !known.OAuth() {
		return Fail(http.StatusForbidden, "Forge and OAuth2 apps cannot access this REST resource.")
	}
	if !known.Granted(who.Scopes) {
		return Fail(http.StatusUnauthorized, "Unauthorized; scope does not match")
	}
	return nil
}
