package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// applicationID marks the file as Pergola's; "PRGL" in ASCII.
const applicationID = 0x5052474c

// migrations lead from one format of the data to the next; the format is the number of those that have run. The list is
// append-only: what has run on somebody's data is never changed.
var migrations = []string{
	// Row numbers keep large bodies out of the two key trees. doc.indexes repeats a document's entries of doc_index as
	// JSON, so that a write knows which to take away and a read needs no second look.
	`
CREATE TABLE doc (
	row        INTEGER PRIMARY KEY,
	tenant     TEXT    NOT NULL,
	collection TEXT    NOT NULL,
	id         TEXT    NOT NULL,
	rev        INTEGER NOT NULL,
	indexes    BLOB,
	body       BLOB    NOT NULL,
	UNIQUE (tenant, collection, id)
) STRICT;

CREATE TABLE doc_index (
	tenant     TEXT    NOT NULL,
	collection TEXT    NOT NULL,
	name       TEXT    NOT NULL,
	value      TEXT    NOT NULL,
	id         TEXT    NOT NULL,
	row        INTEGER NOT NULL,
	PRIMARY KEY (tenant, collection, name, value, id)
) STRICT, WITHOUT ROWID;
`,
}

// ErrNewer says that the data was written by a newer version of Pergola.
var ErrNewer = errors.New("the data is of a newer version of Pergola")

// migrate creates the tables in an empty database and brings older data up to date, all or nothing.
func migrate(ctx context.Context, conn *sql.Conn) error {
	var id, tables int
	if err := conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return fmt.Errorf("read the application id: %w", err)
	}
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("read the tables: %w", err)
	}
	if tables > 0 && id != applicationID {
		return errors.New("the file is a database of another program: give the store a directory of its own")
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if tables == 0 {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; CREATE TABLE format (version INTEGER NOT NULL) STRICT; INSERT INTO format VALUES (0)", applicationID)); err != nil {
			return fmt.Errorf("mark the file: %w", err)
		}
	}
	var version int
	if err := tx.QueryRowContext(ctx, "SELECT version FROM format").Scan(&version); err != nil {
		return fmt.Errorf("read the format: %w", err)
	}
	if version > len(migrations) {
		return fmt.Errorf("%w: it has format %d, and this version reads up to %d; start the newer version again, or restore a backup that this version made", ErrNewer, version, len(migrations))
	}
	for ; version < len(migrations); version++ {
		if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
			return fmt.Errorf("bring the data to format %d: %w", version+1, err)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE format SET version = ?", version+1); err != nil {
			return fmt.Errorf("bring the data to format %d: %w", version+1, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
