// Package storetest is the suite that every store.Store passes. To prove a driver, whoever wrote it, call [Run] in a test of
// its own, under the race detector:
//
//	func TestDriver(t *testing.T) {
//		storetest.Run(t, func(t *testing.T, dir string) store.Store {
//			d, err := mydriver.Open(t.Context(), dir)
//			if err != nil {
//				t.Fatal(err)
//			}
//			return d
//		})
//	}
//
// A driver on a server needs one to test against: start it in TestMain, make a database for each dir that the suite names, and
// drop it in t.Cleanup. Where that server is a stand-in that lacks something, hand Run a [Skip] for each check that needs it,
// with the reason; the driver is proven once the whole suite has passed, on a server that needs none. [Checks] are the
// names. What the suite cannot know is the driver's own to test: that acknowledged writes survive a kill, that data of a newer format is
// refused, and what its errors advise.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Open opens the driver under test. The suite names each of its stores by a directory, empty at first; a driver that
// keeps its data elsewhere takes it as a name. Opened a second time with the same dir, after Close, the data is there
// again. The suite closes what it opened.
type Open func(t *testing.T, dir string) store.Store

// Skip leaves out a check that cannot pass for a reason outside of the driver.
type Skip struct {
	Check string // one of [Checks]
	Why   string // what the server lacks; stands in the test's output
}

// Run runs the suite. A skip that names no check, or says no reason, fails the test: it would hide nothing, or too much.
func Run(t *testing.T, open Open, skips ...Skip) {
	t.Helper()
	why := map[string]string{}
	for _, s := range skips {
		if !slices.Contains(Checks(), s.Check) {
			t.Errorf("skip of %q: the suite has no such check, it was renamed or never there", s.Check)
		}
		if s.Why == "" {
			t.Errorf("skip of %q: say why", s.Check)
		}
		why[s.Check] = s.Why
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if reason := why[c.name]; reason != "" {
				t.Skip(reason)
			}
			c.run(t, open)
		})
	}
}

// Checks returns the names of the suite's checks, in the order in which they run.
func Checks() []string {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.name
	}
	return names
}

var checks = []struct {
	name string
	run  func(t *testing.T, open Open)
}{
	{"a document comes back as it was put", documentComesBack},
	{"revisions count the writes of a document", revisionsCount},
	{"a write happens only at the expected revision", writesAreConditional},
	{"a conflict names the document", conflictNamesDocument},
	{"a batch is written whole or not at all", batchesAreAtomic},
	{"a batch stays inside one tenant", batchesStayInTenant},
	{"what cannot be stored is refused", invalidIsRefused},
	{"the caller keeps what it passed and owns what it got", memoryIsNotShared},
	{"a deleted document is gone", deletedIsGone},
	{"pages by id cover everything once, in order", pagesByID},
	{"pages by an equal index value cover everything once, in order", pagesByIndex},
	{"a page is as long as its limit", pageLimits},
	{"a prefix finds what begins with it, in order", prefixesAreRanges},
	{"a count is that of a list", countsAreListsWithoutBodies},
	{"ids are those of a list", idsAreListsWithoutDocuments},
	{"pages survive writes between them", pagesSurviveWrites},
	{"an index follows the document", indexFollows},
	{"indexes match whole values", indexMatchesWholeValues},
	{"nothing found is empty and no error", emptyResults},
	{"an inventory counts what is there", inventoryCounts},
	{"tenants are apart", tenantsAreApart},
	{"collections are apart", collectionsAreApart},
	{"unusual ids are ordinary", unusualIDs},
	{"large bodies come back whole", largeBodies},
	{"one of many concurrent writers wins", oneWriterWins},
	{"concurrent increments are all there", incrementsAddUp},
	{"readers never see half of a batch", readersSeeWholeBatches},
	{"documents survive closing", documentsSurvive},
	{"an ended context is obeyed", contextIsObeyed},
	{"a closed store is unavailable", closedIsUnavailable},
}

