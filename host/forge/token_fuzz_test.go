package forge_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// FuzzTokenOfTheApp takes the header that comes beside an invocation, whatever is in it: a token is used as it came or not at all, as one
// header, and for four hours at most, whatever it says of itself.
func FuzzTokenOfTheApp(f *testing.F) {
	say := func(payload string) string {
		return "a." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".b"
	}
	for _, token := range []string{"", "opaque", say(`{"exp":1798765200}`), say(`{"exp":99999999999999}`), say(`{"exp":-1}`), say(`{"exp":"x"}`), say(`{"exp":1e300}`), "a b", "a\r\nX: y", "ä", "..", "a.!.b"} {
		f.Add(token)
	}
	d, err := sqlitestore.Open(f.Context(), f.TempDir(), sqlitestore.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = d.Close() })
	keeper := sealtest.Keeper(f, d)
	f.Fuzz(func(t *testing.T, token string) {
		at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		const site = capability.TenantID("site")
		tokens := forge.NewTokens(d, keeper, func() time.Time { return at })
		if err := tokens.Drop(t.Context(), site); err != nil {
			t.Fatal(err)
		}
		if err := tokens.Keep(t.Context(), site, token); err != nil {
			t.Fatal(err)
		}
		for _, fresh := range []*forge.Tokens{tokens, forge.NewTokens(d, keeper, func() time.Time { return at })} {
			got, err := fresh.Bearer(t.Context(), site)
			if err == nil && got != token {
				t.Errorf("%q is sent for %q", got, token)
			}
			for _, c := range []byte(got) {
				if c <= ' ' || c > '~' {
					t.Errorf("%q is sent in a header", got)
				}
			}
		}
		at = at.Add(4 * time.Hour)
		if got, err := tokens.Bearer(t.Context(), site); err == nil {
			t.Errorf("%q is used for more than four hours", got)
		}
	})
}
