package auth

import (
	"context"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/proof"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Bounds of what is remembered, for each of Connect and Forge.
const (
	maxKnown      = 20_000
	maxKnownBytes = 16 << 20
	entryBytes    = 600 // of an entry beside what its token says
)

// site is what is remembered of a token's tenant. Its secret is not.
type site struct {
	id        capability.TenantID
	clientKey string
	state     tenant.State
	rev       int64
}

func siteOf(t tenant.Tenant) site { return site{t.ID, t.ClientKey, t.State, t.Rev} }

// connected is what a token of Connect proved: that the site has signed these claims. Whether the request at hand is the one that they are
// about is asked each time.
type connected struct {
	claims *wire
	site   site
	fresh  *pending // of a token that was verified just now; nil for one that was known
}

// pending is what it takes to remember a token once the whole request has passed.
type pending struct {
	key   proof.Key
	since proof.Mark
	at    time.Time
	bytes int
}

// invoked is what an invocation token of Forge proved.
type invoked struct {
	key    proof.Key
	claims *invocation
	site   site
	// brought is the digest of the app's token that came with the invocation. Another one has to be kept.
	brought proof.Key
}

// watched tells which tenants change; tenant.Tenants does.
type watched interface {
	Watch(f func(capability.TenantID))
}

// remember prepares for tokens that come again.
func (v *Verifier) remember() {
	v.times = jwt.NewValidator(timeRules(v.clock)...)
	v.connects, v.invocations = proof.New[connected](maxKnown, maxKnownBytes), proof.New[invoked](maxKnown, maxKnownBytes)
	if w, ok := v.tenants.(watched); ok {
		w.Watch(v.Forget)
	}
}

// Forget has the tokens of a tenant verified anew. It is called by itself where Config.Tenants tells what it changes.
func (v *Verifier) Forget(t capability.TenantID) {
	v.connects.Forget(t)
	v.invocations.Forget(t)
}

// prove returns what a token of Connect proves. One that was verified before is only asked for its times, and every few seconds whether
// its site is still what it was.
func (v *Verifier) prove(ctx context.Context, via Via, raw string) (connected, error) {
	key, now := proof.KeyOf(raw), v.clock()
	if e, ok := v.connects.Get(key, now); ok {
		if v.times.Validate(e.Value.claims) == nil && (e.Fresh(now) || v.unchanged(ctx, key, e, now)) {
			return e.Value, nil
		}
		v.connects.Drop(key) // what is wrong with it is found out below
	}
	out := connected{claims: &wire{}, fresh: &pending{key: key, since: v.connects.Mark(), at: now, bytes: len(raw) + entryBytes}}
	var t tenant.Tenant
	if err := v.parseHS256(ctx, via, raw, out.claims, &t); err != nil {
		return connected{}, err
	}
	out.site = siteOf(t)
	return out, nil
}

// unchanged looks whether the site of an entry is what it was, and then believes the entry for a while longer. A tenant that was written in
// any way has another revision.
func (v *Verifier) unchanged(ctx context.Context, key proof.Key, e proof.Entry[connected], now time.Time) bool {
	since := v.connects.Mark()
	t, err := v.tenants.ByClientKey(ctx, e.Value.site.clientKey)
	if err != nil || siteOf(t) != e.Value.site {
		return false
	}
	e.Checked = now
	v.connects.Put(since, key, e)
	return true
}

// keepConnected remembers a token whose request has passed. Sites that are not active are looked at each time.
func (v *Verifier) keepConnected(c connected) {
	p := c.fresh
	if p == nil || c.site.state != tenant.Active {
		return
	}
	c.fresh = nil
	v.connects.Put(p.since, p.key, proof.Entry[connected]{Tenant: c.site.id, Value: c, Checked: p.at, Until: until(c.claims, p.at), Bytes: p.bytes})
}

// until is when a token that was verified at a moment has to be verified again at the latest.
func until(c *wire, at time.Time) time.Time {
	ends, most := c.Expiry.time().Add(Leeway), at.Add(proof.Life)
	if ends.Before(most) {
		return ends
	}
	return most
}