const (
	tenantA capability.TenantID = "tenant-a"
	tenantB capability.TenantID = "tenant-b"
)

// start opens a store of its own for a check, closed at its end.
func start(t *testing.T, open Open) store.Store {
	t.Helper()
	d := open(t, t.TempDir())
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return d
}

func key(id string) store.Key { return store.Key{Tenant: tenantA, Collection: "things", ID: id} }

// doc is a document with a body that tells where it belongs. Index names and values alternate.
func doc(k store.Key, index ...string) store.Doc {
	body, err := json.Marshal(map[string]string{"tenant": string(k.Tenant), "collection": k.Collection, "id": k.ID})
	if err != nil {
		panic(err) // strings always encode
	}
	d := store.Doc{Key: k, Body: body}
	for i := 0; i < len(index); i += 2 {
		if d.Index == nil {
			d.Index = map[string]string{}
		}
		d.Index[index[i]] = index[i+1]
	}
	return d
}

func put(d store.Doc, ifRev int64) store.Op { return store.Op{Doc: d, IfRev: ifRev} }

func remove(k store.Key, ifRev int64) store.Op {
	return store.Op{Doc: store.Doc{Key: k}, Delete: true, IfRev: ifRev}
}

// at is d as it is stored.
func at(d store.Doc, rev int64) store.Doc {
	d.Rev = rev
	return d
}

func write(t *testing.T, d store.Store, want []int64, ops ...store.Op) {
	t.Helper()
	got, err := d.Write(t.Context(), ops...)
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("Write, new revisions (-want +got):\n%s", diff)
	}
}

// refuse expects a write to fail with target and to change nothing that the suite can see.
func refuse(t *testing.T, d store.Store, target error, ops ...store.Op) {
	t.Helper()
	before := everything(t, d)
	if revs, err := d.Write(t.Context(), ops...); !errors.Is(err, target) {
		t.Errorf("Write = %v, %v; want the error %q", revs, err, target)
	}
	if diff := cmp.Diff(before, everything(t, d)); diff != "" {
		t.Errorf("a refused write changed something (-before +after):\n%s", diff)
	}
}

// everything is what the suite's usual tenants and collection hold.
func everything(t *testing.T, d store.Store) []store.Doc {
	t.Helper()
	var all []store.Doc
	for _, tenant := range []capability.TenantID{tenantA, tenantB} {
		all = append(all, pages(t, d, store.Query{Tenant: tenant, Collection: "things", Limit: store.MaxLimit})...)
	}
	return all
}

// pages reads a query to its end.
func pages(t *testing.T, d store.Store, q store.Query) []store.Doc {
	t.Helper()
	limit := q.Limit
	if limit == 0 {
		limit = store.DefaultLimit
	}
	var all []store.Doc
	for {
		page, err := d.List(t.Context(), q)
		if err != nil {
			t.Fatalf("List after %q: %v", q.After, err)
		}
		if len(page) > limit {
			t.Fatalf("List returned %d documents, the limit is %d", len(page), limit)
		}
		all = append(all, page...)
		if len(page) < limit {
			return all
		}
		if q.After = page[len(page)-1].Key.ID; len(all) > 100_000 {
			t.Fatal("List never ends")
		}
	}
}

func ids(docs []store.Doc) []string {
	out := make([]string, len(docs))
	for i, d := range docs {
		out[i] = d.Key.ID
	}
	return out
}

func wantIDs(t *testing.T, docs []store.Doc, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, ids(docs), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func wantDoc(t *testing.T, d store.Store, want store.Doc) {
	t.Helper()
	got, err := d.Get(t.Context(), want.Key)
	if err != nil {
		t.Errorf("Get %s: %v", want.Key, err)
		return
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("document %s (-want +got):\n%s", want.Key, diff)
	}
}

func wantGone(t *testing.T, d store.Store, k store.Key) {
	t.Helper()
	if got, err := d.Get(t.Context(), k); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get %s = %+v, %v; want ErrNotFound", k, got, err)
	}
}

func wantError(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error %v, want %v", what, err, target)
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
