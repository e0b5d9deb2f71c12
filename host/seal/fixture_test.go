package seal_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

const (
	acme  = capability.TenantID("acme")
	other = capability.TenantID("other")
	value = "s3cret-of-the-site-0123456789"
)

var (
	place = seal.Place{Collection: "tenant", ID: "acme", Field: "sharedSecret"}
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func openStore(t testing.TB) store.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// entry is a wrapping key with an id, the same each time.
func entry(id string) string {
	return id + ":" + base64.StdEncoding.EncodeToString(rawKey(id))
}

func rawKey(id string) []byte {
	raw := sha256.Sum256([]byte(id))
	return raw[:]
}

func keys(t testing.TB, ids ...string) []seal.Wrapper {
	t.Helper()
	var entries []string
	for _, id := range ids {
		entries = append(entries, entry(id))
	}
	keys, err := seal.ParseKeys(seal.NewSecret(strings.Join(entries, ",")))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func ringOf(t testing.TB, keys ...seal.Wrapper) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newKeeper(t testing.TB, d store.Driver, now func() time.Time, keyIDs ...string) *seal.Keeper {
	t.Helper()
	return keeperOf(t, d, ringOf(t, keys(t, keyIDs...)...), now, seal.Config{})
}

func keeperOf(t testing.TB, d store.Driver, r *seal.Ring, now func() time.Time, cfg seal.Config) *seal.Keeper {
	t.Helper()
	k, err := seal.NewKeeper(d, r, now, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sealed(t testing.TB, k *seal.Keeper, tenant capability.TenantID, at seal.Place, plain string) string {
	t.Helper()
	s, err := k.Seal(t.Context(), tenant, at, seal.NewSecret(plain))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func opens(t testing.TB, k *seal.Keeper, tenant capability.TenantID, at seal.Place, text, want string) {
	t.Helper()
	got, err := k.Open(t.Context(), tenant, at, text)
	if err != nil {
		t.Error(err)
	} else if got.Reveal() != want {
		t.Errorf("%s opens as another value than was sealed", at)
	}
}

// counted is a wrapping key that counts its calls and can be stopped.
type counted struct {
	seal.Wrapper
	mu             sync.Mutex
	wraps, unwraps int
	fail           error
}

func (c *counted) Wrap(ctx context.Context, key, aad []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return nil, c.fail
	}
	c.wraps++
	return c.Wrapper.Wrap(ctx, key, aad)
}

func (c *counted) Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return nil, c.fail
	}
	c.unwraps++
	return c.Wrapper.Unwrap(ctx, wrapped, aad)
}

// failing is a store that refuses writes after a number of them.
type failing struct {
	store.Driver
	mu     sync.Mutex
	writes int
}

func (f *failing) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writes--; f.writes < 0 {
		return nil, store.ErrUnavailable
	}
	return f.Driver.Write(ctx, ops...)
}
