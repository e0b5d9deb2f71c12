package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/proof"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Leeway is how far Jira's clock and ours may differ.
const Leeway = 60 * time.Second

// Via is the kind of token that a visitor showed.
type Via string

// The kinds.
const (
	ViaLifecycle Via = "lifecycle"
	ViaEvent     Via = "event"
	ViaWebhook   Via = "webhook"
	ViaPage      Via = "page"
	ViaAPI       Via = "api"
	ViaForge     Via = "forge"
	ViaToken     Via = "token" // an API token
)

// Principal is who asks, verified. A zero field was not said.
type Principal struct {
	// Tenant is empty for ViaLifecycle: an installation can come from a site that is not known yet.
	Tenant    capability.TenantID
	ClientKey string
	Account   string // account id; empty for an anonymous user, or a request of Jira itself
	Via       Via
	// IssueID and ProjectID say where the page stands, from a context token or a Forge token. A page's address carries
	// them in its query instead, which the token's hash covers.
	IssueID, ProjectID string
	// RequestKey is that of the request of the customer portal beside which a module of Forge stands: Jira says no more of the issue there.
	RequestKey string
	IssuedAt   time.Time
	// Installation and APIBaseURL are set for ViaForge: the Forge installation, and where its product APIs are called.
	Installation, APIBaseURL string
	Module                   ForgeModule // of the manifest, for ViaForge
	// Token and Scopes are set for ViaToken: the id of the API token, and what it is for.
	Token  string
	Scopes []string
}

// Tenants finds a site by its client key; tenant.Tenants is one. An unknown key is store.ErrNotFound or sdk.NotFound.
type Tenants interface {
	ByClientKey(ctx context.Context, clientKey string) (tenant.Tenant, error)
}

// Config is what a Verifier needs.
type Config struct {
	// AppKey is our own key in the descriptor. Tokens that we issued ourselves open nothing here.
	AppKey string
	// BaseURLs are the addresses to which a signed install may be addressed, our own first. Their paths are the context
	// paths that a query string hash may leave out.
	BaseURLs []string
	// Keys has the public keys of signed installs; NewCDN makes one.
	Keys    KeySource
	Tenants Tenants
	// Clock is time.Now where it is nil.
	Clock func() time.Time
	// Forge is nil where no Forge app is configured; Verifier.Forge refuses everything then.
	Forge *ForgeConfig
	// APITokens knows API tokens; Verifier.Token refuses everything where it is nil.
	APITokens APITokens
}

// Verifier verifies tokens. It is safe for concurrent use. Make it with New.
type Verifier struct {
	appKey    string
	audiences []string
	contexts  []string // distinct context paths
	keys      KeySource
	tenants   Tenants
	clock     func() time.Time
	forge     *ForgeConfig
	apiTokens APITokens
	times     *jwt.Validator

	// What tokens proved lately, so that they need not prove it again.
	connects    *proof.Cache[connected]
	invocations *proof.Cache[invoked]
}

// New returns a verifier. AppKey, BaseURLs, Keys and Tenants are required.
func New(c Config) (*Verifier, error) {
	switch {
	case c.AppKey == "":
		return nil, errors.New("verifier: the app key is missing")
	case len(c.BaseURLs) == 0:
		return nil, errors.New("verifier: the base URL is missing")
	case c.Keys == nil:
		return nil, errors.New("verifier: the source of install keys is missing")
	case c.Tenants == nil:
		return nil, errors.New("verifier: the tenants are missing")
	}
	v := &Verifier{appKey: c.AppKey, keys: c.Keys, tenants: c.Tenants, clock: c.Clock, apiTokens: c.APITokens}
	if v.clock == nil {
		v.clock = time.Now
	}
	for _, base := range c.BaseURLs {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("verifier: base URL %q is not absolute", base)
		}
		v.audiences = append(v.audiences, strings.TrimSuffix(base, "/"))
		if p := strings.TrimSuffix(u.EscapedPath(), "/"); !slices.Contains(v.contexts, p) {
			v.contexts = append(v.contexts, p)
		}
	}
	if c.Forge != nil {
		f, err := c.Forge.checked()
		if err != nil {
			return nil, err
		}
		v.forge = f
	}
	v.remember()
	return v, nil
}

