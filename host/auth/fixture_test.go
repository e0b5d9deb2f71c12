package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

const (
	appKey    = "pergola"
	baseURL   = "https://app.example"
	clientKey = "client-one"
	secret    = "secret-of-tenant-one-0123456789abcdef"
	account   = "5b10a2844c20165700ede21g"
	kid       = "a2c17ab7-1b25-4d9f-8e3c-0e5f8d1a0001"
	appID     = "ari:cloud:ecosystem::app/406d303d-0393-4ec4-ad7c-1435be94583a"
	install   = "ari:cloud:ecosystem::installation/11111111-1111-4111-8111-111111111111"
)

var now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// One key pair each for installs and Forge, made once: generating them is slow.
var atlassian, forge, stranger = newKey(), newKey(), newKey()

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

// keys is a KeySource of fixed keys.
type keys map[string]*rsa.PublicKey

func (k keys) Key(_ context.Context, kid string) (*rsa.PublicKey, error) {
	if key, ok := k[kid]; ok {
		return key, nil
	}
	return nil, auth.ErrUnknownKey
}

// tenants is a lookup of fixed tenants.
type tenants []tenant.Tenant

func (ts tenants) ByClientKey(_ context.Context, clientKey string) (tenant.Tenant, error) {
	for _, t := range ts {
		if t.ClientKey == clientKey {
			return t, nil
		}
	}
	return tenant.Tenant{}, store.ErrNotFound
}

func (ts tenants) Arrived(_ context.Context, i auth.Invocation) (tenant.Tenant, error) {
	for _, t := range ts {
		if t.InstallationID == i.Installation {
			return t, nil
		}
	}
	return tenant.Tenant{}, store.ErrNotFound
}

func site(state tenant.State) tenants {
	return tenants{{
		ID: "t1", ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), InstallationID: install, State: state,
	}, {
		ID: "t2", ClientKey: "client-two", SharedSecret: seal.NewSecret("secret-of-tenant-two-fedcba9876543210"), State: tenant.Active,
	}, {
		ID: "t3", ClientKey: "client-without-secret", State: tenant.Active,
	}}
}

func verifier(t *testing.T, ts tenants, edit ...func(*auth.Config)) *auth.Verifier {
	t.Helper()
	c := auth.Config{
		AppKey: appKey, BaseURLs: []string{baseURL}, Keys: keys{kid: &atlassian.PublicKey}, Tenants: ts,
		Clock: func() time.Time { return now },
		Forge: &auth.ForgeConfig{AppID: appID, Keys: keys{"forge/key": &forge.PublicKey}, Installations: ts},
	}
	for _, e := range edit {
		e(&c)
	}
	v, err := auth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// claims are those of a token from Jira for a request, with edits.
func claims(method, target string, edit ...func(*auth.Claims)) auth.Claims {
	c := auth.Claims{
		Issuer: clientKey, Subject: account, IssuedAt: now, Expiry: now.Add(3 * time.Minute), QSH: auth.QSH(method, target, ""),
	}
	for _, e := range edit {
		e(&c)
	}
	return c
}

func forUs(c *auth.Claims)     { c.Audience = []string{baseURL} }
func asContext(c *auth.Claims) { c.QSH = auth.ContextQSH }

func hs256(t *testing.T, c auth.Claims) string {
	t.Helper()
	s, err := auth.SignHS256(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rs256(t *testing.T, c auth.Claims, kid string, key *rsa.PrivateKey) string {
	t.Helper()
	s, err := auth.SignRS256(c, kid, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reason returns why err was refused, "" for nil, and fails for any other error.
func reason(t *testing.T, err error) auth.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *auth.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no refusal", err)
	}
	return auth.Reason(e.Reason())
}
