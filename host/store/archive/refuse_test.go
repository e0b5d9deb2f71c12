package archive_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/archive"
)

func TestDamagedArchiveIsRefusedBeforeTheFirstWrite(t *testing.T) {
	whole := exported(t)
	const second = "documents-000002.ndjson"
	edit := func(name, old, replacement string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			b := read(t, dir, name)
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("%s holds no %q", name, old)
			}
			replace(t, dir, name, bytes.Replace(b, []byte(old), []byte(replacement), 1))
		}
	}
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	cut := func(name string, by int) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			b := read(t, dir, name)
			replace(t, dir, name, b[:len(b)-by])
		}
	}
	for _, c := range []struct {
		name    string
		damage  func(t *testing.T, dir string)
		want    error
		message string
	}{
		{"a byte of a body", func(t *testing.T, dir string) {
			b := read(t, dir, second)
			b[bytes.Index(b, []byte(`"body":"`))+8] ^= 1
			replace(t, dir, second, b)
		}, archive.ErrDamaged, second},
		{"a value", edit("documents-000001.ndjson", `"owner":"ann"`, `"owner":"bob"`), archive.ErrDamaged, "documents-000001.ndjson was changed"},
		{"a line is no JSON any more", edit(second, `"body"`, `"body`), archive.ErrDamaged, second},
		{"a file is cut off at a line", func(t *testing.T, dir string) {
			b := read(t, dir, second)
			replace(t, dir, second, b[:bytes.IndexByte(b, '\n')+1])
		}, archive.ErrDamaged, second},
		{"a file is cut off in a line", cut(second, 5), archive.ErrDamaged, second},
		{"a file is empty", func(t *testing.T, dir string) { replace(t, dir, second, nil) }, archive.ErrDamaged, second},
		{"a line more", func(t *testing.T, dir string) {
			b := read(t, dir, second)
			replace(t, dir, second, append(b, b[:bytes.IndexByte(b, '\n')+1]...))
		}, archive.ErrDamaged, second},
		{"a file is missing", remove(second), archive.ErrDamaged, second + " is missing"},
		{"a file too many", func(t *testing.T, dir string) { replace(t, dir, "documents-000099.ndjson", nil) }, archive.ErrDamaged, "documents-000099.ndjson is no part of it"},
		{"a foreign file", func(t *testing.T, dir string) { replace(t, dir, "notes.txt", nil) }, archive.ErrDamaged, "notes.txt is no part of it"},
		{"no manifest", remove("manifest.json"), nil, "no manifest.json"},
		{"the manifest is cut off", cut("manifest.json", 20), archive.ErrDamaged, "manifest.json is cut off"},
		{"the manifest is empty", func(t *testing.T, dir string) { replace(t, dir, "manifest.json", nil) }, archive.ErrDamaged, "manifest.json"},
		{"another number of documents", edit("manifest.json", `"documents": 32`, `"documents": 33`), archive.ErrDamaged, "do not add up"},
		{"another number of tenants", edit("manifest.json", `"tenants": 5`, `"tenants": 6`), archive.ErrDamaged, "6 tenants"},
		{"a path in the manifest", edit("manifest.json", `"name": "documents-000002.ndjson"`, `"name": "../documents-000002.ndjson"`), archive.ErrDamaged, "manifest.json"},
		{"a newer format", edit("manifest.json", `"format": 1`, `"later": {}, "format": 2`), archive.ErrNewer, "format 2"},
		{"no format", edit("manifest.json", `"format": 1`, `"format": 0`), archive.ErrDamaged, "manifest.json"},
		{"an unfinished export", func(t *testing.T, dir string) {
			remove("manifest.json")(t, dir)
			replace(t, dir, "progress.ndjson", nil)
		}, nil, "not finished"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			c.damage(t, dir)
			to := open(t, t.TempDir())
			_, verified := archive.Verify(t.Context(), dir)
			_, imported := archive.Import(t.Context(), dir, to, archive.ImportOptions{})
			for _, err := range []error{verified, imported} {
				if err == nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				wantMessage(t, err, c.message)
			}
			if found := everything(t, to); len(found) > 0 {
				t.Errorf("%d documents were written", len(found))
			}
		})
	}
}

