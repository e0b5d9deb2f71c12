// Package service is how plugins of one site work for one another, without knowing each other's storage.
//
// A plugin that offers a service lists it in plugin.json (provides, with the capability service/v1) and answers its
// operations with a [Mux] among sdk.Plugin.Services. A plugin that uses it lists it in requires, with a reason that the
// admin reads and grants, and calls [Ask]. What the bytes mean is between the two: a service is a name with a major version, such as
// acme.stock/v1, and whoever defines it publishes a Go package with its types, or says what they are.
//
// The host makes the call for the same site and the same user, as the caller was called. The plugin that answers has its own
// permissions, not those of the caller; so what it tells is what the user may see, as on its own pages.
package service

import (
	"context"
	"errors"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

// OpCall is the host call: Question → Answer.
const OpCall = "service.call"

// Ask has a service do something: encode makes the body of the question and decode reads the answer, such as the
// methods MarshalMsg and UnmarshalMsg of the service's types; either may be nil. Errors are those of the service, and of the host:
// permission_denied where plugin.json does not list the service in requires, or the admin has not granted it; unavailable where no
// plugin that is switched on provides it; exhausted where services call one another too deep.
//
// Since: v0.4
func Ask(ctx context.Context, service, op string, encode, decode func([]byte) ([]byte, error)) error {
	q := Question{Service: service, Op: op}
	if encode != nil {
		body, err := encode(nil)
		if err != nil {
			return sdk.Errorf(sdk.Invalid, "encode %s of %s: %v", op, service, err)
		}
		q.Body = body
	}
	var a Answer
	if err := hostcall.Exchange(ctx, OpCall, q.MarshalMsg, a.UnmarshalMsg); err != nil {
		return err
	}
	if decode == nil {
		return nil
	}
	if _, err := decode(a.Body); err != nil {
		return sdk.Errorf(sdk.Internal, "decode the answer to %s of %s: %v", op, service, err)
	}
	return nil
}

// absent is the Field of errors that say that a service is not there for the plugin.
const absent = "service"

// Absent returns the error of a call to a service that is not there for the caller: nobody provides it (unavailable), or the admin has not
// granted it (permission_denied). It is the host's, and that of tests which stand in for it.
//
// Since: v0.5
func Absent(code sdk.Code, message string) error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Field: absent, Message: message}
}

// Missing says whether a call failed because the service is not there for the plugin, so that a plugin can go on without one that
// its plugin.json lists as optional. An error of a service that is there is none of these: what it would have said is not known then.
//
// Since: v0.5
func Missing(err error) bool {
	var e *sdk.Error
	return errors.As(err, &e) && e != nil && e.Source == sdk.FromHost && e.Field == absent && (e.Code == sdk.Unavailable || e.Code == sdk.PermissionDenied)
}

// Handler answers an operation of a service. Its answer is a body.
//
// Since: v0.4
type Handler interface {
	Answer(ctx context.Context, r *Request) ([]byte, error)
}

// HandlerFunc makes a Handler of a function.
//
// Since: v0.4
type HandlerFunc func(ctx context.Context, r *Request) ([]byte, error)

// Answer calls f.
func (f HandlerFunc) Answer(ctx context.Context, r *Request) ([]byte, error) { return f(ctx, r) }

// Mux is a service: one for sdk.Plugin.Services. Its keys are the operations.
//
// Since: v0.4
type Mux map[string]Handler

var _ sdk.Service = Mux(nil)

// Serve implements sdk.Service.
func (m Mux) Serve(ctx context.Context, request []byte) ([]byte, error) {
	var r Request
	if _, err := r.UnmarshalMsg(request); err != nil {
		return nil, sdk.Errorf(sdk.Invalid, "decode a question: %v", err)
	}
	h := m[r.Op]
	if h == nil {
		return nil, sdk.Errorf(sdk.Unimplemented, "%s has no operation %q", r.Name, r.Op)
	}
	body, err := h.Answer(ctx, &r)
	if err != nil {
		return nil, err
	}
	a := Answer{Body: body}
	return a.MarshalMsg(nil)
}

// Handle makes a Handler of a function on a service's own types.
//
// Since: v0.4
func Handle[In, Out any, InP interface {
	*In
	UnmarshalMsg([]byte) ([]byte, error)
}, OutP interface {
	*Out
	MarshalMsg([]byte) ([]byte, error)
}](f func(ctx context.Context, r *Request, in *In) (*Out, error)) Handler {
	return HandlerFunc(func(ctx context.Context, r *Request) ([]byte, error) {
		var in In
		if _, err := InP(&in).UnmarshalMsg(r.Body); err != nil {
			return nil, sdk.Errorf(sdk.Invalid, "the question %s cannot be decoded: build both plugins with the same version of the service", r.Op)
		}
		out, err := f(ctx, r, &in)
		if err != nil {
			return nil, err
		}
		return OutP(out).MarshalMsg(nil)
	})
}
