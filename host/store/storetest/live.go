package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
)

func largeBodies(t *testing.T, open Open) {
	d := start(t, open)
	for i, size := range []int{4 << 10, 64<<10 + 1, 1 << 20, store.MaxBody} {
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		body[0], body[size-1] = '"', '"'
		want := store.Doc{Key: key(strconv.Itoa(i)), Body: body}
		write(t, d, []int64{1}, put(want, 0))
		got, err := d.Get(t.Context(), want.Key)
		if err != nil || !bytes.Equal(got.Body, body) {
			t.Errorf("a body of %d bytes came back with %d, %v", size, len(got.Body), err)
		}
		small := doc(want.Key)
		write(t, d, []int64{2}, put(small, 1))
		wantDoc(t, d, at(small, 2))
	}
}

// together runs n functions at the same time and waits for them.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-gate
			f(i)
		})
	}
	close(gate)
	wg.Wait()
}

func oneWriterWins(t *testing.T, open Open) {
	d := start(t, open)
	for round := range 10 {
		k := key(fmt.Sprintf("round-%d", round))
		for rev := range int64(2) { // the first write of the document, then a replacement
			var won atomic.Int64
			var winner atomic.Value
			together(8, func(i int) {
				mine := store.Doc{Key: k, Body: fmt.Appendf(nil, `"writer %d"`, i), Index: map[string]string{"winner": strconv.Itoa(i)}}
				switch revs, err := d.Write(t.Context(), put(mine, rev)); {
				case err == nil && len(revs) == 1 && revs[0] == rev+1:
					won.Add(1)
					winner.Store(at(mine, rev+1))
				case !errors.Is(err, store.ErrConflict):
					t.Errorf("Write = %v, %v; want a win or ErrConflict", revs, err)
				}
			})
			if won.Load() != 1 {
				t.Fatalf("%d of 8 concurrent writes at revision %d won, want 1", won.Load(), rev)
			}
			wantDoc(t, d, winner.Load().(store.Doc))
		}
	}
}

func incrementsAddUp(t *testing.T, open Open) {
	const workers, each = 8, 10
	d := start(t, open)
	k := key("counter")
	write(t, d, []int64{1}, put(store.Doc{Key: k, Body: []byte("0")}, 0))
	together(workers, func(int) {
		for done := 0; done < each; {
			got, err := d.Get(t.Context(), k)
			if err != nil {
				t.Errorf("Get: %v", err)
				return
			}
			n, err := strconv.Atoi(string(got.Body))
			if err != nil {
				t.Errorf("body: %v", err)
				return
			}
			switch _, err := d.Write(t.Context(), put(store.Doc{Key: k, Body: strconv.AppendInt(nil, int64(n+1), 10)}, got.Rev)); {
			case err == nil:
				done++
			case !errors.Is(err, store.ErrConflict):
				t.Errorf("Write: %v", err)
				return
			}
		}
	})
	wantDoc(t, d, store.Doc{Key: k, Rev: workers*each + 1, Body: strconv.AppendInt(nil, workers*each, 10)})
}

// readersSeeWholeBatches writes two documents together, over and over, while others list them.
func readersSeeWholeBatches(t *testing.T, open Open) {
	const rounds = 60
	d := start(t, open)
	pair := func(n int) []store.Op {
		body := []byte(strconv.Itoa(n))
		index := map[string]string{"n": strconv.Itoa(n % 2)}
		return []store.Op{
			put(store.Doc{Key: key("left"), Body: body, Index: index}, store.Any),
			put(store.Doc{Key: key("right"), Body: body, Index: index}, store.Any),
		}
	}
	write(t, d, []int64{1, 1}, pair(0)...)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				docs, err := d.List(t.Context(), store.Query{Tenant: tenantA, Collection: "things"})
				if err != nil || len(docs) != 2 || !bytes.Equal(docs[0].Body, docs[1].Body) {
					t.Errorf("List = %+v, %v; want two documents of one batch", docs, err)
					return
				}
				byIndex, err := d.List(t.Context(), store.Query{Tenant: tenantA, Collection: "things", Index: "n", Value: "0"})
				if err != nil || len(byIndex)%2 != 0 {
					t.Errorf("List by index = %+v, %v; want both documents or none", byIndex, err)
					return
				}
				n, err := d.Count(t.Context(), store.Query{Tenant: tenantA, Collection: "things", Index: "n", Value: "0"})
				if err != nil || n%2 != 0 {
					t.Errorf("Count by index = %d, %v; want both documents or none", n, err)
					return
				}
			}
		})
	}
	for n := range rounds {
		if _, err := d.Write(t.Context(), pair(n+1)...); err != nil {
			t.Errorf("Write: %v", err)
			break
		}
	}
	stop()
	readers.Wait()
}

