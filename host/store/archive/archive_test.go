package archive_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/archive"
)

func TestImportedStoreEqualsExported(t *testing.T) {
	from, to := varied(t), open(t, t.TempDir())
	write(t, from,
		doc("large", "things", "whole", `"`+strings.Repeat("x", store.MaxBody-2)+`"`),
		doc("large", "things", "more", `"`+strings.Repeat("x", 1<<20)+`"`),
		doc("large", "things", "small", `true`))
	dir := filepath.Join(t.TempDir(), "a", "archive")
	var exports, imports [][2]int64
	opts := options
	opts.Progress = func(done, total int64) { exports = append(exports, [2]int64{done, total}) }
	want, err := archive.Export(t.Context(), from, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := archive.Verify(t.Context(), dir)
	if diff := cmp.Diff(want, verified); err != nil || diff != "" {
		t.Errorf("Verify: %v (-exported +verified):\n%s", err, diff)
	}
	got, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{Progress: func(done, total int64) { imports = append(imports, [2]int64{done, total}) }})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Import: %v (-exported +imported):\n%s", err, diff)
	}
	wantSame(t, from, to)

	n := int64(len(everything(t, from)))
	if want.Documents != n || want.Tenants != 6 || want.Files < int(n)/7 || want.Application != "1.2.3" || !want.Created.Equal(created) || want.Bytes < 9<<20 || want.Resumed != 0 {
		t.Errorf("summary %+v of %d documents", want, n)
	}
	for what, steps := range map[string][][2]int64{"export": exports, "import": imports} {
		for i, s := range steps {
			if s[1] != n || i > 0 && s[0] < steps[i-1][0] {
				t.Errorf("progress of the %s: %v, want it to grow to %d", what, steps, n)
				break
			}
		}
		if len(steps) < 5 || steps[len(steps)-1][0] != n {
			t.Errorf("progress of the %s: %v, want it to end with %d", what, steps, n)
		}
	}
	// Revisions begin anew.
	d, err := to.Get(t.Context(), store.Key{Tenant: "a", Collection: "things", ID: "5"})
	if err != nil || d.Rev != 1 {
		t.Errorf("revision %d, %v; want 1", d.Rev, err)
	}
	if unfinished, err := archive.Unfinished(t.Context(), to); unfinished || err != nil {
		t.Errorf("Unfinished after the import: %t, %v", unfinished, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, name := range append(names(t, dir), ".") {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v, %v; want it for the owner alone", name, info.Mode(), err)
		}
	}
}

func TestEmptyStoreMakesEmptyArchive(t *testing.T) {
	dir := t.TempDir()
	if sum, err := archive.Export(t.Context(), open(t, t.TempDir()), dir, archive.ExportOptions{}); err != nil || sum.Documents != 0 {
		t.Fatalf("Export: %+v, %v", sum, err)
	}
	to := open(t, t.TempDir())
	if sum, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{}); err != nil || sum.Tenants != 0 {
		t.Fatalf("Import: %+v, %v", sum, err)
	}
	if left := everything(t, to); len(left) > 0 {
		t.Errorf("%d documents", len(left))
	}
}

func TestFilesAreBoundedByBytes(t *testing.T) {
	from := varied(t)
	dir := t.TempDir()
	opts := options
	opts.FileDocuments, opts.FileBytes = 1000, 300
	sum, err := archive.Export(t.Context(), from, dir, opts)
	if err != nil || int64(sum.Files) < sum.Documents/4 {
		t.Errorf("%d files for %d documents, %v", sum.Files, sum.Documents, err)
	}
	to := open(t, t.TempDir())
	if _, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	wantSame(t, from, to)
}

func TestManifestIsReadableByOthers(t *testing.T) {
	var m struct {
		Format  int
		Created string
		Files   []struct {
			Name   string
			SHA256 string
		}
	}
	if err := json.Unmarshal(read(t, exported(t), "manifest.json"), &m); err != nil {
		t.Fatal(err)
	}
	if m.Format != archive.Format || m.Created != "2026-03-01T12:00:00Z" || len(m.Files) < 5 || m.Files[0].Name != "documents-000001.ndjson" || len(m.Files[0].SHA256) != 64 {
		t.Errorf("manifest %+v", m)
	}
}

// counting is a store that notes how large the batches are that it is given.
type counting struct {
	store.Store
	ops, bytes int
}

func (c *counting) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	size := 0
	for _, op := range ops {
		size += len(op.Doc.Body)
	}
	if len(ops) > 1 {
		c.bytes = max(c.bytes, size)
	}
	c.ops = max(c.ops, len(ops))
	return c.Store.Write(ctx, ops...)
}

func TestBatchesAreBounded(t *testing.T) {
	from := open(t, t.TempDir())
	var ops []store.Op
	for i := range 3 * store.MaxOps {
		ops = append(ops, doc("a", "small", strconv.Itoa(i), "1"))
	}
	for len(ops) > 0 {
		if _, err := from.Write(t.Context(), ops[:store.MaxOps]...); err != nil {
			t.Fatal(err)
		}
		ops = ops[store.MaxOps:]
	}
	for i := range 12 {
		write(t, from, doc("b", "large", strconv.Itoa(i), `"`+strings.Repeat("x", 1<<19)+`"`))
	}
	dir := t.TempDir()
	if _, err := archive.Export(t.Context(), from, dir, archive.ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	to := &counting{Store: open(t, t.TempDir())}
	if _, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if to.ops != store.MaxOps || to.bytes > 4<<20 || to.bytes < 2<<20 {
		t.Errorf("batches of up to %d documents and %d bytes, want %d and 4 MiB", to.ops, to.bytes, store.MaxOps)
	}
	wantSame(t, from, to)
}
