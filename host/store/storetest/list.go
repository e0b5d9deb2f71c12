package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/host/store"
)

// fill writes n documents in an order that is not the order of their ids, and returns the ids in order.
func fill(t *testing.T, d store.Store, n int, index ...string) []string {
	t.Helper()
	var all []string
	var ops []store.Op
	for i := range n {
		id := fmt.Sprintf("%04d", i*7919%n) // 7919 is a prime, so every id comes once
		all = append(all, id)
		ops = append(ops, put(doc(key(id), index...), 0))
	}
	for chunk := range slices.Chunk(ops, store.MaxOps) {
		if _, err := d.Write(t.Context(), chunk...); err != nil {
			t.Fatalf("Write: %v", err)
		}
	}
	slices.Sort(all)
	return all
}

func pagesByID(t *testing.T, open Open) {
	d := start(t, open)
	want := fill(t, d, 1100)
	for _, limit := range []int{97, 100, 1000, 0} { // 100 leaves an empty page at the end
		wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Limit: limit}), want...)
	}
	// The id to go on after need not be there any more, or ever.
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", After: "1097x"}), "1098", "1099")
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", After: "1099"}))
}

func pagesByIndex(t *testing.T, open Open) {
	d := start(t, open)
	want := fill(t, d, 700, "owner", "ann", "kind", "x")
	write(t, d, []int64{1, 1, 1},
		put(doc(key("0100a"), "owner", "ann"), 0), // an id that goes on from another is a document of its own
		put(doc(key("0100b"), "owner", "anna"), 0),
		put(doc(key("0100c"), "owner", "an", "kind", "ann"), 0),
	)
	want = append(want, "0100a")
	slices.Sort(want)
	for _, limit := range []int{101, 100, 700, 1000} { // 101 ends a page just before 0100a
		q := store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann", Limit: limit}
		got := pages(t, d, q)
		wantIDs(t, got, want...)
		if len(got) > 0 {
			if diff := cmp.Diff(at(doc(key(want[0]), "owner", "ann", "kind", "x"), 1), got[0]); diff != "" {
				t.Errorf("listed document (-want +got):\n%s", diff)
			}
		}
	}
	// Few among many, in the smallest of pages.
	few := []string{"0000-", "0350-", "0350-a", "0350-b", "0699-", "z"}
	for _, id := range few {
		write(t, d, []int64{1}, put(doc(key(id), "owner", "bob"), 0))
	}
	for _, limit := range []int{1, 2, 5} {
		wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "bob", Limit: limit}), few...)
	}
}

func pageLimits(t *testing.T, open Open) {
	d := start(t, open)
	fill(t, d, store.MaxLimit+1)
	for limit, want := range map[int]int{0: store.DefaultLimit, 1: 1, 999: 999, store.MaxLimit: store.MaxLimit} {
		page, err := d.List(t.Context(), store.Query{Tenant: tenantA, Collection: "things", Limit: limit})
		if err != nil || len(page) != want {
			t.Errorf("List with limit %d returned %d documents, %v; want %d", limit, len(page), err, want)
		}
	}
}

// pagesSurviveWrites walks pages while documents come, go and change between them: those that stay are seen once.
func pagesSurviveWrites(t *testing.T, open Open) {
	for name, q := range map[string]store.Query{
		"by id":    {Tenant: tenantA, Collection: "things", Limit: 10},
		"by index": {Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann", Limit: 10},
	} {
		t.Run(name, func(t *testing.T) {
			d := start(t, open)
			stay := fill(t, d, 100, "owner", "ann")
			seen := map[string]int{}
			for page := 0; ; page++ {
				docs, err := d.List(t.Context(), q)
				if err != nil {
					t.Fatalf("List: %v", err)
				}
				for _, got := range docs {
					seen[got.Key.ID]++
				}
				if len(docs) < q.Limit {
					break
				}
				last := docs[len(docs)-1].Key.ID
				q.After = last
				write(t, d, []int64{1, 1, 2},
					put(doc(key("0000-before-"+fmt.Sprint(page)), "owner", "ann"), 0),
					put(doc(key(last+"-after"), "owner", "ann"), 0),
					put(doc(key(fmt.Sprintf("%04d", page)), "owner", "ann"), 1),
				)
				if page > 0 { // what the page before left behind goes, the id to go on after among it
					write(t, d, []int64{0}, remove(key(last+"-after"), 1))
				}
			}
			for _, id := range stay {
				if seen[id] != 1 {
					t.Errorf("document %s was listed %d times", id, seen[id])
				}
			}
			for id, n := range seen {
				if n > 1 {
					t.Errorf("document %s was listed %d times", id, n)
				}
			}
		})
	}
}

func indexFollows(t *testing.T, open Open) {
	d := start(t, open)
	find := func(index, value string, want ...string) {
		t.Helper()
		wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: index, Value: value}), want...)
	}
	a := key("a")
	write(t, d, []int64{1}, put(doc(a, "owner", "ann", "place", "here"), 0))
	find("owner", "ann", "a")
	find("place", "here", "a")

	write(t, d, []int64{2}, put(doc(a, "owner", "bob", "place", "here"), 1)) // one value changes, one stays
	find("owner", "ann")
	find("owner", "bob", "a")
	find("place", "here", "a")

	write(t, d, []int64{3}, put(doc(a, "place", "here", "new", "1"), 2)) // one index goes, one comes
	find("owner", "bob")
	find("place", "here", "a")
	find("new", "1", "a")

	write(t, d, []int64{4}, put(doc(a), 3)) // all go
	find("place", "here")
	find("new", "1")
	wantDoc(t, d, at(doc(a), 4))

	write(t, d, []int64{5}, put(doc(a, "owner", "ann"), 4))
	find("owner", "ann", "a")
	write(t, d, []int64{0}, remove(a, 5))
	find("owner", "ann")
}

