package seal_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

// site is a tenant with one value.
type site struct {
	id    capability.TenantID
	value string
}

// sites seals a value of each of n tenants.
func sites(t testing.TB, k *seal.Keeper, n int) []site {
	t.Helper()
	list := make([]site, n)
	for i := range list {
		id := capability.TenantID(fmt.Sprintf("tenant%03d", i))
		list[i] = site{id, sealed(t, k, id, place, string(id))}
	}
	return list
}

func allOpen(t testing.TB, k *seal.Keeper, list []site) {
	t.Helper()
	for _, s := range list {
		opens(t, k, s.id, place, s.value, string(s.id))
	}
}

func TestRewrapLetsOldKeyGo(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	k := newKeeper(t, s, now.Now, "old")
	list := sites(t, k, 120) // more than a page
	if _, err := k.Rotate(t.Context(), list[7].id); err != nil {
		t.Fatal(err)
	}
	k.Use(ringOf(t, keys(t, "new", "old")...))
	list = append(list, site{acme, sealed(t, k, acme, place, string(acme))})
	if got, err := k.Census(t.Context(), s); err != nil || !maps.Equal(got, map[string]int{"old": 121, "new": 1}) {
		t.Errorf("Census: %v, %v", got, err)
	}
	var reports []seal.Progress
	got, err := k.Rewrap(t.Context(), s, seal.RewrapConfig{Report: func(p seal.Progress) { reports = append(reports, p) }})
	if err != nil || got.Done != 121 || got.Total != 121 || len(got.Left) > 0 {
		t.Errorf("%+v, %v; want 121 of 121 and none left", got, err)
	}
	if len(reports) != 120 || reports[0].Done != 1 || reports[0].Left["old"] != 120 || reports[119].Done != 121 || len(reports[119].Left) > 0 {
		t.Errorf("%d reports, the first and last: %+v, %+v", len(reports), reports[0], reports[len(reports)-1])
	}
	allOpen(t, newKeeper(t, s, now.Now, "new"), list)
	if got, err := k.Rewrap(t.Context(), s, seal.RewrapConfig{}); err != nil || got.Done != 0 || got.Total != 0 {
		t.Errorf("a second time: %+v, %v; want nothing to do", got, err)
	}
}

func TestInterruptedRewrapLosesNothingAndGoesOn(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	list := sites(t, newKeeper(t, s, now.Now, "old"), 12)

	crashing := newKeeper(t, &failing{Driver: s, writes: 5}, now.Now, "new", "old")
	if got, err := crashing.Rewrap(t.Context(), s, seal.RewrapConfig{}); !errors.Is(err, store.ErrUnavailable) || got.Done != 5 || got.Left["old"] != 7 {
		t.Errorf("%+v, %v; want 5 done, 7 left and ErrUnavailable", got, err)
	}
	allOpen(t, newKeeper(t, s, now.Now, "new", "old"), list)
	allOpen(t, newKeeper(t, s, now.Now, "old", "new"), list) // a process that was not told yet

	ctx, cancel := context.WithCancel(t.Context())
	stopped := newKeeper(t, s, now.Now, "new", "old")
	got, err := stopped.Rewrap(ctx, s, seal.RewrapConfig{Report: func(p seal.Progress) {
		if p.Done == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || got.Done != 3 || got.Total != 7 {
		t.Errorf("%+v, %v; want 3 of 7 done", got, err)
	}
	if got, err := newKeeper(t, s, now.Now, "new", "old").Rewrap(t.Context(), s, seal.RewrapConfig{}); err != nil || got.Done != 4 || len(got.Left) > 0 {
		t.Errorf("%+v, %v; want the last 4 done", got, err)
	}
	allOpen(t, newKeeper(t, s, now.Now, "new"), list)
}

func TestRewrapGoesOnPastWhatItCannotUnwrap(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	lost := sites(t, newKeeper(t, s, now.Now, "lost"), 1)[0]
	fine := site{"zeta", sealed(t, newKeeper(t, s, now.Now, "old"), "zeta", place, "zeta")}
	broken := store.Key{Tenant: "broken", Collection: seal.Collection, ID: "abcdefghij"}
	if _, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: broken, Body: []byte(`{"format":9}`)}}); err != nil {
		t.Fatal(err)
	}
	got, err := newKeeper(t, s, now.Now, "new", "old").Rewrap(t.Context(), s, seal.RewrapConfig{})
	if err == nil || !strings.Contains(err.Error(), "2 data keys") || !strings.Contains(err.Error(), broken.String()) {
		t.Errorf("%v, want an error that names the first", err)
	}
	if got.Done != 1 || got.Total != 3 || !maps.Equal(got.Left, map[string]int{"lost": 1, "": 1}) {
		t.Errorf("%+v; want one of three done, and what is left", got)
	}
	allOpen(t, newKeeper(t, s, now.Now, "new"), []site{fine})
	allOpen(t, newKeeper(t, s, now.Now, "lost"), []site{lost})
}

