package retention_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/retention"
)

func TestChangedReceiptDoesNotVerify(t *testing.T) {
	d := newDisk(t)
	h := d.start()
	ours := h.install("ours")
	h.uninstall(ours)
	receipt, err := h.Purge(t.Context(), ours.ID)
	if err != nil {
		t.Fatal(err)
	}
	key, err := h.PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.start().PublicKey(t.Context()); err != nil || again != key {
		t.Fatalf("after a restart the key is %q, %v; want %q", again, err, key)
	}
	if key != receipt.PublicKey {
		t.Errorf("the receipt names the key %q, want %q", receipt.PublicKey, key)
	}
	raw, err := json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	for i := range raw {
		for bit := range 8 {
			other := bytes.Clone(raw)
			other[i] ^= 1 << bit
			var r retention.Receipt
			if json.Unmarshal(other, &r) != nil || cmp.Equal(r, receipt) { // such as the case of a field's name
				continue
			}
			changes++
			if r.Verify(key) == nil {
				t.Errorf("changed byte %d and it verifies:\n%s\n%s", i, raw, other)
			}
		}
	}
	if changes < len(raw) {
		t.Errorf("%d changes of %d bytes could be read at all", changes, len(raw))
	}
}

func TestReceiptOfAnotherInstallationDoesNotVerify(t *testing.T) {
	other, err := newDisk(t).start().PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := newDisk(t).start()
	ours := h.install("ours")
	h.uninstall(ours)
	receipt, err := h.Purge(t.Context(), ours.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := receipt.Verify(""); err != nil {
		t.Errorf("by its own word: %v", err)
	}
	if err := receipt.Verify(other); !errors.Is(err, retention.ErrForged) {
		t.Errorf("by another key: %v, want ErrForged", err)
	}
	for _, key := range []string{"x", "AAAA", other[:43], other + "\n"} {
		if err := receipt.Verify(key); err == nil {
			t.Errorf("by %q: verified", key)
		}
	}
}
