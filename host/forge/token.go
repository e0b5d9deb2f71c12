package forge

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

const (
	tokenCollection = "forge_token"
	tokenID         = "system"
	// tokenLife is how long a token is believed that does not say itself when it ends; Atlassian's live for four hours at most.
	tokenLife = time.Hour
	tokenMost = 4 * time.Hour
	// tokenSpare is how long before its end a token is not used any more.
	tokenSpare = time.Minute
	// tokenKept is how much longer a token must live than the one that is stored, for the store to be written: each invocation brings one.
	tokenKept = 30 * time.Minute
	maxToken  = 16 << 10
)

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: tokenCollection, Name: "Token of the app", ID: privacy.Code,
		Purpose: "Call the Jira site between two visits, where the app is installed by Forge", Kept: "for some hours, until the next one comes",
		Fields: []privacy.Field{{Path: "token", Kind: privacy.Sealed}, {Path: "ends", Kind: privacy.Time}},
	}}
}

// Tokens keeps the app's own token of each site, as the last invocation brought it: in memory, and sealed in the store for the next start.
// Tokens of people are in memory alone, with the client that uses them (jira.Client.Visited). It is safe for concurrent use. Make it with NewTokens.
type Tokens struct {
	store store.Driver
	keys  Keys
	now   func() time.Time

	mu   sync.Mutex
	kept map[capability.TenantID]heldToken
}

// Keys seal tokens; a seal.Keeper does.
type Keys interface {
	Seal(ctx context.Context, t capability.TenantID, at seal.Place, value seal.Secret) (string, error)
	Open(ctx context.Context, t capability.TenantID, at seal.Place, sealed string) (seal.Secret, error)
}

type heldToken struct {
	text   seal.Secret
	ends   time.Time
	stored time.Time // the end of the one that is stored
}

// NewTokens returns the tokens in d.
func NewTokens(d store.Driver, keys Keys, now func() time.Time) *Tokens {
	return &Tokens{store: d, keys: keys, now: now, kept: map[capability.TenantID]heldToken{}}
}

// storedToken is a token as it is stored.
type storedToken struct {
	Token string    `json:"token"` // sealed
	Ends  time.Time `json:"ends"`
}

var tokenPlace = seal.Place{Collection: tokenCollection, ID: tokenID, Field: "token"}

func tokenKey(t capability.TenantID) store.Key {
	return store.Key{Tenant: t, Collection: tokenCollection, ID: tokenID}
}

// Keep takes the token that came with a verified invocation of a site. One that has ended, or ends before the one that is held, is left out.
func (k *Tokens) Keep(ctx context.Context, t capability.TenantID, token string) error {
	if token == "" || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil
	}
	now := k.now()
	ends := endOf(token, now)
	k.mu.Lock()
	held := k.kept[t]
	if !ends.After(held.ends) || !now.Before(ends) {
		k.mu.Unlock()
		return nil
	}
	write := ends.After(held.stored.Add(tokenKept))
	next := heldToken{seal.NewSecret(token), ends, held.stored}
	if write {
		next.stored = ends
	}
	k.kept[t] = next
	k.mu.Unlock()
	if !write {
		return nil
	}
	sealed, err := k.keys.Seal(ctx, t, tokenPlace, seal.NewSecret(token))
	if err != nil {
		return fmt.Errorf("keep the token of a site: %w", err)
	}
	body, err := json.Marshal(storedToken{sealed, ends.UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("encode the token of a site: %w", err)
	}
	if _, err := k.store.Write(ctx, store.Op{Doc: store.Doc{Key: tokenKey(t), Body: body}, IfRev: store.Any}); err != nil {
		return fmt.Errorf("keep the token of a site: %w", err)
	}
	return nil
}

// Bearer implements jira.Bearers. Where no token is good any more, the hourly call of Atlassian brings the next.
func (k *Tokens) Bearer(ctx context.Context, t capability.TenantID) (string, error) {
	now := k.now()
	k.mu.Lock()
	held, ok := k.kept[t]
	k.mu.Unlock()
	if !ok || !now.Before(held.ends.Add(-tokenSpare)) {
		stored, err := k.read(ctx, t) // another host may have been told a later one
		if err != nil {
			return "", err
		}
		if stored.ends.After(held.ends) {
			held = stored
			k.mu.Lock()
			if stored.ends.After(k.kept[t].ends) {
				k.kept[t] = stored
			}
			k.mu.Unlock()
		}
	}
	if !now.Before(held.ends.Add(-tokenSpare)) {
		return "", &sdk.Error{
			Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira has not called for some hours, so the leave to call it has ended. Open the page again; if that does not help, install the app again.",
		}
	}
	return held.text.Reveal(), nil
}

func (k *Tokens) read(ctx context.Context, t capability.TenantID) (heldToken, error) {
	d, err := k.store.Get(ctx, tokenKey(t))
	if errors.Is(err, store.ErrNotFound) {
		return heldToken{}, nil
	}
	if err != nil {
		return heldToken{}, fmt.Errorf("read the token of a site: %w", err)
	}
	var s storedToken
	if err := json.Unmarshal(d.Body, &s); err != nil {
		return heldToken{}, fmt.Errorf("decode the token of a site: %w", err)
	}
	text, err := k.keys.Open(ctx, t, tokenPlace, s.Token)
	if err != nil {
		return heldToken{}, fmt.Errorf("open the token of a site: %w", err)
	}
	return heldToken{text, s.Ends, s.Ends}, nil
}

// Drop forgets the token of a site that leaves.
func (k *Tokens) Drop(ctx context.Context, t capability.TenantID) error {
	k.mu.Lock()
	delete(k.kept, t)
	k.mu.Unlock()
	_, err := k.store.Write(ctx, store.Op{Doc: store.Doc{Key: tokenKey(t)}, Delete: true, IfRev: store.Any})
	if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("forget the token of a site: %w", err)
	}
	return nil
}

// endOf is when a token ends by its own word. It is not verified: it came beside an invocation token that was, and only the site that made it
// takes it back.
func endOf(token string, now time.Time) time.Time {
	var claims struct {
		Expiry int64 `json:"exp"`
	}
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		if raw, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(raw, &claims) // what says nothing has the usual life
		}
	}
	ends := time.Unix(claims.Expiry, 0)
	if claims.Expiry == 0 {
		ends = now.Add(tokenLife)
	}
	if most := now.Add(tokenMost); ends.After(most) {
		return most
	}
	return ends
}
