package seal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

func TestRotatedKeyStillOpensWhatItSealed(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	k := newKeeper(t, s, now.Now, "a")
	old := sealed(t, k, acme, place, value)
	_, oldKey, _ := keyOf(t, old)
	id, err := k.Rotate(t.Context(), acme)
	if err != nil {
		t.Fatal(err)
	}
	fresh := sealed(t, k, acme, place, value)
	if _, key, _ := keyOf(t, fresh); key != id || key == oldKey {
		t.Errorf("sealed under %s after a rotation from %s to %s", key, oldKey, id)
	}
	opens(t, k, acme, place, old, value)
	opens(t, newKeeper(t, s, now.Now, "a"), acme, place, old, value)

	again, changed, err := k.Reseal(t.Context(), acme, place, old)
	if _, key, _ := keyOf(t, again); err != nil || !changed || key != id {
		t.Errorf("Reseal: under %s, %t, %v", key, changed, err)
	}
	opens(t, k, acme, place, again, value)
	if same, changed, err := k.Reseal(t.Context(), acme, place, again); err != nil || changed || same != again {
		t.Errorf("Reseal of what is under the current key: %t, %v", changed, err)
	}
	if _, _, err := k.Reseal(t.Context(), acme, seal.Place{Collection: "a", ID: "b", Field: "c"}, old); !errors.Is(err, seal.ErrChanged) {
		t.Errorf("Reseal of what was moved: %v, want ErrChanged", err)
	}
}

func TestRotateNeedsKey(t *testing.T) {
	s := openStore(t)
	if _, err := newKeeper(t, s, time.Now, "a").Rotate(t.Context(), acme); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
}

func TestRetiredKeyIsGone(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	k := newKeeper(t, s, now.Now, "a")
	old := sealed(t, k, acme, place, value)
	_, oldKey, _ := keyOf(t, old)
	now.move(3 * time.Minute)
	if err := k.Retire(t.Context(), acme, oldKey); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("the current key: %v, want ErrInvalid", err)
	}
	if _, err := k.Rotate(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	if err := k.Retire(t.Context(), acme, oldKey); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a key that others may still use: %v, want ErrInvalid", err)
	}
	settled := func() (ids []string) {
		list, err := k.Keys(t.Context(), acme)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v; want two keys", list, err)
		}
		for _, key := range list {
			if key.Settled {
				ids = append(ids, key.ID)
			}
		}
		return ids
	}
	if got := settled(); len(got) > 0 {
		t.Errorf("%v are settled right after a rotation", got)
	}
	now.move(3 * time.Minute)
	if got := settled(); !slices.Equal(got, []string{oldKey}) {
		t.Errorf("%v are settled, want the old key %s", got, oldKey)
	}
	opens(t, k, acme, place, old, value) // so that it is in memory
	for range 2 {
		if err := k.Retire(t.Context(), acme, oldKey); err != nil {
			t.Error(err)
		}
	}
	if _, err := k.Open(t.Context(), acme, place, old); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("%v, want ErrShredded", err)
	}
	if err := k.Retire(t.Context(), acme, "current"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("what is no key: %v, want ErrInvalid", err)
	}
}

func TestShreddedTenantIsUnreadable(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	k, elsewhere := newKeeper(t, s, now.Now, "a"), newKeeper(t, s, now.Now, "a")
	old, bystander := sealed(t, k, acme, place, value), sealed(t, k, other, place, value)
	if _, err := k.Rotate(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	fresh := sealed(t, k, acme, place, value)
	opens(t, elsewhere, acme, place, old, value)
	_, a, _ := keyOf(t, old)
	_, b, _ := keyOf(t, fresh)
	want := []string{a, b}
	slices.Sort(want)
	if ids, err := k.Shred(t.Context(), acme); err != nil || !slices.Equal(ids, want) {
		t.Errorf("Shred: %v, %v; want %v", ids, err, want)
	}
	for _, text := range []string{old, fresh} {
		if _, err := k.Open(t.Context(), acme, place, text); !errors.Is(err, seal.ErrShredded) {
			t.Errorf("%v, want ErrShredded", err)
		}
	}
	opens(t, elsewhere, acme, place, old, value) // for as long as the TTL, and no longer
	now.move(time.Minute)
	if _, err := elsewhere.Open(t.Context(), acme, place, old); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("another process: %v, want ErrShredded", err)
	}
	opens(t, k, other, place, bystander, value)
	if tenants, err := s.Tenants(t.Context(), "", 10); err != nil || len(tenants) != 1 || tenants[0] != other {
		t.Errorf("there is something of %v left, %v", tenants, err)
	}
	if ids, err := k.Shred(t.Context(), acme); err != nil || len(ids) > 0 {
		t.Errorf("a second time: %v, %v", ids, err)
	}
	// A site that comes back starts anew.
	again := sealed(t, k, acme, place, value)
	opens(t, elsewhere, acme, place, again, value)
	if _, err := k.Open(t.Context(), acme, place, old); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("an old value after a new start: %v, want ErrShredded", err)
	}
}

