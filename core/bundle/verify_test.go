package bundle_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/bundle"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func pin(ids string, k bundle.Key) bundle.Pin {
	return bundle.Pin{Publisher: strings.TrimSuffix(ids, ".*"), Key: k, IDs: ids}
}

func TestVerifyJudgesBySignatureAndPin(t *testing.T) {
	archive := encode(t, labels()...)
	operator, acme, other := secret(t), secret(t), secret(t)
	sign := func(keys ...bundle.SecretKey) (text []byte) {
		for _, k := range keys {
			var err error
			if text, err = bundle.AddSignature(text, k.Sign("x.pergola", archive, day)); err != nil {
				t.Fatal(err)
			}
		}
		return text
	}
	trust := bundle.Trust{Operators: []bundle.Key{operator.Public()}, Publishers: []bundle.Pin{pin("acme.*", acme.Public()), pin("other.*", other.Public())}}
	lax := trust
	lax.AllowUnsigned = true
	stranger := secret(t)
	cut := sign(acme)
	cut = cut[:len(cut)-40]
	changed := bytes.Replace(archive, []byte("asm labels"), []byte("asm Labels"), 1)
	comment := bytes.Replace(sign(acme), []byte("timestamp:1"), []byte("timestamp:2"), 1)

	for name, tt := range map[string]struct {
		trust      bundle.Trust
		archive    []byte
		signatures []byte
		want       bundle.Signer
		kind       bundle.Kind
		says       []string
	}{
		"operator":                   {trust, archive, sign(operator), bundle.Signer{Tier: bundle.Operator, Key: operator.Public().ID()}, "", nil},
		"publisher":                  {trust, archive, sign(acme), bundle.Signer{Tier: bundle.Publisher, Key: acme.Public().ID(), Publisher: "acme"}, "", nil},
		"operator beside publisher":  {trust, archive, sign(acme, operator), bundle.Signer{Tier: bundle.Operator, Key: operator.Public().ID()}, "", nil},
		"publisher beside stranger":  {trust, archive, sign(stranger, acme), bundle.Signer{Tier: bundle.Publisher, Key: acme.Public().ID(), Publisher: "acme"}, "", nil},
		"operator for another's pin": {trust, archive, sign(other, operator), bundle.Signer{Tier: bundle.Operator, Key: operator.Public().ID()}, "", nil},
		"exact pin":                  {bundle.Trust{Publishers: []bundle.Pin{pin("acme.labels", acme.Public())}}, archive, sign(acme), bundle.Signer{Tier: bundle.Publisher, Key: acme.Public().ID(), Publisher: "acme.labels"}, "", nil},
		"second pin of a key":        {bundle.Trust{Publishers: []bundle.Pin{pin("labs.*", acme.Public()), pin("acme.*", acme.Public())}}, archive, sign(acme), bundle.Signer{Tier: bundle.Publisher, Key: acme.Public().ID(), Publisher: "acme"}, "", nil},
		"unsigned in development":    {lax, archive, nil, bundle.Signer{Tier: bundle.Unsigned}, "", nil},
		"stranger in development":    {lax, archive, sign(stranger), bundle.Signer{Tier: bundle.Unsigned}, "", nil},

		"unsigned":                 {trust, archive, nil, bundle.Signer{}, bundle.Untrusted, []string{"it is not signed", "plugins.trust.allow_unsigned", "pergola plugin sign"}},
		"stranger":                 {trust, archive, sign(stranger), bundle.Signer{}, bundle.Untrusted, []string{"by a key that this host knows", stranger.Public().ID().String(), "plugins.trust.publishers"}},
		"zero trust":               {bundle.Trust{}, archive, sign(operator, acme), bundle.Signer{}, bundle.Untrusted, []string{operator.Public().ID().String() + ", " + acme.Public().ID().String()}},
		"zero key":                 {bundle.Trust{Operators: []bundle.Key{{}}}, archive, sign(operator), bundle.Signer{}, bundle.Untrusted, nil},
		"pin of another family":    {trust, archive, sign(other), bundle.Signer{}, bundle.Untrusted, []string{"acme.labels is signed with a key that was pinned for other.* only", "signed by publisher other, key " + other.Public().ID().String(), "acme.labels=" + other.Public().String()}},
		"pin of a longer word":     {bundle.Trust{Publishers: []bundle.Pin{pin("acm.*", acme.Public())}}, archive, sign(acme), bundle.Signer{}, bundle.Untrusted, []string{"pinned for acm.* only"}},
		"wrong pin in development": {lax, archive, sign(other), bundle.Signer{}, bundle.Untrusted, nil},
		"changed file": {trust, changed, sign(acme), bundle.Signer{}, bundle.Tampered, []string{"x.pergola: plugin.wasm: the archive is not the one that was signed", "differs from what SHA256SUMS.json says",
			"expected " + bundle.DigestOf(archive).String(), "found " + bundle.DigestOf(changed).String(), "signed by publisher acme, key " + acme.Public().ID().String(), "fetch the bundle"}},
		"changed in development":  {lax, changed, sign(acme), bundle.Signer{}, bundle.Tampered, nil},
		"changed and countersign": {trust, changed, sign(stranger, operator), bundle.Signer{}, bundle.Tampered, []string{"signed by operator key"}},
		"other archive":           {trust, encode(t, labels()[1:]...), sign(acme), bundle.Signer{}, bundle.Tampered, []string{"expected " + bundle.DigestOf(archive).String()}},
		"changed comment":         {trust, archive, comment, bundle.Signer{}, bundle.Tampered, []string{"x.pergola.minisig"}},
		"cut signature":           {lax, archive, cut, bundle.Signer{}, bundle.Malformed, []string{"x.pergola.minisig", "no signature of minisign"}},
		"no signature":            {lax, archive, []byte("hello"), bundle.Signer{}, bundle.Malformed, []string{"has 4 lines, and here are 1"}},
		"cut archive, signed":     {trust, archive[:1024], acme.Sign("x.pergola", archive[:1024], day), bundle.Signer{}, bundle.Malformed, []string{"is cut off"}},
		"cut archive, unsigned":   {lax, archive[:1024], nil, bundle.Signer{}, bundle.Malformed, []string{"is cut off"}},
		"huge archive":            {trust, make([]byte, bundle.MaxArchive+1), sign(acme), bundle.Signer{}, bundle.Malformed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := tt.trust.Verify("x.pergola", tt.archive, tt.signatures)
			if tt.kind == "" {
				if err != nil || v.Signer != tt.want || v.Manifest.ID != "acme.labels" || !bytes.Equal(v.Signatures, tt.signatures) {
					t.Errorf("got %+v, %v", v.Signer, err)
				}
				return
			}
			says(t, err, append(tt.says, "x.pergola")...)
			var refusal *bundle.Refusal
			if !errors.As(err, &refusal) || refusal.Kind != tt.kind || refusal.Next == "" || v.Bundle != nil {
				t.Errorf("got %+v, %#v", v, err)
			}
		})
	}
}

