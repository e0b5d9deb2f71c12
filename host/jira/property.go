package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// maxProperty is the length of an app property in characters, Jira's limit.
const maxProperty = 32768

// SetAppProperty keeps a value, as JSON, in Jira under a key of the app. Users of the site can read it, so it holds
// identifiers only. Errors: invalid where the value is too long.
func (c *Client) SetAppProperty(ctx context.Context, t tenant.Tenant, key string, value any) error {
	const what = "write an app property"
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%s: encode: %w", what, err)
	}
	if utf8.RuneCount(raw) > maxProperty {
		return failed(what, sdk.Error{
			Code: sdk.Invalid, Source: sdk.FromHost, Message: "That is more than Jira keeps for an app. Choose fewer projects or issue types.",
		}, nil)
	}
	return c.do(ctx, t, call{what: what, method: http.MethodPut, path: c.propertyPath(t, key), body: json.RawMessage(raw), again: true})
}

// AppProperty reads a value of the app into out. Errors: not_found.
func (c *Client) AppProperty(ctx context.Context, t tenant.Tenant, key string, out any) error {
	got := struct {
		Value any `json:"value"`
	}{out}
	return c.do(ctx, t, call{what: "read an app property", method: http.MethodGet, path: c.propertyPath(t, key), again: true, out: &got})
}

// DeleteAppProperty removes a value of the app. One that is not there is no error.
func (c *Client) DeleteAppProperty(ctx context.Context, t tenant.Tenant, key string) error {
	err := c.do(ctx, t, call{what: "delete an app property", method: http.MethodDelete, path: c.propertyPath(t, key), again: true})
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil
	}
	return err
}

func (c *Client) propertyPath(t tenant.Tenant, key string) string {
	if t.OnForge() {
		return "/rest/forge/1/app/properties/" + url.PathEscape(key)
	}
	return "/rest/atlassian-connect/1/addons/" + url.PathEscape(c.appKey) + "/properties/" + url.PathEscape(key)
}
