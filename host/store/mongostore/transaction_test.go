package mongostore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/mongostore"
)

var ok = bson.D{{Key: "ok", Value: 1}}

// refusal is an error of the server with a label that says what the driver may do about it.
func refusal(code int, labels ...string) bson.D {
	return bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: code}, {Key: "codeName", Value: "Test"}, {Key: "errmsg", Value: "a test"}, {Key: "errorLabels", Value: labels}}
}

// startTransactional starts a store on a server that says that it has transactions. Once it is open, answer goes first.
func startTransactional(t *testing.T, answer func(name string) bson.D) (*wire, *mongostore.Store) {
	t.Helper()
	var opened atomic.Bool
	w, cfg := startWire(t, func(name string, _ bson.D) bson.D {
		if answer != nil && opened.Load() {
			if a := answer(name); a != nil {
				return a
			}
		}
		if name == "commitTransaction" || name == "abortTransaction" {
			return ok
		}
		return nil
	}, "--repl-set-name=rs0")
	s := open(t, cfg)
	t.Cleanup(func() { closeStore(t, s) })
	w.forget()
	opened.Store(true)
	return w, s
}

// once gives an answer to the first command of that name.
func once(name string, answer bson.D) func(string) bson.D {
	var given atomic.Bool
	return func(asked string) bson.D {
		if asked == name && given.CompareAndSwap(false, true) {
			return answer
		}
		return nil
	}
}

func at(op store.Op, rev int64) store.Op {
	op.IfRev = rev
	return op
}

func gone(id string, rev int64) store.Op {
	return store.Op{Doc: store.Doc{Key: note(id).Doc.Key}, Delete: true, IfRev: rev}
}

func wantRevs(t *testing.T, s *mongostore.Store, want []int64, ops ...store.Op) {
	t.Helper()
	got, err := s.Write(t.Context(), ops...)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revisions (-want +got):\n%s", diff)
	}
}

