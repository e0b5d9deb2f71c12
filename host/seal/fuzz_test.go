package seal_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/seal"
)

// Whatever stands in a store in place of a sealed value, it opens only if it is that value.
func FuzzOpen(f *testing.F) {
	k := newKeeper(f, openStore(f), time.Now, "a")
	text := sealed(f, k, acme, place, value)
	_, id, box := keyOf(f, text)
	for _, seed := range []string{"", "v1", value, text[:20], "v1." + id, "v1." + id + ".", "v1." + id + ".AAAA", "v1." + id + "." + box[1:], "v1.abcdefghij." + box, "v2." + id + "." + box, text + "=", "\n" + text, text + "\r"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		// Mutations find the key's id hardly ever.
		for _, in := range []string{in, "v1." + id + "." + in, strings.Replace(in, "abcdefghij", id, 1)} {
			if in == text {
				continue
			}
			got, err := k.Open(t.Context(), acme, place, in)
			if !errors.Is(err, seal.ErrNotSealed) && !errors.Is(err, seal.ErrShredded) && !errors.Is(err, seal.ErrChanged) || got.Reveal() != "" {
				t.Errorf("%q: %v", in, err)
			}
		}
	})
}
