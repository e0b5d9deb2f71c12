package api

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/pergola-platform/pergola/sdk"
)

// Error is a refusal with a status of its own. errors.As finds the *sdk.Error that the caller reads.
type Error struct {
	Status int
	Err    *sdk.Error
	// Allow are the methods of a 405.
	Allow []string
	// Scope is what the token of a 403 is not for.
	Scope string
	// Faults are what is wrong with what was sent, part by part.
	Faults []Fault
}

// Error returns the words of the refusal.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns what the caller reads.
func (e *Error) Unwrap() error { return e.Err }

// Fault is one thing that is wrong with what was sent.
type Fault struct {
	// Pointer leads to a part of the body, as RFC 6901 has it; Parameter names one of the address. One of the two is set.
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

func invalid(status int, format string, args ...any) *Error {
	return &Error{Status: status, Err: &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: fmt.Sprintf(format, args...)}}
}

// Lacks is the refusal of a token that is not for a scope.
func Lacks(scope string) error {
	return &Error{Status: 403, Scope: scope, Err: &sdk.Error{
		Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: fmt.Sprintf("This API token is not for %s. Make one that is.", scope)}}
}

// Stale is the refusal of a request that names an older version.
func Stale() error {
	return &Error{Status: 412, Err: &sdk.Error{
		Code: sdk.Exists, Source: sdk.FromHost, Field: "If-Match", Message: "Somebody else changed this meanwhile. Read it again, and send its new ETag in If-Match."}}
}

// Unfit is the refusal of what a schema let pass and somebody else does not.
func Unfit(list ...Fault) error {
	e := invalid(400, "%s: %s", cmp.Or(list[0].Pointer, "The body"), list[0].Detail)
	e.Err.Field, e.Faults = strings.TrimPrefix(list[0].Pointer, "/"), list[:min(len(list), maxFaults)]
	return e
}

// maxFaults bounds what one answer says is wrong.
const maxFaults = 20

// faults says what a schema found wrong; add makes a fault of a place and words.
func faults(err error, add func(at []string, words string) Fault) []Fault {
	var whole *jsonschema.ValidationError
	if !errors.As(err, &whole) {
		return []Fault{add(nil, "cannot be judged")}
	}
	var out []Fault
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, c := range e.Causes {
			walk(c)
		}
		if len(e.Causes) > 0 {
			return
		}
		switch k := e.ErrorKind.(type) {
		case *kind.Required:
			for _, name := range k.Missing {
				out = append(out, add(append(slices.Clone(e.InstanceLocation), name), "is missing"))
			}
		case *kind.AdditionalProperties:
			for _, name := range k.Properties {
				out = append(out, add(append(slices.Clone(e.InstanceLocation), name), "is not known here"))
			}
		default:
			out = append(out, add(e.InstanceLocation, k.LocalizedString(message.NewPrinter(language.English))))
		}
	}
	walk(whole)
	// The library meets members in the order of a map.
	slices.SortStableFunc(out, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.Parameter, b.Parameter), strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Detail, b.Detail))
	})
	return out[:min(len(out), maxFaults)]
}

// pointer is a place in a body.
func pointer(at []string, words string) Fault {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	for _, part := range at {
		b.WriteString("/" + escape.Replace(part))
	}
	if b.Len() == 0 {
		return Fault{Pointer: "", Detail: "the body " + words}
	}
	return Fault{Pointer: b.String(), Detail: words}
}
