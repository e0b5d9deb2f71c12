package archive_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/archive"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// Variables that turn the test binary into a child process.
const (
	childDoes    = "PERGOLA_TEST_ARCHIVE" // export or import
	childStore   = "PERGOLA_TEST_ARCHIVE_STORE"
	childArchive = "PERGOLA_TEST_ARCHIVE_DIR"
)

func TestMain(m *testing.M) {
	if does := os.Getenv(childDoes); does != "" {
		if err := move(does, os.Getenv(childStore), os.Getenv(childArchive)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const fileDocuments = 60

// move exports or imports, and prints a line for each step.
func move(does, storeDir, dir string) error {
	s, err := sqlitestore.Open(context.Background(), storeDir, sqlitestore.Config{})
	if err != nil {
		return err
	}
	step := func(done, _ int64) { fmt.Fprintln(os.Stdout, done) }
	if does == "export" {
		_, err = archive.Export(context.Background(), s, dir, archive.ExportOptions{FileDocuments: fileDocuments, Progress: step})
	} else {
		_, err = archive.Import(context.Background(), dir, s, archive.ImportOptions{Progress: step})
	}
	return err
}

// killed starts a child and kills it after so many steps. It returns true where the child was done before that.
func killed(t *testing.T, does, storeDir, dir string, steps int) (done bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDoes+"="+does, childStore+"="+storeDir, childArchive+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if n == steps {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	if err != nil && cmd.ProcessState.Exited() {
		t.Fatalf("%s: %v", does, err)
	}
	return err == nil
}

// many is the directory of a closed store with 2400 documents of several tenants and collections.
func many(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for tenant := range 8 {
		var ops []store.Op
		for i := range 300 {
			ops = append(ops, doc(capability.TenantID("tenant-"+strconv.Itoa(tenant)), "things"+strconv.Itoa(i%3), strconv.Itoa(i), `"`+strings.Repeat("x", i*5)+`"`, "third", strconv.Itoa(i%3)))
		}
		if _, err := s.Write(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestKilledExportAndImportGoOn(t *testing.T) {
	from, dir, to := many(t), filepath.Join(t.TempDir(), "archive"), t.TempDir()

	kills, before := 0, map[string]os.FileInfo{}
	for ; !killed(t, "export", from, dir, 4+9*kills); kills++ {
		if _, err := archive.Verify(t.Context(), dir); err == nil {
			t.Fatal("half an archive passes for a whole one")
		}
		now := files(t, dir)
		for name, was := range before {
			// A file that is written again is another file.
			if is, ok := now[name]; !ok || !os.SameFile(was, is) || !was.ModTime().Equal(is.ModTime()) {
				t.Errorf("kill %d: %s was complete and was written again", kills, name)
			}
		}
		before = now
	}
	if kills < 3 || len(before) < 3 {
		t.Fatalf("%d kills with %d files complete, too few to show anything", kills, len(before))
	}
	sum, err := archive.Verify(t.Context(), dir)
	if err != nil || sum.Documents != 2400 || sum.Tenants != 8 || sum.Files != 2400/fileDocuments {
		t.Errorf("Verify: %+v, %v", sum, err)
	}

	kills = 0
	for ; !killed(t, "import", to, dir, 4+12*kills); kills++ {
		s, err := sqlitestore.Open(t.Context(), to, sqlitestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if unfinished, err := archive.Unfinished(t.Context(), s); !unfinished || err != nil {
			t.Errorf("kill %d: Unfinished: %t, %v", kills, unfinished, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if kills < 3 {
		t.Fatalf("%d kills, too few to show anything", kills)
	}
	wantSame(t, open(t, from), open(t, to))
}

// files are the complete files of documents that the journal knows of, all but the last: that one may have got its name
// just before the kill.
func files(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	found := map[string]os.FileInfo{}
	last := ""
	for _, name := range names(t, dir) {
		if !strings.HasPrefix(name, "documents-") || strings.HasSuffix(name, ".partial") {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		found[name], last = info, name
	}
	delete(found, last)
	return found
}

func TestResumedExportMendsWhatIsDamaged(t *testing.T) {
	s := open(t, many(t))
	whole := t.TempDir()
	opts := archive.ExportOptions{FileDocuments: fileDocuments, Created: created}
	if _, err := archive.Export(t.Context(), s, whole, opts); err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(t *testing.T, dir string){
		"nothing": func(*testing.T, string) {},
		"a file was tampered with": func(t *testing.T, dir string) {
			b := read(t, dir, "documents-000003.ndjson")
			b[100] ^= 1
			replace(t, dir, "documents-000003.ndjson", b)
		},
		"a file is gone": func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "documents-000001.ndjson")); err != nil {
				t.Fatal(err)
			}
		},
		"the journal is cut off": func(t *testing.T, dir string) {
			b := read(t, dir, "progress.ndjson")
			replace(t, dir, "progress.ndjson", b[:len(b)-10])
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			stop := opts
			stop.Progress = func(done, _ int64) {
				if done > 10*fileDocuments {
					cancel()
				}
			}
			if _, err := archive.Export(ctx, s, dir, stop); err == nil {
				t.Fatal("Export with an ended context returned no error")
			}
			damage(t, dir)
			later := opts
			later.Created = created.AddDate(1, 0, 0)
			sum, err := archive.Export(t.Context(), s, dir, later)
			if err != nil {
				t.Fatal(err)
			}
			if name == "nothing" && sum.Resumed < 10 {
				t.Errorf("only %d files were kept", sum.Resumed)
			}
			if diff := cmp.Diff(names(t, whole), names(t, dir)); diff != "" {
				t.Errorf("files (-in one go +resumed):\n%s", diff)
			}
			for _, name := range names(t, whole) {
				if string(read(t, whole, name)) != string(read(t, dir, name)) {
					t.Errorf("%s differs from that of an export in one go", name)
				}
			}
		})
	}
}
