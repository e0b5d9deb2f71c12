// Package sqlitestore is the embedded driver of host/store: one SQLite database in a directory of its own, for an
// installation of one machine. Start with [Open].
//
// The database is in WAL mode with synchronous=FULL, so a write is on the disk when it is acknowledged. One connection
// writes, several read; readers never wait for the writer. A directory belongs to one process at a time.
//
// [Backup] copies a store while a host has it open, from whichever process; copying the files is only safe while it stands
// still. [Restore] puts a copy in its place again.
//
// After a crash Open replays what was acknowledged, and drops a transaction that was being written. A file that is damaged
// is refused as it is: nothing is written to it. A write that the disk refuses changes nothing, and the next one may work
// again. That holds for a disk that turns read-only under an open store as well, of which Linux itself says nothing to whoever
// has its files open; once it is mounted for writing again, the store goes on. Where ext4 has given up its journal after an error
// (errors=remount-ro), no file that was open can be written any more, whatever the mount says: the host has to end, so that the
// file system can be unmounted, checked and mounted. No clock is read, so one that jumps does no harm.
package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/dirlock"
	"github.com/pergola-platform/pergola/host/store"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dir     string
	db      *sql.DB
	conns   []*sql.Conn // all that the pools lend
	stmts   []*sql.Stmt // all that are prepared on conns
	lock    *dirlock.Lock
	root    *os.File       // dir, for a look at its file system
	writers *pool[*writer] // one
	readers *pool[*reader]
}

var (
	_ store.Store    = (*Store)(nil)
	_ store.Scrubber = (*Store)(nil)
)

// Get returns a document or store.ErrNotFound.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Doc, error) {
	if err := key.Validate(); err != nil {
		return store.Doc{}, err
	}
	r, err := s.readers.take(ctx)
	if err != nil {
		return store.Doc{}, err
	}
	defer s.readers.give(r)
	doc, err := scan(r.get.QueryRowContext(uncancelled(ctx), key.Tenant, key.Collection, key.ID), store.Query{Tenant: key.Tenant, Collection: key.Collection})
	if errors.Is(err, sql.ErrNoRows) {
		return store.Doc{}, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	}
	if err != nil {
		return store.Doc{}, s.fail("read "+key.String(), err)
	}
	return doc, nil
}

// List returns a page of documents.
func (s *Store) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	q, err := q.Validate()
	if err != nil {
		return nil, err
	}
	r, err := s.readers.take(ctx)
	if err != nil {
		return nil, err
	}
	defer s.readers.give(r)
	docs, err := r.page(uncancelled(ctx), q)
	if err != nil {
		return nil, s.fail("list "+q.Collection+" of "+string(q.Tenant), err)
	}
	return docs, nil
}

// IDs returns a page of ids.
func (s *Store) IDs(ctx context.Context, q store.Query) ([]string, error) {
	q, err := q.Validate()
	if err != nil {
		return nil, err
	}
	r, err := s.readers.take(ctx)
	if err != nil {
		return nil, err
	}
	defer s.readers.give(r)
	ids, err := r.pageOfIDs(uncancelled(ctx), q)
	if err != nil {
		return nil, s.fail("list ids of "+q.Collection+" of "+string(q.Tenant), err)
	}
	return ids, nil
}

// Count counts documents.
func (s *Store) Count(ctx context.Context, q store.Query) (int, error) {
	q, err := q.ValidateCount()
	if err != nil {
		return 0, err
	}
	r, err := s.readers.take(ctx)
	if err != nil {
		return 0, err
	}
	defer s.readers.give(r)
	f, args := arguments(q)
	var n int
	if err := r.count[f].QueryRowContext(uncancelled(ctx), args...).Scan(&n); err != nil {
		return 0, s.fail("count "+q.Collection+" of "+string(q.Tenant), err)
	}
	return n, nil
}

