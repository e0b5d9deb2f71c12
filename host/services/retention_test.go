package services_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
	hoststore "github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

const day = 24 * time.Hour

// kept is a host with a clock that can be moved, as a plugin and a sweep meet it.
type kept struct {
	*fakeClock
	deps services.Deps
	ctx  context.Context
	t    *testing.T
}

func newKept(t *testing.T) *kept {
	k := &kept{fakeClock: newClock(), deps: all(t, nil), t: t}
	k.deps.Now = k.Now
	k.ctx = as(t, services.New(k.deps), binding("t"))
	return k
}

func mark(id, issue string, rev int64) store.Record {
	return store.Record{Type: "mark", ID: id, Rev: rev, Fields: map[string]string{"issue": issue}}
}

func (k *kept) put(records ...store.Record) {
	k.t.Helper()
	if _, err := store.Put(k.ctx, records...); err != nil {
		k.t.Fatal(err)
	}
}

// listed returns the ids of all records of a type, page by page.
func (k *kept) listed(q store.Query) (ids []string) {
	k.t.Helper()
	for {
		l, err := store.List(k.ctx, q)
		if err != nil {
			k.t.Fatal(err)
		}
		for _, r := range l.Records {
			ids = append(ids, r.ID)
		}
		if q.Cursor = l.Next; q.Cursor == "" {
			return ids
		}
	}
}

func (k *kept) sweep(want int) {
	k.t.Helper()
	k.sweepOf(k.deps.Store, want)
}

func (k *kept) sweepOf(s hoststore.Driver, want int) {
	k.t.Helper()
	got, err := services.ExpireRecords(k.t.Context(), s, []*manifest.Manifest{{ID: "acme.other"}, manifests("acme.labels", "1.0.0")}, "t", k.Now())
	if err != nil || got != want {
		k.t.Errorf("ExpireRecords = %d, %v; want %d", got, err, want)
	}
}

func (k *kept) stored(id string) (hoststore.Doc, error) {
	return k.deps.Store.Get(k.t.Context(), hoststore.Key{Tenant: "t", Collection: "rec.acme.labels.mark", ID: id})
}

func TestRecordKnowsWhenItWasWritten(t *testing.T) {
	k := newKept(t)
	k.put(mark("1", "10001", 0))
	k.advance(time.Hour + time.Millisecond)
	k.put(mark("1", "10002", 1))
	d, err := k.stored("1")
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(d.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"fields": map[string]any{"issue": "10002"}, "written": "2026-03-01T13:00:00Z"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestRecordGoesWhenItsTimeIsOver(t *testing.T) {
	k := newKept(t)
	k.put(mark("1", "10001", 0), mark("2", "10001", 0), code("1", "10001", 0))
	k.advance(10 * day)
	k.put(mark("2", "10001", 1))
	k.advance(20*day - time.Second)
	k.sweep(0)
	if diff := cmp.Diff([]string{"1", "2"}, k.listed(store.Query{Type: "mark"})); diff != "" {
		t.Errorf("a second before (-want +got):\n%s", diff)
	}
	k.advance(time.Second)
	// It is absent before any sweep.
	_, err := store.Get(k.ctx, "mark", "1")
	wantError(t, "Get", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost})
	for _, q := range []store.Query{{Type: "mark"}, {Type: "mark", Limit: 1}, {Type: "mark", Field: "issue", Value: "10001"}} {
		if diff := cmp.Diff([]string{"2"}, k.listed(q)); diff != "" {
			t.Errorf("List %+v (-want +got):\n%s", q, diff)
		}
	}
	if _, err := k.stored("1"); err != nil {
		t.Errorf("reading deleted it: %v", err)
	}
	k.sweep(1)
	if _, err := k.stored("1"); err == nil {
		t.Error("it is still stored")
	}
	k.sweep(0)
	// A type without retention is kept.
	k.advance(4000 * day)
	k.sweep(1)
	if diff := cmp.Diff([]string{"1"}, k.listed(store.Query{Type: "code"})); diff != "" {
		t.Errorf("without retention (-want +got):\n%s", diff)
	}
}

func TestExpiredRecordCanBeCreatedAnew(t *testing.T) {
	k := newKept(t)
	k.put(mark("1", "10001", 0), mark("2", "10001", 0))
	k.advance(31 * day)
	if put, err := store.Put(k.ctx, mark("1", "10002", 0), mark("2", "10002", 0), mark("3", "10002", 0)); err != nil || put[0].Rev < 1 {
		t.Fatalf("Put = %+v, %v", put, err)
	}
	if got, err := store.Get(k.ctx, "mark", "1"); err != nil || got.Fields["issue"] != "10002" {
		t.Errorf("Get = %+v, %v", got, err)
	}
	k.sweep(0)
	_, err := store.Put(k.ctx, mark("1", "10003", 0))
	wantError(t, "create what is there", err, sdk.Error{Code: sdk.Exists, Source: sdk.FromHost})
	// Something else in the batch that is there still refuses all of it.
	k.advance(10 * day)
	k.put(mark("4", "10001", 0))
	k.advance(25 * day)
	_, err = store.Put(k.ctx, mark("1", "10003", 0), mark("4", "10003", 0))
	wantError(t, "create what is there and what was", err, sdk.Error{Code: sdk.Exists, Source: sdk.FromHost})
	_, err = store.Get(k.ctx, "mark", "1")
	wantError(t, "Get", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost})
}

