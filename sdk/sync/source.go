package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
)

// Checker says whether a connection works. What is wrong with it is a problem in the answer; an error says that it could not
// be found out.
//
// Since: v0.3
type Checker interface {
	Check(ctx context.Context, r *Check) (*Health, error)
}

// CheckFunc makes a Checker of a function.
//
// Since: v0.3
type CheckFunc func(ctx context.Context, r *Check) (*Health, error)

// Check calls f.
func (f CheckFunc) Check(ctx context.Context, r *Check) (*Health, error) { return f(ctx, r) }

// Discoverer says which streams there are. One that returns all of them with their columns need not look at r.Stream.
//
// Since: v0.3
type Discoverer interface {
	Discover(ctx context.Context, r *Discover) (*Catalog, error)
}

// DiscoverFunc makes a Discoverer of a function.
//
// Since: v0.3
type DiscoverFunc func(ctx context.Context, r *Discover) (*Catalog, error)

// Discover calls f.
func (f DiscoverFunc) Discover(ctx context.Context, r *Discover) (*Catalog, error) { return f(ctx, r) }

// Reader reads a page. Make it with [Fill].
//
// Since: v0.3
type Reader interface {
	Read(ctx context.Context, r *Read) (*Page, error)
}

// ReadFunc makes a Reader of a function.
//
// Since: v0.3
type ReadFunc func(ctx context.Context, r *Read) (*Page, error)

// Read calls f.
func (f ReadFunc) Read(ctx context.Context, r *Read) (*Page, error) { return f(ctx, r) }

// Writer changes rows.
//
// Since: v0.3
type Writer interface {
	Write(ctx context.Context, r *Write) (*Written, error)
}

// WriteFunc makes a Writer of a function.
//
// Since: v0.3
type WriteFunc func(ctx context.Context, r *Write) (*Written, error)

// Write calls f.
func (f WriteFunc) Write(ctx context.Context, r *Write) (*Written, error) { return f(ctx, r) }

// Source is a synchronizer: one for sdk.Plugin.Synchronizers. It checks what comes in and what goes out, so that the four
// need not: a read and a write name at least one column, a limit is one, a page has the shape that was asked for.
//
// Since: v0.3
type Source struct {
	Check    Checker // nil finds a connection healthy with which Discover works
	Discover Discoverer
	Read     Reader
	Write    Writer // nil for a source that cannot be written to
	// Filters says that Read obeys the conditions of Read.Where. Without it a read that has some is refused.
	Filters bool
}

var _ sdk.Synchronizer = (*Source)(nil)

// Synchronize implements sdk.Synchronizer.
func (s *Source) Synchronize(ctx context.Context, op string, body []byte) ([]byte, error) {
	switch op {
	case OpCheck:
		var r Check
		if _, err := r.UnmarshalMsg(body); err != nil {
			return nil, undecodable(op, err)
		}
		return s.check(ctx, &r)
	case OpDiscover:
		var r Discover
		if _, err := r.UnmarshalMsg(body); err != nil {
			return nil, undecodable(op, err)
		}
		return s.discover(ctx, &r)
	case OpRead:
		var r Read
		if _, err := r.UnmarshalMsg(body); err != nil {
			return nil, undecodable(op, err)
		}
		return s.read(ctx, &r)
	case OpWrite:
		var r Write
		if _, err := r.UnmarshalMsg(body); err != nil {
			return nil, undecodable(op, err)
		}
		return s.write(ctx, &r)
	}
	return nil, sdk.Errorf(sdk.Unimplemented, "operation %q; this synchronizer was built with SDK %s", op, sdk.Version)
}

func (s *Source) check(ctx context.Context, r *Check) ([]byte, error) {
	if s.Check == nil {
		return s.tried(ctx, r)
	}
	health, err := s.Check.Check(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case health == nil:
		return nil, errNothing
	}
	return health.MarshalMsg(nil)
}

