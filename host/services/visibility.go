package services

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// What visibility remembers: long enough for a page and the actions on it, too short for a withdrawn permission to
// matter.
const (
	visibleFor = 5 * time.Second
	maxVisits  = 20_000
)

// visibility knows which issues an account may see, from Jira and for a few seconds from memory.
type visibility struct {
	jira Jira
	now  func() time.Time

	mu   sync.Mutex
	seen map[visit]verdict
}

type visit struct {
	tenant  capability.TenantID
	account string
	issue   string
}

type verdict struct {
	visible bool
	until   time.Time
}

func newVisibility(j Jira, now func() time.Time) *visibility {
	return &visibility{jira: j, now: now, seen: map[visit]verdict{}}
}

// of says which of the issues the account may see; the others are false or absent.
func (v *visibility) of(ctx context.Context, t capability.TenantID, account string, issues []string) (map[string]bool, error) {
	known, unknown := v.recall(t, account, issues)
	if len(unknown) == 0 {
		return known, nil
	}
	// Asked outside of the lock: two that ask for the same issue at once ask Jira twice.
	answered, err := v.jira.Browse(ctx, t, account, unknown)
	if err != nil {
		return nil, err
	}
	v.remember(t, account, unknown, answered)
	for _, issue := range unknown {
		known[issue] = answered[issue]
	}
	return known, nil
}

func (v *visibility) recall(t capability.TenantID, account string, issues []string) (known map[string]bool, unknown []string) {
	now := v.now()
	known = make(map[string]bool, len(issues))
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, issue := range issues {
		if old, ok := v.seen[visit{t, account, issue}]; ok && now.Before(old.until) {
			known[issue] = old.visible
		} else {
			unknown = append(unknown, issue)
		}
	}
	return known, unknown
}

func (v *visibility) remember(t capability.TenantID, account string, issues []string, visible map[string]bool) {
	now := v.now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.seen)+len(issues) > maxVisits {
		maps.DeleteFunc(v.seen, func(_ visit, old verdict) bool { return !now.Before(old.until) })
		if len(v.seen)+len(issues) > maxVisits {
			clear(v.seen) // Jira is asked again; better than a search for the oldest on every call
		}
	}
	for _, issue := range issues {
		v.seen[visit{t, account, issue}] = verdict{visible: visible[issue], until: now.Add(visibleFor)}
	}
}