// Write carries out all of ops or none.
func (s *Store) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	if err := store.ValidateOps(ops); err != nil {
		return nil, err
	}
	if len(ops) == 0 {
		return nil, ctx.Err()
	}
	w, err := s.writers.take(ctx)
	if err != nil {
		return nil, err
	}
	defer s.writers.give(w)
	revs, err := s.durable(ctx, w, ops)
	if err != nil {
		if conflict := (*store.ConflictError)(nil); errors.As(err, &conflict) || errors.Is(err, ctx.Err()) {
			return nil, err
		}
		return nil, s.fail("write "+ops[0].Doc.Key.String(), err)
	}
	return revs, nil
}

// durable carries out ops where the disk takes them. A disk that turns read-only at the same moment leaves open whether they
// happened, so they are not acknowledged.
func (s *Store) durable(ctx context.Context, w *writer, ops []store.Op) ([]int64, error) {
	if err := checkWritable(s.root); err != nil {
		return nil, err
	}
	revs, err := w.transaction(ctx, ops)
	if err != nil {
		return nil, err
	}
	return revs, checkWritable(s.root)
}

// Ping reads from the database.
func (s *Store) Ping(ctx context.Context) error {
	r, err := s.readers.take(ctx)
	if err != nil {
		return err
	}
	defer s.readers.give(r)
	var version int
	if err := r.ping.QueryRowContext(uncancelled(ctx)).Scan(&version); err != nil {
		return s.fail("read the format", err)
	}
	return nil
}

// Scrub brings the journal into the database, where what was deleted is overwritten, and empties it.
func (s *Store) Scrub(ctx context.Context) error {
	w, err := s.writers.take(ctx)
	if err != nil {
		return err
	}
	defer s.writers.give(w)
	var busy, frames, done int
	if err := w.checkpoint.QueryRowContext(uncancelled(ctx)).Scan(&busy, &frames, &done); err != nil {
		return s.fail("scrub", err)
	}
	if busy != 0 {
		return fmt.Errorf("%w: scrub in %s: somebody reads an older state; try again later", store.ErrUnavailable, s.dir)
	}
	return nil
}