// A record of an early version does not say when it was written: its time begins when the sweep first meets it.
func TestSweepBeginsToCountRecordsWithoutATime(t *testing.T) {
	k := newKept(t)
	for i, body := range []string{`{"fields":{"issue":"10001"}}`, `{"fields":{"issue":"10001"},"written":"long ago"}`} {
		doc := hoststore.Doc{Key: hoststore.Key{Tenant: "t", Collection: "rec.acme.labels.mark", ID: strconv.Itoa(i)}, Body: []byte(body), Index: map[string]string{"issue": "10001"}}
		if _, err := k.deps.Store.Write(t.Context(), hoststore.Op{Doc: doc}); err != nil {
			t.Fatal(err)
		}
	}
	k.advance(100 * day)
	both, issue := []string{"0", "1"}, store.Query{Type: "mark", Field: "issue", Value: "10001"}
	if diff := cmp.Diff(both, k.listed(issue)); diff != "" {
		t.Errorf("before the sweep (-want +got):\n%s", diff)
	}
	k.sweep(0)
	k.advance(29 * day)
	k.sweep(0)
	if diff := cmp.Diff(both, k.listed(issue)); diff != "" {
		t.Errorf("after it (-want +got):\n%s", diff)
	}
	k.advance(day)
	k.sweep(2)
}

// busy is a store in which somebody writes just before each delete.
type busy struct {
	hoststore.Driver
	before func(id string)
}

func (b *busy) Write(ctx context.Context, ops ...hoststore.Op) ([]int64, error) {
	b.before(ops[0].Doc.Key.ID)
	return b.Driver.Write(ctx, ops...)
}

func TestRecordWrittenDuringTheSweepStays(t *testing.T) {
	k := newKept(t)
	for i := range 3 {
		k.put(mark(strconv.Itoa(i), "10001", 0))
	}
	k.advance(31 * day)
	k.sweepOf(&busy{k.deps.Store, func(id string) {
		if id == "1" {
			k.put(mark("1", "10002", 1))
		}
	}}, 2)
	if diff := cmp.Diff([]string{"1"}, k.listed(store.Query{Type: "mark"})); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}

func TestSweepPagesAndEndsWithItsContext(t *testing.T) {
	k := newKept(t)
	for chunk := range 2 {
		var batch []store.Record
		for i := range 225 {
			batch = append(batch, mark(fmt.Sprintf("%d%03d", 1+chunk, i), "10001", 0))
		}
		k.put(batch...)
	}
	k.advance(30 * day)
	ctx, cancel := context.WithCancel(t.Context())
	left := 5
	stopping := &busy{k.deps.Store, func(string) {
		if left--; left == 0 {
			cancel()
		}
	}}
	n, err := services.ExpireRecords(ctx, stopping, []*manifest.Manifest{manifests("acme.labels", "1.0.0")}, "t", k.Now())
	if err == nil || n != 4 || !strings.Contains(err.Error(), "expire records mark of acme.labels") {
		t.Errorf("a sweep that was stopped: %d, %v; want 4 and an error", n, err)
	}
	k.sweep(446)
	if docs, err := k.deps.Store.List(t.Context(), hoststore.Query{Tenant: "t", Collection: "rec.acme.labels.mark"}); err != nil || len(docs) > 0 {
		t.Errorf("left: %d, %v", len(docs), err)
	}
}

func TestRecordThatCannotBeReadKeepsNoOther(t *testing.T) {
	k := newKept(t)
	doc := hoststore.Doc{Key: hoststore.Key{Tenant: "t", Collection: "rec.acme.labels.mark", ID: "0"}, Body: []byte(`[]`)}
	if _, err := k.deps.Store.Write(t.Context(), hoststore.Op{Doc: doc}); err != nil {
		t.Fatal(err)
	}
	k.put(mark("1", "10001", 0))
	k.advance(30 * day)
	n, err := services.ExpireRecords(t.Context(), k.deps.Store, []*manifest.Manifest{manifests("acme.labels", "1.0.0")}, "t", k.Now())
	if err == nil || n != 1 {
		t.Errorf("ExpireRecords = %d, %v; want 1 and an error", n, err)
	}
}
