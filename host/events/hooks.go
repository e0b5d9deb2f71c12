package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// HooksKind is the name of the jobs that look after a site's webhooks.
const HooksKind = "event.hooks"

const (
	hooksCollection = "event.hooks"
	hooksID         = "registered"

	// renewal is how long before its end a webhook is refreshed: there is time for many tries.
	renewal = 10 * 24 * time.Hour
	// recheck is after which time the host looks whether the site still has the webhook: a site that is restored from a backup has not.
	recheck = 24 * time.Hour
	// failedPages is how many pages of failed webhooks a step takes.
	failedPages = 10
)

// hooksType is the document of a site's webhooks.
func hooksType() privacy.Type {
	return privacy.Type{
		Collection: hooksCollection, Name: "Webhooks of the app", ID: privacy.Code,
		Purpose: "Renew the webhooks that the app registered, remove them, and know which undelivered ones were taken", Kept: "as long as the app is installed",
		Fields: []privacy.Field{
			{Path: "ids[]", Kind: privacy.Identifier}, {Path: "events[]", Kind: privacy.Code}, {Path: "expires", Kind: privacy.Time},
			{Path: "asked", Kind: privacy.Digest}, {Path: "checked", Kind: privacy.Time}, {Path: "failed", Kind: privacy.Count},
		},
	}
}

// registered is that document.
type registered struct {
	IDs     []string  `json:"ids,omitempty"`    // by which the site knows the webhooks
	Events  []string  `json:"events,omitempty"` // of which they tell, in our names
	Asked   string    `json:"asked,omitempty"`  // digest of the webhooks with their filters
	Expires time.Time `json:"expires,omitzero"`
	Checked time.Time `json:"checked,omitzero"`
	Failed  int64     `json:"failed,omitempty"` // time of the last failed one that was taken, in milliseconds
}

// HookSite is what is asked of Jira; *jira.Client does it.
type HookSite interface {
	RegisterWebhooks(ctx context.Context, t tenant.Tenant, address string, list []jira.Webhook) ([]int64, error)
	Webhooks(ctx context.Context, t tenant.Tenant) (map[int64]time.Time, error)
	RefreshWebhooks(ctx context.Context, t tenant.Tenant, ids []int64) (time.Time, error)
	DeleteWebhooks(ctx context.Context, t tenant.Tenant, ids []int64) error
	FailedWebhooks(ctx context.Context, t tenant.Tenant, after int64) (page []jira.FailedWebhook, last bool, err error)
}

var _ HookSite = (*jira.Client)(nil)

// HooksConfig is what Hooks need. All but Register is required.
type HooksConfig struct {
	Events *Service
	Site   HookSite
	// Projects takes a webhook about a project.
	Projects func(ctx context.Context, t capability.TenantID, told string, at time.Time) error
	// BaseURL is the host's own address, without a trailing slash.
	BaseURL string
	// Register has sites tell of issues by webhooks that are registered where a plugin that listens is switched on, of what it wants to hear, and removed
	// where none is.
	// Without it the webhooks of the descriptor tell.
	Register bool
}

// Hooks look after the webhooks of sites that have the app by Connect: those that are registered while the app runs, and those that a site could
// not deliver. Forge has neither. It is safe for concurrent use. Make it with NewHooks.
type Hooks struct{ cfg HooksConfig }

// NewHooks returns Hooks, and makes the kind of their runs known to the jobs, which must not be worked on yet.
func NewHooks(c HooksConfig) (*Hooks, error) {
	if c.Events == nil || c.Site == nil || c.Projects == nil || c.BaseURL == "" {
		return nil, errors.New("webhooks: something that they need is missing")
	}
	h := &Hooks{c}
	return h, c.Events.cfg.Jobs.Register(jobs.Kind{Name: HooksKind, Step: h.step, Timeout: 2 * time.Minute, Keep: 24 * time.Hour})
}

// Look begins a run that looks after a site's webhooks. Of several reasons with the same words and time only the first begins one.
func (h *Hooks) Look(ctx context.Context, t capability.TenantID, why string, at time.Time) error {
	_, err := h.cfg.Events.cfg.Jobs.Start(ctx, t, jobs.Request{Kind: HooksKind, Key: HooksKind, Once: why, Happened: at})
	return err
}

// step looks once. What it does is the same however often it is done.
func (h *Hooks) step(ctx context.Context, js jobs.Step) (jobs.Next, error) {
	t, err := h.cfg.Events.cfg.Tenants.ByID(ctx, js.Tenant)
	if err != nil {
		return jobs.Next{}, err
	}
	if t.State != tenant.Active || t.OnForge() {
		return jobs.Next{Done: true}, nil
	}
	r, rev, err := h.read(ctx, t.ID)
	if err != nil {
		return jobs.Next{}, err
	}
	before := r
	if err := h.register(ctx, t, &r, &rev); err != nil {
		return jobs.Next{}, err
	}
	taken, more, err := h.takeFailed(ctx, t, &r)
	if r.Failed != before.Failed {
		if err := h.write(ctx, t.ID, r, &rev); err != nil {
			return jobs.Next{}, err
		}
	}
	return jobs.Next{Done: !more, Add: taken}, err
}

