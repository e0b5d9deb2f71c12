package sync_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

var planets = []string{"Mercury", "Venus", "Earth"}

// A synchronizer for a list that is in memory: the cursor is the number of rows that were read.
func Example() {
	source := &sync.Source{
		Discover: sync.DiscoverFunc(func(context.Context, *sync.Discover) (*sync.Catalog, error) {
			return &sync.Catalog{Streams: []sync.Stream{{
				Name: "planets", Key: []string{"name"}, Columns: []sync.Column{{Name: "name", Type: sync.StringType}},
			}}}, nil
		}),
		Read: sync.ReadFunc(func(_ context.Context, r *sync.Read) (*sync.Page, error) {
			done := 0
			if len(r.Cursor) > 0 {
				var err error
				if done, err = strconv.Atoi(string(r.Cursor)); err != nil || done < 0 {
					return nil, sync.BadCursor()
				}
			}
			page := sync.Fill(r)
			for ; done < len(planets); done++ {
				if !page.Add(sync.String(planets[done])) {
					return page.Next(strconv.AppendInt(nil, int64(done), 10)), nil
				}
			}
			return page.Last(), nil
		}),
	}
	plugin := &sdk.Plugin{ID: "example.planets", Version: "0.1.0", Synchronizers: map[string]sdk.Synchronizer{"planets": source}}
	fmt.Println(plugin.Describe().Synchronizers)

	page, err := source.Read.Read(context.Background(), &sync.Read{Stream: "planets", Columns: []string{"name"}, Limit: 2})
	fmt.Println(page.Rows[0][0].Text(), page.Rows[1][0].Text(), string(page.Next), err)
	// Output:
	// [planets]
	// Mercury Venus 2 <nil>
}