// uncancelled keeps a cancellation from reaching SQLite. Statements here are short, and an interrupted COMMIT would leave
// open whether it happened.
func uncancelled(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

type row interface{ Scan(dest ...any) error }

// scan reads a row of id, rev, body, indexes.
func scan(r row, q store.Query) (store.Doc, error) {
	doc := store.Doc{Key: store.Key{Tenant: q.Tenant, Collection: q.Collection}}
	var indexes []byte
	if err := r.Scan(&doc.Key.ID, &doc.Rev, &doc.Body, &indexes); err != nil {
		return store.Doc{}, err
	}
	var err error
	doc.Index, err = decodeIndexes(indexes)
	return doc, err
}

// encodeIndexes returns nil, which is NULL, for none.
func encodeIndexes(m map[string]string) ([]byte, error) {
	if len(m) == 0 {
		return nil, nil
	}
	return json.Marshal(m)
}

func decodeIndexes(b []byte) (map[string]string, error) {
	if b == nil {
		return nil, nil
	}
	m, err := store.Flat(b)
	if err != nil {
		return nil, fmt.Errorf("decode the indexes: %w", err)
	}
	return m, nil
}

// transaction carries out ops and returns the new revisions.
func (w *writer) transaction(ctx context.Context, ops []store.Op) (revs []int64, err error) {
	background := uncancelled(ctx)
	if _, err := w.begin.ExecContext(background); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err == nil {
			return
		}
		// SQLite has rolled back by itself after some errors, and then there is nothing left to do.
		_, _ = w.rollback.ExecContext(background)
	}()
	clear(w.numbers)
	revs = make([]int64, len(ops))
	for i, op := range ops {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if revs[i], err = w.apply(background, op); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := w.commit.ExecContext(background); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return revs, nil
}

// collection is the key of a row of that table.
type collection struct {
	tenant capability.TenantID
	name   string
}

func collectionOf(k store.Key) collection { return collection{k.Tenant, k.Collection} }

// numberOf returns the number of a collection, 0 where it has no documents.
func (w *writer) numberOf(ctx context.Context, c collection) (int64, error) {
	if n, ok := w.numbers[c]; ok {
		return n, nil
	}
	var n int64
	if err := w.number.QueryRowContext(ctx, c.tenant, c.name).Scan(&n); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	w.numbers[c] = n
	return n, nil
}

// apply carries out one op and returns the document's new revision, 0 for a delete.
func (w *writer) apply(ctx context.Context, op store.Op) (int64, error) {
	key := op.Doc.Key
	in, err := w.numberOf(ctx, collectionOf(key))
	if err != nil {
		return 0, err
	}
	var row, rev int64
	var indexes []byte
	err = w.find.QueryRowContext(ctx, in, key.ID).Scan(&row, &rev, &indexes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	there := err == nil
	if op.IfRev != store.Any && op.IfRev != rev { // rev is 0 where there is nothing
		return 0, &store.ConflictError{Key: key}
	}
	old, err := decodeIndexes(indexes)
	if err != nil {
		return 0, err
	}
	if op.Delete {
		if !there {
			return 0, nil
		}
		return 0, w.delete(ctx, place{in, row, key}, old)
	}
	encoded, err := encodeIndexes(op.Doc.Index)
	if err != nil {
		return 0, err
	}
	if there {
		_, err = w.update.ExecContext(ctx, rev+1, op.Doc.Body, encoded, row)
	} else {
		in, row, err = w.create(ctx, in, op.Doc, encoded)
	}
	if err != nil {
		return 0, err
	}
	return rev + 1, w.reindex(ctx, place{in, row, key}, old, op.Doc.Index)
}

// place is where a document is.
type place struct {
	in, row int64 // in is the number of its collection
	key     store.Key
}

// create adds a document, and its collection where in is 0.
func (w *writer) create(ctx context.Context, in int64, doc store.Doc, indexes []byte) (_, row int64, err error) {
	insert := func(s *sql.Stmt, args ...any) (int64, error) {
		result, err := s.ExecContext(ctx, args...)
		if err != nil {
			return 0, err
		}
		return result.LastInsertId()
	}
	if in == 0 {
		if in, err = insert(w.add, doc.Key.Tenant, doc.Key.Collection); err != nil {
			return 0, 0, err
		}
		w.numbers[collectionOf(doc.Key)] = in
	}
	row, err = insert(w.insert, in, doc.Key.ID, doc.Body, indexes)
	return in, row, err
}

// delete takes a document away, and its collection where it was the last one.
func (w *writer) delete(ctx context.Context, at place, indexes map[string]string) error {
	if _, err := w.remove.ExecContext(ctx, at.row); err != nil {
		return err
	}
	if err := w.reindex(ctx, at, indexes, nil); err != nil {
		return err
	}
	delete(w.numbers, collectionOf(at.key))
	_, err := w.forget.ExecContext(ctx, at.in)
	return err
}

// reindex writes the difference between a document's old and new index entries.
func (w *writer) reindex(ctx context.Context, at place, before, after map[string]string) error {
	if maps.Equal(before, after) {
		return nil
	}
	for name, value := range before {
		if now, ok := after[name]; ok && now == value {
			continue
		}
		if _, err := w.unindex.ExecContext(ctx, at.in, value, name, at.key.ID); err != nil {
			return err
		}
	}
	for name, value := range after {
		if was, ok := before[name]; ok && was == value {
			continue
		}
		if _, err := w.index.ExecContext(ctx, at.in, value, name, at.key.ID, at.row); err != nil {
			return err
		}
	}
	return nil
}

// page runs a validated query.
func (r *reader) page(ctx context.Context, q store.Query) ([]store.Doc, error) {
	f, args := arguments(q)
	rows, err := r.list[f].QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var docs []store.Doc
	for rows.Next() {
		doc, err := scan(rows, q)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, rows.Err()
}

// pageOfIDs runs a validated query for ids.
func (r *reader) pageOfIDs(ctx context.Context, q store.Query) ([]string, error) {
	f, args := arguments(q)
	rows, err := r.ids[f].QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
