package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

func wantTenants(t *testing.T, d store.Store, after capability.TenantID, limit int, want ...capability.TenantID) {
	t.Helper()
	got, err := d.Tenants(t.Context(), after, limit)
	if err != nil {
		t.Errorf("Tenants after %q: %v", after, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%d tenants after %q (-want +got):\n%s", limit, after, diff)
	}
}

func wantCollections(t *testing.T, d store.Store, of capability.TenantID, want ...store.Collection) {
	t.Helper()
	got, err := d.Collections(t.Context(), of)
	if err != nil {
		t.Errorf("Collections of %q: %v", of, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("collections of %q (-want +got):\n%s", of, diff)
	}
}

func inventoryCounts(t *testing.T, open Open) {
	d := start(t, open)
	wantTenants(t, d, "", 0)
	wantCollections(t, d, tenantA)

	for _, name := range []capability.TenantID{"b", "a", "ab", store.Platform, "ü", "a b"} {
		for i := range 3 {
			write(t, d, []int64{1}, put(doc(store.Key{Tenant: name, Collection: "things", ID: fmt.Sprint(i)}, "owner", "ann"), 0))
		}
	}
	write(t, d, []int64{1, 1},
		put(doc(store.Key{Tenant: "a", Collection: "other", ID: "0"}), 0),
		put(doc(store.Key{Tenant: "a", Collection: "things.more", ID: "0"}), 0))
	wantTenants(t, d, "", 0, store.Platform, "a", "a b", "ab", "b", "ü")
	wantTenants(t, d, "", 2, store.Platform, "a")
	wantTenants(t, d, "a", 2, "a b", "ab")
	wantTenants(t, d, "aa", 2, "ab", "b") // the one to go on after need not be there
	wantTenants(t, d, "ü", 2)
	wantCollections(t, d, "a", store.Collection{Name: "other", Documents: 1}, store.Collection{Name: "things", Documents: 3}, store.Collection{Name: "things.more", Documents: 1})
	wantCollections(t, d, "b", store.Collection{Name: "things", Documents: 3})

	write(t, d, []int64{0, 0}, remove(store.Key{Tenant: "a", Collection: "other", ID: "0"}, 1), remove(store.Key{Tenant: "a", Collection: "things", ID: "0"}, 1))
	wantCollections(t, d, "a", store.Collection{Name: "things", Documents: 2}, store.Collection{Name: "things.more", Documents: 1})

	_, err := d.Tenants(t.Context(), "", store.MaxLimit+1)
	wantError(t, "Tenants with a high limit", err, store.ErrInvalid)
	_, err = d.Tenants(t.Context(), "\xff", 1)
	wantError(t, "Tenants after no id", err, store.ErrInvalid)
	_, err = d.Collections(t.Context(), "")
	wantError(t, "Collections of nobody", err, store.ErrInvalid)
}