// A store that gave up in the middle of a shredding may hold the note of which key is current without the key.
func TestInterruptedShreddingStillSeals(t *testing.T) {
	s := openStore(t)
	k := newKeeper(t, s, (&clock{now: start}).Now, "a")
	old := sealed(t, k, acme, place, value)
	_, id, _ := keyOf(t, old)
	key := store.Key{Tenant: acme, Collection: seal.Collection, ID: id}
	if _, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: key}, Delete: true, IfRev: store.Any}); err != nil {
		t.Fatal(err)
	}
	k.Forget(acme)
	opens(t, k, acme, place, sealed(t, k, acme, place, value), value)
	if _, err := k.Open(t.Context(), acme, place, old); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("%v, want ErrShredded", err)
	}
}

// What is read while a tenant is shredded must not come back into memory afterwards.
func TestShredWinsAgainstLoadUnderWay(t *testing.T) {
	s := openStore(t)
	text := sealed(t, newKeeper(t, s, (&clock{now: start}).Now, "a"), acme, place, value)
	slow := &held{Wrapper: keys(t, "a")[0], entered: make(chan struct{}), leave: make(chan struct{})}
	k := keeperOf(t, s, ringOf(t, slow), (&clock{now: start}).Now, seal.Config{})
	var wg sync.WaitGroup
	wg.Go(func() { opens(t, k, acme, place, text, value) }) // it began before
	<-slow.entered
	if _, err := k.Shred(t.Context(), acme); err != nil {
		t.Error(err)
	}
	if _, err := k.Open(t.Context(), acme, place, text); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("while the other is at it: %v, want ErrShredded", err)
	}
	close(slow.leave)
	wg.Wait()
	if _, err := k.Open(t.Context(), acme, place, text); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("%v, want ErrShredded", err)
	}
}

// held stays in Unwrap until it may leave.
type held struct {
	seal.Wrapper
	entered, leave chan struct{}
}

func (h *held) Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error) {
	close(h.entered)
	<-h.leave
	return h.Wrapper.Unwrap(ctx, wrapped, aad)
}

// Two processes and eight goroutines each seal and open while data keys and wrapping keys are rotated under them.
func TestRotationDisturbsNobody(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	keepers := []*seal.Keeper{newKeeper(t, s, now.Now, "a", "b", "c"), newKeeper(t, s, now.Now, "a", "b", "c")}
	sealed(t, keepers[0], acme, place, value)
	var stop atomic.Bool
	var rounds atomic.Int64
	var wg, rotation sync.WaitGroup
	ctx := t.Context()
	for i, k := range keepers {
		for g := range 8 {
			wg.Go(func() {
				var kept []string
				for n := 0; !stop.Load() || n < 20; n++ {
					plain := fmt.Sprint(i, g, n)
					text, err := k.Seal(ctx, acme, place, seal.NewSecret(plain))
					if err != nil {
						t.Error(err)
						return
					}
					opens(t, keepers[1-i], acme, place, text, plain)
					if n < 20 {
						kept = append(kept, text)
					}
					if _, _, err := k.Reseal(ctx, acme, place, kept[n%len(kept)]); err != nil {
						t.Error(err)
						return
					}
					rounds.Add(1)
				}
			})
		}
	}
	for i := range 3 {
		rotation.Go(func() {
			for n := range 8 {
				switch i {
				case 0: // data keys, by one process
					if _, err := keepers[0].Rotate(ctx, acme); err != nil && !errors.Is(err, store.ErrConflict) {
						t.Error(err)
					}
				case 1: // and by the other, as time goes by
					now.move(30 * time.Second)
					if _, err := keepers[1].Rotate(ctx, acme); err != nil && !errors.Is(err, store.ErrConflict) {
						t.Error(err)
					}
					keepers[1].Forget(acme)
				case 2: // wrapping keys
					order := [][]string{{"b", "a", "c"}, {"c", "a", "b"}, {"a", "b", "c"}}[n%3]
					for _, k := range keepers {
						k.Use(ringOf(t, keys(t, order...)...))
					}
					if _, err := keepers[n%2].Rewrap(ctx, s, seal.RewrapConfig{}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	rotation.Wait()
	stop.Store(true)
	wg.Wait()
	if p, err := keepers[0].Rewrap(ctx, s, seal.RewrapConfig{}); err != nil || len(p.Left) > 0 {
		t.Errorf("%+v, %v; want none left", p, err)
	}
	t.Logf("%d rounds", rounds.Load())
}
