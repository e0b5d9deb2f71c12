package retention_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/retention"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

// sealed is a sealed value as somebody may have copied it.
type sealed struct {
	place seal.Place
	value string
}

// copied returns the sealed values of a site.
func (h *host) copied(t tenant.Tenant) []sealed {
	h.Helper()
	all := []sealed{{place: seal.Place{Collection: "tenant", ID: string(t.ID), Field: "sharedSecret"}}, {place: seal.Place{Collection: "token_key", ID: "current", Field: "key"}}}
	for i, of := range []capability.TenantID{store.Platform, t.ID} {
		p := all[i].place
		d, err := h.raw.Get(h.Context(), store.Key{Tenant: of, Collection: p.Collection, ID: p.ID})
		h.must(err)
		var body map[string]any
		h.must(json.Unmarshal(d.Body, &body))
		all[i].value = body[p.Field].(string)
		if _, err := h.keys.Open(h.Context(), t.ID, p, all[i].value); err != nil {
			h.Fatalf("open %s before the purge: %v", p, err)
		}
	}
	return all
}

// dead checks that copies of a site's sealed values cannot be opened.
func (h *host) dead(t tenant.Tenant, copies []sealed) {
	h.Helper()
	for _, c := range copies {
		if _, err := h.keys.Open(h.Context(), t.ID, c.place, c.value); !errors.Is(err, seal.ErrShredded) {
			h.Errorf("open a copy of %s: %v, want seal.ErrShredded", c.place, err)
		}
	}
}

// collections are those that a receipt counts.
func collections(r retention.Receipt) (all []store.Collection) {
	for _, c := range r.Removed {
		all = append(all, store.Collection{Name: c.Collection, Documents: c.Documents})
	}
	return all
}

// expected is the receipt of a site as things stand now.
func (h *host) expected(t tenant.Tenant) retention.Receipt {
	h.Helper()
	r := retention.Receipt{Tenant: t.ID, Removed: []retention.Removed{}, Keys: []string{}}
	for _, c := range h.collections(t.ID) {
		r.Removed = append(r.Removed, retention.Removed{Collection: c.Name, Documents: c.Documents})
	}
	keys, err := h.keys.Keys(h.Context(), t.ID)
	h.must(err)
	for _, k := range keys {
		r.Keys = append(r.Keys, k.ID)
	}
	if len(r.Removed) != 7 || len(r.Keys) != 2 {
		h.Fatalf("the site has %v with keys %v; want one of everything", r.Removed, r.Keys)
	}
	return r
}

// gone checks that nothing is left of a site but its receipt, which it returns.
func (h *host) gone(t tenant.Tenant) retention.Receipt {
	h.Helper()
	if left := h.collections(t.ID); len(left) > 0 {
		h.Errorf("left of the site: %v", left)
	}
	if found, err := h.raw.List(h.Context(), store.Query{Tenant: t.ID, Collection: labels, Index: "owner", Value: admin}); len(found) > 0 || err != nil {
		h.Errorf("an index finds %v, %v", found, err)
	}
	for _, k := range t.Documents() {
		if _, err := h.raw.Get(h.Context(), k); !errors.Is(err, store.ErrNotFound) {
			h.Errorf("%s is there: %v", k, err)
		}
	}
	var own retention.Receipt
	for _, r := range h.receipts() {
		if r.Tenant == t.ID {
			own = r
		}
	}
	key, err := h.PublicKey(h.Context())
	h.must(err)
	if err := own.Verify(key); err != nil {
		h.Errorf("verify the receipt: %v", err)
	}
	return own
}

func TestPurgeLeavesNothingButAReceipt(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	ours, other := h.install("ours"), h.install("other")
	copies, before, receipt := h.copied(ours), h.kept(other.ID), h.expected(ours)
	h.uninstall(ours)
	receipt.Uninstalled = d.clock.Now()
	d.clock.advance(time.Second) // the keys are in memory still
	receipt.Started, receipt.Purged = d.clock.Now(), d.clock.Now()

	got, err := h.Purge(t.Context(), ours.ID)
	if err != nil {
		t.Fatal(err)
	}
	stored := h.gone(ours)
	if diff := cmp.Diff(got, stored); diff != "" {
		t.Errorf("returned and stored receipt (-returned +stored):\n%s", diff)
	}
	stored.PublicKey, stored.Signature = "", ""
	if diff := cmp.Diff(receipt, stored); diff != "" {
		t.Errorf("receipt (-want +got):\n%s", diff)
	}
	h.dead(ours, copies)
	d.start().dead(ours, copies)
	for key, body := range h.kept() {
		if key.Tenant != other.ID && (strings.Contains(body, ours.BaseURL) || strings.Contains(body, ours.InstallationID) || strings.Contains(body, ours.Alias) || strings.Contains(body, admin)) {
			t.Errorf("%s says something of the site: %s", key, body)
		}
	}
	if diff := cmp.Diff(before, h.kept(other.ID)); diff != "" {
		t.Errorf("another site (-before +after):\n%s", diff)
	}
	if got, err := h.tenants.ByID(t.Context(), other.ID); err != nil || got.SharedSecret.Reveal() != secret {
		t.Errorf("another site's secret: %v", err)
	}
	if _, err := h.Purge(t.Context(), ours.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a second time: %v, want store.ErrNotFound", err)
	}
}

