package syncer

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// ahead does f for pages of the source, one after the other, while the source reads the next one. It begins none when the time is over,
// though it may have been read, or when it has begun so many rows.
func (st *step) ahead(ctx context.Context, r sync.Read, length time.Duration, rows int, f func(*sync.Page) error) error {
	ctx, cancel := context.WithCancel(ctx)
	began := st.cfg.Now()
	next := st.begin(ctx, r)
	defer func() {
		cancel()
		if next != nil {
			<-next
		}
	}()
	for {
		got := <-next
		if next = nil; got.err != nil {
			return got.err
		}
		over := func() bool { return st.cfg.Now().Sub(began) >= length }
		if rows -= len(got.page.Rows); len(got.page.Next) > 0 && rows > 0 && !over() {
			r.Cursor = got.page.Next
			next = st.begin(ctx, r)
		}
		if err := f(got.page); err != nil || next == nil || over() {
			return err
		}
	}
}

// reading is a page, or why there is none.
type reading struct {
	page *sync.Page
	err  error
}

// begin begins to read a page. Its caller receives the reading, or the goroutine never ends.
func (st *step) begin(ctx context.Context, r sync.Read) <-chan reading {
	out := make(chan reading)
	go func() {
		page, err := st.read(ctx, &r)
		out <- reading{page, err}
	}()
	return out
}

// read reads a page and checks it, because the engine trusts no source.
func (st *step) read(ctx context.Context, r *sync.Read) (*sync.Page, error) {
	s := st.sync
	r.Name, r.Config, r.Stream = s.Name, s.Connection, s.Config.Stream
	if s.Source.Read == nil {
		return nil, fail(sdk.Unimplemented, "the synchronizer does not read")
	}
	page, err := s.Source.Read.Read(ctx, r)
	if err != nil {
		return nil, err
	}
	if page == nil {
		return nil, fail(sdk.Internal, "the synchronizer returned no page")
	}
	if err := page.Check(r); err != nil {
		return nil, fail(sdk.Internal, "the synchronizer's answer breaks a rule: %v", err)
	}
	return page, nil
}
