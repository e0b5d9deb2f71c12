package board

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/pergola-platform/pergola/core/capability"
)

// Token grows from hold to hold of a tenant, so that a store which keeps the greatest one refuses whoever comes late.
type Token struct {
	Era    int64 `json:"era"`    // when the board was made, which is anew where it was lost; milliseconds since 1970
	Number int64 `json:"number"` // revision of the board's stream
}

// Less says whether t is older than other.
func (t Token) Less(other Token) bool {
	return t.Era < other.Era || t.Era == other.Era && t.Number < other.Number
}

// Hold is the right to work on a run. It lasts until it is released, or its session ends.
type Hold struct {
	Ticket  Ticket
	Token   Token
	Session *Session
}

// hold is a Hold as it stands on the board.
type hold struct {
	Run     string `json:"r"`
	Session string `json:"s"`
	Key     string `json:"k,omitempty"`
}

// Claim takes a hold on the run of a ticket, where the tenant has fewer than limit of them and the ticket's key fewer than its
// own limit: ErrFull otherwise. ErrTaken where another host was faster, or holds it; then wait for a change. Holds of those who
// are gone count for nothing.
func (b *Board) Claim(ctx context.Context, t Ticket, limit int) (Hold, error) {
	defer b.turn(t.Tenant)()
	s := b.Session()
	if s == nil {
		return Hold{}, unavailable("claim a run", nil)
	}
	holds, rev, err := b.view.claim(t, limit)
	if err != nil {
		return Hold{}, err
	}
	holds = append(holds, hold{Run: t.Run, Session: s.id, Key: t.Key})
	next, err := b.writeHolds(ctx, t.Tenant, holds, rev)
	if err != nil {
		return Hold{}, err
	}
	if !s.Alive() {
		return Hold{}, unavailable("claim a run", nil)
	}
	return Hold{Ticket: t, Token: Token{b.era, int64(next)}, Session: s}, nil
}

// claim returns the holds of a tenant that are left when one is to be added.
func (v *view) claim(t Ticket, limit int) ([]hold, uint64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.ready {
		return nil, 0, unavailable("claim a run", nil)
	}
	tenant := v.tenant(t.Tenant)
	if tenant.byRun[t.Run].rev != t.rev {
		return nil, 0, ErrTaken // done meanwhile, or not due any more
	}
	line := Line{holds: tenant.holds, alive: v.sessions}
	all, ofKey := line.Holds(t.Key)
	switch {
	case line.Held(t.Run):
		return nil, 0, ErrTaken
	case all >= limit, t.Key != "" && ofKey >= max(1, t.KeyLimit):
		return nil, 0, ErrFull
	}
	left := slices.DeleteFunc(slices.Clone(tenant.holds), func(h hold) bool { return !v.sessions[h.Session] })
	return left, tenant.rev, nil
}

// Confirm asks the server whether a hold is still held, and returns it with a newer token. ErrTaken where it is not, or where another
// write came between.
func (b *Board) Confirm(ctx context.Context, h Hold) (Hold, error) {
	defer b.turn(h.Ticket.Tenant)()
	holds, rev, ready := b.view.holdsOf(h.Ticket.Tenant)
	if !ready || !h.Session.Alive() {
		return h, unavailable("confirm a hold", nil)
	}
	if !slices.ContainsFunc(holds, h.is) {
		return h, ErrTaken
	}
	next, err := b.writeHolds(ctx, h.Ticket.Tenant, holds, rev)
	if err == nil {
		h.Token = Token{b.era, int64(next)}
	}
	return h, err
}

// is says whether that is how the hold stands on the board.
func (h Hold) is(o hold) bool { return o.Run == h.Ticket.Run && o.Session == h.Session.id }

// Release gives a hold back. It tries for as long as the session lives, after which the hold is none anyway.
func (b *Board) Release(ctx context.Context, h Hold) error {
	defer b.turn(h.Ticket.Tenant)()
	for h.Session.Alive() {
		pause := b.cfg.Lease / 20
		if holds, rev, ready := b.view.holdsOf(h.Ticket.Tenant); ready {
			if !slices.ContainsFunc(holds, h.is) {
				return nil
			}
			_, err := b.writeHolds(ctx, h.Ticket.Tenant, slices.DeleteFunc(holds, h.is), rev)
			if err == nil || ctx.Err() != nil {
				return err
			}
			if errors.Is(err, ErrTaken) {
				pause = 5 * time.Millisecond // the view is about to learn of what came between
			}
		}
		if !wait(ctx, pause) {
			return ctx.Err()
		}
	}
	return nil
}

func (v *view) holdsOf(t capability.TenantID) (holds []hold, rev uint64, ready bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	tenant := v.tenant(t)
	return slices.Clone(tenant.holds), tenant.rev, v.ready
}

// writeHolds writes all holds of a tenant on the condition that they have a revision.
func (b *Board) writeHolds(ctx context.Context, t capability.TenantID, holds []hold, rev uint64) (uint64, error) {
	value, err := json.Marshal(holds)
	if err != nil {
		return 0, fmt.Errorf("encode the holds of tenant %s: %w", t, err)
	}
	ctx, cancel := context.WithTimeout(ctx, b.patience())
	defer cancel()
	key := holdsKey + "." + string(t)
	next, err := b.kv.Update(ctx, key, value, rev)
	if err != nil {
		return 0, conflict("claim a run", err)
	}
	b.view.wrote(key, value, next, false)
	return next, nil
}

// Strays returns the runs that stand on the board as held by this host's session. Those that it does not know of are left from
// a claim or a release whose answer was lost.
func (b *Board) Strays(known func(t capability.TenantID, run string) bool) []Hold {
	s := b.Session()
	if s == nil {
		return nil
	}
	v := &b.view
	v.mu.Lock()
	defer v.mu.Unlock()
	var strays []Hold
	for id, t := range v.tenants {
		for _, h := range t.holds {
			if h.Session == s.id && !known(id, h.Run) {
				strays = append(strays, Hold{Ticket: Ticket{Tenant: id, Run: h.Run}, Session: s})
			}
		}
	}
	return strays
}

// Forget takes everything of a tenant off the board.
func (b *Board) Forget(ctx context.Context, t capability.TenantID) error {
	for _, filter := range []string{ticketKey + "." + string(t) + ".>", alarmKey + "." + string(t) + ".>", holdsKey + "." + string(t)} {
		keys, err := b.kv.ListKeysFiltered(ctx, filter)
		if err != nil {
			return unavailable("forget a tenant", err)
		}
		for key := range keys.Keys() {
			if err := b.kv.Purge(ctx, key, jetstream.PurgeTTL(markerTime)); err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
				return unavailable("forget a tenant", err)
			}
		}
	}
	return nil
}
