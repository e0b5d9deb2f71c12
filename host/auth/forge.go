package auth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/tenant"
)

// Where Forge's invocation tokens come from.
const (
	forgeIssuer   = "forge/invocation-token"
	forgeAPIHost  = "api.atlassian.com"
	forgeAPIPaths = "/ex/"
)

// ForgeJWKS is the address of the key set of Forge's production environment, for NewJWKS.
const ForgeJWKS = "https://forge.cdn.prod.atlassian-dev.net/.well-known/jwks.json"

// Installations finds a site by its Forge installation; errors as with Tenants.
type Installations interface {
	ByInstallation(ctx context.Context, installation string) (tenant.Tenant, error)
}

// ForgeConfig is what verifying Forge Remote invocations takes. AppID, Keys and Installations are required.
type ForgeConfig struct {
	AppID string // ari:cloud:ecosystem::app/<uuid>
	// Keys is one key set: production's or, in another environment, that one's. A token cannot choose.
	Keys          KeySource
	Installations Installations
	// APIHosts are the hosts to which the tokens that come with an invocation may be sent; api.atlassian.com where it is
	// empty.
	APIHosts []string
}

func (f *ForgeConfig) checked() (*ForgeConfig, error) {
	if f.AppID == "" || f.Keys == nil || f.Installations == nil {
		return nil, errors.New("verifier: the Forge app id, keys or installations are missing")
	}
	out := *f
	if len(out.APIHosts) == 0 {
		out.APIHosts = []string{forgeAPIHost}
	}
	return &out, nil
}

// invocation is the claims of a Forge invocation token.
type invocation struct {
	wire
	JTI string `json:"jti"`
	App struct {
		ID             string `json:"id"`
		InstallationID string `json:"installationId"`
		APIBaseURL     string `json:"apiBaseUrl"`
	} `json:"app"`
	Principal string       `json:"principal"`
	Context   forgeContext `json:"context"` // hides Claims.Context
}

type forgeContext struct {
	Extension Jira `json:"extension"`
}

// Forge verifies a Forge Remote invocation: Authorization: Bearer and the invocation token.
func (v *Verifier) Forge(ctx context.Context, r Request) (Principal, error) {
	if v.forge == nil {
		return Principal{}, refuse(ViaForge, ReasonSetup, nil)
	}
	raw, refused := r.token(ViaForge, "Bearer", false)
	if refused != nil {
		return Principal{}, refused
	}
	c := &invocation{}
	if err := v.parseRS256(ctx, ViaForge, raw, c, v.forge.Keys); err != nil {
		return Principal{}, err
	}
	switch {
	case c.IssuedAt == nil || c.NotBefore == nil || c.JTI == "" || c.App.InstallationID == "":
		return Principal{}, refuse(ViaForge, ReasonClaim, nil)
	case c.Issuer != forgeIssuer:
		return Principal{}, refuse(ViaForge, ReasonIssuer, nil)
	case !slices.Contains(c.Audience, v.forge.AppID):
		return Principal{}, refuse(ViaForge, ReasonAudience, nil)
	case !v.forge.allowed(c.App.APIBaseURL):
		return Principal{}, refuse(ViaForge, ReasonAPIBase, nil)
	}
	t, err := v.forge.Installations.ByInstallation(ctx, c.App.InstallationID)
	if refused := lookup(ViaForge, err); refused != nil {
		return Principal{}, refused
	}
	if err := serves(ViaForge, t, false); err != nil {
		return Principal{}, err
	}
	return Principal{
		Tenant: t.ID, ClientKey: t.ClientKey, Account: c.Principal, Via: ViaForge,
		IssueID: string(c.Context.Extension.Issue.ID), ProjectID: string(c.Context.Extension.Project.ID),
		IssuedAt: c.IssuedAt.time(), Installation: c.App.InstallationID, APIBaseURL: c.App.APIBaseURL,
	}, nil
}

// allowed says whether an address may receive the tokens of an invocation. It is parsed and not compared as text, because
// https://api.atlassian.com.evil.example begins with the right words.
func (f *ForgeConfig) allowed(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		slices.Contains(f.APIHosts, u.Host) && strings.HasPrefix(u.Path, forgeAPIPaths) && !strings.Contains(u.Path, "..")
}
