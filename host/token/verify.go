package token

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/proof"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Why a text is refused.
var (
	ErrMalformed = errors.New("no text of an API token")
	ErrUnknown   = errors.New("no such API token") // never made, revoked, or of a site that left
	ErrExpired   = errors.New("the API token has expired")
	ErrDead      = errors.New("the account of the API token is closed or deactivated")
)

// known is a text that was found to be a token's.
type known struct {
	id     string
	stored document
	tenant tenant.Tenant // without its secret
	doc    store.Doc     // without its body
}

// Bounds of what is remembered of texts: each counts as much.
const (
	maxKnown   = 10_000
	knownBytes = 1 << 10
)

// watched tells which tenants change; tenant.Tenants does.
type watched interface {
	Watch(f func(capability.TenantID))
}

// Forget has the tokens of a site looked up again. It is called by itself where Config.Tenants tells what it changes.
func (s *Service) Forget(t capability.TenantID) { s.known.Forget(t) }

// Verify returns the token of a text and its site, which may be in any state. The errors are those above, and others where the store or Jira cannot
// be asked just now. Nothing is changed by a text that is refused; of one that is good the day is noted.
//
// A text that was good is believed for [proof.Believed] without a look into the store, unless this process changes its token or its site.
// Its time and its account are asked for each time.
func (s *Service) Verify(ctx context.Context, raw string) (Token, tenant.Tenant, error) {
	x, ok := parse(raw)
	if !ok {
		return Token{}, tenant.Tenant{}, ErrMalformed
	}
	now := s.Now().UTC()
	digest, since := proof.KeyOf(raw), s.known.Mark()
	e, ok := s.known.Get(digest, now)
	if !ok || !e.Fresh(now) {
		found, err := s.find(ctx, x)
		if err != nil {
			return Token{}, tenant.Tenant{}, err
		}
		e = proof.Entry[known]{Tenant: found.tenant.ID, Value: found, Checked: now, Until: now.Add(proof.Believed), Bytes: knownBytes}
	}
	k := e.Value
	if !now.Before(k.stored.Expires) {
		return Token{}, tenant.Tenant{}, ErrExpired
	}
	if k.tenant.State != tenant.Active {
		return k.stored.token(k.id), k.tenant, nil // what leaves no question to Jira
	}
	if k.stored.Account == "" {
		return Token{}, tenant.Tenant{}, ErrDead
	}
	active, err := s.alive.ask(now, who{k.tenant.ID, k.stored.Account}, func() (bool, error) { return s.Active(ctx, k.tenant.ID, k.stored.Account) })
	if err != nil {
		return Token{}, tenant.Tenant{}, fmt.Errorf("ask for the account of an API token: %w", err)
	}
	if !active {
		return Token{}, tenant.Tenant{}, ErrDead
	}
	if !s.note(ctx, k.doc, k.stored, now) && !ok {
		s.known.Put(since, digest, e)
	}
	return k.stored.token(k.id), k.tenant, nil
}

// find looks a text up.
func (s *Service) find(ctx context.Context, x text) (known, error) {
	t, err := s.Tenants.ByAlias(ctx, x.alias)
	if errors.Is(err, store.ErrNotFound) {
		return known{}, ErrUnknown
	}
	if err != nil {
		return known{}, err
	}
	d, err := s.Store.Get(ctx, key(t.ID, x.id))
	if errors.Is(err, store.ErrNotFound) {
		return known{}, ErrUnknown
	}
	if err != nil {
		return known{}, fmt.Errorf("read an API token: %w", err)
	}
	stored, err := decode(d)
	if err != nil {
		return known{}, err
	}
	digest, err := s.digest(ctx, t.ID, x)
	if err != nil {
		return known{}, err
	}
	if stored.Digest == "" || subtle.ConstantTimeCompare([]byte(digest), []byte(stored.Digest)) != 1 {
		return known{}, ErrUnknown
	}
	d.Body = nil
	return known{x.id, stored, t, d}, nil
}

// note keeps the day of the last use, and says whether there was anything to note. It is no reason to refuse a call: another one on the same
// day notes it again.
func (s *Service) note(ctx context.Context, d store.Doc, stored document, now time.Time) bool {
	day := now.Truncate(24 * time.Hour)
	if !day.After(stored.Used) {
		return false
	}
	stored.Used = day
	_ = s.put(ctx, d.Key, stored, d.Rev) // a revoked one stays revoked, by its revision
	return true
}

// alive remembers for a little while which accounts are active, since Jira is asked for each call otherwise.
type alive struct {
	mu   sync.Mutex
	kept map[who]verdict
}

type who struct {
	tenant  capability.TenantID
	account string
}

type verdict struct {
	active bool
	until  time.Time
}

const (
	aliveFor = 30 * time.Second
	maxAlive = 10_000
)

func (a *alive) ask(now time.Time, w who, ask func() (bool, error)) (bool, error) {
	a.mu.Lock()
	old, ok := a.kept[w]
	a.mu.Unlock()
	if ok && now.Before(old.until) {
		return old.active, nil
	}
	active, err := ask() // outside of the lock: two that ask at once ask Jira twice
	if err != nil {
		return false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil {
		a.kept = map[who]verdict{}
	}
	if len(a.kept) >= maxAlive {
		maps.DeleteFunc(a.kept, func(_ who, v verdict) bool { return !now.Before(v.until) })
		if len(a.kept) >= maxAlive {
			clear(a.kept)
		}
	}
	a.kept[w] = verdict{active, now.Add(aliveFor)}
	return active, nil
}
