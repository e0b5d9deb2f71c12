package auth

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/proof"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Where Forge's invocation tokens come from.
const (
	forgeIssuer   = "forge/invocation-token"
	forgeAPIHost  = "api.atlassian.com"
	forgeAPIPaths = "/ex/"
)

// Invocation is what a verified invocation token says, with the token of the app that came beside it.
type Invocation struct {
	Installation string // ari:cloud:ecosystem::installation/<uuid>
	CloudID      string // of the site, "" where it was not said
	SiteURL      string // as Jira says it, "" where it was not said
	APIBaseURL   string // where the site is called, one of the allowed
	Environment  string // id of the app's environment
	Module       ForgeModule
	Account      string // who looks, "" for an event or a schedule
	IssueID      string // beside which a module stands
	ProjectID    string
	RequestKey   string // of the request on the customer portal beside which a module stands: Jira says no more of the issue there
	IssuedAt     time.Time
	// SystemToken is the app's own token for calls of the site, "" where none came. It is nobody's to log.
	SystemToken string
}

// PortalModule is the type of the modules of Forge that stand on requests of the customer portal.
const PortalModule = "jiraServiceManagement:portalRequestDetailPanel"

// ForgeModule is the module of the manifest that called.
type ForgeModule struct {
	Type string `json:"type"` // such as jira:issuePanel, core:endpoint for an event or a schedule
	Key  string `json:"key"`
}

// Installations knows the sites of Forge installations.
type Installations interface {
	// Arrived returns the site of an invocation. It may take in one that is not known yet, because its token is verified. Errors are those
	// of Tenants.
	Arrived(ctx context.Context, i Invocation) (tenant.Tenant, error)
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
	// Environments are the app's environments whose tokens open something, such as PRODUCTION; all of them where it is empty.
	Environments []string
	// Loopback lets the API of a site be plain http on this machine, as the sandbox's is.
	Loopback bool
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
		ID             string      `json:"id"`
		InstallationID string      `json:"installationId"`
		APIBaseURL     string      `json:"apiBaseUrl"`
		Module         ForgeModule `json:"module"`
		Environment    struct {
			Type string `json:"type"`
			ID   string `json:"id"`
		} `json:"environment"`
	} `json:"app"`
	Principal string       `json:"principal"`
	Context   forgeContext `json:"context"` // hides Claims.Context
}

type forgeContext struct {
	CloudID   string `json:"cloudId"`
	SiteURL   string `json:"siteUrl"`
	Extension struct {
		Jira
		Request Ref `json:"request,omitzero"` // on the customer portal, in the place of the issue
	} `json:"extension"`
}

// Forge verifies a Forge Remote invocation: Authorization: Bearer and the invocation token. A token that comes again is not verified anew, and
// its site is looked at every few seconds, or when it brings another token of the app.
func (v *Verifier) Forge(ctx context.Context, r Request) (Principal, error) {
	i, known, err := v.invoke(ctx, r)
	if err != nil {
		return Principal{}, err
	}
	now, brought := v.clock(), proof.KeyOf(r.ForgeSystem)
	t := known.Value.site
	if !known.Fresh(now) || known.Value.brought != brought || known.Tenant == "" {
		since := v.invocations.Mark()
		found, err := v.forge.Installations.Arrived(ctx, i)
		if refused := lookup(ViaForge, err); refused != nil {
			return Principal{}, refused
		}
		t = siteOf(found)
		known.Tenant, known.Checked, known.Value.site, known.Value.brought = t.id, now, t, brought
		if t.state == tenant.Active {
			v.invocations.Put(since, known.Value.key, known)
		}
	}
	if err := serves(ViaForge, t.state, false); err != nil {
		return Principal{}, err
	}
	return Principal{
		Tenant: t.id, ClientKey: t.clientKey, Account: i.Account, Via: ViaForge, IssueID: i.IssueID, ProjectID: i.ProjectID, RequestKey: i.RequestKey,
		IssuedAt: i.IssuedAt, Installation: i.Installation, APIBaseURL: i.APIBaseURL, Module: i.Module,
	}, nil
}

// Invocation verifies the token of an invocation alone, whatever is known of its site.
func (v *Verifier) Invocation(ctx context.Context, r Request) (Invocation, error) {
	i, _, err := v.invoke(ctx, r)
	return i, err
}

// invoke verifies the token of an invocation, unless that was done before, and returns with it what is known, or to be known, of the token.
func (v *Verifier) invoke(ctx context.Context, r Request) (Invocation, proof.Entry[invoked], error) {
	refused := func(err error) (Invocation, proof.Entry[invoked], error) {
		return Invocation{}, proof.Entry[invoked]{}, err
	}
	if v.forge == nil {
		return refused(refuse(ViaForge, ReasonSetup, nil))
	}
	raw, wrong := r.token(ViaForge, "Bearer", false)
	if wrong != nil {
		return refused(wrong)
	}
	key, now := proof.KeyOf(raw), v.clock()
	known, ok := v.invocations.Get(key, now)
	if !ok || v.times.Validate(known.Value.claims) != nil {
		c := &invocation{}
		if err := v.parseRS256(ctx, ViaForge, raw, c, v.forge.Keys); err != nil {
			return refused(err)
		}
		known = proof.Entry[invoked]{Value: invoked{key: key, claims: c}, Until: until(&c.wire, now), Bytes: len(raw) + entryBytes}
	}
	c := known.Value.claims
	switch {
	case c.IssuedAt == nil || c.NotBefore == nil || c.JTI == "" || c.App.InstallationID == "":
		return refused(refuse(ViaForge, ReasonClaim, nil))
	case c.Issuer != forgeIssuer:
		return refused(refuse(ViaForge, ReasonIssuer, nil))
	case !slices.Contains(c.Audience, v.forge.AppID):
		return refused(refuse(ViaForge, ReasonAudience, nil))
	case len(v.forge.Environments) > 0 && !slices.Contains(v.forge.Environments, c.App.Environment.Type):
		return refused(refuse(ViaForge, ReasonEnvironment, nil))
	case !v.forge.allowed(c.App.APIBaseURL):
		return refused(refuse(ViaForge, ReasonAPIBase, nil))
	}
	return Invocation{
		Installation: c.App.InstallationID, CloudID: c.Context.CloudID, SiteURL: c.Context.SiteURL, APIBaseURL: c.App.APIBaseURL,
		Environment: c.App.Environment.ID, Module: c.App.Module, Account: c.Principal, SystemToken: r.ForgeSystem,
		IssueID: string(c.Context.Extension.Issue.ID), ProjectID: string(c.Context.Extension.Project.ID), RequestKey: c.Context.Extension.Request.Key, IssuedAt: c.IssuedAt.time(),
	}, known, nil
}

// allowed says whether an address may receive the tokens of an invocation. It is parsed and not compared as text, because
// https://api.atlassian.com.evil.example begins with the right words.
func (f *ForgeConfig) allowed(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasPrefix(u.Path, forgeAPIPaths) || strings.Contains(u.Path, "..") {
		return false
	}
	if f.Loopback && u.Scheme == "http" && loopback(u.Hostname()) {
		return true
	}
	return u.Scheme == "https" && slices.Contains(f.APIHosts, u.Host)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
