// Package kept keeps what apps registered for, and what could not be delivered to them, in the tables of the site, so that both
// survive a restart and are part of snapshots. Start with [New]:
//
//	k := kept.New(store)
//	book.Keep(k, func(err error) { log.Error("keep webhooks", "error", err) })
//	sender, err := push.New(push.Config{Failures: k, …})
package kept

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Store is the part of a [world.Store] that is needed.
type Store interface {
	State() *world.State
	Change(func(*world.Tx) error) error
}

// Keeper keeps hooks and failures on a site. It is safe for concurrent use.
type Keeper struct{ store Store }

var (
	_ push.HookKeeper    = (*Keeper)(nil)
	_ push.FailureKeeper = (*Keeper)(nil)
	_ Store              = (*world.Store)(nil)
)

// New returns the keeper of a site, which must stay open as long as it is used.
func New(store Store) *Keeper { return &Keeper{store} }

// Hooks lists the hooks that apps registered, by id.
func (k *Keeper) Hooks() []push.Hook {
	out := []push.Hook{}
	for w := range k.store.State().Webhooks.All() {
		id, err := strconv.ParseInt(string(w.ID), 10, 64)
		if err != nil || w.Expires.IsZero() { // of a descriptor
			continue
		}
		h := push.Hook{
			ID: id, App: string(w.App), URL: w.URL, Events: append([]string{}, w.Events...), JQL: w.JQL, Properties: append([]string(nil), w.Properties...),
			WithoutBody: w.NoBody, Expires: w.Expires,
		}
		for _, f := range w.Fields {
			h.Fields = append(h.Fields, string(f))
		}
		out = append(out, h)
	}
	return out
}

// row is a hook as its table has it.
func row(h push.Hook) *world.Webhook {
	w := &world.Webhook{
		App: world.AppKey(h.App), URL: h.URL, Events: h.Events, JQL: h.JQL, Properties: h.Properties, NoBody: h.WithoutBody, Expires: h.Expires,
	}
	if h.ID != 0 {
		w.ID = world.WebhookID(strconv.FormatInt(h.ID, 10))
	}
	for _, f := range h.Fields {
		w.Fields = append(w.Fields, world.FieldID(f))
	}
	return w
}

// AddHook keeps a new hook.
func (k *Keeper) AddHook(h push.Hook) (int64, error) {
	h.ID = 0
	w := row(h)
	if err := k.store.Change(func(tx *world.Tx) error { return tx.Put(w) }); err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(w.ID), 10, 64)
}

// ChangeHooks keeps other versions of hooks and drops some.
func (k *Keeper) ChangeHooks(changed []push.Hook, gone []int64) error {
	return k.store.Change(func(tx *world.Tx) error {
		for _, h := range changed {
			if err := tx.Put(row(h)); err != nil {
				return err
			}
		}
		for _, id := range gone {
			if err := tx.Delete(row(push.Hook{ID: id})); err != nil {
				return err
			}
		}
		return nil
	})
}

// Failures lists the deliveries that were given up, the oldest first.
func (k *Keeper) Failures() []push.Failure {
	out := []push.Failure{}
	for f := range k.store.State().FailedWebhooks.All() {
		out = append(out, push.Failure{ID: f.Delivery, App: string(f.App), URL: f.URL, Body: string(f.Body), Time: f.At})
	}
	return out
}

// AddFailure keeps one more.
func (k *Keeper) AddFailure(f push.Failure) error {
	return k.store.Change(func(tx *world.Tx) error {
		return tx.Put(&world.FailedWebhook{Delivery: f.ID, App: world.AppKey(f.App), URL: f.URL, Body: json.RawMessage(f.Body), At: f.Time})
	})
}

// DropFailures forgets those up to a time.
func (k *Keeper) DropFailures(until time.Time) error {
	return k.store.Change(func(tx *world.Tx) error {
		for _, f := range tx.FailedWebhooks.List() {
			if f.At.After(until) {
				continue
			}
			if err := tx.Delete(f); err != nil {
				return err
			}
		}
		return nil
	})
}
