package tenant

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

// Tenants is the repository of tenants. It is safe for concurrent use, by several processes on one store too. Make it
// with NewTenants.
//
// Its errors are those of host/store: ErrNotFound, ErrInvalid, ErrUnavailable, and ErrConflict where others kept changing
// the same tenant.
type Tenants struct {
	store  store.Driver
	keys   Keys
	now    func() time.Time
	random io.Reader

	mu       sync.Mutex
	watchers []func(capability.TenantID)
}

// Keys seal the tenants' secrets, each under a key of its tenant's own; a seal.Keeper does.
type Keys interface {
	Seal(ctx context.Context, t capability.TenantID, at seal.Place, value seal.Secret) (string, error)
	Open(ctx context.Context, t capability.TenantID, at seal.Place, sealed string) (seal.Secret, error)
}

// NewTenants returns the tenants in d. The clock is time.Now outside of tests.
func NewTenants(d store.Driver, keys Keys, now func() time.Time) *Tenants {
	return &Tenants{store: d, keys: keys, now: now, random: rand.Reader}
}

// attempts bounds the tries of a change. Each lost one means that another change of the same tenant won.
const attempts = 20

// Install makes a tenant of a site, or renews the one that has its client key: the id, the alias and the time of the
// first installation stay, all else is replaced, the shared secret included, and its state is Active.
func (r *Tenants) Install(ctx context.Context, in Installation) (Tenant, error) {
	in.BaseURL = strings.TrimRight(in.BaseURL, "/")
	if err := in.validate(); err != nil {
		return Tenant{}, err
	}
	for range attempts {
		known, err := r.find(ctx, byClientKey, in.ClientKey)
		t := known.Tenant
		switch {
		case err == nil && t.State == Purging:
			return Tenant{}, fmt.Errorf("install: %w: the data of an earlier installation is being destroyed; try again in a minute", store.ErrUnavailable)
		case err == nil:
			t, err = r.renew(ctx, t, in)
		case errors.Is(err, store.ErrNotFound):
			t, err = r.create(ctx, in, Forge{})
		}
		if !errors.Is(err, store.ErrConflict) {
			return t, err
		}
		// Somebody else installed the same site meanwhile, or the alias is taken: look again.
	}
	return Tenant{}, fmt.Errorf("install: %w", store.ErrConflict)
}

func (in Installation) validate() error {
	probe := store.Key{Tenant: store.Platform, Collection: clientKeyCollection, ID: in.ClientKey}
	if err := probe.Validate(); err != nil {
		return fmt.Errorf("install: client key: %w", err)
	}
	if IsForgeKey(in.ClientKey) {
		return fmt.Errorf("install: %w: that is the key of a site on Forge", store.ErrInvalid)
	}
	if in.SharedSecret.Reveal() == "" {
		return fmt.Errorf("install: %w: there is no shared secret", store.ErrInvalid)
	}
	if u, err := url.Parse(in.BaseURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("install: %w: the base URL is no address of http or https", store.ErrInvalid)
	}
	return nil
}

// create writes a new tenant with the markers of its client key and alias, all or nothing.
func (r *Tenants) create(ctx context.Context, in Installation, by Forge) (Tenant, error) {
	id, err := r.letters(26)
	if err != nil {
		return Tenant{}, err
	}
	alias, err := r.letters(8)
	if err != nil {
		return Tenant{}, err
	}
	t := Tenant{ID: capability.TenantID(id), Alias: alias, Installed: r.time(), Forge: by}
	in.fill(&t, r.time())
	sealed, err := r.seal(ctx, t)
	if err != nil {
		return Tenant{}, err
	}
	doc, err := sealed.put()
	if err != nil {
		return Tenant{}, err
	}
	clientKey, err := marker(clientKeyCollection, t.ClientKey, t.ID)
	if err != nil {
		return Tenant{}, err
	}
	short, err := marker(aliasCollection, t.Alias, t.ID)
	if err != nil {
		return Tenant{}, err
	}
	revs, err := r.store.Write(ctx, doc, clientKey, short)
	if err != nil {
		return Tenant{}, fmt.Errorf("create a tenant: %w", err)
	}
	t.Rev = revs[0]
	return t, nil
}

func (r *Tenants) renew(ctx context.Context, t Tenant, in Installation) (Tenant, error) {
	in.fill(&t, r.time())
	sealed, err := r.seal(ctx, t)
	if err != nil {
		return Tenant{}, err
	}
	return r.save(ctx, sealed)
}

// seal seals the secret of a tenant anew.
func (r *Tenants) seal(ctx context.Context, t Tenant) (kept, error) {
	sealed, err := r.keys.Seal(ctx, t.ID, secretPlace(t.ID), t.SharedSecret)
	if err != nil {
		return kept{}, fmt.Errorf("keep the secret of a tenant: %w", err)
	}
	return kept{t, sealed}, nil
}

// open returns a tenant with its secret. What is being purged has lost it.
func (r *Tenants) open(ctx context.Context, t kept) (Tenant, error) {
	if t.State == Purging {
		return t.Tenant, nil
	}
	var err error
	if t.SharedSecret, err = r.keys.Open(ctx, t.ID, secretPlace(t.ID), t.sealed); err != nil {
		return Tenant{}, fmt.Errorf("read the secret of a tenant: %w", err)
	}
	return t.Tenant, nil
}

