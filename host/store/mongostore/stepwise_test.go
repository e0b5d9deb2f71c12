package mongostore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/mongostore"
)

// startStepwise starts a store on a server without transactions, with documents a, b and c, and then listens to answer.
func startStepwise(t *testing.T, answer func(name string) bson.D) *mongostore.Store {
	t.Helper()
	var ready atomic.Bool
	_, cfg := startWire(t, func(name string, _ bson.D) bson.D {
		if !ready.Load() {
			return nil
		}
		return answer(name)
	})
	cfg.WithoutTransactions = true
	s := open(t, cfg)
	t.Cleanup(func() { closeStore(t, s) })
	wantRevs(t, s, []int64{1, 1, 1}, at(note("a", "owner", "ann"), 0), at(note("b"), 0), at(note("c"), 0))
	ready.Store(true)
	return s
}

// steps are a batch of every kind of step, whose last is its second insert.
func steps() []store.Op {
	return []store.Op{at(note("d"), 0), at(note("a", "owner", "bob"), 1), gone("b", 1), note("c"), at(note("last"), 0)}
}

func TestFailedBatchIsTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		code int
		want error
	}{
		"taken":       {11000, store.ErrConflict},
		"unavailable": {11600, store.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var inserts atomic.Int64
			s := startStepwise(t, func(name string) bson.D {
				if name == "insert" && inserts.Add(1) == 2 {
					return refusal(c.code)
				}
				return nil
			})
			_, err := s.Write(t.Context(), steps()...)
			if !errors.Is(err, c.want) {
				t.Errorf("Write: %v, want %v", err, c.want)
			}
			var conflict *store.ConflictError
			if errors.As(err, &conflict) && conflict.Key.ID != "last" {
				t.Errorf("the conflict is on %s, want last", conflict.Key)
			}
			wantNotes(t, s, map[string]int64{"a": 1, "b": 1, "c": 1})
			docs, err := s.List(t.Context(), store.Query{Tenant: "t", Collection: "notes", Index: "owner", Value: "ann"})
			if err != nil || len(docs) != 1 {
				t.Errorf("notes of ann: %v, %v; want a", docs, err)
			}
		})
	}
}

func TestEndedContextTakesABatchBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := startStepwise(t, func(name string) bson.D {
		if name == "findAndModify" {
			cancel()
		}
		return nil
	})
	if _, err := s.Write(ctx, steps()...); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v, want the context's error", err)
	}
	wantNotes(t, s, map[string]int64{"a": 1, "b": 1, "c": 1})
}

func TestBatchThatCannotBeTakenBackSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := startStepwise(t, func(name string) bson.D {
		switch name {
		case "findAndModify":
			cancel()
		case "update": // takes the document a back
			return refusal(11600)
		}
		return nil
	})
	_, err := s.Write(ctx, steps()...)
	if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v, want ErrUnavailable: the context's error would promise that nothing changed", err)
	}
	wantMessage(t, err, "2 of 5 documents of a batch are written", "bring them in line")
}
