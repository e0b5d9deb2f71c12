package bundle_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pergola-platform/pergola/core/bundle"
)

// Encrypting takes seconds and a gigabyte, which is what it is for, so everything about it is in one test.
func TestEncryptedKeyNeedsItsPassphrase(t *testing.T) {
	if testing.Short() {
		t.Skip("deriving a key from a passphrase takes seconds")
	}
	key := secret(t)
	text, err := key.Encrypt("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !bundle.Encrypted(text) {
		t.Error("it is not encrypted")
	}
	plain, err := key.Encrypt("")
	if err != nil || bundle.Encrypted(plain) || bytes.Contains(text, plain[len(plain)-60:]) {
		t.Errorf("without a passphrase: %v", err)
	}
	same, err := bundle.ParseSecretKey(text, "correct horse")
	if err != nil || same.Public() != key.Public() {
		t.Errorf("got %v", err)
	}
	if _, err := bundle.ParseSecretKey(text, ""); !errors.Is(err, bundle.ErrPassphrase) {
		t.Errorf("without the passphrase: %v", err)
	}
}

func TestKeysAreReadAsTheyAreWritten(t *testing.T) {
	key := secret(t)
	text, err := key.Encrypt("")
	if err != nil {
		t.Fatal(err)
	}
	same, err := bundle.ParseSecretKey(text, "")
	if err != nil || same.Public() != key.Public() {
		t.Errorf("secret key: %v", err)
	}
	public, err := key.Public().MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(public), key.Public().String(), " " + key.Public().String() + "\n"} {
		if got, err := bundle.ParseKey(text); err != nil || got != key.Public() {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := bundle.ParseSecretKey(public, ""); err == nil {
		t.Error("a public key is taken for a secret one")
	}
	if _, err := bundle.ParseKey(string(text)); err == nil {
		t.Error("a secret key is taken for a public one")
	}
}

func TestSigningAgainReplacesTheSignatureOfTheSameKey(t *testing.T) {
	a, b := secret(t), secret(t)
	archive := encode(t, labels()...)
	var text []byte
	for _, k := range []bundle.SecretKey{a, b, a} {
		var err error
		if text, err = bundle.AddSignature(text, k.Sign("x.pergola", archive, day)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := bundle.ParseSignatures(text)
	if err != nil || len(all) != 2 || all[0].Key != a.Public().ID() || all[1].Key != b.Public().ID() {
		t.Errorf("got %+v, %v", all, err)
	}
}
