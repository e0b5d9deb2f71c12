package bundle

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"aead.dev/minisign"
)

// KeyID is a key's number, by which people and signatures name it. It proves nothing: anybody can make a key with the same.
type KeyID uint64

// String returns the number as minisign writes it, in hexadecimal digits.
func (id KeyID) String() string { return strings.ToUpper(strconv.FormatUint(uint64(id), 16)) }

// Key is a public key. Keys are comparable; the zero Key verifies nothing.
type Key struct {
	id   KeyID
	text string
}

// ParseKey reads a public key: the content of a .pub file, or only its line that begins with RW.
func ParseKey(text string) (Key, error) {
	var pub minisign.PublicKey
	if err := pub.UnmarshalText([]byte(strings.TrimSpace(text))); err != nil {
		return Key{}, fmt.Errorf("%q is no public key of minisign; write the line of the .pub file that begins with RW", printable(text))
	}
	return keyOf(pub), nil
}

func keyOf(pub minisign.PublicKey) Key { return Key{id: KeyID(pub.ID()), text: pub.String()} }

// ID returns the key's number.
func (k Key) ID() KeyID { return k.id }

// String returns the key as one line of base64, which begins with RW. ParseKey reads it.
func (k Key) String() string { return k.text }

// MarshalText returns the content of a .pub file.
func (k Key) MarshalText() ([]byte, error) {
	return []byte("untrusted comment: minisign public key " + k.id.String() + "\n" + k.text + "\n"), nil
}

// public returns the key as its two libraries want it.
func (k Key) public() (minisign.PublicKey, ed25519.PublicKey) {
	var pub minisign.PublicKey
	raw, err := base64.StdEncoding.DecodeString(k.text)
	if err != nil || len(raw) < ed25519.PublicKeySize || pub.UnmarshalText([]byte(k.text)) != nil {
		return pub, make([]byte, ed25519.PublicKeySize) // the zero Key
	}
	return pub, raw[len(raw)-ed25519.PublicKeySize:]
}

// SecretKey signs. Make one with [GenerateKey] or [ParseSecretKey].
type SecretKey struct{ key minisign.PrivateKey }

// ErrPassphrase is the error of a secret key that is encrypted with another passphrase, or with any where none was given.
var ErrPassphrase = errors.New("the secret key is encrypted with another passphrase")

// GenerateKey returns a new key.
func GenerateKey() (SecretKey, error) {
	_, key, err := minisign.GenerateKey(rand.Reader)
	return SecretKey{key}, err
}

// Encrypted says whether the text of a secret key needs a passphrase.
func Encrypted(text []byte) bool { return minisign.IsEncrypted(text) }

// ParseSecretKey reads a secret key as [SecretKey.Encrypt] and minisign write it; the passphrase is not looked at
// where the key is not encrypted. Decrypting takes seconds and 1 GiB of memory, so that guessing does too.
func ParseSecretKey(text []byte, passphrase string) (SecretKey, error) {
	if !Encrypted(text) {
		var key minisign.PrivateKey
		if err := key.UnmarshalText(text); err != nil {
			return SecretKey{}, errors.New("this is no secret key of minisign; name the .key file that keygen wrote")
		}
		return SecretKey{key}, nil
	}
	key, err := minisign.DecryptKey(passphrase, text)
	if err != nil {
		return SecretKey{}, ErrPassphrase
	}
	return SecretKey{key}, nil
}

// Public returns the key that verifies what this one signs.
func (s SecretKey) Public() Key {
	pub, ok := s.key.Public().(minisign.PublicKey)
	if !ok {
		return Key{}
	}
	return keyOf(pub)
}

// Encrypt returns the content of a .key file; with an empty passphrase it is not encrypted. It takes as long as
// ParseSecretKey.
func (s SecretKey) Encrypt(passphrase string) ([]byte, error) {
	var text []byte
	var err error
	if passphrase == "" {
		text, err = s.key.MarshalText()
	} else {
		text, err = minisign.EncryptKey(passphrase, s.key)
	}
	return append(text, '\n'), err
}
