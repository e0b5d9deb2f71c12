package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The forms of an assertion, as atlassian-oauth2 makes them.
const (
	grantType    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	clientPrefix = "urn:atlassian:connect:clientid:"
	userPrefix   = "urn:atlassian:connect:useraccountid:"

	tokenLife = 15 * time.Minute
)

// Serve adds the token endpoint: https://developer.atlassian.com/cloud/jira/software/user-impersonation-for-connect-apps/.
func (s *Server) Serve(mux *http.ServeMux) { mux.HandleFunc("POST /oauth2/token", s.token) }

// refusal is an error in the form of RFC 6749. Which of its words Atlassian uses where is not documented.
type refusal struct {
	status int
	code   string
	text   string
}

func (e *refusal) Error() string { return e.text }

func refuse(code, format string, args ...any) error {
	status := http.StatusBadRequest
	if code == "invalid_client" {
		status = http.StatusUnauthorized
	}
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, rest.MaxBody)
	t, err := s.grant(r)
	var text string
	if err == nil {
		text, err = s.Mint(t, tokenLife)
	}
	var e *refusal
	switch {
	case errors.As(err, &e):
		rest.WriteJSON(w, e.status, map[string]any{"error": e.code, "error_description": e.text})
	case err != nil:
		s.Logger.ErrorContext(r.Context(), "token", "error", err)
		rest.WriteJSON(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
	default:
		rest.WriteJSON(w, http.StatusOK, map[string]any{"access_token": text, "expires_in": int(tokenLife / time.Second), "token_type": "Bearer"})
	}
}

// assertion is the claims of a JWT with which an app says as whom it wants to act.
type assertion struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Tenant   string          `json:"tnt"`
	Audience json.RawMessage `json:"aud"` // a text or a list
	IssuedAt float64         `json:"iat"`
	Expiry   float64         `json:"exp"`
}

// grant reads a request for a token and says what the token is to say.
func (s *Server) grant(r *http.Request) (Token, error) {
	if got := r.PostFormValue("grant_type"); got != grantType {
		return Token{}, refuse("unsupported_grant_type", "grant_type is %q, want %s", got, grantType)
	}
	var c assertion
	parts := strings.Split(r.PostFormValue("assertion"), ".")
	var header struct {
		Alg string `json:"alg"`
	}
	if len(parts) != 3 || !decode(parts[0], &header) || !decode(parts[1], &c) {
		return Token{}, refuse("invalid_request", "assertion is no JWT")
	}
	st := s.Store.State()
	app := appOf(st, c.Issuer)
	if app == nil {
		return Token{}, refuse("invalid_client", "iss is %q: want %s and the oauthClientId of an installed app", c.Issuer, clientPrefix)
	}
	mac := hmac.New(sha256.New, []byte(app.SharedSecret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if header.Alg != "HS256" || err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
		return Token{}, refuse("invalid_client", "the assertion is not signed with HS256 and the app's shared secret")
	}
	if err := s.check(c); err != nil {
		return Token{}, err
	}
	d, err := connect.Describe(app)
	if err != nil {
		return Token{}, err
	}
	if !rest.HasScope(d.Scopes, rest.ActAsUser) {
		return Token{}, refuse("unauthorized_client", "the app has no scope %s", rest.ActAsUser)
	}
	account, ok := strings.CutPrefix(c.Subject, userPrefix)
	u := st.User(world.AccountID(account))
	if !ok || u == nil || u.App || u.Closed || u.Inactive {
		return Token{}, refuse("invalid_grant", "sub is %q: want %s and the account id of an active user", c.Subject, userPrefix)
	}
	scopes, ok := granted(r.PostFormValue("scope"), d.Scopes)
	if !ok {
		return Token{}, refuse("invalid_scope", "scope %q: the app has %s", r.PostFormValue("scope"), strings.Join(d.Scopes, " "))
	}
	return Token{Kind: Impersonation, App: app.Key, Client: app.ClientKey, Account: u.Account, Scopes: scopes}, nil
}

// check judges times, tenant and audience.
func (s *Server) check(c assertion) error {
	now := float64(s.Clock().Unix())
	switch {
	case c.Expiry == 0 || c.Expiry+leeway.Seconds() < now:
		return refuse("invalid_grant", "the assertion has expired")
	case c.IssuedAt == 0 || c.IssuedAt-leeway.Seconds() > now:
		return refuse("invalid_grant", "the assertion was issued in the future, or has no iat")
	case strings.TrimSuffix(c.Tenant, "/") != s.Base:
		return refuse("invalid_grant", "tnt is %q, want %s", c.Tenant, s.Base)
	}
	var list []string
	if json.Unmarshal(c.Audience, &list) != nil {
		var one string
		if json.Unmarshal(c.Audience, &one) == nil {
			list = []string{one}
		}
	}
	if !slices.ContainsFunc(list, func(a string) bool { a = strings.TrimSuffix(a, "/"); return a == s.Base || a == s.Audience }) {
		return refuse("invalid_grant", "aud is %s, want %s or %s", c.Audience, s.Audience, s.Base)
	}
	return nil
}

// appOf finds the enabled app that calls itself so.
func appOf(st *world.State, issuer string) *world.App {
	id, ok := strings.CutPrefix(issuer, clientPrefix)
	if !ok {
		return nil
	}
	for _, app := range st.InstalledApps() {
		if app.State == world.AppEnabled && connect.OAuthClientID(app) == id {
			return app
		}
	}
	return nil
}

func decode(part string, v any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, v) == nil
}
