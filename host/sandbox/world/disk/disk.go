// Package disk keeps a site in one SQLite file: small things as rows of JSON by kind and id, issues and their parts as rows
// that are never changed. A new version of an issue is a new row with a higher number, so that whoever still reads an older
// state finds the row of that state; what nobody can see any more is removed later. It knows nothing of what the rows say.
package disk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

// format is the version of the tables. Format 1 was a file of JSON.
const format = 2

const schema = `
CREATE TABLE entity (kind TEXT NOT NULL, id TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE issue (version INTEGER PRIMARY KEY, number INTEGER NOT NULL, json BLOB);
CREATE TABLE part (version INTEGER PRIMARY KEY, body BLOB NOT NULL);
PRAGMA user_version = 2;`

// always is the context of every statement: a change that was begun is brought to its end, and reads are short.
var always = context.Background()

// File is an open site. It is safe for concurrent use; writes wait for one another.
type File struct {
	db                    *sql.DB
	path                  string
	issue, part           *sql.Stmt
	someIssues            *sql.Stmt
	putEntity, dropEntity *sql.Stmt
	putIssue, putPart     *sql.Stmt
	dropIssue, dropPart   *sql.Stmt
	lastIssue, lastPart   int64
}

// Entity is a small thing. One without JSON is to be removed.
type Entity struct {
	Kind, ID string
	JSON     []byte
}

// Issue is a version of an issue. One without JSON says that the issue is gone.
type Issue struct {
	Version int64
	Number  uint32
	JSON    []byte
}

// Part is a comment, an attachment's content, or whatever else is read on its own. Load, where there is one, returns the body
// when it is written, so that a batch of large ones need not be in memory at once.
type Part struct {
	Version int64
	Body    []byte
	Load    func() ([]byte, error)
}

// Batch is what is written in one step.
type Batch struct {
	Entities              []Entity
	Issues                []Issue
	Parts                 []Part
	GoneIssues, GoneParts []int64 // versions that nobody can see any more
}

// Open opens the file at path, or makes it; made says which. Only its owner can read a new one.
func Open(path string) (f *File, made bool, err error) {
	if made, err = create(path); err != nil {
		return nil, false, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, false, err
	}
	// A full sync at each commit: a change that was acknowledged survives the end of the machine.
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-16000)&_txlock=immediate"
	db, err := sql.Open("sqlite", address)
	if err != nil {
		return nil, false, err
	}
	f = &File{db: db, path: path}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	if err := f.prepare(); err != nil {
		return nil, false, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return f, f.lastIssue == 0 && made, nil
}

func create(path string) (made bool, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		info, err := os.Stat(path)
		return err == nil && info.Size() == 0, err
	}
	if err != nil {
		return false, err
	}
	return true, file.Close()
}

func (f *File) prepare() error {
	var have int
	if err := f.db.QueryRowContext(always, `PRAGMA user_version`).Scan(&have); err != nil {
		return err
	}
	switch have {
	case format:
	case 0:
		if _, err := f.db.ExecContext(always, schema); err != nil {
			return err
		}
	default:
		return fmt.Errorf("format %d, this version reads %d", have, format)
	}
	for to, text := range map[**sql.Stmt]string{
		&f.issue:      `SELECT json FROM issue WHERE version = ?`,
		&f.someIssues: `SELECT version, json FROM issue WHERE version IN (SELECT value FROM json_each(?))`,
		&f.part:       `SELECT body FROM part WHERE version = ?`,
		&f.putEntity:  `INSERT OR REPLACE INTO entity (kind, id, json) VALUES (?, ?, ?)`,
		&f.dropEntity: `DELETE FROM entity WHERE kind = ? AND id = ?`,
		&f.putIssue:   `INSERT INTO issue (version, number, json) VALUES (?, ?, ?)`,
		&f.putPart:    `INSERT INTO part (version, body) VALUES (?, ?)`,
		&f.dropIssue:  `DELETE FROM issue WHERE version = ?`,
		&f.dropPart:   `DELETE FROM part WHERE version = ?`,
	} {
		s, err := f.db.PrepareContext(always, text)
		if err != nil {
			return err
		}
		*to = s
	}
	return errors.Join(
		f.db.QueryRowContext(always, `SELECT coalesce(max(version), 0) FROM issue`).Scan(&f.lastIssue),
		f.db.QueryRowContext(always, `SELECT coalesce(max(version), 0) FROM part`).Scan(&f.lastPart),
	)
}

