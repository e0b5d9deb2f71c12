package sqlitestore

import "context"

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

// BrokenAt is what judges a WAL.
var BrokenAt = brokenAt
