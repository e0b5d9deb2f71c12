// Package oauth is the site's authorization server: it gives apps access tokens with which they call as a user (Connect's
// impersonation), and those that Forge hands to remotes, and finds out whose a bearer token is.
//
// Tokens are signed with a key of the site's and kept nowhere; apps must take them for opaque. They end with their time, with
// the app, and with the scopes that it was granted.
//
// Start with [New].
package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// DocumentedHost is where Atlassian's own server is. Clients name it as the audience of their assertions, wherever they send
// them, unless they are told otherwise.
const DocumentedHost = "https://oauth-2-authorization-server.services.atlassian.com"

// Config is what the server stands on. Everything but Audience is required.
type Config struct {
	Store  *world.Store
	Base   string // the site's address, without a trailing slash
	Logger *slog.Logger
	Clock  func() time.Time
	Skew   func(app string) time.Duration // how wrong the clock is in tokens for an app
	// Audience is the address that assertions may name beside the site's own. "" is [DocumentedHost].
	Audience string
}

// Server is the authorization server of a site. It is safe for concurrent use.
type Server struct{ Config }

// New returns the server of a site.
func New(cfg Config) *Server {
	if cfg.Audience == "" {
		cfg.Audience = DocumentedHost
	}
	return &Server{cfg}
}

// Kind is what a token is for.
type Kind string

// The kinds of tokens. Those of Forge are for the API base only.
const (
	Impersonation Kind = "impersonation"
	System        Kind = "forge-system"
	User          Kind = "forge-user"
)

// Token is what an access token says.
type Token struct {
	Kind    Kind            `json:"kind"`
	App     world.AppKey    `json:"app"`
	Client  string          `json:"client"` // the client key, or the Forge installation, which ends with the app
	Account world.AccountID `json:"sub"`
	Scopes  []string        `json:"scopes"`
	Issued  int64           `json:"iat"`
	Expiry  int64           `json:"exp"`
}

// Mint makes a token that lives for a while from now on.
func (s *Server) Mint(t Token, life time.Duration) (string, error) {
	now := s.Clock().Add(s.Skew(string(t.App)))
	t.Issued, t.Expiry = now.Unix(), now.Add(life).Unix()
	claims, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode token: %w", err)
	}
	const header = `{"alg":"HS256","typ":"JWT"}`
	text := encode([]byte(header)) + "." + encode(claims)
	return text + "." + s.sign(text), nil
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func (s *Server) sign(text string) string {
	m := hmac.New(sha256.New, s.Store.State().SessionKey)
	m.Write([]byte("access token:" + text))
	return encode(m.Sum(nil))
}

// leeway is how far an app's clock may be off.
const leeway = time.Minute

type gateway struct{}

// Gateway marks requests that come through the API base: only there does Atlassian take Forge's tokens.
func Gateway(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), gateway{}, true))
}

// Verify finds out whose a bearer token is.
func (s *Server) Verify(r *http.Request, st *world.State, token string) (rest.Caller, error) {
	t, ok := s.parse(token)
	if !ok {
		return refused("it is none of this site's")
	}
	if !time.Unix(t.Expiry, 0).After(s.Clock()) {
		return refused("it has expired")
	}
	app := st.App(t.App)
	if app == nil || app.State != world.AppEnabled {
		return refused("the app %s is not installed, or disabled", t.App)
	}
	u := st.User(t.Account)
	if u == nil || u.Closed || u.Inactive {
		return refused("the user is not active")
	}
	_, through := r.Context().Value(gateway{}).(bool)
	who := rest.Caller{Account: t.Account, App: app, Scopes: t.Scopes, Acting: t.Kind != System, Forge: t.Kind != Impersonation}
	if !who.Forge {
		if t.Client != app.ClientKey {
			return refused("it is of another installation")
		}
		d, err := connect.Describe(app)
		if err != nil {
			return rest.Caller{}, err
		}
		if !rest.HasScope(d.Scopes, rest.ActAsUser) {
			return refused("the app has no scope %s any more", rest.ActAsUser)
		}
		who.AppBase = d.BaseURL
		return who, nil
	}
	if app.Forge == nil || t.Client != app.Forge.Installation {
		return refused("it is of another installation")
	}
	if !through {
		return refused("it is for the API base, not for the site's own address")
	}
	return who, nil
}

func refused(format string, args ...any) (rest.Caller, error) {
	return rest.Caller{}, rest.Fail(http.StatusUnauthorized, "The access token was refused: "+format+".", args...)
}

func (s *Server) parse(token string) (t Token, ok bool) {
	text, signature, ok := cutLast(token)
	if !ok || !hmac.Equal([]byte(signature), []byte(s.sign(text))) {
		return Token{}, false
	}
	_, claims, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(claims)
	return t, err == nil && json.Unmarshal(raw, &t) == nil
}

func cutLast(token string) (text, signature string, ok bool) {
	n := strings.LastIndexByte(token, '.')
	if n < 0 {
		return "", "", false
	}
	return token[:n], token[n+1:], true
}

// granted are the asked scopes, which must be among the app's; all of them where none is asked for.
func granted(asked string, app []string) ([]string, bool) {
	var have []string
	for _, s := range app {
		have = append(have, strings.ToUpper(s))
	}
	if strings.TrimSpace(asked) == "" {
		return have, true
	}
	list := strings.Fields(asked)
	return list, !slices.ContainsFunc(list, func(s string) bool {
		n := slices.Index(rest.ScopeNames, s)
		return !slices.Contains(have, s) && (n < 1 || !rest.Scope(n).In(have))
	})
}
