// Sync-csv makes a source of a table that an admin pastes: a line of names, and lines of values with the key in front.
package main

import (
	"context"
	"encoding/csv"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/sync"
)

var plugin = &sdk.Plugin{
	ID:      "example.synccsv",
	Version: "0.1.0",
	Synchronizers: map[string]sdk.Synchronizer{
		"csv": &sync.Source{Discover: sync.DiscoverFunc(discover), Read: sync.ReadFunc(read)},
	},
}

func init() { serve.Plugin(plugin) }

func parse(c sync.Config) (s sync.Stream, rows [][]sync.Value, err error) {
	lines, err := csv.NewReader(strings.NewReader(c.Settings.String("table"))).ReadAll()
	if err != nil || len(lines) == 0 {
		return s, nil, sdk.Errorf(sdk.Invalid, "the table cannot be read: write a line of names, and as many values in each line below it")
	}
	s = sync.Stream{Name: "table", Key: lines[0][:1], Rows: int64(len(lines) - 1)}
	for _, name := range lines[0] {
		s.Columns = append(s.Columns, sync.Column{Name: name, Type: sync.StringType})
	}
	for _, line := range lines[1:] {
		row := make([]sync.Value, len(line))
		for i := range line {
			row[i] = sync.String(line[i])
		}
		rows = append(rows, row)
	}
	return s, rows, nil
}

func discover(_ context.Context, r *sync.Discover) (*sync.Catalog, error) {
	s, _, err := parse(r.Config)
	return &sync.Catalog{Streams: []sync.Stream{s}}, err
}

func read(_ context.Context, r *sync.Read) (*sync.Page, error) {
	s, rows, err := parse(r.Config)
	if err != nil {
		return nil, err
	}
	return s.Page(r, rows)
}

func main() {}