// The code that a host runs is a part of the very bytes that were verified.
func TestVerifiedCodeIsPartOfTheArchive(t *testing.T) {
	archive := encode(t, labels()...)
	v, err := bundle.Trust{AllowUnsigned: true}.Verify("x.pergola", archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(archive, v.Code)
	if &archive[at] != &v.Code[0] || cap(v.Code) != len(v.Code) {
		t.Error("the code is a copy, or reaches beyond its end")
	}
}

func TestEveryChangedByteIsNoticed(t *testing.T) {
	key := secret(t)
	archive := encode(t, labels()...)
	signature := key.Sign("x.pergola", archive, day)
	signed := bundle.Trust{Publishers: []bundle.Pin{pin("acme.*", key.Public())}}
	for i := range archive {
		changed := slices.Clone(archive)
		changed[i] ^= 0x20
		if _, err := signed.Verify("x.pergola", changed, signature); !bundle.Refused(err) {
			t.Fatalf("byte %d, signed: %v", i, err)
		}
	}
}

func TestNewTrustSaysWhichKeysAreWrong(t *testing.T) {
	k := secret(t).Public()
	trust, err := bundle.NewTrust([]string{k.String()}, []string{"acme.*=" + k.String(), "other.labels = " + k.String()}, true)
	if err != nil || len(trust.Operators) != 1 || len(trust.Publishers) != 2 || !trust.AllowUnsigned {
		t.Fatalf("got %+v, %v", trust, err)
	}
	if got, want := trust.Publishers[0], pin("acme.*", k); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err = bundle.NewTrust([]string{"hello"}, []string{"acme.*", "*=" + k.String(), "acme*=" + k.String(), "Acme.x=" + k.String(), "acme=" + k.String(), "acme.x=RWQ"}, false)
	says(t, err, `"hello" is no public key`, `"acme.*" is no pin`, `"*" names no plugins`, `"acme*" names no plugins`, `"Acme.x" names no plugins`, `"acme" names no plugins`, `"RWQ" is no public key`)
}

func FuzzParseSignatures(f *testing.F) {
	key := secret(f)
	archive := encode(f, labels()...)
	one := key.Sign("x.pergola", archive, day)
	two, err := bundle.AddSignature(one, secret(f).Sign("x.pergola", archive, day))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(one)
	f.Add(two)
	f.Add(bytes.ReplaceAll(two, []byte("\n"), []byte("\r\n")))
	f.Add([]byte("\n\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := bundle.ParseSignatures(text)
		if err != nil {
			return
		}
		again, err := bundle.AddSignature(text, one)
		if err != nil {
			return // one too many
		}
		more, err := bundle.ParseSignatures(again)
		if err != nil || len(more) < len(all) {
			t.Errorf("%d signatures with one more are %d: %v", len(all), len(more), err)
		}
	})
}
