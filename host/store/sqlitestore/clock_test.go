package sqlitestore_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// A clock that jumps cannot hurt who does not read it. Durations are fine: SQLite counts what it has slept.
func TestStoreReadsNoClock(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				switch x, _ := s.X.(*ast.Ident); {
				case x == nil || x.Name != "time":
				case s.Sel.Name != "Duration" && s.Sel.Name != "Second":
					t.Errorf("%s uses time.%s", name, s.Sel.Name)
				}
			}
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				for _, word := range []string{"CURRENT_TIME", "datetime(", "julianday(", "strftime(", "unixepoch("} {
					if strings.Contains(strings.ToLower(l.Value), strings.ToLower(word)) {
						t.Errorf("%s asks SQLite for the time: %s", name, l.Value)
					}
				}
			}
			return true
		})
	}
}

// To files a clock that jumped backwards looks like this: what was written later has the earlier time.
func TestTimesOfFilesDoNotMatter(t *testing.T) {
	dir := leftBehind(t)
	notes := 50
	for i, years := range []int{80, -50, 0} {
		for j, name := range []string{database, journal} {
			when := time.Now().AddDate(years, 0, -j)
			if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		s := open(t, dir, sqlitestore.Config{})
		wantNotes(t, s, notes)
		if _, err := s.Write(t.Context(), note("more"+strconv.Itoa(i), 10)); err != nil {
			t.Fatal(err)
		}
		notes++
		closeStore(t, s)
	}
	wantSound(t, dir)
}
