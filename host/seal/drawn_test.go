package seal_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
)

// Whoever is first draws the key of a tenant, and all others have the same; no two tenants have one key.
func TestDrawnKeysAreDrawnOnce(t *testing.T) {
	d := openStore(t)
	keys := seal.Drawn{Store: d, Keys: sealtest.Keeper(t, d), Collection: "drawn"}
	var all sync.WaitGroup
	got := make([][]byte, 8)
	for i := range got {
		all.Go(func() {
			key, err := keys.Key(t.Context(), "abcdefghijklmnopqrstuvwxyz")
			if err != nil {
				t.Error(err)
			}
			got[i] = key
		})
	}
	all.Wait()
	for _, key := range got {
		if len(key) != seal.DrawnBytes || !bytes.Equal(key, got[0]) {
			t.Fatalf("keys of %d and %d bytes that differ", len(key), len(got[0]))
		}
	}
	for _, other := range []capability.TenantID{"zyxwvutsrqponmlkjihgfedcba", store.Platform} {
		if key, err := keys.Key(t.Context(), other); err != nil || bytes.Equal(key, got[0]) {
			t.Errorf("%s has the key of another tenant, or none: %v", other, err)
		}
	}
}
