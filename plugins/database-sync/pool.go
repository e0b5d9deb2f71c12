//go:build !wasip1

package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	stdsync "sync"
	"time"
)

// Bounds of what is kept open between two calls: the process has a few hundred descriptors for all tenants.
const (
	maxPools    = 24
	connections = 4 // of one pool
	idleAfter   = 2 * time.Minute
	knownFor    = 30 * time.Second // what a table looks like
)

// pools keeps databases open, the ones used last. It is safe for concurrent use.
type pools struct {
	now func() time.Time

	mu  stdsync.Mutex
	all map[[sha256.Size]byte]*database
}

func newPools(now func() time.Time) *pools {
	return &pools{now: now, all: map[[sha256.Size]byte]*database{}}
}

// database is an open database of one connection. It is safe for concurrent use.
type database struct {
	*target
	*sql.DB
	pools  *pools
	dialer *dialer

	// pools.mu guards these.
	users   int
	used    time.Time
	evicted bool

	mu    stdsync.Mutex
	known map[string]knownRelation
}

type knownRelation struct {
	*relation
	at time.Time
}

// open returns the database of a target. The caller releases it.
func (p *pools) open(t *target) (*database, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.all[t.digest]
	if d == nil {
		dialer := &dialer{target: t}
		db, err := t.engine.open(t, dialer)
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(1)
		db.SetConnMaxIdleTime(idleAfter)
		db.SetConnMaxLifetime(30 * time.Minute)
		d = &database{target: t, DB: db, pools: p, dialer: dialer, known: map[string]knownRelation{}}
		p.all[t.digest] = d
	}
	d.users++
	d.used = p.now()
	p.evict()
	return d, nil
}

// evict closes what nobody uses and was not used lately. The caller holds p.mu.
func (p *pools) evict() {
	for digest, d := range p.all {
		if d.users == 0 && p.now().Sub(d.used) > 10*idleAfter {
			p.drop(digest, d)
		}
	}
	for len(p.all) > maxPools {
		var oldest *database
		for _, d := range p.all {
			if d.users == 0 && (oldest == nil || d.used.Before(oldest.used)) {
				oldest = d
			}
		}
		if oldest == nil {
			return // all are in use; each is closed when it is released
		}
		p.drop(oldest.digest, oldest)
	}
}

func (p *pools) drop(digest [sha256.Size]byte, d *database) {
	delete(p.all, digest)
	d.evicted = true
	d.close()
}

func (d *database) release() {
	d.pools.mu.Lock()
	defer d.pools.mu.Unlock()
	d.users--
	d.used = d.pools.now()
	d.pools.evict()
}

func (d *database) close() {
	_ = d.Close()
	d.dialer.close()
}

// querier is a transaction, or a connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// reading calls f, with a context that ends in time, with a connection in a transaction that can only read, and whose statements end in time.
func (d *database) reading(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	return d.with(ctx, true, f)
}

// with calls f with a connection in a transaction, which is rolled back where f fails or only reads.
func (d *database) with(ctx context.Context, readOnly bool, f func(ctx context.Context, q querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	conn, err := d.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := d.engine.prepare(ctx, conn, d.target, readOnly); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, d.engine.options(readOnly))
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := d.engine.begun(ctx, tx, d.target, readOnly); err != nil {
		return err
	}
	if err := f(ctx, tx); err != nil || readOnly {
		return err
	}
	return tx.Commit()
}

// forget drops what is remembered of a stream with which a statement failed: it may look different by now.
func (d *database) forget(stream string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, stream)
}

// relation returns what a stream is made of. It is remembered for a moment: every page asks for it.
func (d *database) relation(ctx context.Context, q querier, stream string) (*relation, error) {
	now := d.pools.now()
	d.mu.Lock()
	k, found := d.known[stream]
	d.mu.Unlock()
	if found && now.Sub(k.at) < knownFor {
		return k.relation, nil
	}
	rel, err := d.look(ctx, q, stream)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) > 1000 {
		clear(d.known)
	}
	d.known[stream] = knownRelation{rel, now}
	return rel, nil
}
