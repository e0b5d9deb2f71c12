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

// Verify returns the token of a text and its site, which may be in any state. The errors are those above, and others where the store or Jira cannot
// be asked just now. Nothing is changed by a text that is refused; of one that is good the day is noted.
func (s *Service) Verify(ctx context.Context, raw string) (Token, tenant.Tenant, error) {
	x, ok := parse(raw)
	if !ok {
		return Token{}, tenant.Tenant{}, ErrMalformed
	}
	t, err := s.Tenants.ByAlias(ctx, x.alias)
	if errors.Is(err, store.ErrNotFound) {
		return Token{}, tenant.Tenant{}, ErrUnknown
	}
	if err != nil {
		return Token{}, tenant.Tenant{}, err
	}
	d, err := s.Store.Get(ctx, key(t.ID, x.id))
	if errors.Is(err, store.ErrNotFound) {
		return Token{}, tenant.Tenant{}, ErrUnknown
	}
	if err != nil {
		return Token{}, tenant.Tenant{}, fmt.Errorf("read an API token: %w", err)
	}
	stored, err := decode(d)
	if err != nil {
		return Token{}, tenant.Tenant{}, err
	}
	digest, err := s.digest(ctx, t.ID, x)
	if err != nil {
		return Token{}, tenant.Tenant{}, err
	}
	if stored.Digest == "" || subtle.ConstantTimeCompare([]byte(digest), []byte(stored.Digest)) != 1 {
		return Token{}, tenant.Tenant{}, ErrUnknown
	}
	now := s.Now().UTC()
	if !now.Before(stored.Expires) {
		return Token{}, tenant.Tenant{}, ErrExpired
	}
	if t.State != tenant.Active {
		return stored.token(x.id), t, nil // what leaves no question to Jira
	}
	if stored.Account == "" {
		return Token{}, tenant.Tenant{}, ErrDead
	}
	active, err := s.alive.ask(now, who{t.ID, stored.Account}, func() (bool, error) { return s.Active(ctx, t.ID, stored.Account) })
	if err != nil {
		return Token{}, tenant.Tenant{}, fmt.Errorf("ask for the account of an API token: %w", err)
	}
	if !active {
		return Token{}, tenant.Tenant{}, ErrDead
	}
	s.note(ctx, d, stored, now)
	return stored.token(x.id), t, nil
}

// note keeps the day of the last use. It is no reason to refuse a call: another one on the same day notes it again.
func (s *Service) note(ctx context.Context, d store.Doc, stored document, now time.Time) {
	day := now.Truncate(24 * time.Hour)
	if !day.After(stored.Used) {
		return
	}
	stored.Used = day
	_ = s.put(ctx, d.Key, stored, d.Rev) // a revoked one stays revoked, by its revision
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
