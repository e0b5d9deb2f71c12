package feature

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/tenant"
)

// What is remembered of names: long enough for a page and the actions on it, in memory alone, because what people are called is kept nowhere.
const (
	namedFor    = 10 * time.Second
	maxRemember = 20_000
)

// called remembers what accounts are called, each for the one who looked: another one may not know it.
type called struct {
	mu   sync.Mutex
	seen map[glance]name
}

type glance struct {
	tenant          capability.TenantID
	viewer, account string
}

type name struct {
	text  string
	until time.Time
}

// nameAccounts returns the names of the accounts of a page, by id, as the viewer may know them; "" is that of an account that is there no more. It asks Jira once at most.
func (s *Service) nameAccounts(ctx context.Context, t tenant.Tenant, viewer string, accounts []string) (map[string]string, error) {
	out, unknown := s.called.recall(t.ID, viewer, accounts, s.Now())
	if len(unknown) == 0 {
		return out, nil
	}
	// Asked outside of the lock: two that ask at once ask Jira twice.
	got, err := s.Jira.Names(ctx, t, viewer, unknown)
	if err != nil {
		return out, err
	}
	s.called.remember(t.ID, viewer, got, s.Now())
	maps.Copy(out, got)
	return out, nil
}

func (c *called) recall(t capability.TenantID, viewer string, accounts []string, now time.Time) (known map[string]string, unknown []string) {
	known = make(map[string]string, len(accounts))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range accounts {
		if n, ok := c.seen[glance{t, viewer, a}]; ok && now.Before(n.until) {
			known[a] = n.text
		} else {
			unknown = append(unknown, a)
		}
	}
	return known, unknown
}

// remember takes what Jira told just now, and forgets what is too old.
func (c *called) remember(t capability.TenantID, viewer string, names map[string]string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.seen, func(_ glance, n name) bool { return !now.Before(n.until) })
	if c.seen == nil || len(c.seen)+len(names) > maxRemember {
		c.seen = map[glance]name{} // Jira is asked again; better than a search for the oldest on every page
	}
	for a, text := range names {
		c.seen[glance{t, viewer, a}] = name{text, now.Add(namedFor)}
	}
}
