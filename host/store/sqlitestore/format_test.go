package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// ofFormat returns the directory of a store of an older format in which statements were carried out.
func ofFormat(t *testing.T, format int, parameters string, statements ...string) string {
	t.Helper()
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlitestore.File)+parameters)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitestore.Migrate(t.Context(), conn, format); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%.200s: %v", q, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDocumentsOfFormat2AreThereAfterwards(t *testing.T) {
	var statements []string
	want := map[capability.TenantID]map[string][]string{}
	for row := range 900 {
		tenant, name, id := capability.TenantID(fmt.Sprint("tenant", row%3)), fmt.Sprint("rec.", row/3%4), fmt.Sprintf("%04d", row)
		place := fmt.Sprint("p", row%7)
		statements = append(statements,
			fmt.Sprintf(`INSERT INTO doc (row, tenant, collection, id, rev, indexes, body) VALUES (%d, '%s', '%s', '%s', %d, CAST('{"place":"%s"}' AS BLOB), CAST('{"n":%d}' AS BLOB))`, 5000-row, tenant, name, id, row+1, place, row),
			fmt.Sprintf(`INSERT INTO doc_index (tenant, collection, name, value, id, row) VALUES ('%s', '%s', 'place', '%s', '%s', %d)`, tenant, name, place, id, 5000-row),
		)
		if want[tenant] == nil {
			want[tenant] = map[string][]string{}
		}
		want[tenant][name] = append(want[tenant][name], fmt.Sprintf(`%s %d %s {"n":%d}`, id, row+1, place, row))
	}
	dir := ofFormat(t, 2, "", statements...)
	s := open(t, dir, sqlitestore.Config{})
	got := map[capability.TenantID]map[string][]string{}
	tenants, err := s.Tenants(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range tenants {
		got[tenant] = map[string][]string{}
		all, err := s.Collections(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			docs, err := s.List(t.Context(), store.Query{Tenant: tenant, Collection: c.Name, Limit: store.MaxLimit})
			if err != nil || int64(len(docs)) != c.Documents {
				t.Fatalf("%d documents of %d: %v", len(docs), c.Documents, err)
			}
			for _, d := range docs {
				got[tenant][c.Name] = append(got[tenant][c.Name], fmt.Sprintf("%s %d %s %s", d.Key.ID, d.Rev, d.Index["place"], d.Body))
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ids, err := s.IDs(t.Context(), store.Query{Tenant: "tenant1", Collection: "rec.2", Index: "place", Value: "p0"})
	if want := []string{"0007", "0091", "0175", "0259", "0343", "0427", "0511", "0595", "0679", "0763", "0847"}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("by an index: %q, %v; want %q", ids, err, want)
	}
	key := store.Key{Tenant: "tenant1", Collection: "rec.2", ID: "0007"}
	if _, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: key, Body: []byte(`{}`), Index: map[string]string{"place": "p9"}}, IfRev: 8}); err != nil {
		t.Errorf("a document cannot be written: %v", err)
	}
	closeStore(t, s)
	wantSound(t, dir)
	if holds(t, dir, "_of_2") {
		t.Error("the tables of the old format are there still")
	}
}

func TestACollectionWithoutDocumentsIsForgotten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})
	key := func(tenant capability.TenantID, collection, id string) store.Key {
		return store.Key{Tenant: tenant, Collection: collection, ID: id}
	}
	put := func(k store.Key) store.Op {
		return store.Op{Doc: store.Doc{Key: k, Body: []byte(`1`), Index: map[string]string{"at": "here"}}, IfRev: store.Any}
	}
	del := func(k store.Key) store.Op { return store.Op{Doc: store.Doc{Key: k}, Delete: true, IfRev: store.Any} }
	write := func(ops ...store.Op) {
		t.Helper()
		if _, err := s.Write(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := key("one", "notes", "a"), key("one", "notes", "b"), key("two-forgotten", "notes", "c")
	write(put(a))
	write(put(c))
	write(del(a), put(b)) // emptied and filled again at once
	write(put(a), del(b))
	write(del(c))
	if tenants, err := s.Tenants(t.Context(), "", 10); err != nil || !slices.Equal(tenants, []capability.TenantID{"one"}) {
		t.Errorf("%q, %v", tenants, err)
	}
	if _, err := s.Write(t.Context(), put(key("one", "new", "c")), store.Op{Doc: store.Doc{Key: b, Body: []byte(`1`)}, IfRev: 7}); err == nil {
		t.Error("a conflict is no error")
	}
	write(put(key("three", "notes", "d"))) // may take the number that was taken back
	for tenant, want := range map[capability.TenantID]int{"one": 1, "two-forgotten": 0, "three": 1} {
		for _, by := range []string{"", "at"} {
			q := store.Query{Tenant: tenant, Collection: "notes", Index: by}
			if by != "" {
				q.Value = "here"
			}
			if ids, err := s.IDs(t.Context(), q); err != nil || len(ids) != want {
				t.Errorf("%s by %q: %q, %v; want %d", tenant, by, ids, err, want)
			}
		}
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if holds(t, dir, "two-forgotten") {
		t.Error("the name of a tenant without documents is in the files")
	}
	closeStore(t, s)
	wantSound(t, dir)
}