// tried finds out whether a connection works by asking it for its streams.
func (s *Source) tried(ctx context.Context, r *Check) ([]byte, error) {
	health := new(Health)
	if _, err := s.discover(ctx, &Discover{Name: r.Name, Config: r.Config}); err != nil {
		var e *sdk.Error
		if !errors.As(err, &e) || e.Code == sdk.Internal || e.Code == sdk.Canceled || e.Code == sdk.Deadline {
			return nil, err
		}
		health.Problems = []Problem{{Setting: e.Field, What: e.Message, Do: "Correct the connection and try again."}}
	}
	return health.MarshalMsg(nil)
}

func (s *Source) discover(ctx context.Context, r *Discover) ([]byte, error) {
	if s.Discover == nil {
		return nil, sdk.Errorf(sdk.Unimplemented, "this synchronizer does not say which streams it has")
	}
	catalog, err := s.Discover.Discover(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case catalog == nil:
		return nil, errNothing
	case r.Stream != "":
		if catalog, err = catalog.only(r.Stream); err != nil {
			return nil, err
		}
	}
	if err := catalog.Check(); err != nil {
		return nil, defect(err)
	}
	return catalog.MarshalMsg(nil)
}

// only returns a catalog of one stream.
func (c *Catalog) only(name string) (*Catalog, error) {
	for i := range c.Streams {
		if c.Streams[i].Name == name {
			return &Catalog{Streams: c.Streams[i : i+1]}, nil
		}
	}
	return nil, NoStream(name)
}

func (s *Source) read(ctx context.Context, r *Read) ([]byte, error) {
	if s.Read == nil {
		return nil, sdk.Errorf(sdk.Unimplemented, "this synchronizer does not read")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if len(r.Where) > 0 && !s.Filters {
		return nil, refuse(r.Where[0].Column, "this synchronizer does not filter; read without conditions")
	}
	if r.Limit <= 0 {
		r.Limit = DefaultLimit
	}
	page, err := s.Read.Read(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case page == nil:
		return nil, errNothing
	}
	if err := page.Check(r); err != nil {
		return nil, defect(err)
	}
	return page.MarshalMsg(nil)
}

func (s *Source) write(ctx context.Context, r *Write) ([]byte, error) {
	if s.Write == nil {
		return nil, sdk.Errorf(sdk.Unimplemented, "this synchronizer does not write")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	written, err := s.Write.Write(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case written == nil:
		return nil, errNothing
	}
	if err := written.Check(r); err != nil {
		return nil, defect(err)
	}
	return written.MarshalMsg(nil)
}

var errNothing = sdk.Errorf(sdk.Internal, "the synchronizer returned neither an answer nor an error")

func defect(err error) error {
	return sdk.Errorf(sdk.Internal, "the synchronizer's answer breaks a rule: %v", err)
}

func undecodable(op string, err error) error {
	return sdk.Errorf(sdk.Invalid, "decode the request of %s: %v", op, err)
}

// Downstream returns an error of the source itself, in the words of fmt.Sprintf: unavailable where trying later may help, invalid or
// permission_denied where it takes a person. No secret, host name or value of a row may stand in it.
//
// Since: v0.3
func Downstream(code sdk.Code, format string, args ...any) error {
	return &sdk.Error{Code: code, Source: sdk.FromDownstream, Message: fmt.Sprintf(format, args...)}
}

// NoStream is the error of a source that has no stream of that name.
//
// Since: v0.3
func NoStream(name string) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Field: "stream", Message: fmt.Sprintf(
		"there is no stream %.128q any more, or this connection may not see it; choose another one", name)}
}

// NoColumn is the error of a stream that has no column of that name.
//
// Since: v0.3
func NoColumn(name string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: name, Message: fmt.Sprintf(
		"the stream has no column %.128q any more; look at its columns again and correct the mapping", name)}
}

// BadCursor is the error of a read that goes on where the source has never been.
//
// Since: v0.3
func BadCursor() error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "cursor", Message: "the cursor is not one of this connection's; begin again with the first page"}
}
