package reseal_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/reseal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestOldKeysGoWhenNothingNeedsThem(t *testing.T) {
	raw, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	types, err := privacy.NewTypes(nil, append(tenant.Types(), seal.Types()...)...)
	if err != nil {
		t.Fatal(err)
	}
	s := privacy.NewGate(raw, types)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	wrappers, err := seal.ParseKeys(seal.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.NewRing(wrappers...)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.NewKeeper(s, ring, clock, seal.Config{})
	if err != nil {
		t.Fatal(err)
	}
	tenants, tokens := tenant.NewTenants(s, keys, clock), tenant.NewTokens(s, keys)
	install := func(name string) capability.TenantID {
		site, err := tenants.Install(t.Context(), tenant.Installation{ClientKey: name, SharedSecret: seal.NewSecret("secret of " + name), BaseURL: "https://" + name + ".example"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Key(t.Context(), site.ID); err != nil {
			t.Fatal(err)
		}
		return site.ID
	}
	ours, other := install("ours"), install("other")
	token, err := tokens.Key(t.Context(), ours)
	if err != nil {
		t.Fatal(err)
	}
	sealer := &reseal.Sealer{Store: s, Types: types, Keys: keys}
	if n, gone, err := sealer.All(t.Context()); n != 0 || gone != 0 || err != nil {
		t.Errorf("All without a rotation = %d, %d, %v; want nothing done", n, gone, err)
	}
	before, err := keys.Keys(t.Context(), ours)
	if err != nil || len(before) != 1 {
		t.Fatal(before, err)
	}
	if n, err := sealer.Rotate(t.Context(), ours); n != 2 || err != nil { // the shared secret and the key of tokens
		t.Fatalf("Rotate = %d, %v; want 2 secrets", n, err)
	}
	if _, gone, err := sealer.All(t.Context()); gone != 0 || err != nil {
		t.Errorf("All at once = %d retired, %v; another process may still seal under the old key", gone, err)
	}
	now = now.Add(time.Hour)
	if n, gone, err := sealer.All(t.Context()); n != 0 || gone != 1 || err != nil {
		t.Errorf("All an hour later = %d, %d, %v; want one key retired", n, gone, err)
	}
	after, err := keys.Keys(t.Context(), ours)
	if err != nil || len(after) != 1 || after[0].ID == before[0].ID {
		t.Errorf("keys %+v, %v; want one, another than before", after, err)
	}
	if got, err := tenants.ByID(t.Context(), ours); err != nil || got.SharedSecret.Reveal() != "secret of ours" {
		t.Errorf("the secret after the rotation: %v", err)
	}
	if got, err := tokens.Key(t.Context(), ours); err != nil || string(got) != string(token) {
		t.Errorf("the key of tokens after the rotation: %v", err)
	}
	if got, err := keys.Keys(t.Context(), other); err != nil || len(got) != 1 || strings.Contains(got[0].ID, after[0].ID) {
		t.Errorf("another site's keys: %+v, %v", got, err)
	}
	if _, err := sealer.Rotate(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Rotate of nobody: %v, want store.ErrNotFound", err)
	}
}
