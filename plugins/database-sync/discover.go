//go:build !wasip1

package main

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// listed is how many streams a page of the catalog has.
const listed = 1000

// discover lists tables and views by name, and looks at the columns of one that is asked for alone.
func (s *source) discover(ctx context.Context, r *sync.Discover) (*sync.Catalog, error) {
	d, err := s.connect(r.Config)
	if err != nil {
		return nil, err
	}
	defer d.release()
	out := &sync.Catalog{Streams: []sync.Stream{}}
	err = d.reading(ctx, func(ctx context.Context, q querier) error {
		if r.Stream != "" {
			rel, err := d.look(ctx, q, r.Stream)
			if err != nil {
				return err
			}
			out.Streams = []sync.Stream{rel.described(d.target)}
			return nil
		}
		after := string(r.Cursor)
		if after == "" && d.query != "" {
			out.Streams = append(out.Streams, sync.Stream{Name: queryStream, Title: "Query of this connection", Key: d.queryKey})
		}
		tables, err := d.engine.tables(ctx, q, d.target, after, listed)
		for _, t := range tables {
			if t.Name != queryStream || d.query == "" { // a table of that name is hidden by the query
				out.Streams = append(out.Streams, t)
			}
		}
		if len(tables) == listed {
			out.Next = []byte(tables[listed-1].Name)
		}
		return err
	})
	if err != nil {
		return nil, d.failure(err)
	}
	return out, nil
}
