package jobs

import (
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// fail is an error for whoever called, with what to do next.
func fail(code sdk.Code, format string, args ...any) error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Message: fmt.Sprintf(format, args...)}
}

// coded is an error with the code that callers branch on, beside what happened, for the log.
type coded struct {
	shown *sdk.Error
	cause error
}

func (e *coded) Error() string   { return e.shown.Error() + ": " + e.cause.Error() }
func (e *coded) Unwrap() []error { return []error{e.shown, e.cause} }

// atEdge gives an error of the store its code.
func atEdge(doing string, err error) error {
	var known *sdk.Error
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, store.ErrNotFound):
		return &coded{&sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: doing + ": it is not there"}, err}
	case errors.Is(err, store.ErrConflict):
		return &coded{&sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: doing + ": it was changed meanwhile; look at it and try again"}, err}
	case errors.Is(err, store.ErrInvalid):
		return &coded{&sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: doing + ": it cannot be stored"}, err}
	case errors.Is(err, store.ErrUnavailable):
		return &coded{&sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: doing + ": the store does not answer; try again later"}, err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}
