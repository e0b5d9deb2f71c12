package operator

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

const keyBytes = 32

var (
	keyAt    = store.Key{Tenant: store.Platform, Collection: keyCollection, ID: keyID}
	keyPlace = seal.Place{Collection: keyCollection, ID: keyID, Field: "key"}
)

type keyDocument struct {
	Key string `json:"key"` // sealed
}

// key returns the key by which tokens are known. Make has drawn it with the first credential; before that the error is store.ErrNotFound.
func (s *Service) key(ctx context.Context) ([]byte, error) {
	d, err := s.Store.Get(ctx, keyAt)
	if err != nil {
		return nil, fmt.Errorf("read the key of operator credentials: %w", err)
	}
	var stored keyDocument
	if err := json.Unmarshal(d.Body, &stored); err != nil {
		return nil, fmt.Errorf("decode the key of operator credentials: %w", err)
	}
	secret, err := s.Keys.Open(ctx, store.Platform, keyPlace, stored.Key)
	if err != nil {
		return nil, fmt.Errorf("open the key of operator credentials: %w", err)
	}
	raw, err := hex.DecodeString(secret.Reveal())
	if err != nil || len(raw) != keyBytes {
		return nil, errors.New("open the key of operator credentials: it has another length")
	}
	return raw, nil
}

// makeKey draws the key where there is none yet.
func (s *Service) makeKey(ctx context.Context) error {
	if _, err := s.Store.Get(ctx, keyAt); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	drawn := make([]byte, keyBytes)
	if _, err := io.ReadFull(s.Random, drawn); err != nil {
		return fmt.Errorf("draw the key of operator credentials: %w", err)
	}
	sealed, err := s.Keys.Seal(ctx, store.Platform, keyPlace, seal.NewSecret(hex.EncodeToString(drawn)))
	if err != nil {
		return fmt.Errorf("seal the key of operator credentials: %w", err)
	}
	body, err := json.Marshal(keyDocument{sealed})
	if err != nil {
		return fmt.Errorf("encode the key of operator credentials: %w", err)
	}
	// On a conflict another host was faster: what it drew holds.
	if _, err := s.Store.Write(ctx, store.Op{Doc: store.Doc{Key: keyAt, Body: body}}); err != nil && !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("write the key of operator credentials: %w", err)
	}
	return nil
}
