package seal_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/seal"
)

type named struct {
	seal.Wrapper
	id string
}

func (n named) KeyID() string { return n.id }

func TestRingIsCheckedWhenItIsMade(t *testing.T) {
	k := keys(t, "a", "b")
	r := ringOf(t, k...)
	if r.Primary() != "a" || !slices.Equal(r.IDs(), []string{"a", "b"}) {
		t.Errorf("primary %q of %q", r.Primary(), r.IDs())
	}
	for name, keys := range map[string][]seal.Wrapper{
		"none":         nil,
		"an id twice":  {k[0], k[1], k[0]},
		"no id":        {named{k[0], ""}},
		"a long id":    {named{k[0], strings.Repeat("x", 257)}},
		"a line in it": {named{k[0], "a\nb"}},
		"a space":      {named{k[0], "a b"}},
	} {
		if _, err := seal.NewRing(keys...); err == nil {
			t.Errorf("a ring of %s was made", name)
		}
	}
}

func TestRingCheckFindsKeyThatCannotUnwrap(t *testing.T) {
	if err := ringOf(t, keys(t, "a", "b")...).Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := ringOf(t, &encryptOnly{keys(t, "a")[0]}).Check(t.Context()); !errors.Is(err, errDenied) || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("%v, want the key's own error, with its id", err)
	}
}

func TestWrappingIsBoundToWhatItIsFor(t *testing.T) {
	k := keys(t, "a")[0]
	wrapped, err := k.Wrap(t.Context(), []byte(value), []byte("for this"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Unwrap(t.Context(), wrapped, []byte("for this")); err != nil || string(got) != value {
		t.Errorf("unwrapped %q, %v", got, err)
	}
	if _, err := k.Unwrap(t.Context(), wrapped, []byte("for that")); !errors.Is(err, seal.ErrChanged) {
		t.Errorf("for something else: %v, want ErrChanged", err)
	}
}

func TestParseKeysTakesWhatOpensslMakes(t *testing.T) {
	raw := base64.StdEncoding.EncodeToString(rawKey("a"))
	for _, in := range []string{"a:" + raw, " a:" + raw + "\n", "a:" + strings.TrimRight(raw, "="), "a:" + raw + ",\n b-2_x.y:" + raw} {
		got, err := seal.ParseKeys(seal.NewSecret(in))
		if err != nil || got[0].KeyID() != "a" {
			t.Errorf("%v", err)
		}
	}
	generated, err := seal.ParseKeys(seal.GenerateKey())
	if err != nil || len(generated) != 1 || !strings.HasPrefix(generated[0].KeyID(), "k-") {
		t.Errorf("a generated key: %v", err)
	}
	if seal.GenerateKey().Equal(seal.GenerateKey()) {
		t.Error("two generated keys are the same")
	}
}

func TestParseKeysErrorsShowNoKey(t *testing.T) {
	raw := base64.StdEncoding.EncodeToString(rawKey("a"))
	for name, in := range map[string]string{
		"nothing":          "",
		"a key alone":      raw,
		"the wrong order":  raw + ":a",
		"a short key":      "a:" + raw[:40],
		"a long key":       "a:" + raw[:43] + raw,
		"no base64":        "a:" + raw[:20] + "!" + raw[21:],
		"an upper-case id": "A:" + raw,
		"an empty id":      ":" + raw,
		"a long id":        strings.Repeat("a", 41) + ":" + raw,
		"a trailing comma": "a:" + raw + ",",
		"two in one":       "a:" + raw + ":" + raw,
	} {
		got, err := seal.ParseKeys(seal.NewSecret(in))
		if err == nil {
			t.Errorf("%s was taken: %v", name, got)
		} else if strings.Contains(err.Error(), raw[:10]) || strings.Contains(err.Error(), raw[30:40]) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	for _, seed := range []string{"", "a:b", entry("a"), entry("a") + "," + entry("b"), "a:" + strings.Repeat("A", 43) + "="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := seal.ParseKeys(seal.NewSecret(in))
		if err != nil {
			return
		}
		for _, k := range got {
			if k.KeyID() == "" || !strings.Contains(in, k.KeyID()) {
				t.Errorf("%q has a key %q", in, k.KeyID())
			}
		}
	})
}
