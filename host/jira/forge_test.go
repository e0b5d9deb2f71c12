package jira_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// bearers are the tokens of sites.
type bearers map[capability.TenantID]string

func (b bearers) Bearer(_ context.Context, t capability.TenantID) (string, error) {
	if token, ok := b[t]; ok {
		return token, nil
	}
	return "", &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "none"}
}

func TestSiteOnForgeIsCalledAtTheGatewayWithItsToken(t *testing.T) {
	var got []string
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		switch {
		case strings.Contains(r.URL.Path, "connect_client_key_"):
			_, _ = io.WriteString(w, `{"key": "k", "value": "site-one"}`)
		case strings.HasSuffix(r.URL.Path, "serverInfo"):
			_, _ = io.WriteString(w, `{"baseUrl": "https://acme.atlassian.net/"}`)
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(gateway.Close)
	c, err := jira.New(jira.Config{AppKey: "pergola", Bearers: bearers{"t1": "first", "t2": "second"}})
	if err != nil {
		t.Fatal(err)
	}
	base := gateway.URL + "/ex/jira/cloud"
	site := func(id capability.TenantID) tenant.Tenant {
		return tenant.Tenant{ID: id, ClientKey: "forge:cloud", BaseURL: "https://acme.atlassian.net", State: tenant.Active, Forge: tenant.Forge{APIBaseURL: base}}
	}
	ctx := t.Context()
	for _, err := range []error{
		c.SetAppProperty(ctx, site("t1"), "module.acme", true), c.SetAppProperty(ctx, site("t2"), "module.acme", true), c.DeleteAppProperty(ctx, site("t1"), "module.acme"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if key, err := c.ConnectClientKey(ctx, base, "came along"); err != nil || key != "site-one" {
		t.Errorf("client key %q, %v", key, err)
	}
	if address, err := c.SiteAddress(ctx, base, "came along"); err != nil || address != "https://acme.atlassian.net" {
		t.Errorf("address %q, %v", address, err)
	}
	want := []string{
		"PUT /ex/jira/cloud/rest/forge/1/app/properties/module.acme Bearer first", "PUT /ex/jira/cloud/rest/forge/1/app/properties/module.acme Bearer second",
		"DELETE /ex/jira/cloud/rest/forge/1/app/properties/module.acme Bearer first",
		"GET /ex/jira/cloud/rest/forge/1/app/properties/connect_client_key_019cdff3-8bfb-71fe-9628-875b700aebb8 Bearer came along",
		"GET /ex/jira/cloud/rest/api/3/serverInfo Bearer came along",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	got = nil
	for name, tt := range map[string]struct {
		err  error
		code sdk.Code
	}{
		"no token":           {c.SetAppProperty(ctx, site("t3"), "k", true), sdk.Unavailable},
		"in somebody's name": {c.SetAppProperty(jira.AsUser(ctx, "712020:mia"), site("t1"), "k", true), sdk.PermissionDenied},
	} {
		if sdk.CodeOf(tt.err) != tt.code {
			t.Errorf("%s: %v, want %s", name, tt.err, tt.code)
		}
	}
	if len(got) > 0 {
		t.Errorf("the site was called: %q", got)
	}
}
