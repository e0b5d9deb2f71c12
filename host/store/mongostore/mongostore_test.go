package mongostore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/mongostore"
	"github.com/pergola-platform/pergola/host/store/storetest"
)

// withoutTransactions are the checks that FerretDB cannot pass. RATIONALE.md says what was seen there.
var withoutTransactions = []storetest.Skip{
	{Check: "one of many concurrent writers wins", Why: "this server has no transactions; FerretDB lets several updates of one revision win"},
	{Check: "concurrent increments are all there", Why: "this server has no transactions; FerretDB loses concurrent updates"},
	{Check: "readers never see half of a batch", Why: "this server has no transactions and no snapshots"},
}

// transactional says whether the server has transactions.
func transactional(t *testing.T) bool {
	t.Helper()
	cfg := config(t, "transactional")
	cfg.WithoutTransactions = false
	s, err := mongostore.Open(t.Context(), cfg)
	if errors.Is(err, mongostore.ErrNoTransactions) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	return true
}

func TestStorePassesTheSuite(t *testing.T) {
	var skips []storetest.Skip
	if !transactional(t) {
		skips = withoutTransactions
	}
	storetest.Run(t, func(t *testing.T, dir string) store.Store { return open(t, config(t, dir)) }, skips...)
}

func note(id string, index ...string) store.Op {
	d := store.Doc{Key: store.Key{Tenant: "t", Collection: "notes", ID: id}, Body: []byte(`"` + id + `"`)}
	for i := 0; i < len(index); i += 2 {
		if d.Index == nil {
			d.Index = map[string]string{}
		}
		d.Index[index[i]] = index[i+1]
	}
	return store.Op{Doc: d, IfRev: store.Any}
}

// fill writes notes of two owners, so that an index has something to tell apart.
func fill(t *testing.T, s *mongostore.Store) {
	t.Helper()
	var ops []store.Op
	for i := range 300 {
		ops = append(ops, note(fmt.Sprintf("%04d", i), "owner", []string{"ann", "bob"}[i%2]))
	}
	if _, err := s.Write(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
}

func TestEveryQueryIsAnsweredFromAnIndex(t *testing.T) {
	cfg := config(t, t.Name())
	s := open(t, cfg)
	defer closeStore(t, s)
	fill(t, s)
	for _, c := range []struct {
		name    string
		command bson.D
		index   string
		sorted  bool // by the index
	}{
		{"page by id", mongostore.ListCommand(store.Query{Tenant: "t", Collection: "notes", After: "0100", Limit: 10}), "tenant_collection_id", true},
		{"page by index", mongostore.ListCommand(store.Query{Tenant: "t", Collection: "notes", Index: "owner", Value: "ann", After: "0100", Limit: 10}), "tenant_collection_entry_id", true},
		{"page by id of a prefix", mongostore.ListCommand(store.Query{Tenant: "t", Collection: "notes", Prefix: "01", Limit: 10}), "tenant_collection_id", true},
		{"page by index of a prefix", mongostore.ListCommand(store.Query{Tenant: "t", Collection: "notes", Index: "owner", Value: "ann", Prefix: "01", Limit: 10}), "tenant_collection_entry_id", true},
		{"count by id", mongostore.CountCommand(store.Query{Tenant: "t", Collection: "notes", Prefix: "01", Limit: 10}), "tenant_collection_id", false},
		{"count by index", mongostore.CountCommand(store.Query{Tenant: "t", Collection: "notes", Index: "owner", Value: "ann", Limit: 10}), "tenant_collection_entry_id", false},
		{"page of tenants", mongostore.TenantsCommand("a", 10), "tenant_collection", false},
		{"collections of a tenant", mongostore.CollectionsCommand("t"), "tenant_collection", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var plan bson.M
			explain := bson.D{{Key: "explain", Value: c.command}, {Key: "verbosity", Value: "queryPlanner"}}
			if err := raw(t, cfg).RunCommand(t.Context(), explain).Decode(&plan); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(plan)
			if err != nil {
				t.Fatal(err)
			}
			winner := string(text)
			if !strings.Contains(winner, "winningPlan") {
				t.Skip("this server explains nothing: FerretDB shows the SQL of a full scan")
			}
			winner, _, _ = strings.Cut(winner, `"rejectedPlans"`)
			if strings.Contains(winner, `"COLLSCAN"`) || c.sorted && strings.Contains(winner, `"SORT"`) {
				t.Errorf("the plan reads all documents or sorts them: %s", text)
			}
			if !strings.Contains(winner, `"`+c.index) {
				t.Errorf("the plan does not use %s: %s", c.index, text)
			}
		})
	}
}

func TestForeignDocumentIsAnErrorOfItsOwn(t *testing.T) {
	cfg := config(t, t.Name())
	s := open(t, cfg)
	defer closeStore(t, s)
	for id, change := range map[string]bson.D{"revision": {{Key: "rev", Value: "one"}}, "entry": {{Key: "ix", Value: bson.A{"nameless"}}}} {
		wantRevs(t, s, []int64{1}, at(note(id), 0))
		if _, err := raw(t, cfg).Collection("doc").UpdateOne(t.Context(), bson.D{{Key: "i", Value: id}}, bson.D{{Key: "$set", Value: change}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), note(id).Doc.Key); err == nil || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of a document with a foreign %s: %v, want an error that trying again does not end", id, err)
		}
		if _, err := s.List(t.Context(), store.Query{Tenant: "t", Collection: "notes"}); err == nil {
			t.Errorf("List with a foreign %s: no error", id)
		}
	}
}

// Two that create a document at the same time both succeed with Any.
func TestConcurrentCreationWithAnySucceeds(t *testing.T) {
	s := open(t, config(t, t.Name()))
	defer closeStore(t, s)
	var wg sync.WaitGroup
	for i := range 40 {
		for range 4 {
			wg.Go(func() {
				if _, err := s.Write(t.Context(), note(fmt.Sprint(i))); err != nil {
					t.Errorf("Write: %v", err)
				}
			})
		}
	}
	wg.Wait()
}

func TestCloseWaitsForWhatIsRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(mongostore.Gate)
		leave, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		closed := false
		go func() {
			g.Close()
			closed = true
		}()
		synctest.Wait()
		if closed {
			t.Error("closed with an operation inside")
		}
		if _, err := g.Enter(context.Background()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("entered while closing: %v", err)
		}
		leave()
		synctest.Wait()
		if !closed {
			t.Error("not closed after the operation left")
		}
	})
}
