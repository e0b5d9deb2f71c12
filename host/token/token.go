package token

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/proof"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token/letters"
	"github.com/pergola-platform/pergola/sdk"
)

// Bounds of a site's tokens.
const (
	MaxTokens = 200
	MaxName   = 60
	// MaxLife is how long a token can be good.
	MaxLife = 365 * 24 * time.Hour
	// Remembered is how long one that has expired is still listed.
	Remembered = 30 * 24 * time.Hour
)

// Token is an API token without its text.
type Token struct {
	ID      string
	Name    string // as an admin wrote it
	Account string // in whose name it is used
	Scopes  []string
	Created time.Time
	Expires time.Time
	Used    time.Time // the day of the last use in UTC; zero for never
}

// document is a Token as it is stored.
type document struct {
	Name    string    `json:"name"`
	Account string    `json:"account"`
	Scopes  []string  `json:"scopes"`
	Digest  string    `json:"digest"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"`
}

func (d document) token(id string) Token {
	return Token{ID: id, Name: d.Name, Account: d.Account, Scopes: slices.Clone(d.Scopes), Created: d.Created, Expires: d.Expires, Used: d.Used}
}

// Tenants finds sites; tenant.Tenants is one.
type Tenants interface {
	ByAlias(ctx context.Context, alias string) (tenant.Tenant, error)
}

// Config is what a Service needs. All of it is required, but for Random.
type Config struct {
	Store   store.Driver
	Tenants Tenants
	// Key returns the secret key of a site by which its tokens are known; it never changes.
	Key func(ctx context.Context, t capability.TenantID) ([]byte, error)
	// Active says whether an account is there, neither closed nor deactivated.
	Active func(ctx context.Context, t capability.TenantID, account string) (bool, error)
	Now    func() time.Time
	Random io.Reader // nil is that of crypto/rand
}

// Service makes and verifies tokens. It is safe for concurrent use. Make it with New.
type Service struct {
	Config
	alive alive
	known *proof.Cache[known]
}

// New returns a Service.
func New(c Config) *Service {
	if c.Random == nil {
		c.Random = rand.Reader
	}
	s := &Service{Config: c, known: proof.New[known](maxKnown, maxKnown*knownBytes)}
	if w, ok := c.Tenants.(watched); ok {
		w.Watch(s.Forget)
	}
	return s
}

// Wish is a token to be made.
type Wish struct {
	Name   string
	Scopes []string
	Life   time.Duration
}

// Make makes a token in the name of an account, which has to be that of whoever asks for it, and returns its text: nobody can read it again.
// Invalid wishes are an *sdk.Error with the name of the field.
func (s *Service) Make(ctx context.Context, t tenant.Tenant, account string, w Wish) (Token, string, error) {
	w.Name = strings.TrimSpace(w.Name)
	if err := w.check(account); err != nil {
		return Token{}, "", err
	}
	n, err := s.Store.Count(ctx, store.Query{Tenant: t.ID, Collection: collection, Limit: MaxTokens})
	if err != nil {
		return Token{}, "", fmt.Errorf("count the API tokens of a site: %w", err)
	}
	if n >= MaxTokens {
		return Token{}, "", refused("name", "This site has %d API tokens, which is the most. Revoke some that nobody uses.", n)
	}
	x := text{alias: t.Alias}
	if x.id, err = letters.Draw(s.Random, idLetters); err != nil {
		return Token{}, "", err
	}
	if x.secret, err = letters.Draw(s.Random, secretLetters); err != nil {
		return Token{}, "", err
	}
	digest, err := s.digest(ctx, t.ID, x)
	if err != nil {
		return Token{}, "", err
	}
	now := s.Now().UTC().Truncate(time.Second)
	d := document{Name: w.Name, Account: account, Scopes: slices.Compact(slices.Sorted(slices.Values(w.Scopes))), Digest: digest, Created: now, Expires: now.Add(w.Life)}
	if err := s.put(ctx, key(t.ID, x.id), d, 0); err != nil {
		return Token{}, "", err
	}
	return d.token(x.id), x.String(), nil
}

