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
	"jira:version_created", "jira:version_deleted", "jira:version_merged", "jira:version_moved", "jira:version_released",
	"jira:version_unreleased", "jira:version_updated",
}

// refusal is a sentence that the app reads.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// HookKeeper keeps hooks that apps registered beyond the end of the process. A [Book] calls it from one goroutine at a time.
type HookKeeper interface {
	// Hooks lists the hooks of all apps by id. What it returns belongs to the caller.
	Hooks() []Hook
	// AddHook keeps a new hook and returns its id, which no hook had before.
	AddHook(h Hook) (id int64, err error)
	// ChangeHooks keeps other versions of hooks, and drops some; unknown ids are ignored.
	ChangeHooks(changed []Hook, gone []int64) error
}

// Book holds the hooks that apps registered. The zero value is empty and forgets them with the process; [Book.Keep] has them
// outlive it. It is safe for concurrent use.
type Book struct {
	mu      sync.Mutex
	keeper  HookKeeper // nil for memory
	trouble func(error)
	memory  memory
}

// Keep has the book live in a keeper from now on: what was registered there counts, what was in the book before is forgotten.
// trouble is told what could not be kept by the methods that return no error. Call it before the book is in use.
//
//	site.hooks.Keep(kept.New(store), func(err error) { log.Error("keep webhooks", "error", err) })
func (b *Book) Keep(k HookKeeper, trouble func(error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keeper, b.trouble = k, trouble
}

// memory is the keeper of a book that has none.
type memory struct {
	last  int64
	hooks []Hook // by id
}

func (m *memory) Hooks() []Hook { return slices.Clone(m.hooks) }

func (m *memory) AddHook(h Hook) (int64, error) {
	m.last++
	h.ID = m.last
	m.hooks = append(m.hooks, h)
	return h.ID, nil
}

func (m *memory) ChangeHooks(changed []Hook, gone []int64) error {
	m.hooks = slices.DeleteFunc(m.hooks, func(h Hook) bool { return slices.Contains(gone, h.ID) })
	for _, h := range changed {
		if n := slices.IndexFunc(m.hooks, func(o Hook) bool { return o.ID == h.ID }); n >= 0 {
			m.hooks[n] = h
		}
	}
	return nil
}

func (b *Book) keep() HookKeeper {
	if b.keeper == nil {
		return &b.memory
	}
	return b.keeper
}

// change is ChangeHooks for the methods that return no error.
func (b *Book) change(changed []Hook, gone []int64) {
	if len(changed)+len(gone) == 0 {
		return
	}
	if err := b.keep().ChangeHooks(changed, gone); err != nil && b.trouble != nil {
		b.trouble(err)
	}
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
	count := 0
	for _, other := range b.live(now) {
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
	h.ID, h.Expires = 0, now.Add(Life).UTC()
	id, err := b.keep().AddHook(h)
	if err != nil {
		return 0, fmt.Errorf("register a webhook: %w", err)
	}
	return id, nil
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
	var gone []int64
	for _, h := range b.keep().Hooks() {
		if which(h) {
			gone = append(gone, h.ID)
		}
	}
	b.change(nil, gone)
}

// Refresh lets hooks of an app live their whole life again, and returns until when. Unknown ids are ignored.
func (b *Book) Refresh(app string, ids []int64, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	until := now.Add(Life).UTC()
	var changed []Hook
	for _, h := range b.live(now) {
		if h.App == app && slices.Contains(ids, h.ID) {
			h.Expires = until
			changed = append(changed, h)
		}
	}
	b.change(changed, nil)
	return until
}

// Hooks lists the hooks of an app that have not expired, by id; of all apps for "".
func (b *Book) Hooks(app string, now time.Time) []Hook {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []Hook{}
	for _, h := range b.live(now) {
		if app == "" || h.App == app {
			out = append(out, h)
		}
	}
	return out
}

// live lists the hooks that have not expired, and drops the others.
func (b *Book) live(now time.Time) []Hook {
	var live []Hook
	var gone []int64
	for _, h := range b.keep().Hooks() {
		if h.live(now) {
			live = append(live, h)
		} else {
			gone = append(gone, h.ID)
		}
	}
	b.change(nil, gone)
	return live
}