func TestPurgeOfAnInstalledSiteIsRefused(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	ours := h.install("ours")
	for _, state := range []tenant.State{tenant.Active, tenant.Disabled} {
		if _, err := h.tenants.SetState(t.Context(), ours.ID, state); err != nil {
			t.Fatal(err)
		}
		before := h.kept()
		if _, err := h.Purge(t.Context(), ours.ID); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v, want store.ErrInvalid", state, err)
		}
		if diff := cmp.Diff(before, h.kept()); diff != "" {
			t.Errorf("%s (-before +after):\n%s", state, diff)
		}
	}
}

func TestPurgeTakesMoreThanABatch(t *testing.T) {
	h := newDisk(t).start()
	ours, other := h.install("ours"), h.install("other")
	h.label(ours.ID, 2501)
	h.uninstall(ours)
	if _, err := h.Purge(t.Context(), ours.ID); err != nil {
		t.Fatal(err)
	}
	for _, r := range h.gone(ours).Removed {
		if r.Collection == labels && r.Documents != 2501 {
			t.Errorf("the receipt counts %d records, want 2501", r.Documents)
		}
	}
	if len(h.collections(other.ID)) != 7 {
		t.Errorf("another site has %v", h.collections(other.ID))
	}
}

// Whatever write is the last one before the power goes, the next sweep ends the purge, and the receipt counts what there was
// at the start.
func TestInterruptedPurgeGoesOn(t *testing.T) {
	for _, carried := range []bool{false, true} {
		writes := interrupt(t, 0, carried)
		if writes < 10 {
			t.Fatalf("a purge has %d writes; there is nothing to interrupt", writes)
		}
		for fail := 1; fail <= writes; fail++ {
			t.Run(fmt.Sprintf("write %d, carried out %v", fail, carried), func(t *testing.T) { interrupt(t, fail, carried) })
		}
	}
}

// interrupt fails one write of a purge, none for 0, sweeps again an hour later, and returns how many writes there were.
func interrupt(t *testing.T, fail int, carried bool) int {
	d := newDisk(t)
	h := d.start()
	ours, other := h.install("ours"), h.install("other")
	copies, before, want := h.copied(ours), h.kept(other.ID), h.expected(ours)
	h.uninstall(ours)
	want.Uninstalled = d.clock.Now()
	d.clock.advance(grace)
	first := d.clock.Now()

	breaking := &faulty{Store: d.raw, fail: fail, carried: carried}
	if err := d.startOn(breaking).Sweep(t.Context()); (err != nil) != (fail > 0) || err != nil && !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("the first sweep: %v", err)
	}
	begun := d.receipts()
	d.clock.advance(time.Hour)
	want.Started, want.Purged = first, first
	if len(begun) == 0 {
		want.Started = d.clock.Now()
	}
	if len(begun) == 0 || begun[0].Purged.IsZero() {
		want.Purged = d.clock.Now()
	}
	h = d.start()
	if len(begun) > 0 && !cmp.Equal(h.collections(ours.ID), collections(want)) {
		h.dead(ours, copies) // keys go before whatever else
	}
	if left, err := h.tenants.ByAlias(t.Context(), ours.Alias); err == nil && left.State == tenant.Purging {
		if _, err := h.tryInstall("ours"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("install meanwhile: %v, want store.ErrUnavailable", err)
		}
		if len(begun) > 0 && (!begun[0].Purged.IsZero() || begun[0].Verify("") == nil) {
			t.Errorf("the receipt of a purge that goes on is complete: %+v", begun[0])
		}
	}
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatalf("the second sweep: %v", err)
	}

	got := h.gone(ours)
	got.PublicKey, got.Signature = "", ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("receipt (-want +got):\n%s", diff)
	}
	h.dead(ours, copies)
	if diff := cmp.Diff(before, h.kept(other.ID)); diff != "" {
		t.Errorf("another site (-before +after):\n%s", diff)
	}
	if born, err := h.tryInstall("ours"); err != nil || born.ID == ours.ID {
		t.Errorf("the site comes back as %v, %v; want a new tenant", born, err)
	}
	return breaking.writes
}

func TestSweepersPurgeTogether(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	left := map[string]tenant.Tenant{}
	for _, name := range []string{"a", "b", "c", "d"} {
		left[name] = h.install(name)
		h.uninstall(left[name])
	}
	other := h.install("other")
	want := map[capability.TenantID]retention.Receipt{}
	for _, s := range left {
		want[s.ID] = h.expected(s)
	}
	before := h.kept(other.ID)
	d.clock.advance(grace)
	var sweepers sync.WaitGroup
	for range 3 {
		sweeper := d.start()
		sweepers.Go(func() {
			if err := sweeper.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	sweepers.Wait()
	// One that was overtaken leaves the rest to the others, who may have been overtaken elsewhere: the next round ends it.
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for s := range maps.Values(left) {
		got := h.gone(s)
		if diff := cmp.Diff(want[s.ID].Removed, got.Removed); diff != "" {
			t.Errorf("receipt (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[s.ID].Keys, got.Keys); diff != "" {
			t.Errorf("keys of the receipt (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff(before, h.kept(other.ID)); diff != "" {
		t.Errorf("another site (-before +after):\n%s", diff)
	}
}