func documentsSurvive(t *testing.T, open Open) {
	dir := t.TempDir()
	d := open(t, dir)
	a, b, c := doc(key("a"), "owner", "ann"), doc(key("b")), doc(key("c"), "owner", "ann")
	write(t, d, []int64{1, 1, 1}, put(a, 0), put(b, 0), put(c, 0))
	write(t, d, []int64{2, 0}, put(a, 1), remove(b.Key, 1))
	for range 2 {
		if err := d.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		d = open(t, dir)
		if diff := cmp.Diff([]store.Doc{at(a, 2), at(c, 1)}, everything(t, d)); diff != "" {
			t.Errorf("after closing and opening (-want +got):\n%s", diff)
		}
		wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann"}), "a", "c")
		refuse(t, d, store.ErrConflict, put(a, 1))
	}
	if err := d.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	other := start(t, open)
	wantIDs(t, everything(t, other)) // another directory is another store
}

func contextIsObeyed(t *testing.T, open Open) {
	d := start(t, open)
	write(t, d, []int64{1}, put(doc(key("a")), 0))
	ended := canceled(t)
	_, err := d.Get(ended, key("a"))
	wantError(t, "Get", err, context.Canceled)
	_, err = d.List(ended, store.Query{Tenant: tenantA, Collection: "things"})
	wantError(t, "List", err, context.Canceled)
	_, err = d.Count(ended, store.Query{Tenant: tenantA, Collection: "things"})
	wantError(t, "Count", err, context.Canceled)
	_, err = d.Write(ended, put(doc(key("a")), 1))
	wantError(t, "Write", err, context.Canceled)
	wantError(t, "Ping", d.Ping(ended), context.Canceled)
	wantDoc(t, d, at(doc(key("a")), 1))

	// Canceled at any moment, a write happened or it did not, and its error says which.
	for i := range 40 {
		ctx, cancel := context.WithCancel(t.Context())
		k := key(fmt.Sprintf("raced-%02d", i))
		ops := make([]store.Op, 20)
		for j := range ops {
			ops[j] = put(doc(store.Key{Tenant: k.Tenant, Collection: "raced", ID: fmt.Sprintf("%s-%02d", k.ID, j)}), 0)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for range i * 50 {
				_ = ctx.Err()
			}
			cancel()
		})
		_, err := d.Write(ctx, ops...)
		wg.Wait()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("Write: %v", err)
		}
		for _, op := range ops {
			if err != nil {
				wantGone(t, d, op.Doc.Key)
			} else {
				wantDoc(t, d, at(op.Doc, 1))
			}
		}
	}
}

func closedIsUnavailable(t *testing.T, open Open) {
	d := open(t, t.TempDir())
	write(t, d, []int64{1}, put(doc(key("a")), 0))
	if err := d.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	_, err := d.Get(t.Context(), key("a"))
	wantError(t, "Get", err, store.ErrUnavailable)
	_, err = d.List(t.Context(), store.Query{Tenant: tenantA, Collection: "things"})
	wantError(t, "List", err, store.ErrUnavailable)
	_, err = d.Count(t.Context(), store.Query{Tenant: tenantA, Collection: "things"})
	wantError(t, "Count", err, store.ErrUnavailable)
	_, err = d.Write(t.Context(), put(doc(key("a")), 1))
	wantError(t, "Write", err, store.ErrUnavailable)
	_, err = d.Tenants(t.Context(), "", 0)
	wantError(t, "Tenants", err, store.ErrUnavailable)
	_, err = d.Collections(t.Context(), tenantA)
	wantError(t, "Collections", err, store.ErrUnavailable)
	wantError(t, "Ping", d.Ping(t.Context()), store.ErrUnavailable)
	if err := d.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}
