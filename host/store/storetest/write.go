package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
)

func documentComesBack(t *testing.T, open Open) {
	d := start(t, open)
	plain := doc(key("plain"))
	indexed := doc(key("indexed"), "owner", "ann", "empty", "")
	for _, want := range []store.Doc{plain, indexed} {
		write(t, d, []int64{1}, put(want, 0))
		wantDoc(t, d, at(want, 1))
	}
	// JSON of every kind, byte for byte: white space and the order of names are the caller's.
	for i, body := range []string{`null`, `0`, `""`, `[]`, "{ \"b\":1,\n \"a\":\"\\u0000ü\" }"} {
		want := store.Doc{Key: key(fmt.Sprint("json", i)), Body: []byte(body)}
		write(t, d, []int64{1}, put(want, 0))
		wantDoc(t, d, at(want, 1))
	}
}

func revisionsCount(t *testing.T, open Open) {
	d := start(t, open)
	first := doc(key("a"))
	first.Rev = 77 // a put does not look at it
	write(t, d, []int64{1}, put(first, 0))
	write(t, d, []int64{2}, put(first, 1))
	write(t, d, []int64{3}, put(first, store.Any))
	write(t, d, []int64{1, 4}, put(doc(key("b")), store.Any), put(first, 3))
	wantDoc(t, d, at(first, 4))
}

func writesAreConditional(t *testing.T, open Open) {
	d := start(t, open)
	a := doc(key("a"))
	refuse(t, d, store.ErrConflict, put(a, 1)) // nothing is there
	refuse(t, d, store.ErrConflict, remove(a.Key, 1))
	write(t, d, []int64{1}, put(a, 0))
	refuse(t, d, store.ErrConflict, put(a, 0)) // something is there
	write(t, d, []int64{2}, put(a, 1))
	for _, rev := range []int64{0, 1, 3} {
		refuse(t, d, store.ErrConflict, put(a, rev))
	}
	for _, rev := range []int64{1, 3} {
		refuse(t, d, store.ErrConflict, remove(a.Key, rev))
	}
	write(t, d, []int64{0}, remove(a.Key, 2))
	wantGone(t, d, a.Key)
}

func conflictNamesDocument(t *testing.T, open Open) {
	d := start(t, open)
	write(t, d, []int64{1}, put(doc(key("b")), 0))
	_, err := d.Write(t.Context(), put(doc(key("a")), 0), put(doc(key("b")), 0), put(doc(key("c")), 0))
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("error %v is no *store.ConflictError", err)
	}
	if diff := cmp.Diff(key("b"), conflict.Key); diff != "" {
		t.Errorf("document in conflict (-want +got):\n%s", diff)
	}
}

func batchesAreAtomic(t *testing.T, open Open) {
	d := start(t, open)
	write(t, d, []int64{1, 1}, put(doc(key("a"), "owner", "ann"), 0), put(doc(key("b")), 0))
	// The conflict comes last: everything before it has to be undone, index entries included.
	refuse(t, d, store.ErrConflict,
		put(doc(key("c"), "owner", "ann"), 0),
		put(doc(key("a"), "owner", "bob"), 1),
		remove(key("b"), 1),
		put(doc(key("b2")), 5),
	)
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann"}), "a")
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "bob"}))
	// A batch may span collections.
	other := store.Key{Tenant: tenantA, Collection: "others", ID: "a"}
	write(t, d, []int64{2, 0, 1, 1}, put(doc(key("a")), 1), remove(key("b"), 1), put(doc(key("c")), 0), put(doc(other), 0))
	wantIDs(t, everything(t, d), "a", "c")
	wantDoc(t, d, at(doc(other), 1))
	write(t, d, nil)

	many := make([]store.Op, store.MaxOps)
	revs := make([]int64, store.MaxOps)
	for i := range many {
		many[i], revs[i] = put(doc(key(fmt.Sprintf("many-%04d", i))), 0), 1
	}
	write(t, d, revs, many...)
	if n := len(everything(t, d)); n != 2+store.MaxOps {
		t.Errorf("%d documents after a batch of %d, want %d", n, store.MaxOps, 2+store.MaxOps)
	}
}

func batchesStayInTenant(t *testing.T, open Open) {
	d := start(t, open)
	b := store.Key{Tenant: tenantB, Collection: "things", ID: "b"}
	refuse(t, d, store.ErrInvalid, put(doc(key("a")), 0), put(doc(b), 0))
	write(t, d, []int64{1}, put(doc(b), 0))
	refuse(t, d, store.ErrInvalid, put(doc(key("a")), 0), remove(b, store.Any))
}

