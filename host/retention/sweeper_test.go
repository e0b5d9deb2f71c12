package retention_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/retention"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestSweepPurgesOnceTheGraceIsOver(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	early, late, disabled, active := h.install("early"), h.install("late"), h.install("disabled"), h.install("active")
	if _, err := h.tenants.SetState(t.Context(), disabled.ID, tenant.Disabled); err != nil {
		t.Fatal(err)
	}
	h.uninstall(early)
	d.clock.advance(time.Nanosecond)
	h.uninstall(late)
	d.clock.advance(grace - 2*time.Nanosecond)
	sweep := func(purged ...tenant.Tenant) {
		t.Helper()
		before := h.kept(late.ID, disabled.ID, active.ID)
		h.must(h.Sweep(t.Context()))
		if len(purged) > 0 {
			h.gone(purged[len(purged)-1])
		}
		if got := len(h.receipts()); got != len(purged) {
			t.Errorf("%d sites were purged, want %d", got, len(purged))
		}
		if len(purged) < 2 {
			if diff := cmp.Diff(before, h.kept(late.ID, disabled.ID, active.ID)); diff != "" {
				t.Errorf("sites whose time is not over (-before +after):\n%s", diff)
			}
		}
	}
	sweep()
	d.clock.advance(time.Nanosecond)
	sweep(early)
	d.clock.advance(time.Nanosecond)
	sweep(early, late)
	d.clock.advance(1000 * grace)
	sweep(early, late)
}

func TestReinstallationStopsThePurge(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	ours := h.install("ours")
	h.uninstall(ours)
	d.clock.advance(grace - 1)
	before := h.kept(ours.ID)
	if _, err := h.tryInstall("ours"); err != nil {
		t.Fatal(err)
	}
	d.clock.advance(grace)
	h.must(h.Sweep(t.Context()))
	if diff := cmp.Diff(before, h.kept(ours.ID)); diff != "" || len(h.receipts()) > 0 {
		t.Errorf("a site that came back (-before +after):\n%s", diff)
	}
	h.uninstall(ours)
	d.clock.advance(grace - 1)
	h.must(h.Sweep(t.Context()))
	if diff := cmp.Diff(before, h.kept(ours.ID)); diff != "" {
		t.Errorf("the grace does not begin anew (-before +after):\n%s", diff)
	}
	d.clock.advance(1)
	h.must(h.Sweep(t.Context()))
	h.gone(ours)
}

// A sweep may take long, and sites go on meanwhile.
func TestSweepLooksAgainBeforeItPurges(t *testing.T) {
	for _, again := range []bool{false, true} {
		d := newDisk(t)
		h := d.start()
		first, ours := h.install("a"), h.install("b")
		if first.ID > ours.ID {
			first, ours = ours, first
		}
		h.uninstall(ours)
		d.clock.advance(grace)
		before := h.kept(ours.ID)
		sweeper := d.start(func(c *retention.Config) {
			c.Expire = func(context.Context, capability.TenantID, time.Time) (int, error) {
				_, err := h.tryInstall(ours.ClientKey)
				h.must(err)
				if again {
					h.uninstall(ours)
				}
				return 0, nil
			}
		})
		h.must(sweeper.Sweep(t.Context()))
		if diff := cmp.Diff(before, h.kept(ours.ID)); diff != "" || len(h.receipts()) > 0 {
			t.Errorf("a site that came back after it was listed, and left again %v (-before +after):\n%s", again, diff)
		}
	}
}

func TestSweepExpiresByTheClock(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	active, disabled, left, over := h.install("active"), h.install("disabled"), h.install("left"), h.install("over")
	_, err := h.tenants.SetState(t.Context(), disabled.ID, tenant.Disabled)
	h.must(err)
	h.uninstall(over)
	d.clock.advance(grace)
	h.uninstall(left)
	type call struct {
		Site capability.TenantID
		Now  time.Time
	}
	calls := map[call]int{}
	broken := errors.New("broken record")
	sweeper := d.start(func(c *retention.Config) {
		c.Expire = func(_ context.Context, id capability.TenantID, now time.Time) (int, error) {
			calls[call{id, now}]++
			if id == active.ID || id == left.ID { // whichever comes first, others come after it
				return 1, broken
			}
			return 1, nil
		}
	})
	err = sweeper.Sweep(t.Context())
	if !errors.Is(err, broken) || strings.Count(err.Error(), broken.Error()) != 2 || !strings.Contains(err.Error(), string(active.ID)) || !strings.Contains(err.Error(), string(left.ID)) {
		t.Errorf("error %v, want one of each site where it went wrong", err)
	}
	h.gone(over)
	// What is kept in the time of grace is kept no longer than it would be otherwise.
	want := map[call]int{{active.ID, d.clock.Now()}: 1, {disabled.ID, d.clock.Now()}: 1, {left.ID, d.clock.Now()}: 1}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// refusing is a store that refuses a site's receipts.
type refusing struct {
	store.Store
	id capability.TenantID
}

func (r refusing) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	for _, op := range ops {
		if op.Doc.Key.Collection == "receipt" && op.Doc.Key.ID == string(r.id) {
			return nil, fmt.Errorf("%w: no receipts", store.ErrInvalid)
		}
	}
	return r.Store.Write(ctx, ops...)
}

func TestSweepSaysWhatItCannotPurge(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	ours, other := h.install("ours"), h.install("other")
	h.uninstall(ours)
	h.uninstall(other)
	d.clock.advance(grace)
	err := d.startOn(refusing{d.raw, ours.ID}).Sweep(t.Context())
	if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), string(ours.ID)) {
		t.Errorf("error %v, want store.ErrInvalid of %s", err, ours.ID)
	}
	h.gone(other)
	h.must(h.Sweep(t.Context()))
	h.gone(ours)
}

func TestSweepNeedsNoSecretOfASite(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	ours := h.install("ours")
	h.uninstall(ours)
	d.clock.advance(grace)
	d.ring = newDisk(t).ring // the operator lost the old one
	h = d.start()
	h.must(h.Sweep(t.Context()))
	h.gone(ours)
}

func TestRunSweepsUntilItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	sweeps := 0
	d := newDisk(t)
	h := d.start(func(c *retention.Config) {
		c.Expire = func(context.Context, capability.TenantID, time.Time) (int, error) {
			if sweeps++; sweeps == 3 {
				cancel()
			}
			return 0, nil
		}
	})
	h.install("a")
	h.Run(ctx, time.Nanosecond)
	if sweeps != 3 {
		t.Errorf("%d sweeps, want 3", sweeps)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if err := h.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a sweep without time: %v", err)
	}
}
