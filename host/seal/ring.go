package seal

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Errors of wrapping keys; test with errors.Is.
var (
	// ErrUnknownKey says that something is wrapped by a key that the ring does not have.
	ErrUnknownKey = errors.New("wrapping key not in the ring")
	// ErrChanged says that what is to be opened is not what was sealed, not for this place, or not by this key.
	ErrChanged = errors.New("changed, moved, or sealed by another key of the same id")
)

// Wrapper is a wrapping key: what encrypts data keys. Local keys come from [ParseKeys] and [OpenKeyFile], those of a key
// management service from host/seal/kms. It is safe for concurrent use. The slices that go in stay the caller's, those
// that come out are the caller's.
type Wrapper interface {
	// KeyID names the key for as long as anything is wrapped by it: 1 to 256 bytes of printable ASCII without spaces, as it
	// appears in messages. Another key must have another id.
	KeyID() string
	// Wrap encrypts a data key and binds it to aad.
	Wrap(ctx context.Context, key, aad []byte) ([]byte, error)
	// Unwrap decrypts what Wrap returned for the same aad. What it cannot authenticate is an error.
	Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error)
}

// Ring is a set of wrapping keys, the first of which, the primary, wraps what is new. It never changes; give a Keeper
// another one with [Keeper.Use].
type Ring struct{ keys []Wrapper }

// NewRing returns a ring with the first of keys as its primary.
func NewRing(keys ...Wrapper) (*Ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("key ring: there is no key; configure one")
	}
	for i, k := range keys {
		id := k.KeyID()
		if id == "" || len(id) > 256 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, fmt.Errorf("key ring: the id of key %d is not 1 to 256 bytes of printable ASCII without spaces", i+1)
		}
		if slices.ContainsFunc(keys[:i], func(other Wrapper) bool { return other.KeyID() == id }) {
			return nil, fmt.Errorf("key ring: two keys have the id %q; which of them wrapped what can no longer be told", id)
		}
	}
	return &Ring{slices.Clone(keys)}, nil
}

// Primary returns the id of the key that wraps what is new.
func (r *Ring) Primary() string { return r.keys[0].KeyID() }

// IDs returns the ids of all keys, the primary's first.
func (r *Ring) IDs() []string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.KeyID()
	}
	return ids
}

// Check wraps and unwraps something by the primary. A key management service that may be asked for the one and not for the
// other would let data keys be written that cannot be read, so ask before the first one.
func (r *Ring) Check(ctx context.Context) error {
	probe, aad := make([]byte, keyBytes), []byte("pergola.check")
	rand.Read(probe)
	wrapped, err := r.wrap(ctx, probe, aad)
	if err != nil {
		return fmt.Errorf("check the key ring: %w", err)
	}
	got, err := r.unwrap(ctx, r.Primary(), wrapped, aad)
	if err != nil {
		return fmt.Errorf("check the key ring: %w", err)
	}
	if !bytes.Equal(got, probe) {
		return fmt.Errorf("check the key ring: key %q does not return what it was given", r.Primary())
	}
	return nil
}

func (r *Ring) wrap(ctx context.Context, key, aad []byte) ([]byte, error) {
	wrapped, err := r.keys[0].Wrap(ctx, key, aad)
	if err != nil {
		return nil, fmt.Errorf("wrap by key %q: %w", r.Primary(), err)
	}
	return wrapped, nil
}

func (r *Ring) unwrap(ctx context.Context, by string, wrapped, aad []byte) ([]byte, error) {
	for _, k := range r.keys {
		if k.KeyID() != by {
			continue
		}
		key, err := k.Unwrap(ctx, wrapped, aad)
		if err != nil {
			return nil, fmt.Errorf("unwrap by key %q: %w", by, err)
		}
		if len(key) != keyBytes {
			clear(key)
			return nil, fmt.Errorf("unwrap by key %q: %w: it has not the length of a data key", by, ErrChanged)
		}
		return key, nil
	}
	return nil, fmt.Errorf("%w: put key %q back into the host's keys, behind the first, from its backup or from where it was taken out", ErrUnknownKey, by)
}

// keyBytes is the length of wrapping keys of our own and of data keys: AES-256.
const keyBytes = 32

// localKey is a wrapping key in the memory of this process.
type localKey struct {
	id   string
	aead cipher.AEAD
}

// newLocalKey makes a key of raw, which has keyBytes and is wiped.
func newLocalKey(id string, raw []byte) *localKey { return &localKey{id, newAEAD(raw)} }

func (k *localKey) KeyID() string { return k.id }

func (k *localKey) Wrap(_ context.Context, key, aad []byte) ([]byte, error) {
	return k.aead.Seal(nil, nil, key, aad), nil
}

func (k *localKey) Unwrap(_ context.Context, wrapped, aad []byte) ([]byte, error) {
	key, err := k.aead.Open(nil, nil, wrapped, aad)
	if err != nil {
		return nil, ErrChanged // the library's own error says less
	}
	return key, nil
}

// newAEAD makes a cipher of raw, which has keyBytes, and wipes it. The cipher keeps a schedule of the key that nothing can
// wipe; it is gone when the garbage collector has taken it.
func newAEAD(raw []byte) cipher.AEAD {
	defer clear(raw)
	block, err := aes.NewCipher(raw)
	if err != nil {
		panic(err) // of the length, which every caller has checked
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // of the block's size
	}
	return aead
}
