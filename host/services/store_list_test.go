package services_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

func TestListPagesThroughRecords(t *testing.T) {
	ctx := as(t, services.New(all(t, nil)), binding("t"))
	var batch []store.Record
	for i := range 250 {
		batch = append(batch, code(fmt.Sprintf("%03d", i), strconv.Itoa(i%2+1), 0))
	}
	if _, err := store.Put(ctx, batch...); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q     store.Query
		pages []int
	}{
		{store.Query{Type: "code"}, []int{100, 100, 50}},
		{store.Query{Type: "code", Limit: 125}, []int{125, 125}}, // the last page knows that it is
		{store.Query{Type: "code", Limit: 9999}, []int{250}},
		{store.Query{Type: "code", Limit: -1, Field: "state", Value: "none"}, []int{0}},
		{store.Query{Type: "code", Field: "issue", Value: "2", Limit: 60}, []int{60, 60, 5}},
		{store.Query{Type: "sheet"}, []int{0}},
	} {
		var sizes []int
		last := ""
		for q := c.q; ; {
			l, err := store.List(ctx, q)
			if err != nil {
				t.Fatalf("List %+v: %v", q, err)
			}
			sizes = append(sizes, len(l.Records))
			for _, r := range l.Records {
				if r.ID <= last || c.q.Value != "" && r.Fields["issue"] != c.q.Value || r.Rev != 1 || r.Type != "code" {
					t.Errorf("List %+v: record %+v after %q", q, r, last)
				}
				last = r.ID
			}
			if q.Cursor = l.Next; q.Cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(c.pages, sizes); diff != "" {
			t.Errorf("List %+v, sizes of pages (-want +got):\n%s", c.q, diff)
		}
	}
}

func TestListRefusesWhatCannotBeAsked(t *testing.T) {
	ctx := as(t, services.New(all(t, nil)), binding("t"))
	for name, c := range map[string]struct {
		q     store.Query
		field string
	}{
		"field that is not indexed":  {store.Query{Field: "count", Value: "1"}, "count"},
		"field that is not declared": {store.Query{Field: "summary", Value: "x"}, "summary"},
		"value of another kind":      {store.Query{Field: "issue", Value: "OPS-7"}, "issue"},
		"word that is not declared":  {store.Query{Field: "state", Value: "broken"}, "state"},
		"value without a field":      {store.Query{Value: "1"}, "field"},
		"made-up cursor":             {store.Query{Cursor: "!"}, "cursor"},
		"cursor of another version":  {store.Query{Cursor: "OWE"}, "cursor"}, // "9a"
		"cursor without an id":       {store.Query{Cursor: "MQ"}, "cursor"},  // "1"
		"cursor with a zero byte":    {store.Query{Cursor: "MQBh"}, "cursor"},
	} {
		c.q.Type = "code"
		_, err := store.List(ctx, c.q)
		wantError(t, name, err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: c.field})
	}
}

func TestListEndsAPageBeforeTheMessageIsFull(t *testing.T) {
	deps := all(t, nil)
	wide := manifest.Record{Type: "wide", ID: ofIssue, Fields: map[string]manifest.Field{}}
	fields := map[string]string{}
	for i := range 32 {
		name := fmt.Sprintf("account%025d", i)
		wide.Fields[name] = manifest.Field{Kind: manifest.KindAccount}
		fields[name] = strings.Repeat("x", 128)
	}
	// Wider than a manifest may be, so that a page of records exceeds a message.
	for i := range 40 {
		name := fmt.Sprintf("more%d", i)
		wide.Fields[name] = manifest.Field{Kind: manifest.KindAccount}
		fields[name] = strings.Repeat("y", 128)
	}
	deps.Manifests = services.ManifestsFunc(func(capability.PluginID, string) *manifest.Manifest {
		return &manifest.Manifest{Records: []manifest.Record{wide}}
	})
	ctx := as(t, services.New(deps), binding("t"))
	for chunk := range 5 {
		var batch []store.Record
		for i := range 100 {
			batch = append(batch, store.Record{Type: "wide", ID: fmt.Sprintf("%03d", chunk*100+i), Fields: fields})
		}
		if _, err := store.Put(ctx, batch...); err != nil {
			t.Fatal(err)
		}
	}
	var seen int
	q := store.Query{Type: "wide", Limit: 500}
	for pages := 1; ; pages++ {
		l, err := store.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(l.Records)
		if q.Cursor = l.Next; q.Cursor == "" {
			if pages < 2 || seen != 500 {
				t.Errorf("%d records in %d pages, want 500 in more than one", seen, pages)
			}
			return
		}
	}
}
