package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/pergola-platform/pergola/host/dirlock"
	"github.com/pergola-platform/pergola/host/store"
)

// File is the database's name inside its directory. SQLite keeps two more beside it, with -wal and -shm appended.
const File = "pergola.db"

// Config tunes a store. The zero value is good.
type Config struct {
	// Readers is the number of reads that run at the same time; 0 means 2 for each CPU, at least 4.
	Readers int
	// MaxBytes bounds the size of the database file, so that a runaway plugin cannot fill the machine's disk; a write
	// beyond it is refused with store.ErrUnavailable. 0 means no bound, the smallest is 1 MiB.
	MaxBytes int64
	// Beside opens a database that another process may have open, for a command of the operator's: it must be there, in the
	// format of this version, and nothing about its files is changed. Two hosts must not share one, since each believes that
	// what it knows in memory is so.
	Beside bool
}

// busyTimeout is how long a connection waits for a lock of somebody else, which can only be a tool of the operator's.
const busyTimeout = 5 * time.Second

// Open opens the database in dir, and creates both where they are missing: the directory for the owner alone (0700), the
// files likewise (0600). It brings older data up to date. Errors: ErrLocked, ErrNewer, store.ErrUnavailable.
func Open(ctx context.Context, dir string, cfg Config) (*Store, error) {
	if cfg.MaxBytes != 0 && cfg.MaxBytes < 1<<20 {
		return nil, fmt.Errorf("open store: a limit of %d bytes is too small, 1 MiB is the least", cfg.MaxBytes)
	}
	if cfg.Readers <= 0 {
		cfg.Readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{dir: dir, writers: newPool[*writer](1), readers: newPool[*reader](cfg.Readers)}
	if err := s.open(ctx, cfg); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", s.fail("open", err)), s.release())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, cfg Config) (err error) {
	path := filepath.Join(s.dir, File)
	if err := s.claim(ctx, path, cfg.Beside); err != nil {
		return err
	}
	if s.root, err = os.Open(s.dir); err != nil {
		return err
	}
	if s.db, err = sql.Open("sqlite", dsn(path)); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1 + cfg.Readers)
	s.db.SetMaxIdleConns(1 + cfg.Readers)
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := checkModes(ctx, conn); err != nil {
		return err
	}
	if cfg.Beside {
		err = checkFormat(ctx, conn)
	} else {
		err = migrate(ctx, conn)
	}
	if err != nil {
		return err
	}
	if err := limitSize(ctx, conn, cfg.MaxBytes); err != nil {
		return err
	}
	w := &writer{numbers: map[collection]int64{}}
	if err := s.prepare(ctx, conn, w.statements()); err != nil {
		return err
	}
	s.writers.give(w)
	for range cfg.Readers {
		conn, err := s.connect(ctx)
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "PRAGMA query_only = ON"); err != nil {
			return err
		}
		r := &reader{}
		if err := s.prepare(ctx, conn, r.statements()); err != nil {
			return err
		}
		s.readers.give(r)
	}
	return nil
}

// claim makes sure that the database is there and, but for beside, ours alone.
func (s *Store) claim(ctx context.Context, path string, beside bool) (err error) {
	if beside {
		size, err := sizeOf(path)
		if err != nil {
			return err
		}
		if size == 0 {
			return fmt.Errorf("%w: there is no store in it; name the data directory of a host that has been started once", store.ErrNotFound)
		}
		return inspectIdle(ctx, s.dir)
	}
	// An existing directory keeps its mode: it may be a mounted volume, or be shared by mistake with files of others. The
	// files' own mode protects them either way.
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if s.lock, err = dirlock.Hold(filepath.Join(s.dir, lockFile), ErrLocked); err != nil {
		return err
	}
	if err := inspect(ctx, path); err != nil {
		return err
	}
	return makeFile(s.dir, path)
}

func (s *Store) connect(ctx context.Context) (*sql.Conn, error) {
	conn, err := s.db.Conn(ctx)
	if err == nil {
		s.conns = append(s.conns, conn)
	}
	return conn, err
}

// Close waits for what is running and closes the database. Closing twice is no error.
func (s *Store) Close() error {
	if !s.writers.drain() || !s.readers.drain() {
		return nil
	}
	return s.release()
}

func (s *Store) release() error {
	var errs []error
	// Statements first: SQLite keeps a connection, and with it the files and the WAL, for as long as one lives.
	for _, stmt := range s.stmts {
		errs = append(errs, stmt.Close())
	}
	for _, c := range s.conns {
		errs = append(errs, c.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.root != nil {
		errs = append(errs, s.root.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Release())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// makeFile creates the database's file before SQLite does, to give it its mode; SQLite gives the files beside it the same.
func makeFile(dir, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		// A restored backup may be readable for others.
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return syncDir(dir)
}

func dsn(path string) string {
	return uri(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
			"journal_mode(WAL)",
			"synchronous(FULL)",
			"foreign_keys(OFF)",
			"trusted_schema(OFF)",
			"secure_delete(ON)", // what is deleted is overwritten in the file; Scrub takes it out of the journal
		},
	}.Encode())
}

// uri is how SQLite is told of a file whose name may hold anything.
func uri(path, parameters string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/…
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: parameters}).String()
}

// checkModes makes sure of what durability rests on: a file system without shared memory, for one, cannot do WAL, and
// SQLite then silently stays with what it has.
func checkModes(ctx context.Context, conn *sql.Conn) error {
	var journal string
	var synchronous int
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal); err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return err
	}
	if journal != "wal" || synchronous != 2 {
		return fmt.Errorf("the file system does not support the journal that the store needs (journal_mode %s, synchronous %d): put the store on a local disk", journal, synchronous)
	}
	return nil
}

func limitSize(ctx context.Context, conn *sql.Conn, maxBytes int64) error {
	if maxBytes == 0 {
		return nil
	}
	var pageSize int64
	if err := conn.QueryRowContext(ctx, "PRAGMA page_size").Scan(&pageSize); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", maxBytes/pageSize))
	return err
}