// wantNotes expects exactly these ids, at these revisions.
func wantNotes(t *testing.T, s *mongostore.Store, want map[string]int64) {
	t.Helper()
	docs, err := s.List(t.Context(), store.Query{Tenant: "t", Collection: "notes"})
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	got := map[string]int64{}
	for _, d := range docs {
		got[d.Key.ID] = d.Rev
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func wantCount(t *testing.T, w *wire, name string, want int) []bson.D {
	t.Helper()
	got := w.commands(name)
	if len(got) != want {
		t.Fatalf("%d commands %s, want %d: %v", len(got), name, want, got)
	}
	return got
}

func wantField(t *testing.T, command bson.D, want any, path ...string) {
	t.Helper()
	if got := field(command, path...); got != want {
		t.Errorf("%v of the command %s is %v, want %v", path, command[0].Key, got, want)
	}
}

func wantMajority(t *testing.T, command bson.D) {
	t.Helper()
	wantField(t, command, "majority", "writeConcern", "w")
	wantField(t, command, true, "writeConcern", "j")
}

func TestBatchIsOneTransaction(t *testing.T) {
	w, s := startTransactional(t, nil)
	wantRevs(t, s, []int64{1, 1}, at(note("a"), 0), at(note("b"), 0))
	w.forget()
	wantRevs(t, s, []int64{2, 0, 1, 0, 1}, at(note("a", "owner", "ann"), 1), gone("b", 1), at(note("c"), 0), gone("nothing", store.Any), note("d"))
	wantNotes(t, s, map[string]int64{"a": 2, "c": 1, "d": 1})

	find := w.commands("find")[0]
	wantField(t, find, true, "startTransaction")
	wantField(t, find, "snapshot", "readConcern", "level")
	for _, name := range []string{"insert", "update", "delete"} { // one of each, whatever the order of the ops
		c := wantCount(t, w, name, 1)[0]
		wantField(t, c, false, "autocommit")
		wantField(t, c, field(find, "txnNumber"), "txnNumber")
		wantField(t, c, nil, "writeConcern") // belongs to the commit
	}
	wantMajority(t, wantCount(t, w, "commitTransaction", 1)[0])
}

func TestConflictAbortsTheTransaction(t *testing.T) {
	w, s := startTransactional(t, nil)
	_, err := s.Write(t.Context(), at(note("a"), 0), at(note("b"), 7))
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) || conflict.Key.ID != "b" {
		t.Errorf("Write: %v, want a conflict on b", err)
	}
	wantCount(t, w, "insert", 0)
	wantCount(t, w, "commitTransaction", 0)
	wantCount(t, w, "abortTransaction", 1)
}

func TestTransactionIsRepeated(t *testing.T) {
	taken := bson.D{{Key: "ok", Value: 1}, {Key: "n", Value: 0}, {Key: "writeErrors", Value: bson.A{bson.D{{Key: "index", Value: 0}, {Key: "code", Value: 11000}, {Key: "errmsg", Value: "E11000"}}}}}
	for name, answer := range map[string]bson.D{
		"others write the document": refusal(112, "TransientTransactionError"),
		"others create it":          taken,
	} {
		t.Run(name, func(t *testing.T) {
			w, s := startTransactional(t, once("insert", answer))
			wantRevs(t, s, []int64{1, 1}, note("a"), note("b"))
			wantCount(t, w, "find", 2) // it looks again at what is there
			wantCount(t, w, "insert", 2)
			wantCount(t, w, "commitTransaction", 1)
		})
	}
	t.Run("nobody knows of the commit", func(t *testing.T) {
		w, s := startTransactional(t, once("commitTransaction", refusal(91, "RetryableWriteError")))
		wantRevs(t, s, []int64{1, 1}, note("a"), note("b"))
		wantCount(t, w, "insert", 1)
		wantCount(t, w, "commitTransaction", 2)
	})
}

func TestDocumentTakenForEverIsAConflict(t *testing.T) {
	_, s := startTransactional(t, func(name string) bson.D {
		if name == "insert" || name == "findAndModify" {
			return refusal(11000)
		}
		return nil
	})
	for _, ops := range [][]store.Op{{note("a"), note("b")}, {note("a")}} {
		if _, err := s.Write(t.Context(), ops...); !errors.Is(err, store.ErrConflict) {
			t.Errorf("Write of %d: %v, want ErrConflict", len(ops), err)
		}
	}
}

func TestEndedContextKeepsABatchFromBeingCommitted(t *testing.T) {
	var cancel atomic.Value
	w, s := startTransactional(t, func(name string) bson.D {
		if c, ok := cancel.Load().(context.CancelFunc); ok && name == "insert" {
			c()
		}
		return nil
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cancel.Store(stop)
	if _, err := s.Write(ctx, note("a"), note("b")); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v, want the context's error", err)
	}
	wantCount(t, w, "commitTransaction", 0)
	wantCount(t, w, "abortTransaction", 1)

	// One document is one operation, which cannot be called back: it is waited for.
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	cancel.Store(stop)
	if revs, err := s.Write(ctx, at(note("single"), 0)); err != nil || revs[0] != 1 || ctx.Err() == nil {
		t.Errorf("Write: %v, %v, and the context says %v; want revision 1 though it has ended", revs, err, ctx.Err())
	}
}

func TestConcernsAreTheStores(t *testing.T) {
	w, s := startTransactional(t, nil)
	wantRevs(t, s, []int64{1}, at(note("a"), 0))
	wantRevs(t, s, []int64{2}, at(note("a"), 1))
	wantRevs(t, s, []int64{3}, note("a"))
	wantRevs(t, s, []int64{0}, gone("a", 3))
	for _, name := range []string{"insert", "update", "findAndModify", "delete"} {
		wantMajority(t, wantCount(t, w, name, 1)[0])
	}
	wantField(t, w.commands("findAndModify")[0], int32(1), "fields", "rev") // the body stays there
	w.forget()
	if _, err := s.Get(t.Context(), note("a").Doc.Key); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	wantNotes(t, s, map[string]int64{})
	if _, err := s.Tenants(t.Context(), "", 0); err != nil {
		t.Errorf("Tenants: %v", err)
	}
	finds := wantCount(t, w, "find", 2)
	wantField(t, finds[0], "majority", "readConcern", "level")
	wantField(t, finds[1], "snapshot", "readConcern", "level")
	wantField(t, wantCount(t, w, "aggregate", 1)[0], "snapshot", "readConcern", "level")
}

func TestOldServerIsRefused(t *testing.T) {
	_, cfg := startWire(t, func(name string, _ bson.D) bson.D {
		if name == "hello" {
			return append(ok[:1:1], bson.D{{Key: "isWritablePrimary", Value: true}, {Key: "setName", Value: "rs0"}, {Key: "minWireVersion", Value: 0}, {Key: "maxWireVersion", Value: 9}}...)
		}
		return nil
	})
	_, err := mongostore.Open(t.Context(), cfg)
	wantMessage(t, err, "older than MongoDB 5.0", "update")
}