func (w Wish) check(account string) error {
	var known []string
	for _, s := range manifest.Scopes() {
		known = append(known, s.Name)
	}
	switch {
	case account == "":
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "API tokens are for accounts. Log in to Jira and try again."}
	case w.Name == "":
		return refused("name", "Write what the token is for, so that an admin knows it again.")
	case utf8.RuneCountInString(w.Name) > MaxName || strings.ContainsFunc(w.Name, unicode.IsControl) || !utf8.ValidString(w.Name):
		return refused("name", "Write one line of %d characters at most.", MaxName)
	case len(w.Scopes) == 0:
		return refused("scopes", "Choose at least one thing that the token is for.")
	case slices.ContainsFunc(w.Scopes, func(name string) bool { return !slices.Contains(known, name) }):
		return refused("scopes", "There is no such scope. Use some of %s.", strings.Join(known, ", "))
	case w.Life < time.Hour || w.Life > MaxLife:
		return refused("expires", "A token is good for a year at most, and for an hour at least.")
	}
	return nil
}

func refused(field, format string, args ...any) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: field, Message: fmt.Sprintf(format, args...)}
}

// digest is what is kept of a text.
func (s *Service) digest(ctx context.Context, t capability.TenantID, x text) (string, error) {
	secret, err := s.Key(ctx, t)
	if err != nil {
		return "", fmt.Errorf("load the key of API tokens: %w", err)
	}
	if len(secret) < sha256.Size {
		return "", errors.New("the key of API tokens is too short")
	}
	h := hmac.New(sha256.New, secret)
	// Nothing of it has a zero byte. The first words keep it apart from other uses of the key.
	fmt.Fprintf(h, "api token\x00%s\x00%s\x00%s", t, x.id, x.secret)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// List returns the tokens of a site, the newest first.
func (s *Service) List(ctx context.Context, t capability.TenantID) ([]Token, error) {
	var out []Token
	for d, err := range store.Each(ctx, s.Store, store.Query{Tenant: t, Collection: collection}) {
		if err != nil {
			return nil, fmt.Errorf("list API tokens: %w", err)
		}
		stored, err := decode(d)
		if err != nil {
			return nil, err
		}
		out = append(out, stored.token(d.Key.ID))
	}
	slices.SortFunc(out, func(a, b Token) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

// Revoke ends a token at once, and on other hosts of the same store within seconds ([proof.Believed]). It is no error where there is none any more.
func (s *Service) Revoke(ctx context.Context, t capability.TenantID, id string) error {
	k := key(t, id)
	if err := k.Validate(); err != nil {
		return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "There is no such API token."}
	}
	_, err := s.Store.Write(ctx, store.Op{Doc: store.Doc{Key: k}, Delete: true, IfRev: store.Any})
	s.Forget(t)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("revoke an API token: %w", err)
	}
	return nil
}

// RevokeAll ends all tokens of a site, when it uninstalls the app.
func (s *Service) RevokeAll(ctx context.Context, t capability.TenantID) error {
	return s.each(ctx, t, func(document) bool { return true })
}

// Expire removes what has expired long ago. It returns how many tokens that were.
func (s *Service) Expire(ctx context.Context, t capability.TenantID) (n int, err error) {
	long := s.Now().Add(-Remembered)
	err = s.each(ctx, t, func(d document) bool {
		if d.Expires.Before(long) {
			n++
			return true
		}
		return false
	})
	return n, err
}

// each removes the tokens that drop chooses.
func (s *Service) each(ctx context.Context, t capability.TenantID, drop func(document) bool) error {
	for d, err := range store.Each(ctx, s.Store, store.Query{Tenant: t, Collection: collection}) {
		if err != nil {
			return fmt.Errorf("list API tokens: %w", err)
		}
		stored, err := decode(d)
		if err != nil {
			return err
		}
		if drop(stored) {
			if err := s.Revoke(ctx, t, d.Key.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func key(t capability.TenantID, id string) store.Key {
	return store.Key{Tenant: t, Collection: collection, ID: id}
}

func decode(d store.Doc) (document, error) {
	var out document
	if err := json.Unmarshal(d.Body, &out); err != nil {
		return document{}, fmt.Errorf("decode an API token: %w", err)
	}
	return out, nil
}

func (s *Service) put(ctx context.Context, k store.Key, d document, rev int64) error {
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode an API token: %w", err)
	}
	if _, err := s.Store.Write(ctx, store.Op{Doc: store.Doc{Key: k, Body: body}, IfRev: rev}); err != nil {
		return fmt.Errorf("write an API token: %w", err)
	}
	return nil
}

// Get returns a token of a site.
func (s *Service) Get(ctx context.Context, t capability.TenantID, id string) (Token, error) {
	d, err := s.Store.Get(ctx, key(t, id))
	if err != nil {
		return Token{}, fmt.Errorf("read an API token: %w", err)
	}
	stored, err := decode(d)
	return stored.token(id), err
}
