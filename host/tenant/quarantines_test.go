package tenant_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

func quarantine(t capability.TenantID, plugin, version string) core.Quarantine {
	return core.Quarantine{
		Tenant: t, Plugin: capability.PluginID(plugin), Version: version, Code: sdk.Exhausted, Limit: "request.fuel",
		Since: start, Until: start.Add(time.Minute), Times: 3,
	}
}

func list(t *testing.T, r *tenant.Quarantines) []core.Quarantine {
	t.Helper()
	got, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b core.Quarantine) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Plugin, b.Plugin), cmp.Compare(a.Version, b.Version))
	})
	return got
}

func TestQuarantinesComeBackForEveryTenantThatIsThere(t *testing.T) {
	d := openStore(t)
	tenants, r := tenant.NewTenants(d, sealtest.Keeper(t, d), clock()), tenant.NewQuarantines(d)
	a, b, gone := install(t, tenants, site("a")), install(t, tenants, site("b")), install(t, tenants, site("gone"))
	if a.ID > b.ID {
		a, b = b, a
	}
	want := []core.Quarantine{quarantine(a.ID, "x.y", "1.0.0"), quarantine(a.ID, "x.y", "1.1.0"), quarantine(b.ID, "x.y", "1.0.0")}
	for _, q := range append(slices.Clone(want), quarantine(gone.ID, "x.y", "1.0.0")) {
		if err := r.Put(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tenants.Uninstall(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, list(t, tenant.NewQuarantines(d))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	want[0].Times, want[0].Until = 4, start.Add(time.Hour)
	if err := r.Put(t.Context(), want[0]); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second time is no error
		if err := r.Delete(t.Context(), b.ID, "x.y", "1.0.0"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(want[:2], list(t, r)); diff != "" {
		t.Errorf("after a change and a deletion (-want +got):\n%s", diff)
	}
}

// A long list of tenants, and of quarantines of one, comes in pages.
func TestQuarantinesAreListedBeyondOnePage(t *testing.T) {
	d := openStore(t)
	tenants, r := tenant.NewTenants(d, sealtest.Keeper(t, d), clock()), tenant.NewQuarantines(d)
	first := install(t, tenants, site("a"))
	doc, err := d.Get(t.Context(), store.Key{Tenant: store.Platform, Collection: "tenant", ID: string(first.ID)})
	if err != nil {
		t.Fatal(err)
	}
	var copies []store.Op
	for i := range store.MaxLimit {
		id := fmt.Sprintf("~%04d", i) // after every real one
		body := bytes.ReplaceAll(doc.Body, []byte(first.ID), []byte(id))
		copies = append(copies, store.Op{Doc: store.Doc{Key: store.Key{Tenant: store.Platform, Collection: "tenant", ID: id}, Body: body}})
	}
	if _, err := d.Write(t.Context(), copies...); err != nil {
		t.Fatal(err)
	}
	const last capability.TenantID = "~0999"
	var ops []store.Op
	for i := range store.MaxLimit {
		body, err := json.Marshal(quarantine(last, "x.y", fmt.Sprintf("1.%d.0", i)))
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, store.Op{Doc: store.Doc{Key: store.Key{Tenant: last, Collection: "quarantine", ID: fmt.Sprintf("x.y@1.%d.0", i)}, Body: body}})
	}
	if _, err := d.Write(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	if err := r.Put(t.Context(), quarantine(last, "z.z", "1.0.0")); err != nil {
		t.Fatal(err)
	}
	if got := list(t, r); len(got) != store.MaxLimit+1 {
		t.Errorf("%d quarantines, want %d", len(got), store.MaxLimit+1)
	}
}

func TestQuarantineHoldsNoTenantButInItsKey(t *testing.T) {
	d := openStore(t)
	if err := tenant.NewQuarantines(d).Put(t.Context(), quarantine("tenant-one", "x.y", "1.0.0")); err != nil {
		t.Fatal(err)
	}
	doc, err := d.Get(t.Context(), store.Key{Tenant: "tenant-one", Collection: "quarantine", ID: "x.y@1.0.0"})
	if err != nil || strings.Contains(string(doc.Body), "tenant-one") {
		t.Errorf("stored %s, %v", doc.Body, err)
	}
}

func TestBrokenStoreIsNoEmptyList(t *testing.T) {
	d := openStore(t)
	r := tenant.NewQuarantines(d)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.List(ended); err == nil {
		t.Error("List is fine without a store")
	}
	if err := r.Put(ended, quarantine("t", "x.y", "1.0.0")); err == nil {
		t.Error("Put is fine without a store")
	}
	if err := r.Delete(ended, "t", "x.y", "1.0.0"); err == nil {
		t.Error("Delete is fine without a store")
	}
}
