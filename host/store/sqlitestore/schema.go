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
	// Nothing changes but what scrubbed says.
	``,
	// The trees name a collection of a tenant by a number: an entry of an index is half as long, and a page holds twice as many.
	// A collection without documents has no row. Values come before the names of indexes, so that what refers to one issue from
	// either side lies together.
	`
CREATE TABLE collection (
	number INTEGER PRIMARY KEY,
	tenant TEXT    NOT NULL,
	name   TEXT    NOT NULL,
	UNIQUE (tenant, name)
) STRICT;
INSERT INTO collection (tenant, name) SELECT DISTINCT tenant, collection FROM doc ORDER BY tenant, collection;

ALTER TABLE doc RENAME TO doc_of_2;
CREATE TABLE doc (
	row        INTEGER PRIMARY KEY,
	collection INTEGER NOT NULL,
	id         TEXT    NOT NULL,
	rev        INTEGER NOT NULL,
	indexes    BLOB,
	body       BLOB    NOT NULL,
	UNIQUE (collection, id)
) STRICT;
INSERT INTO doc (row, collection, id, rev, indexes, body)
	SELECT d.row, c.number, d.id, d.rev, d.indexes, d.body FROM doc_of_2 d JOIN collection c ON c.tenant = d.tenant AND c.name = d.collection ORDER BY d.row;
DROP TABLE doc_of_2;

ALTER TABLE doc_index RENAME TO doc_index_of_2;
CREATE TABLE doc_index (
	collection INTEGER NOT NULL,
	value      TEXT    NOT NULL,
	name       TEXT    NOT NULL,
	id         TEXT    NOT NULL,
	row        INTEGER NOT NULL,
	PRIMARY KEY (collection, value, name, id)
) STRICT, WITHOUT ROWID;
INSERT INTO doc_index (collection, value, name, id, row)
	SELECT c.number, x.value, x.name, x.id, x.row FROM doc_index_of_2 x JOIN collection c ON c.tenant = x.tenant AND c.name = x.collection ORDER BY 1, 2, 3, 4;
DROP TABLE doc_index_of_2;
`,
}

// scrubbed is the format since which deleted documents are overwritten. In older files they lie in free pages.
const scrubbed = 2

// ErrNewer says that the data was written by a newer version of Pergola.
var ErrNewer = errors.New("the data is of a newer version of Pergola")

// migrate creates the tables in an empty database and brings older data up to date, all or nothing.
func migrate(ctx context.Context, conn *sql.Conn) error {
	if err := scrubOld(ctx, conn); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("read the tables: %w", err)
	}
	if tables == 0 {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; CREATE TABLE format (version INTEGER NOT NULL) STRICT; INSERT INTO format VALUES (0)", applicationID)); err != nil {
			return fmt.Errorf("mark the file: %w", err)
		}
	}
	version, err := formatOf(ctx, tx)
	if err != nil {
		return err
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

// checkFormat refuses a database of another format than this version's.
func checkFormat(ctx context.Context, conn *sql.Conn) error {
	version, err := formatOf(ctx, conn)
	if err != nil {
		return err
	}
	if version < len(migrations) {
		return fmt.Errorf("the data has format %d, and this program is for format %d: start its host once, or use the program of the host that runs", version, len(migrations))
	}
	return nil
}

// scrubOld writes a file of an older format anew, without what was deleted from it. That may be repeated.
func scrubOld(ctx context.Context, conn *sql.Conn) error {
	var tables int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("read the tables: %w", err)
	}
	if tables == 0 {
		return nil
	}
	version, err := formatOf(ctx, conn)
	if err != nil || version == 0 || version >= scrubbed {
		return err
	}
	if _, err := conn.ExecContext(ctx, "VACUUM"); err != nil {
		return fmt.Errorf("write the file anew, without what was deleted: %w", err)
	}
	return nil
}
