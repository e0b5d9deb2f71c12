package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// MakeReadOnly makes SQLite refuse writes on the writer's connection, as it does on a read-only disk. A mode on the file
// would not do: a test that runs as root may write everywhere.
func MakeReadOnly(ctx context.Context, s *Store) error {
	_, err := s.conns[0].ExecContext(ctx, "PRAGMA query_only = ON")
	return err
}

// Pragma asks every connection for a setting, the writer's first.
func Pragma(ctx context.Context, s *Store, name string) ([]string, error) {
	var all []string
	for _, c := range s.conns {
		var v string
		if err := c.QueryRowContext(ctx, "PRAGMA "+name).Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// AddMigration adds a format, until undo is called.
func AddMigration(statements string) (undo func()) {
	before := migrations
	migrations = append(migrations[:len(migrations):len(migrations)], statements)
	return func() { migrations = before }
}

// Migrate makes an empty database one of an older format.
func Migrate(ctx context.Context, conn *sql.Conn, format int) error {
	before := migrations
	defer func() { migrations = before }()
	migrations = migrations[:format:format]
	return migrate(ctx, conn)
}

// BrokenAt is what judges a WAL.
var BrokenAt = brokenAt

// Plans returns how SQLite carries out each statement of a reader, by the statement.
func Plans(ctx context.Context, s *Store) (map[string]string, error) {
	plans := map[string]string{}
	for _, st := range new(reader).statements() {
		rows, err := s.conns[len(s.conns)-1].QueryContext(ctx, "EXPLAIN QUERY PLAN "+st.sql, make([]any, strings.Count(st.sql, "?"))...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				return nil, err
			}
			plans[st.sql] += detail + "\n"
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return plans, nil
}
