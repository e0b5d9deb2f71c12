package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"
	"sync"
)

// Secret is what digests of one tenant are made with.
type Secret []byte

// Hasher makes the digests of one tenant. It is safe for concurrent use. Make it with [Secret.Hasher], once for many digests: setting up
// the secret costs more than a digest.
type Hasher struct{ states sync.Pool }

// state is a hash under way, and room for what goes into it and comes out of it.
type state struct {
	mac hash.Hash
	in  []byte
	out []byte
}

// Hasher returns what makes digests with s, which must not change afterwards.
func (s Secret) Hasher() *Hasher {
	return &Hasher{sync.Pool{New: func() any { return &state{mac: hmac.New(sha256.New, s)} }}}
}

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Row is the digest of a row by its canonical key.
func (h *Hasher) Row(sync, key string) Digest {
	sum := h.sum("row", sync, key)
	return Digest(letters.EncodeToString(sum[:16]))
}

// Value is the hash of what is written to a field: of its JSON, of which maps have a fixed order.
func (h *Hasher) Value(sync, field string, value any) (string, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("hash a value: %w", err)
	}
	sum := h.sum("value", sync, field, string(raw))
	return base64.RawURLEncoding.EncodeToString(sum[:12]), nil
}

// sum is the HMAC of parts, each behind its length, so that no two lists of parts are the same text.
func (h *Hasher) sum(parts ...string) (out [sha256.Size]byte) {
	s := h.states.Get().(*state)
	defer h.states.Put(s)
	s.in = s.in[:0]
	for _, p := range parts {
		s.in = append(strconv.AppendInt(s.in, int64(len(p)), 10), ':')
		s.in = append(s.in, p...)
	}
	s.mac.Reset()
	s.mac.Write(s.in)
	s.out = s.mac.Sum(s.out[:0])
	copy(out[:], s.out)
	return out
}
