// Package board is where hosts see what is to be done, and who does it: tickets for runs that want to go on, holds on those that
// somebody works on, alarms for schedules, and the sessions of the hosts. It lies in one JetStream key-value bucket, and every
// host has a copy of it in memory that follows within milliseconds. Start with [Open].
//
// The board holds ids, times and numbers, and is no record of anything: whoever lost it could write it anew from the store. It
// decides who may work. That rests on two things:
//
//   - A hold is taken by writing all holds of a tenant at once, on the condition that nobody else wrote them meanwhile. So limits
//     hold exactly, whichever hosts compete.
//   - A host's holds last as long as its session. A session is a key that expires on the server unless its host renews it, and the
//     host gives it up by itself before that. As sessions and holds are in one stream, whoever sees a hold also sees whether
//     its session lives.
//
// Neither keeps a host that stood still from waking up later and going on. What it writes then is refused by the store, where
// the [Token] of each hold is greater than that of the one before.
package board

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pergola-platform/pergola/core/capability"
)

// Errors of a Board; test with errors.Is.
var (
	ErrTaken       = errors.New("somebody else was faster")
	ErrFull        = errors.New("no more holds are allowed") // of the tenant, or of the ticket's key
	ErrUnavailable = errors.New("the job queue does not answer")
)

// Config is what a Board needs. Conn and Log are required.
type Config struct {
	Conn *nats.Conn
	// Bucket names the bucket; installations that share a cluster need one each. "" means pergola_jobs.
	Bucket string
	// Replicas is how many nodes of a cluster keep the bucket; 0 means 1.
	Replicas int
	// Lease is how long a host may be silent before others take over what it holds, in whole seconds; 0 means 15 s.
	Lease time.Duration
	// Alone says that there is no other host: sessions that are found are those of processes that are gone.
	Alone bool
	Log   *slog.Logger
}

const (
	defaultBucket = "pergola_jobs"
	defaultLease  = 15 * time.Second
	markerTime    = 10 * time.Minute // for how long it can be seen that a key was deleted
	openTime      = 30 * time.Second
	maxBytes      = 64 << 20
)

// Board is a host's view of the board, with a session of its own. It is safe for concurrent use. Make it with Open.
type Board struct {
	cfg Config
	js  jetstream.JetStream
	kv  jetstream.KeyValue
	era int64 // when the bucket was made, see Token

	stop       context.CancelFunc
	background sync.WaitGroup
	stale      chan struct{} // asks for a new view

	view view

	mu      sync.Mutex
	session *Session
	turns   map[capability.TenantID]*sync.Mutex // this host's writes of holds, one after the other
}

// Open opens the board and starts a session. It waits for at most half a minute for a server that is only just starting.
func Open(ctx context.Context, cfg Config) (_ *Board, err error) {
	if cfg.Conn == nil || cfg.Log == nil {
		return nil, errors.New("open the job queue: Conn and Log are required")
	}
	if cfg.Bucket == "" {
		cfg.Bucket = defaultBucket
	}
	if cfg.Replicas == 0 {
		cfg.Replicas = 1
	}
	if cfg.Lease == 0 {
		cfg.Lease = defaultLease
	}
	if cfg.Lease < time.Second || cfg.Lease%time.Second != 0 {
		return nil, fmt.Errorf("open the job queue: a lease of %s; it has whole seconds, at least one", cfg.Lease)
	}
	js, err := jetstream.New(cfg.Conn)
	if err != nil {
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	b := &Board{cfg: cfg, js: js, stale: make(chan struct{}, 1), turns: map[capability.TenantID]*sync.Mutex{}}
	b.view.init()
	opening, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if err := b.openBucket(opening); err != nil {
		return nil, err
	}
	if cfg.Alone {
		if err := b.endSessions(opening); err != nil {
			return nil, err
		}
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	b.background.Go(func() { b.follow(work) })
	b.background.Go(func() { b.keepSessions(work) })
	b.background.Go(func() { b.endSilent(work) })
	if err := b.Ready(opening); err != nil {
		return nil, errors.Join(err, b.Close(ctx))
	}
	return b, nil
}

// openBucket makes the bucket or finds it. A cluster that is starting up refuses for a while.
func (b *Board) openBucket(ctx context.Context) error {
	for {
		kv, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: b.cfg.Bucket, Description: "Pergola: what is to be done; ids only", Storage: jetstream.FileStorage,
			Replicas: b.cfg.Replicas, LimitMarkerTTL: markerTime, MaxBytes: maxBytes,
		})
		if err == nil {
			b.kv = kv
			return b.readEra(ctx)
		}
		select {
		case <-ctx.Done():
			return unavailable("open the job queue: bucket "+b.cfg.Bucket, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (b *Board) readEra(ctx context.Context) error {
	stream, err := b.js.Stream(ctx, "KV_"+b.cfg.Bucket)
	if err != nil {
		return unavailable("open the job queue", err)
	}
	b.era = stream.CachedInfo().Created.UnixMilli()
	return nil
}

// Ready waits until this host sees the board and has a session.
func (b *Board) Ready(ctx context.Context) error {
	changed, stop := b.Changes()
	defer stop()
	for {
		if err := b.Healthy(); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return unavailable("wait for the job queue", ctx.Err())
		case <-changed:
		}
	}
}

// Healthy says whether this host takes part: ErrUnavailable while it does not see the board or has no session.
func (b *Board) Healthy() error {
	if !b.view.isReady() {
		return unavailable("follow the job queue", nil)
	}
	if b.Session() == nil {
		return unavailable("keep a session with the job queue", nil)
	}
	return nil
}

// Close ends the session, so that others need not wait for it to expire, and stops following. The connection stays open.
func (b *Board) Close(ctx context.Context) error {
	b.stop()
	b.background.Wait()
	s := b.setSession(nil)
	if s == nil {
		return nil
	}
	s.end()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.patience())
	defer cancel()
	if err := b.kv.Purge(ctx, s.key(), jetstream.PurgeTTL(markerTime)); err != nil {
		return unavailable("end a session", err)
	}
	return nil
}

// patience is how long one question to the server may take.
func (b *Board) patience() time.Duration { return min(5*time.Second, b.cfg.Lease/2) }

// turn lets one write of a tenant's holds through at a time.
func (b *Board) turn(t capability.TenantID) (giveBack func()) {
	b.mu.Lock()
	m := b.turns[t]
	if m == nil {
		m = &sync.Mutex{}
		b.turns[t] = m
	}
	b.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// unavailable says what could not be done. What the library says goes with it, for operators.
func unavailable(doing string, err error) error {
	if err == nil {
		return fmt.Errorf("%s: %w", doing, ErrUnavailable)
	}
	return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, err)
}

// The first parts of the bucket's keys.
const (
	ticketKey  = "t" // t.TENANT.RUN
	holdsKey   = "h" // h.TENANT
	alarmKey   = "a" // a.TENANT.SCHEDULE
	sessionKey = "s" // s.SESSION
)

// split takes a key apart. The last part may have dots.
func split(key string) (kind, first, second string) {
	parts := strings.SplitN(key, ".", 3)
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	return parts[0], parts[1], parts[2]
}

// ValidID says whether an id can stand in a key and a subject: letters, digits, "-" and "_", and dots if they may be there.
func ValidID(id string, dots bool) bool {
	return id != "" && len(id) <= 128 && !strings.HasPrefix(id, ".") && !strings.HasSuffix(id, ".") && !strings.Contains(id, "..") &&
		!strings.ContainsFunc(id, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && (r != '.' || !dots)
		})
}