// Last are the highest versions at the time of opening.
func (f *File) Last() (issue, part int64) { return f.lastIssue, f.lastPart }

// Path is where the file lies.
func (f *File) Path() string { return f.path }

// Close closes the file.
func (f *File) Close() error { return f.db.Close() }

// Write writes a batch: all of it, on disk when Write returns nil, or nothing.
func (f *File) Write(b Batch) (err error) {
	tx, err := f.db.BeginTx(always, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	do := func(s *sql.Stmt, args ...any) {
		if err == nil {
			_, err = tx.StmtContext(always, s).ExecContext(always, args...)
		}
	}
	for _, e := range b.Entities {
		if e.JSON == nil {
			do(f.dropEntity, e.Kind, e.ID)
		} else {
			do(f.putEntity, e.Kind, e.ID, e.JSON)
		}
	}
	for _, p := range b.Parts {
		if p.Load != nil {
			if p.Body, err = p.Load(); err != nil {
				return err
			}
		}
		if p.Body == nil { // of an empty file
			p.Body = []byte{}
		}
		do(f.putPart, p.Version, p.Body)
	}
	for _, i := range b.Issues {
		do(f.putIssue, i.Version, i.Number, i.JSON)
	}
	for _, v := range b.GoneIssues {
		do(f.dropIssue, v)
	}
	for _, v := range b.GoneParts {
		do(f.dropPart, v)
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// Issue reads one version of an issue.
func (f *File) Issue(version int64) (json []byte, err error) {
	if err := f.issue.QueryRowContext(always, version).Scan(&json); err != nil {
		return nil, fmt.Errorf("read version %d of an issue: %w", version, err)
	}
	return json, nil
}

// SomeIssues reads versions of issues, in no order. One statement for many is several times as fast as one for each.
func (f *File) SomeIssues(versions []int64, do func(version int64, json []byte) error) error {
	list, err := json.Marshal(versions)
	if err != nil {
		return err
	}
	rows, err := f.someIssues.QueryContext(always, string(list))
	if err != nil {
		return fmt.Errorf("read %d issues: %w", len(versions), err)
	}
	defer rows.Close()
	for rows.Next() {
		var version int64
		var raw sql.RawBytes
		if err := rows.Scan(&version, &raw); err != nil {
			return err
		}
		if err := do(version, raw); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Part reads a part.
func (f *File) Part(version int64) (body []byte, err error) {
	if err := f.part.QueryRowContext(always, version).Scan(&body); err != nil {
		return nil, fmt.Errorf("read part %d: %w", version, err)
	}
	return body, nil
}

// Entities reads all small things.
func (f *File) Entities(do func(Entity) error) error {
	rows, err := f.db.QueryContext(always, `SELECT kind, id, json FROM entity`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e Entity
		if err := rows.Scan(&e.Kind, &e.ID, &e.JSON); err != nil {
			return err
		}
		if err := do(e); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Issues reads the versions after one, in their order. Later ones replace earlier ones of the same number.
func (f *File) Issues(after int64, do func(Issue) error) error {
	rows, err := f.db.QueryContext(always, `SELECT version, number, json FROM issue WHERE version > ? ORDER BY version`, after)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i Issue
		if err := rows.Scan(&i.Version, &i.Number, &i.JSON); err != nil {
			return err
		}
		if err := do(i); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Copy writes the site as it is now into the new file at path.
func (f *File) Copy(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is there already: %w", path, errors.Join(err, os.ErrExist))
	}
	if _, err := f.db.ExecContext(always, `VACUUM INTO ?`, path); err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}