func (in Installation) fill(t *Tenant, now time.Time) {
	t.ClientKey, t.SharedSecret = in.ClientKey, in.SharedSecret
	t.BaseURL, t.DisplayURL = in.BaseURL, in.DisplayURL
	t.OAuthClientID = in.OAuthClientID
	if t.State == Uninstalled { // what it had by Forge went with that; its next call says whether it has it again
		t.Forge, t.InstallationID = Forge{}, ""
	}
	if in.InstallationID != "" || !t.OnForge() { // by it a site on Forge is known
		t.InstallationID = in.InstallationID
	}
	t.State, t.Uninstalled, t.Changed = Active, time.Time{}, now
}

func (r *Tenants) save(ctx context.Context, t kept) (Tenant, error) {
	op, err := t.put()
	if err != nil {
		return Tenant{}, err
	}
	revs, err := r.store.Write(ctx, op)
	r.written(t.ID)
	if err != nil {
		return Tenant{}, fmt.Errorf("write tenant %s: %w", t.ID, err)
	}
	t.Rev = revs[0]
	return t.Tenant, nil
}

// SetState moves a tenant to a state as far as the rules in the package's doc allow, and returns where it stands now: an
// uninstalled tenant stays so.
func (r *Tenants) SetState(ctx context.Context, id capability.TenantID, to State) (Tenant, error) {
	if to != Active && to != Disabled && to != Uninstalled {
		return Tenant{}, fmt.Errorf("%w: there is no state %q", store.ErrInvalid, to)
	}
	for range attempts {
		t, err := r.byID(ctx, id)
		if err != nil {
			return Tenant{}, err
		}
		if t.State == to || t.State == Uninstalled || t.State == Purging {
			return r.open(ctx, t)
		}
		t.State, t.Changed = to, r.time()
		if to == Uninstalled {
			t.Uninstalled = t.Changed
		}
		saved, err := r.save(ctx, t)
		if err == nil {
			return r.open(ctx, kept{saved, t.sealed})
		}
		if !errors.Is(err, store.ErrConflict) {
			return Tenant{}, err
		}
	}
	return Tenant{}, fmt.Errorf("set the state of tenant %s: %w", id, store.ErrConflict)
}

// Uninstall marks a tenant as uninstalled and notes the time, from which its grace period counts. A second time changes
// nothing.
func (r *Tenants) Uninstall(ctx context.Context, id capability.TenantID) (Tenant, error) {
	return r.SetState(ctx, id, Uninstalled)
}

// ByID returns a tenant in whatever state it is.
func (r *Tenants) ByID(ctx context.Context, id capability.TenantID) (Tenant, error) {
	t, err := r.byID(ctx, id)
	if err != nil {
		return Tenant{}, err
	}
	return r.open(ctx, t)
}

func (r *Tenants) byID(ctx context.Context, id capability.TenantID) (kept, error) {
	d, err := r.store.Get(ctx, tenantKey(id))
	if err != nil {
		return kept{}, fmt.Errorf("read tenant: %w", err)
	}
	return decode(d)
}

// ByClientKey returns the tenant of a site, in whatever state it is.
func (r *Tenants) ByClientKey(ctx context.Context, clientKey string) (Tenant, error) {
	t, err := r.find(ctx, byClientKey, clientKey)
	if err != nil {
		return Tenant{}, err
	}
	return r.open(ctx, t)
}

// ByAlias returns the tenant to which short links with that alias lead, in whatever state it is and without its secret:
// strangers ask.
func (r *Tenants) ByAlias(ctx context.Context, alias string) (Tenant, error) {
	t, err := r.find(ctx, byAlias, alias)
	return t.Tenant, err
}

func (r *Tenants) find(ctx context.Context, index, value string) (kept, error) {
	docs, err := r.store.List(ctx, store.Query{Tenant: store.Platform, Collection: tenantCollection, Index: index, Value: value, Limit: 1})
	if err != nil {
		return kept{}, fmt.Errorf("find a tenant by %s: %w", index, err)
	}
	if len(docs) == 0 {
		return kept{}, fmt.Errorf("find a tenant by %s: %w", index, store.ErrNotFound)
	}
	return decode(docs[0])
}

// List returns up to limit tenants in whatever state, in the order of their ids, after the one with that id; "" starts at
// the first. Fewer than the limit means that there are no more. 0 as the limit means store.DefaultLimit. They come without
// their secrets, since each would need its own key.
func (r *Tenants) List(ctx context.Context, after capability.TenantID, limit int) ([]Tenant, error) {
	docs, err := r.store.List(ctx, store.Query{Tenant: store.Platform, Collection: tenantCollection, After: string(after), Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	tenants := make([]Tenant, len(docs))
	for i, d := range docs {
		t, err := decode(d)
		if err != nil {
			return nil, err
		}
		tenants[i] = t.Tenant
	}
	return tenants, nil
}

// Each yields all tenants in whatever state, without their secrets, and ends with an error.
func (r *Tenants) Each(ctx context.Context) iter.Seq2[Tenant, error] {
	return func(yield func(Tenant, error) bool) {
		for d, err := range store.Each(ctx, r.store, everyTenant) {
			t := kept{}
			if err == nil {
				t, err = decode(d)
			}
			if err != nil {
				yield(Tenant{}, fmt.Errorf("list tenants: %w", err))
				return
			}
			if !yield(t.Tenant, nil) {
				return
			}
		}
	}
}

// time is the clock's, as it comes back from the store.
func (r *Tenants) time() time.Time { return r.now().UTC().Round(0) }

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// letters returns n random letters of five bits each.
func (r *Tenants) letters(n int) (string, error) {
	b := make([]byte, (n*5+7)/8)
	if _, err := io.ReadFull(r.random, b); err != nil {
		return "", fmt.Errorf("draw a random id: %w", err)
	}
	return lowerBase32.EncodeToString(b)[:n], nil
}
