package connect

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// leeway is how far an app's clock may be off.
const leeway = time.Minute

// claims are the claims of a token for an app; the times are set here, by a clock that a fault may have put wrong.
func (s *Apps) claims(app *world.App, subject world.AccountID, life time.Duration) auth.Claims {
	now := s.now().Add(s.skew(string(app.Key)))
	return auth.Claims{Issuer: app.ClientKey, Subject: string(subject), IssuedAt: now, Expiry: now.Add(life)}
}

// signInstall signs with the site's own key, as installed and uninstalled calls are.
func (s *Apps) signInstall(c auth.Claims) (string, error) {
	stored := s.store.State().InstallKey
	key, err := stored.Private()
	if err != nil {
		return "", err
	}
	return auth.SignRS256(c, stored.ID, key)
}

// publicKey is the public half of the site's key as PEM text.
func publicKey(k world.SigningKey) (string, error) {
	key, err := k.Private()
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("encode the site's install key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// installKey serves the public key under its id, as Atlassian's key host does.
func (s *Apps) installKey(w http.ResponseWriter, r *http.Request) {
	stored := s.store.State().InstallKey
	if r.PathValue("kid") != stored.ID {
		http.NotFound(w, r)
		return
	}
	text, err := publicKey(stored)
	if err != nil {
		rest.WriteError(s.log, w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=600")
	fmt.Fprint(w, text)
}

// Verify finds out which app a request's token belongs to. It is written against the specification and not with the
// host's verifier: a mistake that both sides share would show in no test.
func (s *Apps) Verify(r *http.Request, st *world.State, token string) (rest.Caller, error) {
	refused := func(format string, args ...any) (rest.Caller, error) {
		return rest.Caller{}, rest.Fail(http.StatusUnauthorized, "The JWT was refused: "+format+".", args...)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return refused("it does not have three parts")
	}
	var header struct {
		Alg string `json:"alg"`
	}
	var c struct {
		Issuer   world.AppKey `json:"iss"`
		IssuedAt float64      `json:"iat"`
		Expiry   float64      `json:"exp"`
		QSH      string       `json:"qsh"`
	}
	if !decodePart(parts[0], &header) || !decodePart(parts[1], &c) {
		return refused("it is not encoded as a JWT")
	}
	if header.Alg != "HS256" {
		return refused("algorithm %q, want HS256", header.Alg)
	}
	app := st.App(c.Issuer)
	if app == nil {
		return refused("no app with the key %q is installed", c.Issuer)
	}
	mac := hmac.New(sha256.New, []byte(app.SharedSecret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
		return refused("the signature does not match the shared secret")
	}
	now := float64(s.now().Unix())
	if c.Expiry == 0 || c.Expiry+leeway.Seconds() < now {
		return refused("it has expired")
	}
	if c.IssuedAt-leeway.Seconds() > now {
		return refused("it was issued in the future")
	}
	if !hmac.Equal([]byte(c.QSH), []byte(auth.QSH(r.Method, r.RequestURI, ""))) {
		return refused("the query string hash does not match this request")
	}
	if app.State != world.AppEnabled {
		return refused("the app is disabled")
	}
	d, err := Describe(app)
	if err != nil {
		return rest.Caller{}, err
	}
	return rest.Caller{Account: app.Account, App: app, Scopes: d.Scopes, AppBase: d.BaseURL}, nil
}

func decodePart(part string, v any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, v) == nil
}

// pathOf is the path of an app's base URL, which does not count in hashes of requests to it.
func pathOf(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}
