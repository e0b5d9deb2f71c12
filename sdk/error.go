package sdk

import (
	"context"
	"errors"
	"fmt"
)

//go:generate msgp -tests=false -io=false -o zz_error_msgp.go

// Code says what went wrong in one word. The list is append-only: a code keeps its meaning for ever, and a reader that
// meets one it does not know treats it as [Internal].
//
// Since: v0.1
type Code string

// The codes, as they stand on the wire.
const (
	Invalid          Code = "invalid"           // the caller sent something that can never work
	NotFound         Code = "not_found"         // the thing is not there, or the caller may not know that it is
	Exists           Code = "exists"            // the thing is there already, or its revision moved on
	PermissionDenied Code = "permission_denied" // the plugin has no grant, or the user no right
	Unauthenticated  Code = "unauthenticated"   // nobody is logged in
	Exhausted        Code = "exhausted"         // a limit or quota is used up; trying later may work
	Canceled         Code = "canceled"          // the caller went away
	Deadline         Code = "deadline"          // the time allowed for the call is over
	Unavailable      Code = "unavailable"       // a service that is needed does not answer; trying later may work
	Unimplemented    Code = "unimplemented"     // the other side is older than the question
	Internal         Code = "internal"          // a defect
)

// Source says whose fault an error is.
//
// Since: v0.1
type Source string

// The sources, as they stand on the wire.
const (
	FromPlugin     Source = "plugin"     // the plugin's own code
	FromHost       Source = "host"       // the host
	FromDownstream Source = "downstream" // Jira, or whatever else was asked on the plugin's behalf
)

// Error is the one error type that crosses the boundary between plugin and host. Message is read by people: plain
// words that say what to do next; never a secret, a host name, a stack or issue content.
//
// Since: v0.1
type Error struct {
	Code    Code   `msg:"code"`
	Source  Source `msg:"source"`
	Message string `msg:"message"`
	// Field names the form field or record field that the error is about; empty where there is none.
	Field string `msg:"field,omitempty"`
	// Limit names the limit that was reached, as a manifest's limits have it: the class of the call and the limit, such as
	// request.fuel; empty where the error is about none. Since: v0.2
	Limit string `msg:"limit,omitempty"`
	// RetryAfter is how many seconds it takes until the same can work, where the code is [Exhausted] or [Unavailable] and Jira said so; 0
	// where nobody knows. Since: v0.5
	RetryAfter int `msg:"retry_after,omitempty"`
}

// Error returns the code and the message.
//
// Since: v0.1
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Is makes errors.Is(err, &Error{Code: c}) true for every Error of that code.
//
// Since: v0.1
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == ""
}

// Errorf returns an Error whose source is the plugin. The format is that of fmt.Sprintf: %w does not wrap.
//
// Since: v0.1
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Source: FromPlugin, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the first Error in err's chain, [Canceled] and [Deadline] for the errors of a context that
// has ended, [Internal] for any other error and "" for nil.
//
// Since: v0.1
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && e != nil:
		return e.Code
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Deadline
	default:
		return Internal
	}
}
