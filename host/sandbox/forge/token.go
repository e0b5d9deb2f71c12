package forge

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/oauth"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	issuer          = "forge/invocation-token"
	invocationLife  = 25 * time.Second
	systemTokenLife = 4 * time.Hour
	userTokenLife   = time.Hour
)

// invocation is a call of a remote, of which its tokens tell.
type invocation struct {
	remote *Remote
	auth   auth
	// kind and key are of the module that calls: core:endpoint and the endpoint's key where it is no page.
	kind, key string
	context   object
	user      world.AccountID // "" for events and schedules
}

// token makes the invocation token.
func (s *Forge) token(st *world.State, app *world.App, in invocation) (string, error) {
	key, err := st.ForgeKey.Private()
	if err != nil {
		return "", err
	}
	now := s.Clock().Add(s.Skew(string(app.Key)))
	major, _, _ := strings.Cut(app.Forge.Version, ".")
	claims := object{
		"iss": issuer, "aud": app.Forge.ID, "jti": fmt.Sprintf("%x", random(20)),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(invocationLife).Unix(),
		"app": object{
			"id": app.Forge.ID, "version": major, "appVersion": app.Forge.Version, "installationId": app.Forge.Installation,
			"apiBaseUrl":  s.APIBase(st),
			"environment": object{"type": "DEVELOPMENT", "id": app.Forge.Environment},
			"module":      object{"type": in.kind, "key": in.key},
			"installation": object{
				"id": app.Forge.Installation, "contexts": []object{{"name": "jira", "apiBaseUrl": s.APIBase(st)}},
			},
		},
		"context": in.context,
	}
	if in.user != "" {
		claims["principal"] = in.user
	}
	return signRS256(claims, kid(st.ForgeKey), key)
}

func kid(k world.SigningKey) string { return issuer + "/" + k.ID[:8] }

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails, says crypto/rand
	return b
}

// signRS256 is written by hand: the site is built after the specification, and not with what the host verifies with.
func signRS256(claims object, kid string, key *rsa.PrivateKey) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode invocation token: %w", err)
	}
	header := fmt.Sprintf(`{"typ":"JWT","alg":"RS256","kid":%q}`, kid)
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign invocation token: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// jwks serves the public keys of invocation tokens, none before the first Forge app.
func (s *Forge) jwks(w http.ResponseWriter, r *http.Request) {
	k := s.Store.State().ForgeKey
	keys := []object{}
	if k.ID != "" {
		private, err := k.Private()
		if err != nil {
			rest.WriteError(s.Logger, w, r, err)
			return
		}
		number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
		keys = append(keys, object{
			"kty": "RSA", "kid": kid(k), "use": "sig", "alg": "RS256",
			"n": number(private.N), "e": number(big.NewInt(int64(private.E))),
		})
	}
	rest.WriteJSON(w, http.StatusOK, object{"keys": keys})
}

// headers are what a call of a remote carries.
func (s *Forge) headers(st *world.State, app *world.App, m *Manifest, in invocation) (http.Header, error) {
	token, err := s.token(st, app, in)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set("Authorization", "Bearer "+token)
	h.Set("X-B3-Traceid", fmt.Sprintf("%x", random(8)))
	h.Set("X-B3-Spanid", fmt.Sprintf("%x", random(8)))
	granted := m.Permissions.Scopes
	if !slices.ContainsFunc(granted, func(scope string) bool { return !slices.Contains(tokenScopes, scope) }) {
		return h, nil
	}
	t := oauth.Token{App: app.Key, Client: app.Forge.Installation, Scopes: granted}
	if in.auth.System.Enabled && slices.Contains(granted, "read:app-system-token") {
		t.Kind, t.Account = oauth.System, app.Account
		if token, err = s.Tokens.Mint(t, systemTokenLife); err != nil {
			return nil, err
		}
		h.Set("X-Forge-Oauth-System", token)
	}
	if in.auth.User.Enabled && in.user != "" && slices.Contains(granted, "read:app-user-token") {
		t.Kind, t.Account = oauth.User, in.user
		if token, err = s.Tokens.Mint(t, userTokenLife); err != nil {
			return nil, err
		}
		h.Set("X-Forge-Oauth-User", token)
	}
	return h, nil
}

// context is what an invocation token says of where it comes from.
func (s *Forge) context(st *world.State, moduleKey string) object {
	return object{"cloudId": CloudID(st), "siteUrl": s.Base, "moduleKey": moduleKey}
}