// Lifecycle verifies a signed install or uninstall. bodyClientKey is the clientKey of the request's body: the token must
// be issued by that very site, or one site could replace another's secret.
//
// Whether such a token is newer than what is known of the site is the caller's to decide (IssuedAt): a signed install can
// be sent twice.
func (v *Verifier) Lifecycle(ctx context.Context, r Request, bodyClientKey string) (Principal, error) {
	raw, refused := r.token(ViaLifecycle, "JWT", false)
	if refused != nil {
		return Principal{}, refused
	}
	c := &wire{}
	if err := v.parseRS256(ctx, ViaLifecycle, raw, c, v.keys); err != nil {
		return Principal{}, err
	}
	switch {
	case c.IssuedAt == nil || c.Issuer == "":
		return Principal{}, refuse(ViaLifecycle, ReasonClaim, nil)
	case c.Issuer == v.appKey:
		return Principal{}, refuse(ViaLifecycle, ReasonIssuer, nil)
	case !slices.ContainsFunc(c.Audience, v.addressed):
		return Principal{}, refuse(ViaLifecycle, ReasonAudience, nil)
	case !same(c.Issuer, bodyClientKey):
		return Principal{}, refuse(ViaLifecycle, ReasonClientKey, nil)
	case !v.bound(r, c.QSH):
		return Principal{}, refuse(ViaLifecycle, ReasonQSH, nil)
	}
	return Principal{ClientKey: c.Issuer, Account: c.Subject, Via: ViaLifecycle, IssuedAt: c.IssuedAt.time()}, nil
}

// Event verifies the enabled and disabled calls of Jira. A tenant that is switched off passes, because the call that
// switches it on again is one of them.
func (v *Verifier) Event(ctx context.Context, r Request) (Principal, error) {
	return v.connect(ctx, r, ViaEvent, rules{disabled: true})
}

// Webhook verifies a webhook.
func (v *Verifier) Webhook(ctx context.Context, r Request) (Principal, error) {
	return v.connect(ctx, r, ViaWebhook, rules{})
}

// Page verifies the address of a page that Jira shows in an iframe. The token stands in the address or in the header.
func (v *Verifier) Page(ctx context.Context, r Request) (Principal, error) {
	return v.connect(ctx, r, ViaPage, rules{inAddress: true})
}

// API verifies a call that one of our pages made with a context token. The token of the page's own address is refused:
// addresses leak through logs and histories.
func (v *Verifier) API(ctx context.Context, r Request) (Principal, error) {
	return v.connect(ctx, r, ViaAPI, rules{contextQSH: true})
}

// rules are what the routes of a tenant's own tokens differ in.
type rules struct {
	inAddress  bool // the address may carry the token
	contextQSH bool // the qsh is the literal context-qsh instead of the request's
	disabled   bool // a tenant that is switched off passes
}

func (v *Verifier) connect(ctx context.Context, r Request, via Via, rules rules) (Principal, error) {
	raw, refused := r.token(via, "JWT", rules.inAddress)
	if refused != nil {
		return Principal{}, refused
	}
	proven, err := v.prove(ctx, via, raw)
	if err != nil {
		return Principal{}, err
	}
	c, t := proven.claims, proven.site
	if rules.contextQSH && !same(c.QSH, ContextQSH) || !rules.contextQSH && !v.bound(r, c.QSH) {
		return Principal{}, refuse(via, ReasonQSH, nil)
	}
	if err := serves(via, t.state, rules.disabled); err != nil {
		return Principal{}, err
	}
	v.keepConnected(proven)
	p := Principal{Tenant: t.id, ClientKey: t.clientKey, Account: c.Subject, Via: via, IssuedAt: c.IssuedAt.time()}
	if rules.contextQSH {
		p.IssueID, p.ProjectID = string(c.Context.Jira.Issue.ID), string(c.Context.Jira.Project.ID)
	}
	return p, nil
}

// serves refuses tenants by their state. It comes after the signature, so that nobody can ask which sites left.
func serves(via Via, state tenant.State, disabled bool) error {
	switch {
	case state == tenant.Active, state == tenant.Disabled && disabled:
		return nil
	case state == tenant.Disabled:
		return refuse(via, ReasonDisabled, nil)
	default:
		return refuse(via, ReasonUninstalled, nil)
	}
}

// addressed says whether an audience is us. Atlassian has sent our base URL with and without a trailing slash.
func (v *Verifier) addressed(audience string) bool {
	return slices.Contains(v.audiences, strings.TrimSuffix(audience, "/"))
}

// bound says whether qsh is the hash of this very request.
func (v *Verifier) bound(r Request, qsh string) bool {
	ok := false
	for _, c := range v.contexts {
		ok = same(qsh, QSH(r.Method, r.Target, c)) || ok
	}
	return ok
}

// same compares in a time that does not tell where two strings differ. Nothing equals the empty string.
func same(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// lookup turns the outcome of a tenant lookup into a refusal.
func lookup(via Via, err error) *Error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound), sdk.CodeOf(err) == sdk.NotFound:
		return refuse(via, ReasonTenant, nil)
	default:
		return refuse(via, ReasonStore, err)
	}
}
