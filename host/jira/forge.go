package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Bearers has the tokens with which sites are called that have the app by Forge: forge.Tokens does.
type Bearers interface {
	// Bearer returns the app's own token of a site. sdk.Unavailable where there is none just now.
	Bearer(ctx context.Context, t capability.TenantID) (string, error)
}

type bearerKey struct{}

// withBearer returns a context whose calls carry a token that came with an invocation, of a site that is no tenant yet.
func withBearer(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, bearerKey{}, token)
}

var errNoForge = errors.New("no Forge app is configured")

// forgeBearer is the token for a call of a site on Forge: the app's, or that of the person in whose name it is made.
func (c *Client) forgeBearer(ctx context.Context, t tenant.Tenant, what string) (string, error) {
	if account := userOf(ctx); account != "" {
		return c.forgeUser(ctx, t, account)
	}
	if token, ok := ctx.Value(bearerKey{}).(string); ok {
		return token, nil
	}
	if c.bearers == nil {
		return "", failed(what, notActive, errNoForge)
	}
	token, err := c.bearers.Bearer(ctx, t.ID)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return token, nil
}

// clientKeyProperty is a property that Jira keeps for a Forge app that took a Connect app over: the client key of the site. See
// https://developer.atlassian.com/platform/adopting-forge-from-connect/migrate-connect-clientkey/.
const clientKeyProperty = "connect_client_key_019cdff3-8bfb-71fe-9628-875b700aebb8"

// ConnectClientKey asks a site, which need be no tenant yet, for its client key of the Connect app that this Forge app takes over. "" where it
// never had one.
func (c *Client) ConnectClientKey(ctx context.Context, apiBaseURL, token string) (string, error) {
	var got struct {
		Value string `json:"value"`
	}
	t := tenant.Tenant{State: tenant.Active, Forge: tenant.Forge{APIBaseURL: apiBaseURL}}
	err := c.do(withBearer(ctx, token), t, call{
		what: "ask a site for its client key", method: http.MethodGet, path: c.propertyPath(t, clientKeyProperty), again: true, out: &got,
	})
	if sdk.CodeOf(err) == sdk.NotFound {
		return "", nil
	}
	return got.Value, err
}

// SiteAddress asks a site, which need be no tenant yet, for the address at which people open it, without a trailing slash.
func (c *Client) SiteAddress(ctx context.Context, apiBaseURL, token string) (string, error) {
	const what = "ask a site for its address"
	var got struct {
		BaseURL string `json:"baseUrl"`
	}
	t := tenant.Tenant{State: tenant.Active, Forge: tenant.Forge{APIBaseURL: apiBaseURL}}
	if err := c.do(withBearer(ctx, token), t, call{what: what, method: http.MethodGet, path: "/rest/api/3/serverInfo", again: true, out: &got}); err != nil {
		return "", err
	}
	if u, err := url.Parse(got.BaseURL); err != nil || u.Host == "" {
		return "", failed(what, unreadable, nil)
	}
	return strings.TrimRight(got.BaseURL, "/"), nil
}