func invalidIsRefused(t *testing.T, open Open) {
	d := start(t, open)
	with := func(change func(*store.Op)) store.Op {
		op := put(doc(key("a"), "owner", "ann"), 0)
		change(&op)
		return op
	}
	for name, op := range map[string]store.Op{
		"no tenant":                     with(func(o *store.Op) { o.Doc.Key.Tenant = "" }),
		"tenant with a zero byte":       with(func(o *store.Op) { o.Doc.Key.Tenant = "a\x00" }),
		"no collection":                 with(func(o *store.Op) { o.Doc.Key.Collection = "" }),
		"collection in capitals":        with(func(o *store.Op) { o.Doc.Key.Collection = "Things" }),
		"collection with a quote":       with(func(o *store.Op) { o.Doc.Key.Collection = "things'" }),
		"no id":                         with(func(o *store.Op) { o.Doc.Key.ID = "" }),
		"long id":                       with(func(o *store.Op) { o.Doc.Key.ID = strings.Repeat("x", 257) }),
		"id that is not UTF-8":          with(func(o *store.Op) { o.Doc.Key.ID = "\xff" }),
		"id with a zero byte":           with(func(o *store.Op) { o.Doc.Key.ID = "a\x00b" }),
		"impossible revision":           with(func(o *store.Op) { o.IfRev = -2 }),
		"no body":                       with(func(o *store.Op) { o.Doc.Body = nil }),
		"body that is not JSON":         with(func(o *store.Op) { o.Doc.Body = []byte("{") }),
		"body that is too long":         with(func(o *store.Op) { o.Doc.Body = bytes.Repeat([]byte(" "), store.MaxBody+1) }),
		"index without a name":          with(func(o *store.Op) { o.Doc.Index[""] = "x" }),
		"index with a dot":              with(func(o *store.Op) { o.Doc.Index["a.b"] = "x" }),
		"long index value":              with(func(o *store.Op) { o.Doc.Index["owner"] = strings.Repeat("x", store.MaxIndexValue+1) }),
		"index value with a zero":       with(func(o *store.Op) { o.Doc.Index["owner"] = "\x00" }),
		"delete without a revision":     with(func(o *store.Op) { o.Delete = true }),
		"delete with an impossible one": with(func(o *store.Op) { o.Delete, o.IfRev = true, -3 }),
	} {
		t.Run(name, func(t *testing.T) { refuse(t, d, store.ErrInvalid, put(doc(key("ok")), 0), op) })
	}
	t.Run("a document twice", func(t *testing.T) {
		refuse(t, d, store.ErrInvalid, put(doc(key("a")), 0), put(doc(key("a")), 1))
	})
	t.Run("too many writes", func(t *testing.T) {
		ops := make([]store.Op, store.MaxOps+1)
		for i := range ops {
			ops[i] = put(doc(key(fmt.Sprint(i))), 0)
		}
		refuse(t, d, store.ErrInvalid, ops...)
	})
	for name, q := range map[string]store.Query{
		"query without a tenant":     {Collection: "things"},
		"query without a collection": {Tenant: tenantA},
		"query without an index":     {Tenant: tenantA, Collection: "things", Value: "x"},
		"negative limit":             {Tenant: tenantA, Collection: "things", Limit: -1},
		"high limit":                 {Tenant: tenantA, Collection: "things", Limit: store.MaxLimit + 1},
		"query after no id":          {Tenant: tenantA, Collection: "things", After: "\xff"},
		"prefix of no id":            {Tenant: tenantA, Collection: "things", Prefix: "\xff"},
		"long prefix":                {Tenant: tenantA, Collection: "things", Prefix: strings.Repeat("x", store.MaxID+1)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.List(t.Context(), q)
			wantError(t, "List", err, store.ErrInvalid)
		})
	}
	_, err := d.Get(t.Context(), store.Key{Tenant: tenantA, Collection: "things"})
	wantError(t, "Get without an id", err, store.ErrInvalid)
}

func memoryIsNotShared(t *testing.T, open Open) {
	d := start(t, open)
	want := at(doc(key("a"), "owner", "ann"), 1)
	passed := doc(key("a"), "owner", "ann")
	write(t, d, []int64{1}, put(passed, 0))
	passed.Body[0], passed.Index["owner"] = '!', "bob"
	wantDoc(t, d, want)

	for _, read := range []func() store.Doc{
		func() store.Doc { got, _ := d.Get(t.Context(), want.Key); return got },
		func() store.Doc { return pages(t, d, store.Query{Tenant: tenantA, Collection: "things"})[0] },
	} {
		got := read()
		got.Body[0], got.Index["owner"] = '!', "bob"
		wantDoc(t, d, want)
	}
}

func deletedIsGone(t *testing.T, open Open) {
	d := start(t, open)
	a := doc(key("a"), "owner", "ann")
	write(t, d, []int64{0}, remove(a.Key, store.Any)) // nothing there: no error
	write(t, d, []int64{1}, put(a, 0))
	write(t, d, []int64{0}, remove(a.Key, store.Any))
	wantGone(t, d, a.Key)
	wantIDs(t, everything(t, d))
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann"}))
	// A new document of the old name has nothing of the old one.
	write(t, d, []int64{1}, put(doc(a.Key), 0))
	wantDoc(t, d, at(doc(a.Key), 1))
	wantIDs(t, pages(t, d, store.Query{Tenant: tenantA, Collection: "things", Index: "owner", Value: "ann"}))
}
