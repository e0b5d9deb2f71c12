package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/pergola-platform/pergola/host/store"
)

// writer is the one connection that writes, with its statements.
type writer struct {
	begin, commit, rollback      *sql.Stmt
	number, add, forget          *sql.Stmt // of collections
	find, insert, update, remove *sql.Stmt
	index, unindex               *sql.Stmt
	checkpoint                   *sql.Stmt

	numbers map[collection]int64 // of collections that the transaction came across
}

// reader is a connection that reads, with its statements.
type reader struct {
	get, ping           *sql.Stmt
	tenant, collections *sql.Stmt
	list, ids, count    [4]*sql.Stmt // by form
}

// form is which columns a query compares.
type form int

const (
	below form = 1 << iota // ids have an end
	index                  // by an index value
)

// numbered is the number of a collection.
const numbered = `(SELECT number FROM collection WHERE tenant = ? AND name = ?)`

// conditions are those of a form. CROSS JOIN, in the lists by an index value, keeps SQLite from walking doc first.
var conditions = [4]string{
	0:             `FROM doc d WHERE d.collection = ` + numbered + ` AND d.id > ?`,
	below:         `FROM doc d WHERE d.collection = ` + numbered + ` AND d.id > ? AND d.id < ?`,
	index:         `FROM doc_index x %s WHERE x.collection = ` + numbered + ` AND x.value = ? AND x.name = ? AND x.id > ?`,
	index | below: `FROM doc_index x %s WHERE x.collection = ` + numbered + ` AND x.value = ? AND x.name = ? AND x.id > ? AND x.id < ?`,
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
		{&w.number, `SELECT number FROM collection WHERE tenant = ? AND name = ?`},
		{&w.add, `INSERT INTO collection (tenant, name) VALUES (?, ?)`},
		{&w.forget, `DELETE FROM collection WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM doc WHERE collection = ?1)`},
		{&w.find, `SELECT row, rev, indexes FROM doc WHERE collection = ? AND id = ?`},
		{&w.insert, `INSERT INTO doc (collection, id, rev, body, indexes) VALUES (?, ?, 1, ?, ?)`},
		{&w.update, `UPDATE doc SET rev = ?, body = ?, indexes = ? WHERE row = ?`},
		{&w.remove, `DELETE FROM doc WHERE row = ?`},
		{&w.index, `INSERT INTO doc_index (collection, value, name, id, row) VALUES (?, ?, ?, ?, ?)`},
		{&w.checkpoint, `PRAGMA wal_checkpoint(TRUNCATE)`},
		{&w.unindex, `DELETE FROM doc_index WHERE collection = ? AND value = ? AND name = ? AND id = ?`},
	}
}

func (r *reader) statements() []statement {
	all := []statement{
		{&r.get, `SELECT id, rev, body, indexes FROM doc WHERE collection = ` + numbered + ` AND id = ?`},
		{&r.ping, `SELECT version FROM format`},
		// One seek for each tenant; DISTINCT would walk every collection.
		{&r.tenant, `SELECT tenant FROM collection WHERE tenant > ? ORDER BY tenant LIMIT 1`},
		{&r.collections, `SELECT name, (SELECT count(*) FROM doc WHERE collection = number) FROM collection WHERE tenant = ? ORDER BY name`},
	}
	for f, where := range conditions {
		order, rows, entries := "d.id", where, where
		if form(f)&index != 0 {
			order, rows, entries = "x.id", fmt.Sprintf(where, "CROSS JOIN doc d ON d.row = x.row"), fmt.Sprintf(where, "")
		}
		all = append(all,
			statement{&r.list[f], `SELECT d.id, d.rev, d.body, d.indexes ` + rows + ` ORDER BY ` + order + ` LIMIT ?`},
			statement{&r.ids[f], `SELECT ` + order + ` ` + entries + ` ORDER BY ` + order + ` LIMIT ?`},
			statement{&r.count[f], `SELECT count(*) FROM (SELECT 1 ` + entries + ` LIMIT ?)`},
		)
	}
	return all
}

// arguments are what a validated query compares with, and the form of its statements.
func arguments(q store.Query) (form, []any) {
	var f form
	args := []any{q.Tenant, q.Collection}
	if q.Index != "" {
		f |= index
		args = append(args, q.Value, q.Index)
	}
	after, end := q.Range()
	args = append(args, after)
	if end != "" {
		f |= below
		args = append(args, end)
	}
	return f, append(args, q.Limit)
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

// pool lends connections, first the one that came back last: it has in memory what was read last, and the others cost none while
// one is enough. Waiting for one ends with the context or the pool.
type pool[T any] struct {
	free   chan struct{} // a token for each of idle, put in after it
	closed chan struct{}
	// closing holds one token for the one who closes.
	closing chan struct{}

	mu   sync.Mutex
	idle []T
}

func newPool[T any](size int) *pool[T] {
	p := &pool[T]{free: make(chan struct{}, size), closed: make(chan struct{}), closing: make(chan struct{}, 1)}
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
	case <-p.free:
		select {
		case <-p.closed: // select chose between the two at random; the one who drains waits for this connection
			p.free <- struct{}{}
			return none, errClosed
		default:
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c, nil
}

func (p *pool[T]) give(c T) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	p.free <- struct{}{}
}

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
