// Sync-memory is the smallest synchronizer: a list that is part of the program, read page by page.
package main

import (
	"cmp"
	"context"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/sync"
)

var plugin = &sdk.Plugin{
	ID:      "example.syncmemory",
	Version: "0.1.0",
	Synchronizers: map[string]sdk.Synchronizer{
		"planets": &sync.Source{Discover: sync.DiscoverFunc(discover), Read: sync.ReadFunc(read)},
	},
}

func init() { serve.Plugin(plugin) }

var stream = sync.Stream{Name: "planets", Key: []string{"name"}, Columns: []sync.Column{
	{Name: "name", Type: sync.StringType},
	{Name: "moons", Type: sync.IntegerType},
}}

var planets = [][]sync.Value{
	{sync.String("Mercury"), sync.Int(0)}, {sync.String("Venus"), sync.Int(0)}, {sync.String("Earth"), sync.Int(1)}, {sync.String("Mars"), sync.Int(2)},
}

func discover(context.Context, *sync.Discover) (*sync.Catalog, error) {
	return &sync.Catalog{Streams: []sync.Stream{stream}}, nil
}

func read(_ context.Context, r *sync.Read) (*sync.Page, error) {
	if r.Stream != stream.Name {
		return nil, sync.NoStream(r.Stream)
	}
	next, err := strconv.Atoi(cmp.Or(string(r.Cursor), "0"))
	if err != nil || next < 0 || next >= len(planets) {
		return nil, sync.BadCursor()
	}
	pick, err := stream.Picker(r.Columns)
	if err != nil {
		return nil, err
	}
	page := sync.Fill(r)
	for ; next < len(planets); next++ {
		if !page.Add(pick(planets[next])...) {
			return page.Next(strconv.AppendInt(nil, int64(next), 10)), nil
		}
	}
	return page.Last(), nil
}

func main() {}
