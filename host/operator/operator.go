package operator

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/token/letters"
	"github.com/pergola-platform/pergola/sdk"
)

// Bounds of credentials.
const (
	MaxCredentials = 50
	MinLife        = time.Hour
	MaxLife        = 365 * 24 * time.Hour
)

// Why a text is refused.
var (
	ErrUnknown = errors.New("no such operator token") // none at all, never made, or revoked
	ErrExpired = errors.New("the operator token has expired")
)

// Credential is a credential without its token.
type Credential struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	ReadOnly bool      `json:"readOnly"` // opens only what changes nothing
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	Used     time.Time `json:"used,omitzero"` // the day of the last use in UTC; zero for never
}

// document is a Credential as it is stored, under its name.
type document struct {
	ID       string    `json:"id"`
	Digest   string    `json:"digest"`
	ReadOnly bool      `json:"readOnly"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	Used     time.Time `json:"used,omitzero"`
}

func (d document) credential(name string) Credential {
	return Credential{ID: d.ID, Name: name, ReadOnly: d.ReadOnly, Created: d.Created, Expires: d.Expires, Used: d.Used}
}

// Config is what a Service needs. All of it is required, but for Random.
type Config struct {
	Store  store.Driver
	Keys   seal.Sealer
	Now    func() time.Time
	Random io.Reader // nil is that of crypto/rand
}

// Service makes and verifies credentials. It is safe for concurrent use. Make it with New.
type Service struct {
	Config
}

// New returns a Service.
func New(c Config) *Service {
	if c.Random == nil {
		c.Random = rand.Reader
	}
	return &Service{c}
}

// Wish is a credential to be made.
type Wish struct {
	Name     string
	ReadOnly bool
	Life     time.Duration
}

// names are those that a credential can have. They stand in the audit trail of each site, so they have a form that no sentence fits into.
var names = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Make makes a credential and returns its token: nobody can read it again. Wishes that cannot be fulfilled are an *sdk.Error with the name of the field.
func (s *Service) Make(ctx context.Context, w Wish) (Credential, string, error) {
	switch {
	case !names.MatchString(w.Name):
		return Credential{}, "", refused(sdk.Invalid, "name", "Name it by what it is for, such as nightly-import: 40 lower-case letters, digits and dashes at most, a letter first.")
	case w.Life < MinLife || w.Life > MaxLife:
		return Credential{}, "", refused(sdk.Invalid, "expires", "A credential is good for 365 days at most, and for an hour at least.")
	}
	n, err := s.Store.Count(ctx, store.Query{Tenant: store.Platform, Collection: collection, Limit: MaxCredentials})
	if err != nil {
		return Credential{}, "", fmt.Errorf("count the operator credentials: %w", err)
	}
	if n >= MaxCredentials {
		return Credential{}, "", refused(sdk.Invalid, "name", "There are %d operator credentials, which is the most. Revoke some that nobody uses.", n)
	}
	var x text
	if x.id, err = letters.Draw(s.Random, idLetters); err != nil {
		return Credential{}, "", err
	}
	if x.secret, err = letters.Draw(s.Random, secretLetters); err != nil {
		return Credential{}, "", err
	}
	now := s.Now().UTC().Truncate(time.Second)
	d := document{ID: x.id, ReadOnly: w.ReadOnly, Created: now, Expires: now.Add(w.Life).Truncate(time.Second)}
	if d.Digest, err = s.digest(ctx, w.Name, d, x.secret); err != nil {
		return Credential{}, "", err
	}
	switch err := s.put(ctx, w.Name, d, 0); {
	case errors.Is(err, store.ErrConflict):
		return Credential{}, "", refused(sdk.Exists, "name", "There is a credential %s already. Revoke it first, or take another name.", w.Name)
	case err != nil:
		return Credential{}, "", err
	}
	return d.credential(w.Name), x.String(), nil
}

func refused(code sdk.Code, field, format string, args ...any) error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Field: field, Message: fmt.Sprintf(format, args...)}
}

// digest is what is kept of a token's random part. It covers what the credential may do and until when.
func (s *Service) digest(ctx context.Context, name string, d document, secret string) (string, error) {
	key, err := seal.Drawn{Store: s.Store, Keys: s.Keys, Collection: keyCollection}.Key(ctx, store.Platform)
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, key)
	// Nothing of it has a zero byte.
	fmt.Fprintf(h, "operator token\x00%s\x00%s\x00%t\x00%d\x00%s", name, d.ID, d.ReadOnly, d.Expires.Unix(), secret)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// List returns the credentials by their names, those that have expired, too.
func (s *Service) List(ctx context.Context) ([]Credential, error) {
	out := []Credential{}
	for d, err := range store.Each(ctx, s.Store, store.Query{Tenant: store.Platform, Collection: collection}) {
		if err != nil {
			return nil, fmt.Errorf("list operator credentials: %w", err)
		}
		stored, err := decode(d)
		if err != nil {
			return nil, err
		}
		out = append(out, stored.credential(d.Key.ID))
	}
	return out, nil
}

// Revoke ends a credential at once, on every host of the same store. The error is an *sdk.Error where there is none of that name.
func (s *Service) Revoke(ctx context.Context, name string) error {
	err := store.ErrNotFound
	if names.MatchString(name) {
		if _, err = s.Store.Get(ctx, at(name)); err == nil {
			_, err = s.Store.Write(ctx, store.Op{Doc: store.Doc{Key: at(name)}, Delete: true, IfRev: store.Any})
		}
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refused(sdk.NotFound, "name", "There is no operator credential of this name; pergola admin operator list shows those there are.")
	case err != nil:
		return fmt.Errorf("revoke an operator credential: %w", err)
	}
	return nil
}

// Verify returns the credential of a token. The errors are those above, and others where the store cannot be asked just now. It changes nothing:
// Note keeps that a credential was used.
func (s *Service) Verify(ctx context.Context, raw string) (Credential, error) {
	x, ok := parse(raw)
	if !ok {
		return Credential{}, ErrUnknown
	}
	found, err := s.Store.List(ctx, store.Query{Tenant: store.Platform, Collection: collection, Index: byID, Value: x.id, Limit: 1})
	if err != nil {
		return Credential{}, fmt.Errorf("look for an operator credential: %w", err)
	}
	if len(found) == 0 {
		return Credential{}, ErrUnknown
	}
	stored, err := decode(found[0])
	if err != nil {
		return Credential{}, err
	}
	name := found[0].Key.ID
	digest, err := s.digest(ctx, name, stored, x.secret)
	if err != nil {
		return Credential{}, err
	}
	if stored.Digest == "" || subtle.ConstantTimeCompare([]byte(digest), []byte(stored.Digest)) != 1 {
		return Credential{}, ErrUnknown
	}
	if !s.Now().Before(stored.Expires) {
		return Credential{}, ErrExpired
	}
	return stored.credential(name), nil
}

// Note keeps the day of the last use. Where that fails another call on the same day notes it.
func (s *Service) Note(ctx context.Context, c Credential) {
	day := s.Now().UTC().Truncate(24 * time.Hour)
	if !day.After(c.Used) {
		return
	}
	d, err := s.Store.Get(ctx, at(c.Name))
	if err != nil {
		return
	}
	if stored, err := decode(d); err == nil && stored.ID == c.ID {
		stored.Used = day
		_ = s.put(ctx, c.Name, stored, d.Rev) // a revoked one stays revoked, by its revision
	}
}

func at(name string) store.Key {
	return store.Key{Tenant: store.Platform, Collection: collection, ID: name}
}

func decode(d store.Doc) (document, error) {
	var out document
	if err := json.Unmarshal(d.Body, &out); err != nil {
		return document{}, fmt.Errorf("decode an operator credential: %w", err)
	}
	return out, nil
}

func (s *Service) put(ctx context.Context, name string, d document, rev int64) error {
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode an operator credential: %w", err)
	}
	doc := store.Doc{Key: at(name), Body: body, Index: map[string]string{byID: d.ID}}
	if _, err := s.Store.Write(ctx, store.Op{Doc: doc, IfRev: rev}); err != nil {
		return fmt.Errorf("write an operator credential: %w", err)
	}
	return nil
}
