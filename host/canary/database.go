package canary

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/pergola-platform/pergola/host/store/sqlitestore" // the driver named "sqlite"
)

const databaseHead = "SQLite format 3\x00"

func isDatabase(r io.ReaderAt) bool {
	head := make([]byte, len(databaseHead))
	_, err := r.ReadAt(head, 0)
	return err == nil && string(head) == databaseHead
}

// database searches a copy of a database through SQL: what lies scattered over pages is in one piece there, and what is still
// in the write-ahead log is in its place. The original stays as it is. What was deleted is seen in the file's bytes only.
func (x *Search) database(path string, at place) {
	dir, err := os.MkdirTemp("", "canary-")
	if err != nil {
		x.problem(at, err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	to := filepath.Join(dir, "copy.db")
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if err := copyFile(path+suffix, to+suffix); err != nil && (suffix == "" || !errors.Is(err, os.ErrNotExist)) {
			x.problem(at, err)
			return
		}
	}
	if err := x.tables(to, at); err != nil {
		x.problem(at, err)
	}
}

// packedDatabase is database for one that came out of something.
func (x *Search) packedDatabase(b []byte, at place) {
	if at.depth >= maxDepth {
		return
	}
	f, err := os.CreateTemp("", "canary-*.db")
	if err != nil {
		x.problem(at, err)
		return
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = x.tables(f.Name(), at)
	}
	if err != nil {
		x.problem(at, err)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func (x *Search) tables(path string, at place) error {
	ctx := context.Background()
	address := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table'`)
	if err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	defer func() { _ = rows.Close() }()
	names := []string{"sqlite_schema"}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return fmt.Errorf("list the tables: %w", err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	for _, name := range names {
		if err := x.table(ctx, db, name, at); err != nil {
			return fmt.Errorf("read table %s: %w", name, err)
		}
	}
	return nil
}

func (x *Search) table(ctx context.Context, db *sql.DB, name string, at place) error {
	rows, err := db.QueryContext(ctx, `SELECT * FROM "`+strings.ReplaceAll(name, `"`, `""`)+`"`) //nolint:gosec // the name is the database's own
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	cells, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, cell := range cells {
			where := at.inside("SQL "+name+"."+columns[i], 0)
			switch v := cell.(type) {
			case string:
				x.inner([]byte(v), where)
			case []byte:
				x.inner(v, where)
			}
		}
	}
	return rows.Err()
}