// A process that still has another primary goes on making keys that need it, behind the walk too.
func TestRewrapReportsWhatWasMadeMeanwhile(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	behind := newKeeper(t, s, now.Now, "old", "new")
	sites(t, behind, 3)
	got, err := newKeeper(t, s, now.Now, "new", "old").Rewrap(t.Context(), s, seal.RewrapConfig{Report: func(p seal.Progress) {
		if p.Done == 3 {
			sealed(t, behind, "acme", place, value)
		}
	}})
	if err != nil || got.Done != 3 || !maps.Equal(got.Left, map[string]int{"old": 1}) {
		t.Errorf("%+v, %v; want one left", got, err)
	}
}

// shredding deletes a tenant's keys right before the first write, and has it seal something anew.
type shredding struct {
	store.Driver
	once func()
}

func (s *shredding) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	if once := s.once; once != nil {
		s.once = nil
		once()
	}
	return s.Driver.Write(ctx, ops...)
}

// Revisions begin anew with a new document: a rewrap that wrote by revision alone would bring back what was shredded.
func TestRewrapDoesNotBringBackShreddedKey(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	k := newKeeper(t, s, now.Now, "old", "new")
	old := sealed(t, k, acme, place, value)
	var again string
	d := &shredding{Driver: s, once: func() {
		if _, err := k.Shred(t.Context(), acme); err != nil {
			t.Error(err)
		}
		again = sealed(t, k, acme, place, "again")
	}}
	if got, err := newKeeper(t, d, now.Now, "new", "old").Rewrap(t.Context(), s, seal.RewrapConfig{}); err != nil || got.Done != 0 || got.Left["old"] != 1 {
		t.Errorf("%+v, %v; want nothing done, and the new key left for the next run", got, err)
	}
	fresh := newKeeper(t, s, now.Now, "old", "new")
	if _, err := fresh.Open(t.Context(), acme, place, old); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("%v, want ErrShredded", err)
	}
	opens(t, fresh, acme, place, again, "again")
}

func TestRewrapAsksFirstWhetherPrimaryWorks(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	list := sites(t, newKeeper(t, s, now.Now, "old"), 1)
	denied := &encryptOnly{keys(t, "new")[0]}
	k := keeperOf(t, s, ringOf(t, append([]seal.Wrapper{denied}, keys(t, "old")...)...), now.Now, seal.Config{})
	if _, err := k.Rewrap(t.Context(), s, seal.RewrapConfig{}); !errors.Is(err, errDenied) {
		t.Errorf("%v, want the primary's error", err)
	}
	allOpen(t, newKeeper(t, s, now.Now, "old"), list)
}

var errDenied = errors.New("denied")

// encryptOnly is a key of a service that lets us wrap and not unwrap.
type encryptOnly struct{ seal.Wrapper }

func (encryptOnly) Unwrap(context.Context, []byte, []byte) ([]byte, error) { return nil, errDenied }
