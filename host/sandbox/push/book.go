package push

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// Life is how long a registered hook lives, unless it is refreshed.
	Life = 30 * 24 * time.Hour
	// MaxHooks is how many hooks one app can have registered.
	MaxHooks = 100
)

// Registrable are the events that an app can register for while it runs.
var Registrable = []string{
	"comment_created", "comment_deleted", "comment_updated", "issue_property_deleted", "issue_property_set",
	"jira:issue_created", "jira:issue_deleted", "jira:issue_updated",
}

// refusal is a sentence that the app reads.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// Book holds the hooks that apps registered. The zero value is empty. It is safe for concurrent use.
type Book struct {
	mu    sync.Mutex
	last  int64
	hooks []Hook // by id
}

// Register takes a hook of an app and returns its id, or what is wrong with it. Its ID and Expires are set here; all
// hooks of an app lead to one address.
func (b *Book) Register(h Hook, now time.Time) (int64, error) {
	if len(h.Events) == 0 {
		return 0, refuse("The events list must not be empty.")
	}
	for _, e := range h.Events {
		if !slices.Contains(Registrable, e) {
			return 0, refuse("The event %s is not supported; supported are %s.", e, strings.Join(Registrable, ", "))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire(now)
	count := 0
	for _, other := range b.hooks {
		if other.App != h.App {
			continue
		}
		if count++; other.URL != h.URL {
			return 0, refuse("Only one URL per app can be registered. The current one is %s.", other.URL)
		}
	}
	if count >= MaxHooks {
		return 0, refuse("An app can register at most %d webhooks.", MaxHooks)
	}
	b.last++
	h.ID, h.Expires = b.last, now.Add(Life).UTC()
	b.hooks = append(b.hooks, h)
	return h.ID, nil
}

// Remove drops hooks of an app by id. Those of others and unknown ones are left alone.
func (b *Book) Remove(app string, ids []int64) {
	b.drop(func(h Hook) bool { return h.App == app && slices.Contains(ids, h.ID) })
}

// Forget drops all hooks of an app.
func (b *Book) Forget(app string) { b.drop(func(h Hook) bool { return h.App == app }) }

func (b *Book) drop(which func(Hook) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hooks = slices.DeleteFunc(b.hooks, which)
}

// Refresh lets hooks of an app live their whole life again, and returns until when. Unknown ids are ignored.
func (b *Book) Refresh(app string, ids []int64, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire(now)
	until := now.Add(Life).UTC()
	for i, h := range b.hooks {
		if h.App == app && slices.Contains(ids, h.ID) {
			b.hooks[i].Expires = until
		}
	}
	return until
}

// Hooks lists the hooks of an app that have not expired, by id; of all apps for "".
func (b *Book) Hooks(app string, now time.Time) []Hook {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire(now)
	out := []Hook{}
	for _, h := range b.hooks {
		if app == "" || h.App == app {
			out = append(out, h)
		}
	}
	return out
}

func (b *Book) expire(now time.Time) {
	b.hooks = slices.DeleteFunc(b.hooks, func(h Hook) bool { return !h.live(now) })
}
