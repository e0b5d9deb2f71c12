package seal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// DrawnBytes is how long a drawn key is.
const DrawnBytes = 32

// Drawn are keys by which a host knows what it gave out, such as tokens, without keeping it: one for each tenant, or one for store.Platform. Each
// is drawn the first time that it is needed, lies sealed, and never changes. It is safe for concurrent use, by several processes on one store too.
type Drawn struct {
	Store      store.Driver
	Keys       Sealer
	Collection string // of the documents, each of which has the id "current" and the sealed field "key"
}

// Sealer seals and opens what belongs to a tenant; a Keeper does.
type Sealer interface {
	Seal(ctx context.Context, t capability.TenantID, at Place, value Secret) (string, error)
	Open(ctx context.Context, t capability.TenantID, at Place, sealed string) (Secret, error)
}

var _ Sealer = (*Keeper)(nil)

const drawnID = "current"

type drawnKey struct {
	Key string `json:"key"` // sealed
}

// Key returns the key of a tenant, and draws it where there is none yet.
func (d Drawn) Key(ctx context.Context, t capability.TenantID) ([]byte, error) {
	place := Place{Collection: d.Collection, ID: drawnID, Field: "key"}
	at := store.Key{Tenant: t, Collection: d.Collection, ID: drawnID}
	found, err := d.Store.Get(ctx, at)
	if errors.Is(err, store.ErrNotFound) {
		err = d.draw(ctx, t, at, place)
		if errors.Is(err, store.ErrConflict) { // somebody else was faster: what they drew holds
			err = nil
		}
		if err == nil {
			found, err = d.Store.Get(ctx, at)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Collection, err)
	}
	var stored drawnKey
	if err := json.Unmarshal(found.Body, &stored); err != nil {
		return nil, fmt.Errorf("decode the %s: %w", d.Collection, err)
	}
	secret, err := d.Keys.Open(ctx, t, place, stored.Key)
	if err != nil {
		return nil, fmt.Errorf("open the %s: %w", d.Collection, err)
	}
	raw, err := hex.DecodeString(secret.Reveal())
	if err != nil || len(raw) != DrawnBytes {
		return nil, fmt.Errorf("open the %s: it has another length", d.Collection)
	}
	return raw, nil
}

func (d Drawn) draw(ctx context.Context, t capability.TenantID, at store.Key, place Place) error {
	drawn := make([]byte, DrawnBytes)
	rand.Read(drawn)
	sealed, err := d.Keys.Seal(ctx, t, place, NewSecret(hex.EncodeToString(drawn)))
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	body, err := json.Marshal(drawnKey{sealed})
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	_, err = d.Store.Write(ctx, store.Op{Doc: store.Doc{Key: at, Body: body}})
	return err
}
