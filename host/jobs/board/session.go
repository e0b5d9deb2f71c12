package board

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Session is a host's right to hold anything. It ends when the server has not heard of the host for some time, and a little
// earlier for the host itself.
type Session struct {
	id       string
	lost     context.Context //nolint:containedctx // it is the end of the session, for those who work under it
	cancel   context.CancelCauseFunc
	deadline *time.Timer
}

// ErrLost is the cause of the end of the context of a session.
var ErrLost = errors.New("the session with the job queue is lost")

// Context ends with the session.
func (s *Session) Context() context.Context { return s.lost }

// Alive says whether the session has not ended.
func (s *Session) Alive() bool { return s != nil && s.lost.Err() == nil }

func (s *Session) key() string { return sessionKey + "." + s.id }

func (s *Session) end() {
	s.deadline.Stop()
	s.cancel(ErrLost)
}

// Session returns the session, nil while there is none.
func (b *Board) Session() *Session {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.session.Alive() {
		return nil
	}
	return b.session
}

func (b *Board) setSession(s *Session) (old *Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, b.session = b.session, s
	return old
}

// keepSessions has a session all the time, but while the server does not answer.
func (b *Board) keepSessions(ctx context.Context) {
	pause := b.cfg.Lease / 20
	for ctx.Err() == nil {
		s, rev, err := b.startSession(ctx)
		if err != nil {
			wait(ctx, pause)
			continue
		}
		b.setSession(s)
		b.view.changed()
		b.renew(ctx, s, rev)
		if ctx.Err() != nil {
			return // Close ends it
		}
		s.end()
		b.cfg.Log.WarnContext(ctx, "the session with the job queue is lost; steps that are under way will be done again")
		b.refresh() // whatever was seen may be old
		b.view.changed()
	}
}

// endAfter is when a host gives up a session that it could not renew: before others may see that it expired.
func (b *Board) endAfter() time.Duration { return b.cfg.Lease * 4 / 5 }

func (b *Board) startSession(ctx context.Context) (*Session, uint64, error) {
	raw := make([]byte, 10)
	rand.Read(raw)
	lost, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &Session{id: hex.EncodeToString(raw), lost: lost, cancel: cancel}
	s.deadline = time.AfterFunc(b.endAfter(), func() { cancel(ErrLost) })
	rev, err := b.beat(ctx, s, 0)
	if err != nil {
		s.end()
	}
	return s, rev, err
}

// renew keeps a session alive until ctx or the session ends.
func (b *Board) renew(ctx context.Context, s *Session, rev uint64) {
	pause := b.cfg.Lease / 4
	for {
		if !wait(ctx, pause) || !s.Alive() {
			return
		}
		if !b.view.hasSeen(rev) {
			// What was written a pause ago has not come back: nothing comes back, or very late.
			b.refresh()
		}
		sent := time.Now()
		next, err := b.beat(ctx, s, rev)
		if errors.Is(err, ErrTaken) { // an earlier beat arrived after all, or the session expired
			if next, err = b.found(ctx, s); errors.Is(err, ErrLost) {
				return
			}
			if err == nil {
				next, err = b.beat(ctx, s, next)
			}
		}
		if pause = b.cfg.Lease / 4; err != nil {
			pause = b.cfg.Lease / 20
			continue
		}
		rev = next
		s.deadline.Reset(b.endAfter() - time.Since(sent))
		if !s.Alive() { // the deadline was faster than Reset
			return
		}
	}
}

// beat writes the session's key on the condition that it has a revision, with the time after which it expires.
func (b *Board) beat(ctx context.Context, s *Session, rev uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Lease/4)
	defer cancel()
	msg := &nats.Msg{Subject: "$KV." + b.cfg.Bucket + "." + s.key(), Header: nats.Header{}}
	ack, err := b.js.PublishMsg(ctx, msg, jetstream.WithMsgTTL(b.cfg.Lease), jetstream.WithExpectLastSequencePerSubject(rev))
	if err != nil {
		return 0, conflict("renew a session", err)
	}
	return ack.Sequence, nil
}

// found looks for the revision of a session; ErrLost where it has expired.
func (b *Board) found(ctx context.Context, s *Session) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Lease/4)
	defer cancel()
	e, err := b.kv.Get(ctx, s.key())
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, ErrLost
	}
	if err != nil {
		return 0, unavailable("look for a session", err)
	}
	return e.Revision(), nil
}

// endSessions ends those of processes that are gone.
func (b *Board) endSessions(ctx context.Context) error {
	keys, err := b.kv.ListKeysFiltered(ctx, sessionKey+".*")
	if err != nil {
		return unavailable("end the sessions of before", err)
	}
	for key := range keys.Keys() {
		if err := b.kv.Purge(ctx, key, jetstream.PurgeTTL(markerTime)); err != nil {
			return unavailable("end the sessions of before", err)
		}
	}
	return nil
}

// conflict is ErrTaken where a condition did not hold, ErrUnavailable for all else.
func conflict(doing string, err error) error {
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) || errors.Is(err, jetstream.ErrKeyExists) {
		return ErrTaken
	}
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return ErrTaken
	}
	return unavailable(doing, err)
}

// wait pauses, and says whether ctx is still there.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
