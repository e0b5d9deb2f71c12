package tenant

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

const (
	tokenCollection = "token_key"
	tokenID         = "current"
	tokenKeyBytes   = 32
)

// Tokens is the repository of the keys by which a tenant's record tokens are known. It is safe for concurrent use. Make it
// with NewTokens.
type Tokens struct {
	store store.Driver
	keys  Keys
}

// NewTokens returns the keys in d, sealed by keys.
func NewTokens(d store.Driver, keys Keys) *Tokens { return &Tokens{d, keys} }

// Key returns the 32 bytes of a tenant, and draws them the first time. They never change: a token is good for as long as the
// tenant lives.
func (r *Tokens) Key(ctx context.Context, t capability.TenantID) ([]byte, error) {
	at := seal.Place{Collection: tokenCollection, ID: tokenID, Field: "key"}
	key := store.Key{Tenant: t, Collection: tokenCollection, ID: tokenID}
	for range attempts {
		d, err := r.store.Get(ctx, key)
		if err == nil {
			return r.open(ctx, at, d)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("read the key of tokens: %w", err)
		}
		drawn := make([]byte, tokenKeyBytes)
		rand.Read(drawn)
		sealed, err := r.keys.Seal(ctx, t, at, seal.NewSecret(hex.EncodeToString(drawn)))
		if err != nil {
			return nil, fmt.Errorf("keep the key of tokens: %w", err)
		}
		body, err := json.Marshal(tokenKey{sealed})
		if err != nil {
			return nil, fmt.Errorf("encode the key of tokens: %w", err)
		}
		if _, err := r.store.Write(ctx, store.Op{Doc: store.Doc{Key: key, Body: body}}); err == nil {
			return drawn, nil
		} else if !errors.Is(err, store.ErrConflict) {
			return nil, fmt.Errorf("write the key of tokens: %w", err)
		}
		// Another call was faster: what it drew holds.
	}
	return nil, fmt.Errorf("write the key of tokens: %w", store.ErrConflict)
}

type tokenKey struct {
	Key string `json:"key"` // sealed
}

func (r *Tokens) open(ctx context.Context, at seal.Place, d store.Doc) ([]byte, error) {
	var stored tokenKey
	if err := json.Unmarshal(d.Body, &stored); err != nil {
		return nil, fmt.Errorf("decode the key of tokens: %w", err)
	}
	secret, err := r.keys.Open(ctx, d.Key.Tenant, at, stored.Key)
	if err != nil {
		return nil, fmt.Errorf("open the key of tokens: %w", err)
	}
	raw, err := hex.DecodeString(secret.Reveal())
	if err != nil || len(raw) != tokenKeyBytes {
		return nil, errors.New("open the key of tokens: it has another length")
	}
	return raw, nil
}
