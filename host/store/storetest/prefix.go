package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
)

// nested are ids whose beginnings are easily taken for one another, in the order of their bytes.
var nested = []string{
	"1", "1-2", "1.", "1.10", "1.2", "1.2.3", "1.2.4", "1.20", "1/2", "10.2", "12.3", "a", "a.b", "a.b.c", "a%b", "a_b", "A.b",
	"ä.1", "ä.2", "\ud7ff.1", "\ue000.1", "\uffff.1", "🙂.1", "\U0010ffff", "\U0010ffff.1", "x\U0010ffff", "x\U0010ffff.1", "x\U0010ffff\U0010ffff",
}

var prefixes = []string{"1", "1.", "1.2", "1.2.", "10.", "a", "a.", "a%", "a_", "A", "ä", "ä.", "\ud7ff", "\ue000", "🙂", "\U0010ffff", "x\U0010ffff", "x", "y", "1.2.4", "zzz"}

// begin returns those of ids that begin with a prefix and go on.
func begin(prefix string, ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !strings.HasPrefix(id, prefix) || id == prefix })
}

func prefixesAreRanges(t *testing.T, open Open) {
	d := start(t, open)
	var ops []store.Op
	for i, id := range nested {
		ops = append(ops, put(doc(key(id), "owner", []string{"ann", "bob"}[i%2]), 0))
	}
	if _, err := d.Write(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	ids, anns := slices.Sorted(slices.Values(nested)), []string{}
	for i := range nested {
		if i%2 == 0 {
			anns = append(anns, nested[i])
		}
	}
	slices.Sort(anns)
	for _, prefix := range append(prefixes, "") {
		for _, limit := range []int{1, 2, 100} {
			q := store.Query{Tenant: tenantA, Collection: "things", Prefix: prefix, Limit: limit}
			wantIDs(t, pages(t, d, q), begin(prefix, ids)...)
			wantCount(t, d, q, min(limit, len(begin(prefix, ids))))
			q.Index, q.Value = "owner", "ann"
			wantIDs(t, pages(t, d, q), begin(prefix, anns)...)
			wantCount(t, d, q, min(limit, len(begin(prefix, anns))))
		}
	}
	// The id to go on after may lie before what begins so, or behind it.
	for after, want := range map[string][]string{"0": {"1.10", "1.2", "1.2.3", "1.2.4", "1.20"}, "1.": {"1.10", "1.2", "1.2.3", "1.2.4", "1.20"}, "1.2.3": {"1.2.4", "1.20"}, "1/2": nil, "9": nil} {
		q := store.Query{Tenant: tenantA, Collection: "things", Prefix: "1.", After: after}
		wantIDs(t, pages(t, d, q), want...)
		wantCount(t, d, q, len(want))
	}
}

func countsAreListsWithoutBodies(t *testing.T, open Open) {
	d := start(t, open)
	things := store.Query{Tenant: tenantA, Collection: "things"}
	owned := store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann"}
	wantCount(t, d, things, 0)
	wantCount(t, d, owned, 0)
	fill(t, d, store.MaxLimit+100, "owner", "ann")
	write(t, d, []int64{1, 1, 1},
		put(doc(key("other"), "owner", "anna"), 0),
		put(doc(store.Key{Tenant: tenantA, Collection: "others", ID: "a"}, "owner", "ann"), 0),
		put(doc(store.Key{Tenant: tenantA, Collection: "things.more", ID: "a"}, "owner", "ann"), 0))
	write(t, d, []int64{1}, put(doc(store.Key{Tenant: tenantB, Collection: "things", ID: "a"}, "owner", "ann"), 0))
	wantCount(t, d, things, store.MaxLimit+101) // all: more than fit onto a page
	wantCount(t, d, owned, store.MaxLimit+100)
	for _, limit := range []int{1, 999, store.MaxLimit + 100, store.MaxLimit + 101, store.MaxCount} {
		things.Limit, owned.Limit = limit, limit
		wantCount(t, d, things, min(limit, store.MaxLimit+101))
		wantCount(t, d, owned, min(limit, store.MaxLimit+100))
	}
	write(t, d, []int64{0, 2}, remove(key("0000"), 1), put(doc(key("0001"), "owner", "bob"), 1))
	wantCount(t, d, things, store.MaxLimit+100)
	wantCount(t, d, owned, store.MaxLimit+98)
	things.Limit = store.MaxCount + 1
	_, err := d.Count(t.Context(), things)
	wantError(t, "Count with a high limit", err, store.ErrInvalid)
	_, err = d.Count(t.Context(), store.Query{Tenant: tenantA, Collection: "things", Value: "ann"})
	wantError(t, "Count of a value without an index", err, store.ErrInvalid)
}

func idsAreListsWithoutDocuments(t *testing.T, open Open) {
	d := start(t, open)
	fill(t, d, store.MaxLimit+100, "owner", "ann")
	write(t, d, []int64{1, 1}, put(doc(key("other"), "owner", "anna"), 0), put(doc(store.Key{Tenant: tenantA, Collection: "things.more", ID: "a"}, "owner", "ann"), 0))
	write(t, d, []int64{1}, put(doc(store.Key{Tenant: tenantB, Collection: "things", ID: "a"}, "owner", "ann"), 0))
	for _, q := range []store.Query{
		{}, {Limit: 1}, {Limit: store.MaxLimit}, {After: "0998", Limit: store.MaxLimit}, {Prefix: "00"}, {Prefix: "00", After: "0042"},
		{Index: "owner", Value: "ann", Limit: 7}, {Index: "owner", Value: "anna"}, {Index: "owner", Value: "ann", Prefix: "1"}, {Index: "owner", Value: "nobody"},
	} {
		q.Tenant, q.Collection = tenantA, "things"
		docs, err := d.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := d.IDs(t.Context(), q)
		if want := idsOf(docs); err != nil || !slices.Equal(ids, want) {
			t.Errorf("IDs %+v = %q, %v; want %q", q, ids, err, want)
		}
	}
	_, err := d.IDs(t.Context(), store.Query{Tenant: tenantA, Collection: "things", Limit: store.MaxLimit + 1})
	wantError(t, "IDs with a high limit", err, store.ErrInvalid)
	_, err = d.IDs(t.Context(), store.Query{Tenant: tenantA, Collection: "things", Value: "ann"})
	wantError(t, "IDs of a value without an index", err, store.ErrInvalid)
}

func idsOf(docs []store.Doc) []string {
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.Key.ID
	}
	return ids
}

func wantCount(t *testing.T, d store.Store, q store.Query, want int) {
	t.Helper()
	if n, err := d.Count(t.Context(), q); err != nil || n != want {
		t.Errorf("Count %+v = %d, %v; want %d", q, n, err, want)
	}
}
