package retention

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

const (
	signerCollection = "receipt_signer"
	signerID         = "ed25519"
)

// signer is the key pair that signs receipts, as it is stored.
type signer struct {
	Seed      string `json:"seed"` // sealed
	PublicKey string `json:"publicKey"`
}

var (
	signerKey   = store.Key{Tenant: store.Platform, Collection: signerCollection, ID: signerID}
	signerPlace = seal.Place{Collection: signerCollection, ID: signerID, Field: "seed"}
)

// signer returns the key that signs receipts, and makes it the first time. It belongs to the installation, sealed like any
// other secret.
func (s *Sweeper) signer(ctx context.Context) (ed25519.PrivateKey, error) {
	for range 2 {
		d, err := s.Store.Get(ctx, signerKey)
		if err == nil {
			return s.openSigner(ctx, d)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("read the key of receipts: %w", err)
		}
		if err := s.makeSigner(ctx); err != nil && !errors.Is(err, store.ErrConflict) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("make the key of receipts: %w", store.ErrConflict)
}

func (s *Sweeper) openSigner(ctx context.Context, d store.Doc) (ed25519.PrivateKey, error) {
	var stored signer
	if err := json.Unmarshal(d.Body, &stored); err != nil {
		return nil, fmt.Errorf("decode the key of receipts: %w", err)
	}
	seed, err := s.Keys.Open(ctx, store.Platform, signerPlace, stored.Seed)
	if err != nil {
		return nil, fmt.Errorf("open the key of receipts: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(seed.Reveal())
	if err != nil || len(raw) != ed25519.SeedSize {
		return nil, errors.New("open the key of receipts: it is no Ed25519 seed")
	}
	return ed25519.NewKeyFromSeed(raw), nil
}

func (s *Sweeper) makeSigner(ctx context.Context) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make the key of receipts: %w", err)
	}
	seed := seal.NewSecret(base64.StdEncoding.EncodeToString(private.Seed()))
	sealed, err := s.Keys.Seal(ctx, store.Platform, signerPlace, seed)
	if err != nil {
		return fmt.Errorf("seal the key of receipts: %w", err)
	}
	body, err := json.Marshal(signer{Seed: sealed, PublicKey: base64.StdEncoding.EncodeToString(public)})
	if err != nil {
		return fmt.Errorf("encode the key of receipts: %w", err)
	}
	if _, err := s.Store.Write(ctx, store.Op{Doc: store.Doc{Key: signerKey, Body: body}}); err != nil {
		return fmt.Errorf("write the key of receipts: %w", err)
	}
	return nil
}

// PublicKey returns the key that verifies receipts, in base64.
func (s *Sweeper) PublicKey(ctx context.Context) (string, error) {
	key, err := s.signer(ctx)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)), nil
}