func indexMatchesWholeValues(t *testing.T, open Open) {
	d := start(t, open)
	values := []string{"", " ", "ann", "Ann", "anna", "ann ", "a%", "a_", "ä", "a\u0308", "10", "010", "1e1", "null", "'", `"`, `\`, strings.Repeat("x", store.MaxIndexValue)}
	for i, v := range values {
		write(t, d, []int64{1}, put(doc(key(fmt.Sprintf("%02d", i)), "owner", v), 0))
	}
	for i, v := range values {
		wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: v}), fmt.Sprintf("%02d", i))
	}
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "Owner", Value: "ann"}))
}

func emptyResults(t *testing.T, open Open) {
	d := start(t, open)
	wantGone(t, d, key("a"))
	for _, q := range []store.Query{
		{Tenant: tenantA, Collection: "things"},
		{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann"},
		{Tenant: tenantA, Collection: "things", Index: "owner"},
		{Tenant: tenantA, Collection: "things", After: "zzz"},
	} {
		if docs, err := d.List(t.Context(), q); err != nil || len(docs) != 0 {
			t.Errorf("List %+v = %v, %v; want nothing", q, docs, err)
		}
	}
	if err := d.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

// tenantsAreApart asks every method with the other tenant's id.
func tenantsAreApart(t *testing.T, open Open) {
	d := start(t, open)
	ours, theirs := key("same"), store.Key{Tenant: tenantB, Collection: "things", ID: "same"}
	only := store.Key{Tenant: tenantA, Collection: "things", ID: "only"}
	write(t, d, []int64{1, 1}, put(doc(ours, "owner", "ann"), 0), put(doc(only, "owner", "ann"), 0))
	onlyTheirs := only
	onlyTheirs.Tenant = tenantB

	wantGone(t, d, onlyTheirs)
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantB, Collection: "things"}))
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantB, Collection: "things", Index: "owner", Value: "ann"}))
	refuse(t, d, store.ErrConflict, put(doc(onlyTheirs), 1))
	refuse(t, d, store.ErrConflict, remove(onlyTheirs, 1))
	write(t, d, []int64{0}, remove(onlyTheirs, store.Any))
	wantDoc(t, d, at(doc(only, "owner", "ann"), 1))

	// The same id is another document there, with revisions, indexes and an end of its own.
	write(t, d, []int64{1}, put(doc(theirs, "owner", "bob"), 0))
	write(t, d, []int64{2}, put(doc(theirs, "owner", "bob"), 1))
	wantDoc(t, d, at(doc(ours, "owner", "ann"), 1))
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "bob"}))
	write(t, d, []int64{0}, remove(theirs, 2))
	wantDoc(t, d, at(doc(ours, "owner", "ann"), 1))
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann"}), "only", "same")

	// No join of the parts of a key makes two documents one.
	x := store.Key{Tenant: "t.a", Collection: "b", ID: "c"}
	y := store.Key{Tenant: "t", Collection: "a.b", ID: "c"}
	z := store.Key{Tenant: "t", Collection: "a", ID: "b.c"}
	for _, k := range []store.Key{x, y, z} {
		write(t, d, []int64{1}, put(doc(k), 0))
	}
	for _, k := range []store.Key{x, y, z} {
		wantDoc(t, d, at(doc(k), 1))
	}
}

func collectionsAreApart(t *testing.T, open Open) {
	d := start(t, open)
	things, more := key("a"), store.Key{Tenant: tenantA, Collection: "things.more", ID: "a"}
	write(t, d, []int64{1, 1}, put(doc(things, "owner", "ann"), 0), put(doc(more, "owner", "ann"), 0))
	write(t, d, []int64{0}, remove(more, 1))
	wantDoc(t, d, at(doc(things, "owner", "ann"), 1))
	wantGone(t, d, more)
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things.more"}))
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things.more", Index: "owner", Value: "ann"}))
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann"}), "a")
}

func unusualIDs(t *testing.T, open Open) {
	d := start(t, open)
	unusual := []string{
		".", "..", "a.b", "/", "a/b", "$where", "%", "_", "' OR 1=1 --", `"`, `\`, "{}", "\n", " ", "a ", " a", "A", "a", "0", "00", "-1",
		"ü", "u\u0308", "日本語", "🙂", "\u202e", "\u007f", "null", strings.Repeat("x", store.MaxID), strings.Repeat("x", store.MaxID-1) + "y",
		strings.Repeat("🙂", store.MaxID/4),
	}
	var want []store.Doc
	for _, id := range unusual {
		write(t, d, []int64{1}, put(doc(key(id), "own", id), 0))
		want = append(want, at(doc(key(id), "own", id), 1))
	}
	for _, w := range want {
		wantDoc(t, d, w)
		wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "own", Value: w.Key.ID}), w.Key.ID)
	}
	slices.SortFunc(want, func(a, b store.Doc) int { return strings.Compare(a.Key.ID, b.Key.ID) })
	got := pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Limit: 3})
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("all documents in the order of their ids' bytes (-want +got):\n%s", diff)
	}
	for _, id := range unusual {
		write(t, d, []int64{0}, remove(key(id), 1))
	}
	wantIDs(t, everything(t, d))
}
