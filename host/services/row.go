package services

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// nothing is the body of a call without arguments, and the answer of one without results. Whatever is sent in its place
// is passed over.
type nothing struct{}

func (nothing) MarshalMsg(b []byte) ([]byte, error)  { return msgp.AppendNil(b), nil }
func (*nothing) UnmarshalMsg([]byte) ([]byte, error) { return nil, nil }

// row makes a host call of f: it decodes the body, encodes the answer, and gives every error its source. The broker has
// made sure that the body is one value of bounded size (wire.Check), and will check the answer's length.
func row[In, Out any, InP interface {
	*In
	msgp.Unmarshaler
}, OutP interface {
	*Out
	msgp.Marshaler
}](d *Deps, op, permission string, f func(context.Context, *capability.Binding, InP) (OutP, error),
) capability.Row {
	return capability.Row{Op: op, Permission: permission, Handle: func(ctx context.Context, b *capability.Binding, body []byte) ([]byte, error) {
		var in In
		if _, err := InP(&in).UnmarshalMsg(body); err != nil {
			// The decoder's own words name Go types and, in places, what was sent.
			return nil, hostError(sdk.Invalid, "the body does not fit the operation; build the plugin with an SDK of this host's version")
		}
		out, err := f(ctx, b, &in)
		if err != nil {
			return nil, explain(ctx, d.Log, b, op, err)
		}
		return out.MarshalMsg(nil)
	}}
}

// counted says of which limit the bytes of a host call count.
func counted(t capability.Traffic, r capability.Row) capability.Row {
	r.Traffic = t
	return r
}

// explain makes an error of a service one for the plugin. What it does not know is a defect, which is the broker's to
// log and to hide.
func explain(ctx context.Context, log *slog.Logger, b *capability.Binding, op string, err error) error {
	var e *sdk.Error
	switch {
	case errors.As(err, &e):
		if e.Source != sdk.FromDownstream {
			return withSource(e, sdk.FromHost)
		}
		return e
	case errors.Is(err, context.Canceled):
		return hostError(sdk.Canceled, "the call was canceled")
	case errors.Is(err, context.DeadlineExceeded):
		return hostError(sdk.Deadline, "the time allowed for the call is over; ask for less at a time")
	case errors.Is(err, store.ErrUnavailable):
		log.ErrorContext(ctx, "store", "op", op, "tenant", b.Tenant, "plugin", b.Plugin, "version", b.Version, "error", err)
		return hostError(sdk.Unavailable, "the store is not available at the moment; try again later")
	}
	return err
}

func hostError(code sdk.Code, format string, args ...any) *sdk.Error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Message: fmt.Sprintf(format, args...)}
}

func withField(field string, e *sdk.Error) *sdk.Error {
	e.Field = field
	return e
}

// withSource leaves e itself alone: it may belong to somebody who keeps it.
func withSource(e *sdk.Error, s sdk.Source) *sdk.Error {
	out := *e
	out.Source = s
	return &out
}

// fits returns "" where value is of that kind, and what would be otherwise.
func fits(kind, value string) string { return wanted(manifest.ValidateValue(kind, value)) }

// wanted returns what the error of a check says is wanted, "" for none.
func wanted(err error) string {
	if e := (*sdk.Error)(nil); errors.As(err, &e) {
		return e.Message // without its code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
