package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ParseKeys reads wrapping keys as they stand in an environment variable: "id:key,id:key", the first of which is to be the
// primary. An id has 1 to 40 of a-z 0-9 . _ -, a key is 32 random bytes in base64. White space around an entry does not
// count. Errors name ids and positions, and nothing else of what was given.
func ParseKeys(keys Secret) ([]Wrapper, error) {
	var parsed []Wrapper
	for i, entry := range strings.Split(keys.Reveal(), ",") {
		id, text, ok := strings.Cut(strings.TrimSpace(entry), ":")
		if !ok || !validKeyID(id) {
			return nil, fmt.Errorf("wrapping key %d: an entry is id:key, the id of 1 to 40 characters a-z 0-9 . _ -", i+1)
		}
		raw, err := decodeKey(text)
		if err != nil {
			return nil, fmt.Errorf("wrapping key %d, %q: %w", i+1, id, err)
		}
		parsed = append(parsed, newLocalKey(id, raw))
	}
	return parsed, nil
}

// GenerateKey returns a new wrapping key with a random id, as ParseKeys reads it.
func GenerateKey() Secret {
	id, key := generate()
	return NewSecret(id + ":" + key)
}

func generate() (id, key string) {
	raw := make([]byte, keyBytes)
	defer clear(raw)
	rand.Read(raw)
	return "k-" + randomID(), base64.StdEncoding.EncodeToString(raw)
}

// randomID returns ten characters a-z 2-7, 50 bits.
func randomID() string { return strings.ToLower(rand.Text()[:10]) }

func validKeyID(id string) bool {
	return id != "" && len(id) <= 40 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	})
}

// decodeKey takes base64 with and without padding. Its errors hold nothing of s.
func decodeKey(s string) ([]byte, error) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil || len(raw) != keyBytes {
		clear(raw)
		return nil, errors.New("a key is 32 random bytes in base64; make one with: openssl rand -base64 32")
	}
	return raw, nil
}