func TestErrorsHoldNoContent(t *testing.T) {
	from := open(t, t.TempDir())
	write(t, from, doc("a", "things", "1", `"precious"`, "owner", "precious"))
	dir := t.TempDir()
	if _, err := archive.Export(t.Context(), from, dir, archive.ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	whole := read(t, dir, "documents-000001.ndjson")
	for i := range whole {
		for _, b := range []byte{'"', 'x', '1', ' ', '\n'} {
			changed := bytes.Clone(whole)
			changed[i] = b
			replace(t, dir, "documents-000001.ndjson", changed)
			if _, err := archive.Verify(t.Context(), dir); err != nil && (strings.Contains(err.Error(), "precious") || strings.Contains(err.Error(), "InByZWNpb3Vz")) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

func TestImportNeedsEmptyStore(t *testing.T) {
	dir := exported(t)
	to := open(t, t.TempDir())
	write(t, to, doc("somebody", "things", "1", "1"))
	_, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{})
	if !errors.Is(err, archive.ErrNotEmpty) {
		t.Errorf("Import: %v, want ErrNotEmpty", err)
	}
	wantMessage(t, err, "somebody", "new store")
	if found := everything(t, to); len(found) != 1 {
		t.Errorf("%d documents, want the one that was there", len(found))
	}
}

// interrupted begins to import dir into a new store.
func interrupted(t *testing.T, dir string) store.Store {
	t.Helper()
	to := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	_, err := archive.Import(ctx, dir, to, archive.ImportOptions{Progress: func(done, _ int64) {
		if done > 10 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Import with an ended context: %v", err)
	}
	return to
}

func TestInterruptedImportKeepsOthersOut(t *testing.T) {
	dir, other := exported(t), t.TempDir()
	from := open(t, t.TempDir())
	write(t, from, doc("a", "things", "1", "1"))
	if _, err := archive.Export(t.Context(), from, other, archive.ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	to := interrupted(t, dir)
	_, err := archive.Import(t.Context(), other, to, archive.ImportOptions{})
	if !errors.Is(err, archive.ErrNotEmpty) {
		t.Errorf("Import of another archive: %v, want ErrNotEmpty", err)
	}
	wantMessage(t, err, "not finished", "new store")
	_, err = archive.Export(t.Context(), to, t.TempDir(), archive.ExportOptions{})
	wantMessage(t, err, "an import into this store is not finished")
	sum, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{})
	if err != nil || sum.Resumed < 1 {
		t.Fatalf("Import again: %+v, %v", sum, err)
	}
	wantSame(t, varied(t), to)
}

func TestSecondImportTakesOver(t *testing.T) {
	dir := exported(t)
	to := open(t, t.TempDir())
	taken := false
	_, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{Progress: func(done, _ int64) {
		if done > 10 && !taken {
			taken = true
			if _, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{}); err != nil {
				t.Errorf("the second import: %v", err)
			}
		}
	}})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("the first import: %v, want ErrConflict", err)
	}
	wantMessage(t, err, "another process")
}

func TestImportNoticesOtherWriters(t *testing.T) {
	dir := exported(t)
	for name, op := range map[string]store.Op{
		"a document more": doc("a", "things", "more", "1"),
		"another tenant":  doc("b", "things", "1", "1"),
		"a document less": {Doc: store.Doc{Key: store.Key{Tenant: "a", Collection: "things.more", ID: "x"}}, Delete: true, IfRev: store.Any},
	} {
		t.Run(name, func(t *testing.T) {
			to := open(t, t.TempDir())
			_, err := archive.Import(t.Context(), dir, to, archive.ImportOptions{Progress: func(done, total int64) {
				if done == total {
					write(t, to, op)
				}
			}})
			wantMessage(t, err, "somebody else wrote", op.Doc.Key.Collection)
			if unfinished, err := archive.Unfinished(t.Context(), to); !unfinished {
				t.Errorf("the store counts as imported: %v", err)
			}
		})
	}
}

func TestExportLeavesOtherDirectoriesAlone(t *testing.T) {
	from := varied(t)
	for name, prepare := range map[string]struct {
		prepare func(t *testing.T, dir string)
		message string
	}{
		"a complete archive": {func(t *testing.T, dir string) {
			if err := os.CopyFS(dir, os.DirFS(exported(t))); err != nil {
				t.Fatal(err)
			}
		}, "complete archive"},
		"foreign files":                {func(t *testing.T, dir string) { replace(t, dir, "notes.txt", []byte("precious")) }, "notes.txt"},
		"documents without a journal":  {func(t *testing.T, dir string) { replace(t, dir, "documents-000001.ndjson", nil) }, "left of another export"},
		"a journal that is none":       {func(t *testing.T, dir string) { replace(t, dir, "progress.ndjson", []byte("{}\n")) }, "no journal"},
		"a journal of another version": {func(t *testing.T, dir string) { replace(t, dir, "progress.ndjson", []byte(`{"format":2}`+"\n")) }, "format 2"},
		"a damaged archive nearly finished": {func(t *testing.T, dir string) {
			if err := os.CopyFS(dir, os.DirFS(exported(t))); err != nil {
				t.Fatal(err)
			}
			replace(t, dir, "progress.ndjson", nil)
			replace(t, dir, "documents-000001.ndjson", []byte("{}\n"))
		}, "documents-000001.ndjson"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			prepare.prepare(t, dir)
			was := names(t, dir)
			_, err := archive.Export(t.Context(), from, dir, options)
			wantMessage(t, err, prepare.message, "choose an empty")
			if diff := cmp.Diff(was, names(t, dir)); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
	t.Run("an archive whose journal was to go", func(t *testing.T) {
		dir := exported(t)
		replace(t, dir, "progress.ndjson", []byte("{}\n"))
		if sum, err := archive.Export(t.Context(), from, dir, options); err != nil || sum.Resumed != sum.Files {
			t.Errorf("Export: %+v, %v", sum, err)
		}
		if _, err := archive.Verify(t.Context(), dir); err != nil {
			t.Error(err)
		}
	})
}
