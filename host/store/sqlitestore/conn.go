package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pergola-platform/pergola/host/store"
)

// writer is the one connection that writes, with its statements.
type writer struct {
	begin, commit, rollback      *sql.Stmt
	find, insert, update, remove *sql.Stmt
	index, unindex               *sql.Stmt
	checkpoint                   *sql.Stmt
}

// reader is a connection that reads, with its statements.
type reader struct {
	get, byID, byIndex, ping *sql.Stmt
	tenant, collections      *sql.Stmt
}

type statement struct {
	to  **sql.Stmt
	sql string
}

func (w *writer) statements() []statement {
	return []statement{
		{&w.begin, `BEGIN IMMEDIATE`},
		{&w.commit, `COMMIT`},
		{&w.rollback, `ROLLBACK`},
		{&w.find, `SELECT row, rev, indexes FROM doc WHERE tenant = ? AND collection = ? AND id = ?`},
		{&w.insert, `INSERT INTO doc (tenant, collection, id, rev, body, indexes) VALUES (?, ?, ?, 1, ?, ?)`},
		{&w.update, `UPDATE doc SET rev = ?, body = ?, indexes = ? WHERE row = ?`},
		{&w.remove, `DELETE FROM doc WHERE row = ?`},
		{&w.index, `INSERT INTO doc_index (tenant, collection, name, value, id, row) VALUES (?, ?, ?, ?, ?, ?)`},
		{&w.checkpoint, `PRAGMA wal_checkpoint(TRUNCATE)`},
		{&w.unindex, `DELETE FROM doc_index WHERE tenant = ? AND collection = ? AND name = ? AND value = ? AND id = ?`},
	}
}

func (r *reader) statements() []statement {
	return []statement{
		{&r.get, `SELECT id, rev, body, indexes FROM doc WHERE tenant = ? AND collection = ? AND id = ?`},
		{&r.byID, `SELECT id, rev, body, indexes FROM doc WHERE tenant = ? AND collection = ? AND id > ? ORDER BY id LIMIT ?`},
		// CROSS JOIN keeps SQLite from walking doc first.
		{&r.byIndex, `SELECT d.id, d.rev, d.body, d.indexes FROM doc_index x CROSS JOIN doc d ON d.row = x.row
			WHERE x.tenant = ? AND x.collection = ? AND x.name = ? AND x.value = ? AND x.id > ? ORDER BY x.id LIMIT ?`},
		{&r.ping, `SELECT version FROM format`},
		// One seek for each tenant; DISTINCT would walk every document.
		{&r.tenant, `SELECT tenant FROM doc WHERE tenant > ? ORDER BY tenant LIMIT 1`},
		{&r.collections, `SELECT collection, count(*) FROM doc WHERE tenant = ? GROUP BY collection ORDER BY collection`},
	}
}

// prepare prepares statements on conn.
func (s *Store) prepare(ctx context.Context, conn *sql.Conn, statements []statement) error {
	for _, st := range statements {
		stmt, err := conn.PrepareContext(ctx, st.sql)
		if err != nil {
			return fmt.Errorf("prepare %s: %w", st.sql, err)
		}
		*st.to = stmt
		s.stmts = append(s.stmts, stmt)
	}
	return nil
}

// pool lends connections. Waiting for one ends with the context or the pool.
type pool[T any] struct {
	free   chan T
	closed chan struct{}
	// closing holds one token for the one who closes.
	closing chan struct{}
}

func newPool[T any](size int) *pool[T] {
	p := &pool[T]{free: make(chan T, size), closed: make(chan struct{}), closing: make(chan struct{}, 1)}
	p.closing <- struct{}{}
	return p
}

var errClosed = fmt.Errorf("%w: it is closed", store.ErrUnavailable)

func (p *pool[T]) take(ctx context.Context) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case <-p.closed:
		return none, errClosed
	case c := <-p.free:
		select {
		case <-p.closed: // select chose between the two at random; the one who drains waits for this connection
			p.free <- c
			return none, errClosed
		default:
			return c, nil
		}
	}
}

func (p *pool[T]) give(c T) { p.free <- c }

// drain closes the pool and waits until every connection is back. It returns false where somebody did that before.
func (p *pool[T]) drain() bool {
	select {
	case <-p.closing:
	default:
		return false
	}
	close(p.closed)
	for range cap(p.free) {
		<-p.free
	}
	return true
}
