package retention

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
)

// Receipt says what was destroyed of a site. It holds our id of the site and nothing of what the site was.
type Receipt struct {
	Tenant      capability.TenantID `json:"tenant"`
	Uninstalled time.Time           `json:"uninstalled"`
	Started     time.Time           `json:"started"`
	Purged      time.Time           `json:"purged,omitzero"` // zero while the purge goes on
	Removed     []Removed           `json:"removed"`
	Keys        []string            `json:"keys"` // ids of the data keys that were destroyed
	// PublicKey verifies Signature, which is Ed25519 over the receipt's JSON without these two. Both are in standard base64.
	PublicKey string `json:"publicKey,omitempty"`
	Signature string `json:"signature,omitempty"`
}

// Removed counts what was removed of a collection.
type Removed struct {
	Collection string `json:"collection"`
	Documents  int64  `json:"documents"`
}

const receiptCollection = "receipt"

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: receiptCollection, Name: "Receipt of a purge", Scope: privacy.OfPlatform, ID: privacy.Tenant,
		Purpose: "Prove to a site that left what was destroyed of it, and when",
		Fields: []privacy.Field{
			{Path: "tenant", Kind: privacy.Tenant}, {Path: "uninstalled", Kind: privacy.Time}, {Path: "started", Kind: privacy.Time},
			{Path: "purged", Kind: privacy.Time}, {Path: "removed[].collection", Kind: privacy.Collection}, {Path: "removed[].documents", Kind: privacy.Count},
			{Path: "keys[]", Kind: privacy.Digest}, {Path: "publicKey", Kind: privacy.Digest}, {Path: "signature", Kind: privacy.Digest},
		},
	}, {
		Collection: signerCollection, Name: "Signing key of receipts", Scope: privacy.OfPlatform, ID: privacy.Code,
		Purpose: "Sign receipts of purges",
		Fields:  []privacy.Field{{Path: "seed", Kind: privacy.Sealed}, {Path: "publicKey", Kind: privacy.Digest}},
	}}
}

// message is what is signed.
func (r Receipt) message() ([]byte, error) {
	r.PublicKey, r.Signature = "", ""
	return json.Marshal(r)
}

func (r *Receipt) sign(key ed25519.PrivateKey) error {
	message, err := r.message()
	if err != nil {
		return err
	}
	r.PublicKey = base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	r.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, message))
	return nil
}

// strict refuses the second spelling that the unused bits of a last character would allow.
var strict = base64.StdEncoding.Strict()

// ErrForged says that a receipt is not what the key signed.
var ErrForged = errors.New("the receipt is not signed by that key, or was changed")

// Verify returns nil where the receipt is complete and was signed by the key, in base64; "" takes the receipt's own word for
// which key that is.
func (r Receipt) Verify(publicKey string) error {
	if publicKey == "" {
		publicKey = r.PublicKey
	}
	key, err := strict.DecodeString(publicKey)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%q is no public key; it is the 44 characters that `pergola admin receipts` shows", publicKey)
	}
	signature, err := strict.DecodeString(r.Signature)
	if err != nil || r.Purged.IsZero() || r.PublicKey != publicKey {
		return ErrForged
	}
	message, err := r.message()
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, message, signature) {
		return ErrForged
	}
	return nil
}

// Receipts returns the receipts of all purges, those that go on included, by tenant.
func Receipts(ctx context.Context, s store.Driver) ([]Receipt, error) {
	var all []Receipt
	for d, err := range store.Each(ctx, s, store.Query{Tenant: store.Platform, Collection: receiptCollection}) {
		if err != nil {
			return nil, fmt.Errorf("list receipts: %w", err)
		}
		r, err := decodeReceipt(d)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func decodeReceipt(d store.Doc) (Receipt, error) {
	var r Receipt
	if err := json.Unmarshal(d.Body, &r); err != nil {
		return Receipt{}, fmt.Errorf("decode receipt %s: %w", d.Key.ID, err)
	}
	return r, nil
}

func receiptKey(t capability.TenantID) store.Key {
	return store.Key{Tenant: store.Platform, Collection: receiptCollection, ID: string(t)}
}
