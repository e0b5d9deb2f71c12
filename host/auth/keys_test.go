package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
)

func publicPEM(t *testing.T, key *rsa.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// keyHost serves what answer says and counts the requests.
func keyHost(t *testing.T, answer http.HandlerFunc) (address string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

// ticker is a clock that the test moves.
type ticker struct{ at time.Time }

func (c *ticker) now() time.Time { return c.at }

func TestCDNKeepsKeysAndForgetsStrangers(t *testing.T) {
	clock := &ticker{now}
	host, requests := keyHost(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/install-keys/"+kid {
			http.NotFound(w, r)
			return
		}
		w.Write(publicPEM(t, &atlassian.PublicKey)) //nolint:errcheck // a test server
	})
	cdn, err := auth.NewCDN([]string{host + "/install-keys/"}, nil, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for range 3 {
		key, err := cdn.Key(ctx, kid)
		if err != nil || !key.Equal(&atlassian.PublicKey) {
			t.Fatalf("%v, %v", key, err)
		}
		if _, err := cdn.Key(ctx, "unknown"); !errors.Is(err, auth.ErrUnknownKey) {
			t.Fatal(err)
		}
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests, want one for each kid", n)
	}
	clock.at = clock.at.Add(time.Minute)
	if _, err := cdn.Key(ctx, "unknown"); !errors.Is(err, auth.ErrUnknownKey) {
		t.Fatal(err)
	}
	if _, err := cdn.Key(ctx, kid); err != nil {
		t.Fatal(err)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests after a minute, want the unknown kid asked again", n)
	}
}

func TestCDNAsksNobodyForOddKids(t *testing.T) {
	host, requests := keyHost(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(publicPEM(t, &atlassian.PublicKey)) //nolint:errcheck // a test server
	})
	cdn, err := auth.NewCDN([]string{host}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, kid := range []string{
		"", ".", "..", "../x", "a/b", "https://evil.example/key", "a?b", "a#b", "a%2fb", "a b", "a\nb", "a\x00", "ä", "a:b", "a\\b", "a@b",
		string(bytes.Repeat([]byte("a"), 129)),
	} {
		if _, err := cdn.Key(context.Background(), kid); !errors.Is(err, auth.ErrUnknownKey) {
			t.Errorf("%q: %v", kid, err)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestCDNAnswersThatAreNoKey(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, redirected := keyHost(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(publicPEM(t, &atlassian.PublicKey)) //nolint:errcheck // a test server
	})
	for name, answer := range map[string]http.HandlerFunc{
		"server error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusFound)
		},
		"page":      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"short key": func(w http.ResponseWriter, _ *http.Request) { w.Write(publicPEM(t, &short.PublicKey)) }, //nolint:errcheck // a test server
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			w.Write(append(publicPEM(t, &atlassian.PublicKey), bytes.Repeat([]byte("\n"), 1<<20)...)) //nolint:errcheck // a test server
		},
	} {
		t.Run(name, func(t *testing.T) {
			broken, _ := keyHost(t, answer)
			cdn, err := auth.NewCDN([]string{broken}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := cdn.Key(context.Background(), kid); err == nil || errors.Is(err, auth.ErrUnknownKey) {
				t.Errorf("%v is no outage", err)
			}
			// With a second host behind it, the key is found all the same.
			good, _ := keyHost(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Write(publicPEM(t, &atlassian.PublicKey)) //nolint:errcheck // a test server
			})
			cdn, err = auth.NewCDN([]string{broken, good}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := cdn.Key(context.Background(), kid); err != nil {
				t.Error(err)
			}
		})
	}
	if redirected.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func jwks(t *testing.T, kids ...string) []byte {
	t.Helper()
	var out []map[string]string
	for _, kid := range kids {
		out = append(out, map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "e": "AQAB",
			"n": base64.RawURLEncoding.EncodeToString(forge.N.Bytes()),
		})
	}
	raw, err := json.Marshal(map[string]any{"keys": out})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestJWKSFollowsRotation(t *testing.T) {
	clock := &ticker{now}
	var body atomic.Value
	body.Store(jwks(t, "old"))
	address, requests := keyHost(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(body.Load().([]byte)) //nolint:errcheck // a test server
	})
	set, ctx := auth.NewJWKS(address, nil, clock.now), context.Background()
	expect := func(kid string, known bool, total int64) {
		t.Helper()
		_, err := set.Key(ctx, kid)
		if known != (err == nil) || !known && !errors.Is(err, auth.ErrUnknownKey) {
			t.Errorf("%s: %v", kid, err)
		}
		if n := requests.Load(); n != total {
			t.Errorf("%s: %d requests so far, want %d", kid, n, total)
		}
	}
	expect("old", true, 1)
	expect("old", true, 1)
	expect("new", false, 1) // fetched a moment ago: invented kids cannot make us fetch again
	body.Store(jwks(t, "old", "new"))
	clock.at = clock.at.Add(2 * time.Minute)
	expect("new", true, 2)
	body.Store(jwks(t, "new"))
	clock.at = clock.at.Add(time.Hour)
	expect("old", false, 3)
}

func TestJWKSOutlivesAnOutageForAWhile(t *testing.T) {
	clock := &ticker{now}
	var down atomic.Bool
	address, _ := keyHost(t, func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Write(jwks(t, "a")) //nolint:errcheck // a test server
	})
	set, ctx := auth.NewJWKS(address, nil, clock.now), context.Background()
	if _, err := set.Key(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	down.Store(true)
	clock.at = clock.at.Add(90 * time.Minute)
	if _, err := set.Key(ctx, "a"); err != nil {
		t.Errorf("half an hour late: %v", err)
	}
	clock.at = clock.at.Add(time.Hour)
	for range 2 { // the second time without asking again
		if _, err := set.Key(ctx, "a"); err == nil || errors.Is(err, auth.ErrUnknownKey) {
			t.Errorf("after two hours: %v", err)
		}
	}
	down.Store(false)
	clock.at = clock.at.Add(10 * time.Second)
	if _, err := set.Key(ctx, "a"); err != nil {
		t.Errorf("back again: %v", err)
	}
}

func FuzzParseJWKS(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := auth.ParseJWKS(body)
		for kid, k := range keys {
			if err != nil || kid == "" || k.N.BitLen() < 2048 || k.E < 3 {
				t.Errorf("%q is no key", kid)
			}
		}
	})
}