// register brings the site's webhooks to what the plugins listen to that are switched on.
func (h *Hooks) register(ctx context.Context, t tenant.Tenant, r *registered, rev *int64) error {
	kinds, want, err := h.wanted(ctx, t.ID)
	if err != nil {
		return err
	}
	asked, err := digest(want)
	if err != nil {
		return err
	}
	now := h.cfg.Events.cfg.Now()
	same := asked == r.Asked
	if same && (len(want) == 0 || now.Before(r.Expires.Add(-renewal)) && now.Before(r.Checked.Add(recheck))) {
		return nil
	}
	there, err := h.cfg.Site.Webhooks(ctx, t)
	if err != nil {
		return err
	}
	ids := numbers(r.IDs)
	if same && len(there) == len(ids) && !slices.ContainsFunc(ids, func(id int64) bool { _, ok := there[id]; return !ok }) {
		if !now.Before(r.Expires.Add(-renewal)) {
			if r.Expires, err = h.cfg.Site.RefreshWebhooks(ctx, t, ids); err != nil {
				return err
			}
			r.Expires = r.Expires.UTC()
		}
		r.Checked = now.UTC().Round(0)
		return h.write(ctx, t.ID, *r, rev)
	}
	old := []int64{} // all that there are, also one of which a host that was killed knew alone
	for id := range there {
		old = append(old, id)
	}
	if len(old)+len(want) > jira.MaxWebhooks { // there is no room for the new ones before the old are gone
		if err := h.cfg.Site.DeleteWebhooks(ctx, t, old); err != nil {
			return err
		}
		old = nil
	}
	next := registered{Failed: r.Failed, Checked: now.UTC().Round(0)}
	if len(want) > 0 {
		made, err := h.ask(ctx, t, want)
		if err != nil {
			return err
		}
		next.Events, next.Asked, next.Expires = kinds, asked, now.UTC().Round(0).Add(30*24*time.Hour)
		for _, id := range made {
			next.IDs = append(next.IDs, strconv.FormatInt(id, 10))
		}
	}
	if err := h.write(ctx, t.ID, next, rev); err != nil {
		return err
	}
	*r = next
	return h.cfg.Site.DeleteWebhooks(ctx, t, old)
}

func numbers(texts []string) []int64 {
	out := make([]int64, 0, len(texts))
	for _, text := range texts {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// takeFailed takes what the site could not deliver, as if it came now, and says how much. What came all the same is told once.
func (h *Hooks) takeFailed(ctx context.Context, t tenant.Tenant, r *registered) (taken int64, more bool, err error) {
	for range failedPages {
		page, last, err := h.cfg.Site.FailedWebhooks(ctx, t, r.Failed)
		if err != nil {
			return taken, false, err
		}
		for _, one := range page {
			if err := h.again(ctx, t.ID, one); err != nil {
				return taken, false, err
			}
			r.Failed = max(r.Failed, one.At)
			taken++
		}
		if last {
			return taken, false, nil
		}
	}
	return taken, true, nil
}

// again takes a webhook that was not delivered. One that nobody can read is passed over: it would be there the next time, too.
func (h *Hooks) again(ctx context.Context, t capability.TenantID, f jira.FailedWebhook) error {
	body := []byte(f.Body)
	kind, ok := connect.EventOf(body)
	if !ok {
		return nil
	}
	at := Happened(body, h.cfg.Events.cfg.Now())
	var err error
	if surface.IsProjectEvent(kind) {
		err = h.cfg.Projects(ctx, t, f.ID, at)
	} else {
		err = h.cfg.Events.Take(ctx, t, kind, f.ID, at, body)
	}
	if sdk.CodeOf(err) == sdk.Invalid {
		h.cfg.Events.cfg.Log.WarnContext(ctx, "a webhook that Jira could not deliver cannot be read", "tenant", t, "event", kind)
		return nil
	}
	return err
}

func hooksKey(t capability.TenantID) store.Key {
	return store.Key{Tenant: t, Collection: hooksCollection, ID: hooksID}
}

func (h *Hooks) read(ctx context.Context, t capability.TenantID) (registered, int64, error) {
	d, err := h.cfg.Events.cfg.Store.Get(ctx, hooksKey(t))
	if errors.Is(err, store.ErrNotFound) {
		return registered{}, 0, nil
	}
	if err != nil {
		return registered{}, 0, fmt.Errorf("read the webhooks of a site: %w", err)
	}
	var r registered
	if err := json.Unmarshal(d.Body, &r); err != nil {
		return registered{}, 0, fmt.Errorf("decode the webhooks of a site: %w", err)
	}
	return r, d.Rev, nil
}

func (h *Hooks) write(ctx context.Context, t capability.TenantID, r registered, rev *int64) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the webhooks of a site: %w", err)
	}
	revs, err := h.cfg.Events.cfg.Store.Write(ctx, store.Op{Doc: store.Doc{Key: hooksKey(t), Body: body}, IfRev: *rev})
	if err != nil {
		return fmt.Errorf("write the webhooks of a site: %w", err)
	}
	*rev = revs[0]
	return nil
}
