package tenant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestPurgeIsAOneWayStreet(t *testing.T) {
	d := openStore(t)
	r := tenant.NewTenants(d, sealtest.Keeper(t, d), clock())
	ours := install(t, r, site("ours"))
	if err := r.Forget(t.Context(), ours.ID); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Forget of an active tenant: %v, want store.ErrInvalid", err)
	}
	if _, err := r.StartPurge(t.Context(), ours.ID, start.Add(time.Hour)); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("StartPurge of an active tenant: %v, want store.ErrInvalid", err)
	}
	left, err := r.Uninstall(t.Context(), ours.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.StartPurge(t.Context(), ours.ID, left.Uninstalled.Add(-time.Nanosecond)); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("StartPurge of a tenant that left later: %v, want store.ErrInvalid", err)
	}
	purging, err := r.StartPurge(t.Context(), ours.ID, start.Add(time.Hour))
	if err != nil || purging.State != tenant.Purging || !purging.Uninstalled.Equal(left.Uninstalled) {
		t.Fatalf("StartPurge = %v, %v", purging, err)
	}
	if again, err := r.StartPurge(t.Context(), ours.ID, start.Add(time.Hour)); err != nil || again.Rev != purging.Rev {
		t.Errorf("StartPurge a second time = %v, %v; want no change", again, err)
	}
	for _, to := range []tenant.State{tenant.Active, tenant.Disabled, tenant.Uninstalled} {
		if got, err := r.SetState(t.Context(), ours.ID, to); err != nil || got.State != tenant.Purging {
			t.Errorf("SetState %s = %v, %v; want it to stay purging", to, got.State, err)
		}
	}
	if _, err := r.SetState(t.Context(), ours.ID, tenant.Purging); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("SetState purging: %v, want store.ErrInvalid", err)
	}
	if _, err := r.Install(t.Context(), site("ours")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Install meanwhile: %v, want store.ErrUnavailable", err)
	}

	beside := store.Op{Doc: store.Doc{Key: store.Key{Tenant: store.Platform, Collection: "receipt", ID: "a"}, Body: []byte(`{}`)}}
	if err := r.Forget(t.Context(), purging.ID, beside); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), beside.Doc.Key); err != nil {
		t.Errorf("what goes with it: %v", err)
	}
	if _, err := r.ByID(t.Context(), ours.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("ByID of a forgotten tenant: %v", err)
	}
	born := install(t, r, site("ours"))
	if born.ID == ours.ID || born.Alias == ours.Alias {
		t.Errorf("the site that comes back is the tenant that was forgotten: %v", born)
	}
}
