package auth

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"time"
)

const (
	jwksFor   = time.Hour       // how long a key set is believed
	jwksAgain = time.Minute     // how often at most a set is fetched for a kid that it does not hold
	jwksRetry = 5 * time.Second // how soon a fetch that failed is tried again
)

// JWKS is a key set at one address, as Forge publishes it. It is fetched when it is first needed, once an hour, and when a
// token names a key that is not in it, because keys rotate. A set that cannot be renewed is believed for another hour at
// most. Make it with NewJWKS.
type JWKS struct {
	address string
	http    *http.Client
	clock   func() time.Time

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time // when keys came
	next    time.Time // before then the set is not fetched again
}

// NewJWKS returns the key set at an address from the configuration. client and clock may be nil.
func NewJWKS(address string, client *http.Client, clock func() time.Time) *JWKS {
	if clock == nil {
		clock = time.Now
	}
	return &JWKS{address: address, http: noRedirects(client), clock: clock}
}

var _ KeySource = (*JWKS)(nil)

// Key implements KeySource. Requests wait while one of them fetches the set.
func (s *JWKS) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	if kid == "" {
		return nil, ErrUnknownKey
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	key, ok := s.keys[kid]
	age := now.Sub(s.fetched)
	if ok && age < jwksFor {
		return key, nil
	}
	var err error
	if !now.Before(s.next) {
		s.next = now.Add(jwksRetry)
		var fresh map[string]*rsa.PublicKey
		// Others wait for this answer, so the one who asked may go away without ending it.
		if fresh, err = s.fetch(context.WithoutCancel(ctx)); err == nil {
			s.keys, s.fetched, s.next, age = fresh, now, now.Add(jwksAgain), 0
			key, ok = s.keys[kid]
		}
	}
	switch {
	case age >= 2*jwksFor && err != nil:
		return nil, err
	case age >= 2*jwksFor:
		return nil, errors.New("forge keys: not available")
	case ok:
		return key, nil
	default:
		return nil, ErrUnknownKey
	}
}

func (s *JWKS) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	body, err := fetch(ctx, s.http, s.address, maxJWKSBytes)
	if errors.Is(err, ErrUnknownKey) {
		return nil, errors.New("forge keys: there is no key set at the configured address")
	}
	if err != nil {
		return nil, fmt.Errorf("forge keys: %w", err)
	}
	return ParseJWKS(body)
}

// ParseJWKS returns the RSA keys of a key set (RFC 7517) that may verify RS256 signatures, by kid. Other keys are left
// out, and so is a key that is too short or broken.
func ParseJWKS(body []byte) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []struct {
			Kty, Kid, Use, Alg, N, E string
		}
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("forge keys: %w", err)
	}
	out := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		if k.Kty != "RSA" || k.Kid == "" || k.Use != "" && k.Use != "sig" || k.Alg != "" && k.Alg != "RS256" {
			continue
		}
		n, err := base64.RawURLEncoding.DecodeString(k.N)
		if err != nil {
			continue
		}
		e, err := base64.RawURLEncoding.DecodeString(k.E)
		if err != nil || len(e) == 0 || len(e) > 3 {
			continue
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if key.N.BitLen() < minKeyBits || key.N.BitLen() > 8192 || key.E < 3 || key.E&1 == 0 {
			continue
		}
		out[k.Kid] = key
	}
	return out, nil
}
