package jira

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// mayNotActOnForge is what a person reads whose name the app may not use.
var mayNotActOnForge = sdk.Error{
	Code: sdk.PermissionDenied, Source: sdk.FromDownstream,
	Message: "The app may not act in this account's name. It needs a version that asks for that on this site, and the account has to be active. While its owner has a page of the app open, it works in any case.",
}

const (
	// visitLife bounds for how long a token is used that came with a visit; Atlassian's say themselves when they end.
	visitLife = time.Hour
	maxBearer = 16 << 10
	// siteARI is before the cloud id where Atlassian names a Jira site.
	siteARI = "ari:cloud:jira::site/"
)

// offlineQuery is Atlassian's, word for word:
// https://developer.atlassian.com/platform/forge/remote/calling-product-apis/#offline-user-impersonation.
const offlineQuery = `mutation forge_remote_offlineUserAuthToken($input: OfflineUserAuthTokenInput!) {
  offlineUserAuthToken(input: $input) {
    success
    errors {
      message
    }
    authToken {
      token
      ttl
    }
  }
}`

// Visited keeps the token of a person that came with a verified invocation of Forge, in memory and no longer than it is good: calls in this
// person's name are made with it, also when the invocation is over. What is no token is left out.
func (c *Client) Visited(t capability.TenantID, account, token string) {
	if account == "" || token == "" || len(token) > maxBearer || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return
	}
	now := c.clock()
	ends := tokenEnd(token, now).Add(-leeway)
	a := actor{t, account}
	if now.Before(ends) && c.users.ends(a).Before(ends) {
		c.users.put(a, userToken{token, ends})
	}
}

// tokenEnd is when a token ends by its own word. The site alone takes it back, so that nobody else needs to verify it.
func tokenEnd(token string, now time.Time) time.Time {
	var claims struct {
		Expiry int64 `json:"exp"`
	}
	most := now.Add(visitLife)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return now // it does not say; a person's token that cannot be read is not worth a guess
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return now
	}
	if ends := time.Unix(claims.Expiry, 0); ends.Before(most) {
		return ends
	}
	return most
}

// forgeUser returns a token with which a site on Forge is called in the name of an account: that of the last visit while it is good, or one
// that Atlassian gives for somebody who is not there.
func (c *Client) forgeUser(ctx context.Context, t tenant.Tenant, account string) (string, error) {
	const what = "act as a user"
	a := actor{t.ID, account}
	if text, ok := c.users.get(a, c.clock()); ok {
		return text, nil
	}
	gateway, err := url.Parse(t.Forge.APIBaseURL)
	if err != nil || gateway.Host == "" || t.Forge.CloudID == "" {
		return "", failed(what, mayNotActOnForge, errors.New("the site has no address of an API"))
	}
	system, err := c.forgeBearer(AsUser(ctx, ""), t, what)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]any{"query": offlineQuery, "variables": map[string]any{
		"input": map[string]any{"contextIds": []string{siteARI + t.Forge.CloudID}, "userId": account},
	}})
	if err != nil {
		return "", fmt.Errorf("%s: encode: %w", what, err)
	}
	// The host was allowed when the site was taken in, as that to which its tokens go.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, gateway.Scheme+"://"+gateway.Host+"/graphql", bytes.NewReader(body))
	if err != nil {
		return "", failed(what, mayNotActOnForge, err)
	}
	req.Header.Set("Authorization", bearerPrefix+system)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "pergola")
	res, err := c.http.Do(req)
	if err != nil {
		return "", unreachable(ctx, what, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	now := c.clock()
	switch {
	case err != nil:
		return "", unreachable(ctx, what, err)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= http.StatusInternalServerError:
		return "", refused(call{what: what}, res, nil, limit.Read(res.StatusCode, res.Header, now))
	case res.StatusCode != http.StatusOK:
		return "", failed(what, mayNotActOnForge, nil)
	}
	var got struct {
		Data struct {
			Token struct {
				Success bool `json:"success"`
				Auth    struct {
					Token string `json:"token"`
					TTL   int    `json:"ttl"` // seconds
				} `json:"authToken"`
			} `json:"offlineUserAuthToken"`
		} `json:"data"`
	}
	if json.Unmarshal(raw, &got) != nil {
		return "", failed(what, unreadable, nil)
	}
	token := got.Data.Token
	if !token.Success || token.Auth.Token == "" {
		return "", failed(what, mayNotActOnForge, nil)
	}
	c.users.put(a, userToken{token.Auth.Token, now.Add(time.Duration(token.Auth.TTL)*time.Second - leeway)})
	return token.Auth.Token, nil
}
