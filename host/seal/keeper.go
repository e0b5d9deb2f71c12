package seal

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// ErrShredded says that the data key under which a value was sealed is gone: the tenant was shredded, or the key retired.
// Nothing brings the value back but a backup of the tenant's keys.
var ErrShredded = errors.New("data key is gone")

// Config tunes a Keeper. The zero value is good.
type Config struct {
	// TTL is for how long a key is used without asking the store whether it still has it; 0 means a minute. It is how long
	// after a tenant was shredded by another process this one may still open its values. All processes on a store need the
	// same.
	TTL time.Duration
	// Keys is how many data keys are held in memory, about 1 KiB each; 0 means 4096. A tenant that is being served takes
	// two. Having too few costs an unwrapping each time.
	Keys int
}

// Keeper seals and opens values under the data keys of tenants, which it keeps in their stores. It is safe for concurrent use,
// by several processes on one store too. Make it with NewKeeper.
//
// Its errors are those of this package and of host/store, to be tested with errors.Is. None holds anything of a value or
// a key.
type Keeper struct {
	store store.Driver
	now   func() time.Time
	ttl   time.Duration
	cache *cache
	ring  atomic.Pointer[Ring]
}

// NewKeeper returns a Keeper of the data keys in d. The clock is time.Now outside of tests.
func NewKeeper(d store.Driver, ring *Ring, now func() time.Time, cfg Config) (*Keeper, error) {
	if cfg.TTL < 0 || cfg.Keys < 0 || cfg.Keys == 1 {
		return nil, fmt.Errorf("keeper of data keys: TTL %s and Keys %d: the one cannot be negative, the other is at least 2; 0 is the default", cfg.TTL, cfg.Keys)
	}
	if cfg.TTL == 0 {
		cfg.TTL = time.Minute
	}
	if cfg.Keys == 0 {
		cfg.Keys = 4096
	}
	k := &Keeper{store: d, now: now, ttl: cfg.TTL, cache: newCache(cfg.Keys, now)}
	k.ring.Store(ring)
	return k, nil
}

// Use exchanges the key ring while the Keeper serves, for a rotation of the wrapping keys. What was unwrapped stays in memory.
func (k *Keeper) Use(ring *Ring) { k.ring.Store(ring) }

// Seal encrypts a value of t for one place, under the tenant's current key, and makes that key where t has none. The same value
// sealed twice gives two texts. A value of n bytes gives about 52 + 4n/3 characters.
func (k *Keeper) Seal(ctx context.Context, t capability.TenantID, at Place, value Secret) (string, error) {
	aad, err := at.aad(t)
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	e, err := k.current(ctx, t)
	if err != nil {
		return "", fmt.Errorf("seal %s for tenant %s: %w", at, t, err)
	}
	return k.seal(e, aad, value), nil
}

func (*Keeper) seal(e entry, aad []byte, value Secret) string {
	plain := []byte(value.Reveal())
	defer clear(plain)
	return encode(e.id, e.aead.Seal(nil, nil, plain, aad))
}

// Open decrypts what Seal returned for the same tenant and place. Errors: ErrNotSealed; ErrShredded; ErrUnknownKey; ErrChanged,
// where the value was changed or stands elsewhere than it was sealed for, or where its data key was.
func (k *Keeper) Open(ctx context.Context, t capability.TenantID, at Place, sealed string) (Secret, error) {
	value, _, err := k.open(ctx, t, at, sealed)
	return value, err
}

// open also returns the id of the data key.
func (k *Keeper) open(ctx context.Context, t capability.TenantID, at Place, sealed string) (value Secret, id string, err error) {
	aad, err := at.aad(t)
	if err != nil {
		return Secret{}, "", fmt.Errorf("open: %w", err)
	}
	id, box, err := decode(sealed)
	if err != nil {
		return Secret{}, "", fmt.Errorf("open %s of tenant %s: %w", at, t, err)
	}
	e, err := k.key(ctx, t, id)
	if err != nil {
		return Secret{}, "", fmt.Errorf("open %s of tenant %s: %w", at, t, err)
	}
	plain, err := e.aead.Open(nil, nil, box, aad)
	if err != nil {
		return Secret{}, "", fmt.Errorf("open %s of tenant %s: %w", at, t, ErrChanged)
	}
	defer clear(plain)
	return NewSecret(string(plain)), id, nil
}

// Forget drops the keys of t from memory; they are read again when they are needed. Their bytes were wiped when they were
// turned into ciphers; a cipher goes with the next garbage collections.
func (k *Keeper) Forget(t capability.TenantID) { k.cache.forget(t) }
