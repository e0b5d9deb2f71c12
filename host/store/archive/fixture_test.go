package archive_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/archive"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

func open(t testing.TB, dir string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func doc(tenant capability.TenantID, collection, id, body string, index ...string) store.Op {
	d := store.Doc{Key: store.Key{Tenant: tenant, Collection: collection, ID: id}, Body: []byte(body)}
	for i := 0; i < len(index); i += 2 {
		if d.Index == nil {
			d.Index = map[string]string{}
		}
		d.Index[index[i]] = index[i+1]
	}
	return store.Op{Doc: d, IfRev: store.Any}
}

func write(t *testing.T, s store.Store, ops ...store.Op) {
	t.Helper()
	for _, op := range ops {
		if _, err := s.Write(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
}

// varied is a store with all that may be unusual, except for its size.
func varied(t *testing.T) store.Store {
	t.Helper()
	s := open(t, t.TempDir())
	write(t, s,
		doc(store.Platform, "tenants", "a", `{"name":"a"}`, "state", "active"),
		doc(store.Platform, "imports", "progress", `{}`),
		doc("a", "things", "1", " {\n\t\"b\" : 1e2, \"a\":\t[ ]\r\n} "),
		doc("a", "things", "2", `"\u00fc ü \ud83d\ude00 <&> `+"\u2028\x7f"+`"`, "owner", "ann", "Empty", ""),
		doc("a", "things", "3", "\"not UTF-8: \xff\xfe\xc0\""),
		doc("a", "things", "4", `{"twice":1,"twice":2,"big":123456789012345678901234567890}`),
		doc("a", "things", "5", "null"),
		doc("a", "things.more", "x", "0", "value", "\n\t\"\\ü<&>\u2028\U0010ffff"),
		doc("ü/\\ \"'<>", "x", "y", "1"),
		doc(capability.TenantID(strings.Repeat("t", store.MaxID)), strings.Repeat("c", store.MaxCollection), strings.Repeat("i", store.MaxID), "2"),
	)
	for _, id := range []string{" ", "..", "a/b", "a\nb", "\r\n", "\x01", "%", "_", "'", "\"", "\\", "ÿ", "ﬀ", "\u0000a"[1:], "\U0001f600", "\ufffd", "\ue000", "NULL", "-1", "A", "a", "ä", "a\u0308"} {
		write(t, s, doc("ids", "things", id, `"`+fmt.Sprintf("%x", id)+`"`, "id", id))
	}
	// A document that was written more often than once has another revision than it will have.
	write(t, s, doc("a", "things", "5", "[null]"), doc("a", "things", "5", "null"))
	return s
}

// everything is what a store holds, without revisions.
func everything(t *testing.T, s store.Store) []store.Doc {
	t.Helper()
	var all []store.Doc
	tenants, err := s.Tenants(t.Context(), "", store.MaxLimit)
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range tenants {
		collections, err := s.Collections(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range collections {
			q := store.Query{Tenant: tenant, Collection: c.Name, Limit: store.MaxLimit}
			for {
				docs, err := s.List(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range docs {
					d.Rev = 0
					all = append(all, d)
					q.After = d.Key.ID
				}
				if len(docs) < q.Limit {
					break
				}
			}
		}
	}
	return all
}

func wantSame(t *testing.T, want, got store.Store) {
	t.Helper()
	a, b := everything(t, want), everything(t, got)
	if len(a) != len(b) {
		t.Fatalf("%d documents, want %d", len(b), len(a))
	}
	for i := range a {
		// cmp says nothing readable of bodies with megabytes.
		if !bytes.Equal(a[i].Body, b[i].Body) {
			t.Errorf("%s: a body of %d bytes, want another of %d", a[i].Key, len(b[i].Body), len(a[i].Body))
		}
		a[i].Body, b[i].Body = nil, nil
		if diff := cmp.Diff(a[i], b[i], cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for name, value := range a[i].Index {
			found, err := got.List(t.Context(), store.Query{Tenant: a[i].Key.Tenant, Collection: a[i].Key.Collection, Index: name, Value: value})
			if err != nil || len(found) == 0 {
				t.Errorf("%s is not found by its index %s: %v", a[i].Key, name, err)
			}
		}
	}
}

var created = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// options lets an archive have several files.
var options = archive.ExportOptions{Application: "1.2.3", Created: created, FileDocuments: 7}

// exported exports the varied store into a new directory.
func exported(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "archive")
	if _, err := archive.Export(t.Context(), varied(t), dir, options); err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func replace(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func wantMessage(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}
