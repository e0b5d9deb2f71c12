package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/registry"
	"github.com/pergola-platform/pergola/host/dirlock"
)

// releases are versions of a plugin, signed by a publisher that the trust knows.
func releases(t *testing.T, versions ...string) ([]bundle.Verified, bundle.Trust) {
	t.Helper()
	key, err := bundle.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	trust := bundle.Trust{Publishers: []bundle.Pin{{Publisher: "acme", IDs: "acme.*", Key: key.Public()}}}
	var out []bundle.Verified
	for _, version := range versions {
		m := fmt.Sprintf(`{"manifestVersion": 1, "id": "acme.labels", "name": "Labels", "version": %q, "publisher": {"name": "Acme"},
			"description": "A plugin for a test.", "compat": {"abi": 1}, "runtime": {"kind": "wasm", "entry": "plugin.wasm"}}`, version)
		archive, err := bundle.Encode([]bundle.File{{Path: "plugin.json", Data: []byte(m)}, {Path: "plugin.wasm", Data: []byte(version)}})
		if err != nil {
			t.Fatal(err)
		}
		v, err := trust.Verify("x.pergola", archive, key.Sign("x.pergola", archive, time.Unix(1_800_000_000, 0)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out, trust
}

// Whatever the order, the newest version is there in the end, and it alone.
func TestInstallationsAtTheSameTimeLeaveTheNewestVersionAlone(t *testing.T) {
	var versions []string
	for i := range 12 {
		versions = append(versions, fmt.Sprintf("1.%d.0", i))
	}
	all, trust := releases(t, versions...)
	for range 5 {
		dir := filepath.Join(t.TempDir(), "plugins")
		var wg sync.WaitGroup
		for _, v := range all {
			wg.Go(func() {
				if _, err := place(t.Context(), dir, trust, v); err != nil && !errors.Is(err, registry.ErrVersion) {
					t.Errorf("%s: %v", v.Manifest.Version, err)
				}
			})
		}
		wg.Wait()
		if diff := cmp.Diff([]string{installLock, "acme.labels-1.11.0.pergola", "acme.labels-1.11.0.pergola.minisig"}, names(t, dir)); diff != "" {
			t.Fatalf("installed (-want +got):\n%s", diff)
		}
	}
}

func TestInstallationThatWaitsInVainChangesNothing(t *testing.T) {
	all, trust := releases(t, "1.0.0")
	dir := t.TempDir()
	lock, err := dirlock.Hold(filepath.Join(dir, installLock), errInstalling)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*installRetry)
	defer cancel()
	if _, err := place(ctx, dir, trust, all[0]); !errors.Is(err, errInstalling) {
		t.Errorf("beside another one: %v", err)
	}
	if diff := cmp.Diff([]string{installLock}, names(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if p, err := place(t.Context(), dir, trust, all[0]); err != nil || p.Name != "acme.labels-1.0.0.pergola" {
		t.Errorf("afterwards: %+v, %v", p, err)
	}
}
